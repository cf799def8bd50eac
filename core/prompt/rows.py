"""From examples to tokens: what training, evaluation and the playground give a model, made in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import StudioError
from core.prompt.family import Family
from core.prompt.messages import Message, answer_of, messages_of, place_of, prompt_and_answer, rendered
from core.schema.example import Example
from core.schema.tool import Tool

IGNORED = -100  # the label that the loss passes over


@dataclass(frozen=True, slots=True)
class Row:
    """The tokens of one example: `prompt_length` of them are read, the rest is trained."""

    input_ids: list[int]
    prompt_length: int

    @property
    def labels(self) -> list[int]:
        return [IGNORED] * self.prompt_length + self.input_ids[self.prompt_length :]


def encode(example: Example, tools: Sequence[Tool], family: Family, tokenizer: Any) -> Row:
    """An example as a row (StudioError naming it where the model's template cannot show it)."""
    where = place_of(example)
    declarations = [tool.declaration() for tool in tools]
    messages, answer = messages_of(example), answer_of(example)
    prompt, completion = prompt_and_answer(family.render, messages, answer, declarations, where)
    # Apart, so that the prompt's tokens are those that generation will start from.
    given, taught = _ids(prompt, tokenizer), _ids(completion, tokenizer)
    stops = family.stop_ids(tokenizer)
    end = next((n for n, token in enumerate(taught, 1) if token in stops), None)
    if end is None:
        raise StudioError(
            "The model's chat template does not end this answer.", "Choose another model.", where
        )
    return Row(given + taught[:end], len(given))


def prompt_ids(
    messages: list[Message], tools: list[dict[str, Any]], family: Family, tokenizer: Any
) -> list[int]:
    """The tokens a model continues, messages and tools in OpenAI's form (StudioError as for `encode`)."""
    return _ids(rendered(family.render, messages, tools, True), tokenizer)


def written(ids: Sequence[int], family: Family, tokenizer: Any) -> str:
    """The text of generated tokens up to the first stop token, as `family.parse` takes it."""
    stops = set(family.stop_ids(tokenizer))
    end = next((n for n, token in enumerate(ids) if token in stops), len(ids))
    return tokenizer.decode(ids[:end], skip_special_tokens=False, clean_up_tokenization_spaces=False)


def _ids(text: str, tokenizer: Any) -> list[int]:
    # The template writes the tokens that begin a text, so the tokenizer must not.
    return tokenizer.encode(text, add_special_tokens=False)
