"""Parquet through pyarrow, a batch at a time. Its structs fill what a row lacks with null, which is taken out again."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from core.errors import StudioError
from core.importers.jsonl import names
from core.importers.outcome import Record, Reject
from core.importers.rows import Rows, look_ahead
from core.importers.source import Source
from core.importers.strict_json import problem, shown

BATCH = 500
FILLED = "Empty fields of groups were left out: Parquet cannot tell them from fields that are not there."


def open_rows(source: Source) -> Rows:
    """The rows of a Parquet file. Raises StudioError where it cannot be read."""
    import pyarrow
    from pyarrow import parquet

    done = 0
    try:
        table = parquet.ParquetFile(source.open())
        total = table.metadata.num_rows
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _damaged(source) from error

    def rows() -> Iterator[Record | Reject]:
        nonlocal done
        try:
            for batch in table.iter_batches(BATCH):
                for row in batch.to_pylist():
                    done += 1
                    yield _record(done, row)
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
            raise _damaged(source) from error

    records, every = look_ahead(rows(), source.name)
    return Rows("parquet", names(records), [FILLED], every, lambda: done / total if total else 1.0, records)


def _record(row: int, value: dict[str, Any]) -> Record | Reject:
    cells = {name: _plain(cell) for name, cell in value.items() if cell is not None}
    reason = problem(cells)
    if reason:
        return Reject.of(row, f"The row cannot be kept: {reason}.", shown(cells))
    return Record(row, cells)


def _plain(value: Any) -> Any:
    """A value as JSON has it; bytes as text that is refused where they are none."""
    match value:
        case dict():
            return {name: _plain(part) for name, part in value.items() if part is not None}
        case list():
            return [_plain(part) for part in value]
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return float(value)
        case bytes():
            return value.decode("utf-8", "surrogateescape")
    return value


def _damaged(source: Source) -> StudioError:
    return StudioError("The Parquet file cannot be read.", "Save it as JSON Lines.", source.name)
