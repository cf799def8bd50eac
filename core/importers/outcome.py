"""What came of reading a file: what was kept, what was refused and why."""

from dataclasses import dataclass, field

from core.errors import StudioError
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
        text = text[: TEXT_SHOWN + 1].encode(errors="replace").decode().replace("\0", "?")
        return cls(row, reason, text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 3] + "...")


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands in the file, before its meaning is looked at; `text` is empty where it never was text."""

    row: int
    cells: dict[str, object]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One row that became one example, or one for every answer in it."""

    row: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name, what it was taken to mean ("" where nothing) and cells of the first rows."""

    name: str
    meaning: str
    cells: tuple[str, ...] = ()


class ColumnsUnclear(StudioError):
    """The columns of the file do not say enough; `columns` are those found, to be given a meaning."""

    def __init__(self, message: str, hint: str, where: str, columns: list[Column]):
        super().__init__(message, hint, where)
        self.columns = columns


@dataclass(frozen=True, slots=True)
class Rename:
    """A name that no call can carry and the one it got; `path` is the parameter's new place, "" for the tool itself."""

    tool: str
    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ToolsRead:
    """Tools from a file, what was changed in them, and the definitions that could not be used.

    `format` is what the file was understood as, in words.
    """

    tools: list[Tool]
    notes: list[str]
    rejected: list[Reject]
    format: str
    renames: list[Rename]


@dataclass(frozen=True, slots=True)
class ExamplesRead:
    """Examples from a file; `total` rows were there, each of them kept or rejected."""

    examples: list[Example]
    rejected: list[Reject]
    total: int
    columns: list[str]
    notes: list[str]
    format: str = ""  # one of core.importers.examples.FORMATS
    found_tools: list[Tool] = field(default_factory=list)  # what rows brought and the project had not
