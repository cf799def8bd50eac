"""From examples to tokens: what training, evaluation and the playground give a model, made in one place."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
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


def texts(example: Example, tools: Sequence[Tool], family: Family) -> tuple[str, str]:
    """What is read and what is to be written, as text (StudioError where the template cannot show it)."""
    declarations = [tool.declaration() for tool in tools]
    messages, answer = messages_of(example), answer_of(example)
    return prompt_and_answer(family.render, messages, answer, declarations, place_of(example))


def writable(
    examples: Iterable[Example], tools: Sequence[Tool], family: Family
) -> Iterator[tuple[Example, str, str]]:
    """The examples that the template can show, each with its two texts; the others are the gate's to name."""
    for example in examples:
        with suppress(StudioError):
            yield example, *texts(example, tools, family)


def row_of(prompt: str, completion: str, family: Family, tokenizer: Any, where: str = "") -> Row:
    """The two texts as tokens, up to the one that ends the answer (StudioError where none does)."""
    # Apart, so that the prompt's tokens are those that generation will start from.
    given, taught = ids_of(prompt, tokenizer), ids_of(completion, tokenizer)
    stops = family.stop_ids(tokenizer)
    end = next((n for n, token in enumerate(taught, 1) if token in stops), None)
    if end is None:
        raise StudioError(
            "The model's chat template does not end this answer.", "Choose another model.", where
        )
    return Row(given + taught[:end], len(given))


def encode(example: Example, tools: Sequence[Tool], family: Family, tokenizer: Any) -> Row:
    """An example as a row (StudioError naming it where the model's template cannot show it)."""
    return row_of(*texts(example, tools, family), family, tokenizer, place_of(example))


def prompt_ids(
    messages: list[Message], tools: list[dict[str, Any]], family: Family, tokenizer: Any
) -> list[int]:
    """The tokens a model continues, messages and tools in OpenAI's form (StudioError as for `encode`)."""
    return ids_of(rendered(family.render, messages, tools, True), tokenizer)


def written(ids: Sequence[int], family: Family, tokenizer: Any) -> str:
    """The text of generated tokens up to the first stop token, as `family.parse` takes it."""
    stops = set(family.stop_ids(tokenizer))
    end = next((n for n, token in enumerate(ids) if token in stops), len(ids))
    return tokenizer.decode(ids[:end], skip_special_tokens=False, clean_up_tokenization_spaces=False)


def ids_of(text: str, tokenizer: Any) -> list[int]:
    """The tokens of a rendered text."""
    # The template writes the tokens that begin a text, so the tokenizer must not.
    return tokenizer.encode(text, add_special_tokens=False)
