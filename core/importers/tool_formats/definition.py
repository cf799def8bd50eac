"""What every form of tool definitions is taken apart into, before names and schemas are made ours."""

from dataclasses import dataclass, field
from typing import Any

from core.errors import StudioError
from core.importers.outcome import Reject

MAX_TOOLS = 2_000


@dataclass(frozen=True, slots=True)
class Definition:
    """One tool as the file has it: its parts may still be of any type."""

    row: int
    name: str
    description: Any
    schema: Any
    root: Any  # what a reference that begins with # points into
    text: str  # as a reject would show it
    originals: Any = None  # names before an earlier import, where the file is one of ours


@dataclass(frozen=True, slots=True)
class Understood:
    """A file taken apart: what it is, in words, its definitions, and what was left out on the way."""

    format: str
    definitions: list[Definition | Reject]
    notes: list[str] = field(default_factory=list)


def check_count(tools: int) -> None:
    """Raises StudioError for more tools than one file may bring."""
    if tools > MAX_TOOLS:
        raise StudioError(f"It holds more than {MAX_TOOLS:,} tools.", "Bring the tools you need.")
