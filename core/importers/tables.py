"""CSV and TSV: the separator is found by what it makes of the rows, quoted cells keep every character."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from core.errors import StudioError
from core.importers.columns import known, plain
from core.importers.encoding import DAMAGE
from core.importers.outcome import Record, Reject

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
HEADLESS = ["user_content", "tool_name", "tool_arguments"]
LOOKED_AT = 50

# A long cell is no error; the largest value that fits a C long everywhere.
csv.field_size_limit(2**31 - 1)


def read_records(text: str, filename: str) -> tuple[list[str], list[Record | Reject], list[str]]:
    """The columns, the rows and notes; a table of three columns may come without its header.

    Rows of empty cells are passed over but counted. Raises StudioError where two columns have one name.
    """
    separator = _separator(text, filename)
    notes = [] if separator == "," else [f"Columns are separated by {SEPARATORS[separator]}."]
    rows = _rows(text, separator)
    first = next(_filled(_rows(text, separator)), None)
    if first is None:
        raise StudioError("The file is empty.", "Choose a file with at least one row.", filename)
    if isinstance(first, Reject):
        raise StudioError(f"The first row cannot be read: {first.reason}", "Mend it.", filename)
    if _headless(first[1]):
        columns = HEADLESS
        notes.append("There is no header; the columns were taken as prompt, tool name and arguments.")
    else:
        columns = [header.strip() for header in first[1]]
        _check_headers(columns, filename)
        rows = (row for row in rows if (row.row if isinstance(row, Reject) else row[0]) > first[0])
    records = [row if isinstance(row, Reject) else _record(row, columns) for row in _filled(rows)]
    return [column for column in columns if column], records, notes + _nameless(columns)


Row = tuple[int, list[str], str]


def _rows(text: str, separator: str) -> Iterator[Row | Reject]:
    """The records of the table: number, cells and the text they were read from."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=separator, strict=True)
    for number in range(1, len(text) + 2):
        taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error:
            yield Reject.of(number, _why(taken), "".join(taken))
            continue
        if cells is None:
            return
        yield number, cells, "".join(taken)


def _why(taken: list[str]) -> str:
    """What the csv module means, which speaks of delimiters and unexpected ends."""
    if len(taken) > 1:
        return f"A quotation mark is not closed; {len(taken) - 1} lines after it went with the row."
    return 'A quotation mark is not closed or has text after it; inside quotes write "" for ".'


def _filled(rows: Iterator[Row | Reject]) -> Iterator[Row | Reject]:
    return (row for row in rows if isinstance(row, Reject) or any(cell.strip() for cell in row[1]))


def _record(row: Row, columns: list[str]) -> Record | Reject:
    number, cells, text = row
    if len(cells) != len(columns):
        found = f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}"
        return Reject.of(
            number,
            f"The row has {found}, the table {len(columns)} columns. "
            "Text that holds the separator needs quotation marks around it.",
            text,
        )
    if DAMAGE.search(text):
        return Reject.of(number, "The row holds bytes that are not UTF-8.", text)
    return Record(number, {name: cell for name, cell in zip(columns, cells, strict=True) if name}, text)


def _separator(text: str, filename: str) -> str:
    """The separator that gives known headers, else the one that cuts most rows into equally many cells."""

    def merit(separator: str) -> tuple[int, float, int, bool]:
        rows = [row[1] for row in islice(_rows(text, separator), LOOKED_AT) if not isinstance(row, Reject)]
        rows = [row for row in rows if any(row)]
        if not rows:
            return 0, 0.0, 0, False
        width, times = Counter(map(len, rows)).most_common(1)[0]
        even = times / len(rows) if width > 1 else 0.0
        return len(known(rows[0])), even, width, separator == "\t" and filename.lower().endswith(".tsv")

    return max(SEPARATORS, key=merit)


def _headless(first: list[str]) -> bool:
    return len(first) == 3 and not known(first) and first[2].strip()[:1] in ("{", "")


def _check_headers(columns: list[str], filename: str) -> None:
    twice = [name for name, times in Counter(map(plain, columns)).items() if name and times > 1]
    if any(DAMAGE.search(name) for name in columns):
        raise StudioError(
            "The header holds bytes that are not UTF-8.", "Save the file again.", f"{filename}, row 1"
        )
    if twice:
        raise StudioError(
            f"Two columns are called {twice[0]}.", "Rename or delete one of them.", f"{filename}, row 1"
        )


def _nameless(columns: list[str]) -> list[str]:
    places = [str(place) for place, name in enumerate(columns, 1) if not name]
    return [f"Not used, because they have no name: column {', '.join(places)}."] if places else []
