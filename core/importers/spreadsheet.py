"""XLSX through openpyxl, read row by row: what the cells hold, as the text a CSV of the sheet would have."""

import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import repeat
from typing import Any

from core.errors import StudioError
from core.importers.outcome import Record, Reject
from core.importers.rows import Rows, look_ahead
from core.importers.source import LARGEST_WHOLE, Source
from core.importers.tables import headers, nameless, record

MOST_COLUMNS = 1000
LAST_ROW = 1_048_576  # of any spreadsheet
SQUEEZED, SMALL = 200, 10_000_000  # how much smaller than its inside a file may be, and from which size on
ERRORS = {"#REF!", "#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#VALUE!"}
FORMULA = re.compile(rb"<(\w+:)?f[ >/]")
SAVE_AGAIN = "Open it in a spreadsheet program and save it again, or save it as CSV (UTF-8)."


def open_rows(source: Source) -> Rows:
    """The rows of the first sheet that has some, counted as the spreadsheet counts them.

    Raises StudioError where the file is no spreadsheet, is damaged, or unpacks to more than can be right.
    """
    _check_size(source)
    sheet = _Sheet(source)
    filled = sheet.rows()
    first = next(filled, None)
    if first is None:
        raise StudioError("The spreadsheet is empty.", "Choose a file with at least one row.", source.name)
    if isinstance(first, Reject):
        raise StudioError(f"The first row cannot be read: {first.reason}", "Mend it.", source.name)
    columns = headers(first[1], source.name)
    if len(columns) > MOST_COLUMNS:
        raise StudioError(f"The sheet has more than {MOST_COLUMNS} columns.", "Delete some.", source.name)
    records, rows = look_ahead(_records(filled, columns), source.name)
    named = [column for column in columns if column]
    return Rows("xlsx", named, sheet.notes + nameless(columns), rows, sheet.fraction, records)


Cells = tuple[int, list[str], str]


def _records(rows: Iterable[Cells | Reject], columns: list[str]) -> Iterator[Record | Reject]:
    for row in rows:
        if isinstance(row, Reject):
            yield row
        else:
            number, cells, text = row
            yield record((number, cells + [""] * (len(columns) - len(cells)), text), columns)


class _Sheet:
    """The first sheet with rows of a spreadsheet, opened a second time for its formulas where there are some."""

    def __init__(self, source: Source):
        self.name = source.name
        self.notes: list[str] = []
        self.at = self.last = 0
        self.values = self.formulas = None
        sheets = _sheets(source, values=True)
        for place, sheet in enumerate(sheets):
            said = sheet.max_row or 0
            if sheet.sheet_state == "visible" and any(any(row) for row in self._raw(sheet)):
                self.values = sheet
                self.last = min(said, LAST_ROW)
                self.formulas = _sheets(source, values=False)[place] if _has_formulas(source) else None
                self.notes += [f"Only the sheet {sheet.title} is read."] if len(sheets) > 1 else []
                break

    def fraction(self) -> float:
        return min(1.0, self.at / self.last) if self.last else 0.0

    def rows(self) -> Iterator[Cells | Reject]:
        """The rows that are not empty: their number, their cells as far as they are filled, the text for a reject."""
        if self.values is None:
            return
        formulas = repeat(()) if self.formulas is None else self._raw(self.formulas)
        for number, (values, given) in enumerate(zip(self._raw(self.values), formulas, strict=False), 1):
            self.at = number
            cells = [_text(value) for value in values]
            while cells and not cells[-1].strip():
                cells.pop()
            problem = _problem(values, given)
            if problem:
                yield Reject.of(number, problem, ", ".join(cells))
            elif cells:
                yield number, cells, ", ".join(cells)

    def _raw(self, sheet: Any) -> Iterator[tuple[Any, ...]]:
        sheet.reset_dimensions()  # what a sheet says of its own size is often wrong
        try:
            yield from sheet.iter_rows(max_row=LAST_ROW, values_only=True)
        except Exception as error:  # whatever a damaged file makes the library raise
            raise _damaged(self.name) from error


def _sheets(source: Source, *, values: bool) -> list[Any]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(source.open(), read_only=True, data_only=values, keep_links=False)
        return book.worksheets
    except Exception as error:  # whatever a damaged or foreign file makes the library raise
        raise _damaged(source.name) from error


def _check_size(source: Source) -> None:
    """Before anything is unpacked: a small file may unpack to more than the machine has memory."""
    try:
        with source.open() as file, zipfile.ZipFile(file) as archive:
            inside = sum(member.file_size for member in archive.infolist())
    except Exception as error:  # zipfile raises many kinds for a damaged directory
        raise _damaged(source.name) from error
    if inside > LARGEST_WHOLE or inside > max(SMALL, source.size * SQUEEZED):
        raise StudioError(
            f"The spreadsheet would unpack to {inside / 1e6:,.0f} MB.", "Save it as CSV (UTF-8).", source.name
        )


def _has_formulas(source: Source) -> bool:
    with source.open() as file, zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            with archive.open(name) as member:
                end = b""
                while piece := member.read(1 << 20):
                    if FORMULA.search(end + piece):
                        return True
                    end = piece[-20:]
    return False


def _problem(values: tuple[Any, ...], formulas: tuple[Any, ...]) -> str:
    for place, value in enumerate(values):
        if isinstance(value, str) and value in ERRORS:
            return f"Column {_letter(place)} holds the error {value}."
        formula = formulas[place] if place < len(formulas) else None
        if value is None and formula is not None:
            return f"The formula in column {_letter(place)} has no saved value. {SAVE_AGAIN}"
    return ""


def _letter(place: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(place + 1)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
    return str(value)


def _damaged(filename: str) -> StudioError:
    return StudioError("The spreadsheet cannot be read: it is damaged, or no XLSX.", SAVE_AGAIN, filename)
