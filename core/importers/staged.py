"""What is known of an import that waits, and of one that was taken."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from core.errors import StudioError
from core.importers.outcome import Column, Reject
from core.importers.reading import Options
from core.schema import Example, Tool


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that was read and waits to be taken; `rows` is always `kept` plus `rejected`."""

    id: str
    filename: str
    options: Options  # as it was read
    format: str  # one of core.importers.reading.FORMATS
    columns: list[Column]  # of which some may have no meaning
    notes: list[str]
    rows: int
    kept: int  # rows
    examples: int  # more than rows are kept, where every answer became one
    rejected: int
    already: int  # examples that the project has in the same part, by their prompt
    counts: dict[str, dict[str, int]]  # examples by tool label and part; "" calls none
    found_tools: list[Tool]  # what the rows brought; `take` adds them to the project
    first_examples: list[Example]
    first_rejects: list[Reject]

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(replace(self, found_tools=[], first_examples=[])),
            "found_tools": [tool.to_json() for tool in self.found_tools],
            "first_examples": [example.to_json() for example in self.first_examples],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Staged":
        made = {
            "options": Options(**data["options"]),
            "columns": [Column(c["name"], c["meaning"], tuple(c["cells"])) for c in data["columns"]],
            "found_tools": [Tool.from_json(tool) for tool in data["found_tools"]],
            "first_examples": [Example.from_json(example) for example in data["first_examples"]],
            "first_rejects": [Reject(**reject) for reject in data["first_rejects"]],
        }
        return cls(**{**data, **made})


@dataclass(frozen=True, slots=True)
class Taken:
    """What came into a project, its new ids being all from `first_id` to `last_id`."""

    added: int
    first_id: int
    last_id: int
    tools_added: int


class Cancelled(StudioError):
    """Reading was stopped by the user; nothing was kept."""
