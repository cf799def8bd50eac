"""CSV and TSV: the separator is found by what it makes of the rows, quoted cells keep every character."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import chain, count, islice
from typing import TextIO

from core.errors import StudioError
from core.importers.columns import known, plain
from core.importers.encoding import DAMAGE, open_text
from core.importers.outcome import Record, Reject
from core.importers.rows import Kind, Rows, look_ahead
from core.importers.source import Source

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
HEADLESS = ["user_content", "tool_name", "tool_arguments"]
LOOKED_AT = 50
HEAD = 1_000_000  # characters in which the separator is looked for
# Characters of one row: a quotation mark that is never closed would make the rest of a large file one row.
LONGEST_ROW = 4_000_000

# A long cell is no error; the largest value that fits a C long everywhere.
csv.field_size_limit(2**31 - 1)


Row = tuple[int, list[str], str]


def open_rows(source: Source, encoding: str, notes: list[str]) -> Rows:
    """The rows of a table; one of three columns may come without its header.

    Rows of empty cells are passed over but counted. Raises StudioError where two columns have one name.
    """
    with open_text(source.open(), encoding) as beginning:
        separator = _separator(beginning.read(HEAD), source.name)
    notes = notes + ([] if separator == "," else [f"Columns are separated by {SEPARATORS[separator]}."])
    file = source.open()
    rows = _filled(_rows(open_text(file, encoding), separator))
    first = next(rows, None)
    if first is None:
        raise StudioError("The file is empty.", "Choose a file with at least one row.", source.name)
    if isinstance(first, Reject):
        raise StudioError(f"The first row cannot be read: {first.reason}", "Mend it.", source.name)
    kind: Kind = "csv"
    if _headless(first[1]):
        kind, columns, rows = "tuning-lab", HEADLESS, chain([first], rows)
        notes.append("There is no header; the columns were taken as prompt, tool name and arguments.")
    else:
        columns = headers(first[1], source.name)
    named = [column for column in columns if column]
    named_rows = (row if isinstance(row, Reject) else record(row, columns) for row in rows)
    records, every = look_ahead(named_rows, source.name)
    return Rows(kind, named, notes + nameless(columns), every, lambda: source.fraction(file), records)


def record(row: Row, columns: list[str]) -> Record | Reject:
    """A row under the names of its columns, or why it has no place under them."""
    number, cells, text = row
    if len(cells) != len(columns):
        found = f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}"
        return Reject.of(
            number,
            f"The row has {found}, the table {len(columns)} columns. "
            "Text that holds the separator needs quotation marks around it.",
            text,
        )
    if "\0" in text:
        return Reject.of(number, "The row holds a NUL character, which no text has.", text)
    if not text.isascii() and DAMAGE.search(text):
        return Reject.of(number, "The row holds bytes that are not UTF-8.", text)
    return Record(number, {name: cell for name, cell in zip(columns, cells, strict=True) if name}, text)


def headers(cells: list[str], filename: str) -> list[str]:
    """The names of the columns, "" where one has none. Raises StudioError where two have the same."""
    columns = [cell.strip() for cell in cells]
    place = f"{filename}, row 1"
    if any(DAMAGE.search(name) or "\0" in name for name in columns):
        raise StudioError("The header holds bytes that are not UTF-8.", "Save the file again.", place)
    twice = [name for name, times in Counter(map(plain, columns)).items() if name and times > 1]
    if twice:
        raise StudioError(f"Two columns are called {twice[0]}.", "Rename or delete one of them.", place)
    return columns


def nameless(columns: list[str]) -> list[str]:
    """A note on the columns without a name, where there are some."""
    places = [str(place) for place, name in enumerate(columns, 1) if not name]
    return [f"Not used, because they have no name: column {', '.join(places)}."] if places else []


class _TooLong(Exception):
    """One row swallowed more text than any row needs."""


class _Lines:
    """The lines of a text, those noted that the csv module took for one row."""

    def __init__(self, text: Iterator[str]):
        self.lines = text
        self.taken: list[str] = []
        self.size = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.taken.append(line)
        self.size += len(line)
        if self.size > LONGEST_ROW:
            raise _TooLong
        return line


def _rows(text: TextIO, separator: str) -> Iterator[Row | Reject]:
    """The records of the table: number, cells and the text they were read from; the text is closed at the end."""
    with text:
        lines = _Lines(text)
        taken = lines.taken
        reader = csv.reader(lines, delimiter=separator, strict=True)
        for number in count(1):
            taken.clear()
            lines.size = 0
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Reject.of(number, _why(taken), "".join(taken))
                continue
            except _TooLong:
                why = _why(taken) if len(taken) > 1 else ""
                much = f"The row is longer than {LONGEST_ROW:,} characters. {why}".strip()
                yield Reject.of(number, much, taken[0])
                continue
            yield number, cells, "".join(taken)


def _why(taken: list[str]) -> str:
    """What the csv module means, which speaks of delimiters and unexpected ends."""
    if len(taken) > 1:
        return f"A quotation mark is not closed; {len(taken) - 1} lines after it went with the row."
    return 'A quotation mark is not closed or has text after it; inside quotes write "" for ".'


def _filled(rows: Iterator[Row | Reject]) -> Iterator[Row | Reject]:
    for row in rows:
        if isinstance(row, Reject) or any(map(str.strip, row[1])):
            yield row


def _separator(head: str, filename: str) -> str:
    """The separator that gives known headers, else the one that cuts most rows into equally many cells."""

    def merit(separator: str) -> tuple[int, float, int, bool]:
        some = islice(_rows(io.StringIO(head, newline=""), separator), LOOKED_AT)
        rows = [row[1] for row in some if not isinstance(row, Reject) and any(row[1])]
        if not rows:
            return 0, 0.0, 0, False
        width, times = Counter(map(len, rows)).most_common(1)[0]
        even = times / len(rows) if width > 1 else 0.0
        return len(known(rows[0])), even, width, separator == "\t" and filename.lower().endswith(".tsv")

    return max(SEPARATORS, key=merit)


def _headless(first: list[str]) -> bool:
    return len(first) == 3 and not known(first) and first[2].strip()[:1] in ("{", "")
