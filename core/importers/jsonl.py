"""JSON Lines, one object a line, and the same objects as one JSON list."""

from core.errors import StudioError
from core.importers.outcome import Record, Reject
from core.importers.strict_json import parse, problem, shown


def read_records(text: str, filename: str) -> tuple[list[str], list[Record | Reject]]:
    """The names that occur and the rows, counted by line (in a list by item).

    Raises StudioError where a list as a whole is not JSON.
    """
    rows = _items(text, filename) if text.lstrip().startswith("[") else _lines(text)
    columns = dict.fromkeys(name for row in rows if isinstance(row, Record) for name in row.cells)
    return list(columns), rows


def _items(text: str, filename: str) -> list[Record | Reject]:
    try:
        items = parse(text)
    except ValueError as error:
        raise StudioError(f"The file is not JSON: {error}.", "Mend that place.", filename) from error
    if not items:
        raise StudioError("The list is empty.", "Choose a file with at least one row.", filename)
    return [_record(row, item, shown(item)) for row, item in enumerate(items, 1)]


def _lines(text: str) -> list[Record | Reject]:
    rows: list[Record | Reject] = []
    # Not splitlines(): it also breaks at characters that may stand inside a JSON text.
    for row, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(_record(row, parse(line), line))
        except ValueError as error:
            rows.append(Reject.of(row, f"The line is not JSON: {error}.", line))
    return rows


def _record(row: int, value: object, text: str) -> Record | Reject:
    if not isinstance(value, dict):
        return Reject.of(row, 'The row is not a JSON object such as {"user_content": "..."}.', text)
    reason = problem(value)
    if reason:
        return Reject.of(row, f"The row cannot be kept: {reason}.", text)
    return Record(row, value, text)
