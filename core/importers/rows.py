"""The rows of a file before their meaning is looked at, whatever kind of file it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from core.errors import StudioError
from core.importers.outcome import Record, Reject

LOOKED_AT = 100  # rows that are read before the first one is given on, to find out what the columns mean
CELLS_SHOWN, CELL_SHOWN = 3, 80

Kind = Literal["csv", "tuning-lab", "xlsx", "json", "parquet"]


@dataclass(frozen=True, slots=True)
class Rows:
    """A file that was opened: its columns (of JSON those of the first rows), notes, and the rows, once."""

    kind: Kind
    columns: list[str]
    notes: list[str]
    rows: Iterator[Record | Reject]
    fraction: Callable[[], float]  # read so far, from 0 to 1
    first: list[Record]  # of the rows, to look at

    @property
    def table(self) -> bool:
        """Whether every row has the same columns."""
        return self.kind in ("csv", "tuning-lab", "xlsx")

    def samples(self, column: str) -> list[object]:
        """The filled cells of a column in the first rows."""
        cells = (record.cells.get(column) for record in self.first)
        return [cell for cell in cells if cell is not None and cell != ""]


def look_ahead(
    rows: Iterator[Record | Reject], filename: str
) -> tuple[list[Record], Iterator[Record | Reject]]:
    """The first records, and all rows still to be read. Raises StudioError where there is not one."""
    first = list(islice(rows, LOOKED_AT))
    if not first:
        hint = "Choose a file with at least one row below its header."
        raise StudioError("The file has no rows.", hint, filename)
    return [row for row in first if isinstance(row, Record)], chain(first, rows)
