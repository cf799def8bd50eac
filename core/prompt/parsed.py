"""What a generated text says."""

from dataclasses import dataclass

from core.schema.call import ToolCall


@dataclass(frozen=True, slots=True)
class Parsed:
    """Calls and plain words, or one sentence on why the text cannot be read; then there are no calls."""

    calls: tuple[ToolCall, ...] = ()
    text: str = ""
    malformed: str = ""
