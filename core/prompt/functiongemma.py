"""FunctionGemma's format: the prompt, and the calls in what the model writes.

The prompt text is made in functiongemma.jinja alone; the same file is the chat template of exported models.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.prompt import neutral, strict_json
from core.prompt.call_grammar import Grammar
from core.prompt.functiongemma_grammar import grammar
from core.prompt.functiongemma_reader import read_answer
from core.prompt.functiongemma_tokens import BOS, CALL, END_CALL, ESCAPE, MARKS, PATTERN, STOPS
from core.prompt.marks import Marks
from core.prompt.parsed import Parsed
from core.prompt.template import compiled

TEMPLATE = Path(__file__).with_name("functiongemma.jinja").read_text(encoding="utf-8")


def render(
    messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, add_generation_prompt: bool
) -> str:
    """The prompt of a conversation, messages and tools in OpenAI's form with arguments as mappings."""
    return compiled(TEMPLATE).render(
        messages=_prepared(messages),
        tools=neutral.neutralise(tools, PATTERN),
        add_generation_prompt=add_generation_prompt,
        bos_token=BOS,
    )


def parse(text: str, tools: Sequence[Any] = ()) -> Parsed:
    """What the model answered; stop tokens at the end may be there or not."""
    return read_answer(text)


def is_spoken_by(tokenizer: Any) -> bool:
    """Whether the tokenizer has FunctionGemma's marks as single tokens."""
    pieces = (tokenizer.encode(mark, add_special_tokens=False) for mark in (CALL, ESCAPE))
    return [tokenizer.convert_ids_to_tokens(ids) for ids in pieces] == [[CALL], [ESCAPE]]


@dataclass(frozen=True, slots=True)
class FunctionGemma:
    """The family for one tokenizer: its own template is used where it has one. Without a tokenizer it is text alone."""

    tokenizer: Any = None
    name: str = "functiongemma"

    @property
    def marks(self) -> Marks:
        return Marks(CALL, END_CALL, PATTERN)

    def render(
        self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, add_generation_prompt: bool
    ) -> str:
        if self.tokenizer is None or not self.tokenizer.chat_template:
            return render(messages, tools, add_generation_prompt)
        return self.tokenizer.apply_chat_template(
            _prepared(messages),
            tools=neutral.neutralise(tools, PATTERN),
            add_generation_prompt=add_generation_prompt,
            tokenize=False,
        )

    def parse(self, text: str, tools: Sequence[Any] = ()) -> Parsed:
        return parse(text, tools)

    def grammar(
        self, tools: Sequence[Any], symbol: Callable[[str], str], *, required: bool, several: bool
    ) -> Grammar:
        return grammar(tools, symbol, required=required, several=several)

    def stop_ids(self, tokenizer: Any) -> list[int]:
        """All of them: the end token that a tokenizer names differs from release to release."""
        return tokenizer.convert_tokens_to_ids(list(STOPS))

    def control_ids(self, tokenizer: Any) -> list[int]:
        return tokenizer.convert_tokens_to_ids(list(MARKS))


def _prepared(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages as the template takes them, control tokens made harmless."""
    return neutral.neutralise([_translated(message) for message in messages], PATTERN)


def _translated(message: dict[str, Any]) -> dict[str, Any]:
    if message["role"] == "system":
        return {**message, "role": "developer"}
    if message["role"] == "tool" and message.get("name"):
        # The one form that cannot be mistaken: a result may have a `name` and a `response` of its own.
        return {**message, "content": {"name": message["name"], "response": _result(message["content"])}}
    return message


def _result(content: Any) -> dict[str, Any]:
    """A result as fields: in OpenAI's form it is text, shown as what it holds where that is a JSON object."""
    if isinstance(content, dict):
        return content
    try:
        value = strict_json.read(content)
    except ValueError:
        return {"value": content}
    return value if isinstance(value, dict) else {"value": content}
