"""What a format family is, and which one a tokenizer belongs to."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from core.prompt import chat_template, functiongemma, probe
from core.prompt.call_grammar import Grammar
from core.prompt.marks import Marks
from core.prompt.messages import Message
from core.prompt.parsed import Parsed as Parsed


class Family(Protocol):
    """The way one model is shown tools and writes calls; the only maker and the only reader of its text."""

    @property
    def name(self) -> str: ...

    @property
    def marks(self) -> Marks:
        """What sets calls apart from words."""
        ...

    def render(
        self, messages: list[Message], tools: list[dict[str, Any]] | None, add_generation_prompt: bool
    ) -> str:
        """The text of a conversation, messages and tools in OpenAI's form, arguments as mappings."""
        ...

    def parse(self, text: str, tools: Sequence[Any] = ()) -> Parsed:
        """The reading of a generated text, its special tokens kept; never raises."""
        ...

    def grammar(
        self, tools: Sequence[Any], symbol: Callable[[str], str], *, required: bool, several: bool
    ) -> Grammar:
        """What an answer with these tools may be; `symbol` is a control token as the grammar names it."""
        ...

    def stop_ids(self, tokenizer: Any) -> list[int]:
        """The tokens that end an answer."""
        ...

    def control_ids(self, tokenizer: Any) -> list[int]:
        """The tokens that only calls have, and that a model which was not made for the format does not know."""
        ...


def family_of(tokenizer: Any) -> Family:
    """The family of a tokenizer, proven on made-up calls (StudioError where they are not read as written)."""
    if functiongemma.is_spoken_by(tokenizer):
        family: Family = functiongemma.FunctionGemma(tokenizer)
    else:
        family = chat_template.speaks(tokenizer)
    probe.prove(family, tokenizer)
    return family
