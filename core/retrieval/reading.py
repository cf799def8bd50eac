"""What people bring as documents: plain text, Markdown, PDF, and tables whose rows are documents each."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePath

from core.errors import StudioError
from core.importers import encoding, spreadsheet, tables
from core.importers.outcome import Reject
from core.importers.rows import Rows
from core.importers.source import Source
from core.retrieval import pdf
from core.store.documents import LONGEST_TITLE, MOST, MOST_CHARACTERS

TEXT = (".txt", ".text", ".md", ".markdown")
TABLE = (".csv", ".tsv")
KINDS = (*TEXT, ".pdf", *TABLE, ".xlsx")

HEADING = re.compile(r"\s*#\s+(.+?)[ \t#]*(?:\n|$)")  # of Markdown, as the first thing in the file
TITLES = ("title", "name", "heading", "subject", "question", "topic")  # columns that say what a row is about


@dataclass(frozen=True, slots=True)
class DocumentsRead:
    """Titles and texts from a file, what a user should know of it, and the rows that could not be read."""

    documents: list[tuple[str, str]]
    notes: list[str] = field(default_factory=list)
    rejected: list[Reject] = field(default_factory=list)


def read(source: Source) -> DocumentsRead:
    """The documents in a file: one, or of a table one for each row.

    Raises StudioError, with the file's name, where it is none of KINDS, empty, too large, damaged or encrypted.
    """
    ending = PurePath(source.name).suffix.lower()
    if ending == ".pdf" or source.head(5) == b"%PDF-":
        return _pdf(source)
    if ending not in KINDS:
        raise StudioError(
            "This kind of file is not read.",
            "Save it as plain text, Markdown, PDF, CSV or XLSX.",
            source.name,
        )
    if ending == ".xlsx":
        return _table(source, spreadsheet.open_rows(source))
    if source.size > 4 * MOST_CHARACTERS:  # the most bytes so many characters take
        raise StudioError(
            f"The file is larger than {4 * MOST_CHARACTERS / 1e6:.0f} MB.", "Split it.", source.name
        )
    if ending in TABLE:
        return _table(source, tables.open_rows(source, *encoding.detect(source)))
    return _text(source)


def _text(source: Source) -> DocumentsRead:
    with source.open() as file:
        whole, notes = encoding.decode(file.read(), source.name)
    damaged = len(encoding.DAMAGE.findall(whole))
    if damaged:
        notes = [f"{source.name}: {damaged} bytes are not UTF-8; they stand as question marks."]
    whole = clean(whole)
    heading = HEADING.match(whole)
    if heading:
        return DocumentsRead(
            [(heading[1][:LONGEST_TITLE], whole[heading.end() :].strip() or heading[1])], notes
        )
    return DocumentsRead([(_stem(source), whole)], notes)


def _pdf(source: Source) -> DocumentsRead:
    pages, unread = pdf.pages_of(source)
    notes = []
    if unread:
        places = ", ".join(map(str, unread[:20])) + (" and more" if len(unread) > 20 else "")
        word = "page" if len(unread) == 1 else "pages"
        notes.append(f"{source.name}: {word} {places} could not be read.")
    bare = sum(not page.strip() for page in pages) - len(unread)
    if bare:
        notes.append(f"{source.name}: {bare} of {len(pages)} pages hold no text, perhaps pictures.")
    return DocumentsRead([(_stem(source), clean("\n\n".join(pages)))], notes)


def _table(source: Source, rows: Rows) -> DocumentsRead:
    title = next((name for name in rows.columns if name.strip().lower() in TITLES), None)
    read = DocumentsRead([], [f"{source.name}: {note}" for note in rows.notes])
    met: Counter[str] = Counter()
    for row in rows.rows:
        if isinstance(row, Reject):
            read.rejected.append(row)
            continue
        cells = {name: clean(str(cell)) for name, cell in row.cells.items()}
        said = " ".join(cells.pop(title).split())[: LONGEST_TITLE - 20] if title else ""
        text = "\n".join(f"{name}: {cell}" for name, cell in cells.items() if cell)
        met[said] += 1
        name = said if said and met[said] == 1 else f"{said or _stem(source)} (row {row.row})"
        read.documents.append((name, text or said))
        if len(read.documents) > MOST:
            raise StudioError(
                f"The table has more than {MOST:,} rows, and each would be a document.",
                "Split it.",
                source.name,
            )
    if not read.documents:
        raise StudioError(
            f"No row of the table can be read: {read.rejected[0].reason}", "Mend it.", source.name
        )
    return read


def clean(text: str) -> str:
    """A text in characters that can be stored and shown, with plain line ends."""
    text = text.encode(errors="replace").decode().replace("\0", " ")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _stem(source: Source) -> str:
    return PurePath(source.name).stem[:LONGEST_TITLE] or source.name
