"""What came of reading a file: what was kept, what was refused and why."""

from dataclasses import dataclass

from core.schema import Example, Tool

TEXT_SHOWN = 200


class Refused(Exception):
    """Why one row cannot become an example; the front door turns it into a Reject."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused row, counted as a person counts in that file: from 1, the header of a table included."""

    row: int
    reason: str
    text: str

    @classmethod
    def of(cls, row: int, reason: str, text: str) -> "Reject":
        """A reject that shows no more than the beginning of the row, in characters that can be stored."""
        text = text.encode(errors="replace").decode()
        return cls(row, reason, text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 3] + "...")


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands in the file, before its meaning is looked at."""

    row: int
    cells: dict[str, object]
    text: str


@dataclass(frozen=True, slots=True)
class ToolsRead:
    """Tools from a file, what was changed in them, and the definitions that could not be used."""

    tools: list[Tool]
    notes: list[str]
    rejected: list[Reject]


@dataclass(frozen=True, slots=True)
class ExamplesRead:
    """Examples from a file; `total` rows were there, each of them kept or rejected."""

    examples: list[Example]
    rejected: list[Reject]
    total: int
    columns: list[str]
    notes: list[str]
