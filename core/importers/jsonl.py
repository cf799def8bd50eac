"""JSON Lines, one object a line, and the same objects as one JSON list."""

from collections.abc import Iterator
from typing import Any, TextIO

from core.errors import StudioError
from core.importers.encoding import open_text
from core.importers.outcome import Record, Reject
from core.importers.rows import Rows, look_ahead
from core.importers.source import LARGEST_WHOLE, Source
from core.importers.strict_json import parse, problem, shown

LONGEST_LINE = 20_000_000  # characters


def open_rows(source: Source, encoding: str, notes: list[str]) -> Rows:
    """The rows, counted by line (in a list by item). Raises StudioError where a list as a whole is not JSON."""
    with open_text(source.open(), encoding) as beginning:
        is_list = _first_sign(beginning) == "["
    if is_list:
        items = _items(source, encoding)
        size, done = len(items), 0

        def counted() -> Iterator[Record | Reject]:
            nonlocal done
            for done, item in enumerate(items, 1):
                yield _record(done, item, "")

        records, rows = look_ahead(counted(), source.name)
        return Rows("json", names(records), notes, rows, lambda: done / size, records)
    file = source.open()
    records, rows = look_ahead(_lines(open_text(file, encoding, "\n")), source.name)
    return Rows("json", names(records), notes, rows, lambda: source.fraction(file), records)


def names(records: list[Record]) -> list[str]:
    """The names that occur, in the order they come."""
    return list(dict.fromkeys(name for record in records for name in record.cells))


def _first_sign(file: TextIO) -> str:
    for line in iter(lambda: file.readline(1000), ""):
        if line.strip():
            return line.lstrip()[0]
    return ""


def _items(source: Source, encoding: str) -> list[Any]:
    if source.size > LARGEST_WHOLE:
        raise StudioError(
            f"A JSON list of more than {LARGEST_WHOLE // 1_000_000} MB cannot be read in one piece.",
            "Save it as JSON Lines, one object a line.",
            source.name,
        )
    try:
        with open_text(source.open(), encoding) as file:
            items = parse(file.read())
    except ValueError as error:
        raise StudioError(f"The file is not JSON: {error}.", "Mend that place.", source.name) from error
    if not items:
        raise StudioError("The list is empty.", "Choose a file with at least one row.", source.name)
    return items


def _lines(file: TextIO) -> Iterator[Record | Reject]:
    # Lines end at \n alone: other line ends may stand inside a JSON text.
    for row, line in enumerate(_cut(file), 1):
        if not line or line.isspace():
            continue
        if len(line) > LONGEST_LINE:
            yield Reject.of(row, f"The line is longer than {LONGEST_LINE:,} characters.", line)
            continue
        try:
            value = parse(line)
        except ValueError as error:
            yield Reject.of(row, f"The line is not JSON: {error}.", line)
            continue
        yield _record(row, value, line)


def _cut(file: TextIO) -> Iterator[str]:
    """The lines without their ends, the file closed at the end; of one that is too long no more than shows it."""
    with file:
        while line := file.readline(LONGEST_LINE + 1):
            rest = line
            while rest and not rest.endswith("\n") and len(rest) > LONGEST_LINE:
                rest = file.readline(LONGEST_LINE + 1)
            yield line.removesuffix("\n")


def _record(row: int, value: object, text: str) -> Record | Reject:
    if not isinstance(value, dict):
        text = text or shown(value)
        return Reject.of(row, 'The row is not a JSON object such as {"user_content": "..."}.', text)
    reason = problem(value)
    if reason:
        return Reject.of(row, f"The row cannot be kept: {reason}.", text or shown(value))
    return Record(row, value, text)
