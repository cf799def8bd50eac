"""XLSX files as spreadsheet programs write them: with the calculated value beside each formula."""

import io
import re
import zipfile
from collections.abc import Callable

import openpyxl


def sheet(*rows: list[object], values: dict[str, str] | None = None, before: str | None = None) -> bytes:
    """A file with one sheet of rows; `values` are those of formulas by text, `before` names an empty sheet."""
    book = openpyxl.Workbook()
    active = book.active
    if before:
        active.title = before
        active = book.create_sheet("Rows")
    for row in rows:
        active.append(row)
    data = io.BytesIO()
    book.save(data)
    found = data.getvalue()
    for formula, value in (values or {}).items():
        bare = re.compile(rf"><f>{formula}</f><v ?/>".encode())
        whole = f' t="str"><f>{formula}</f><v>{value}</v>'.encode()
        found = changed(found, lambda xml, bare=bare, whole=whole: bare.sub(whole, xml))
    return found


def changed(data: bytes, change: Callable[[bytes], bytes], member: str = "xl/worksheets/") -> bytes:
    """The file with its sheets' XML (or other members) changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            inner = old.read(name)
            new.writestr(name, change(inner) if name.startswith(member) else inner)
    return out.getvalue()
