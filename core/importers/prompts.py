"""Prompts alone, to be asked many at once: the lines of a text, or one column of a table."""

from core.errors import StudioError
from core.importers import tables
from core.importers.columns import MEANING, plain
from core.importers.encoding import decode, detect
from core.importers.outcome import Reject
from core.importers.source import Source

MOST = 200
LONGEST = 4000  # characters of one prompt
LARGEST = 2_000_000  # bytes of a file


def of_text(text: str) -> list[str]:
    """The lines that are not blank, each once. Raises StudioError where there are none, too many or too long ones."""
    return _checked([line.strip() for line in text.splitlines()])


def of_file(data: bytes, filename: str) -> list[str]:
    """The lines of a text file, or the column of a CSV or TSV file that is called prompt, question or the like.

    A table without such a column gives its first one. Raises StudioError as `of_text` does, and for what is no text.
    """
    if len(data) > LARGEST:
        raise StudioError(
            f"The file is larger than {LARGEST // 1_000_000} MB.", f"Give at most {MOST} prompts.", filename
        )
    if not filename.lower().endswith((".csv", ".tsv")):
        return of_text(decode(data, filename)[0])
    source = Source.of_bytes(data, filename)
    rows = tables.open_rows(source, *detect(source))
    if not rows.columns:
        raise StudioError("No column has a name.", "Call the column of prompts prompt.", filename)
    column = next(
        (name for name in rows.columns if MEANING.get(plain(name)) == "user_content"), rows.columns[0]
    )
    found: list[str] = []
    for row in rows.rows:
        if isinstance(row, Reject):
            raise StudioError(f"Row {row.row} cannot be read: {row.reason}", "Mend it.", filename)
        found.append(" ".join(str(row.cells[column]).split()))
        if len(found) > MOST * 2:
            break
    return _checked(found)


def _checked(found: list[str]) -> list[str]:
    prompts = list(dict.fromkeys(prompt for prompt in found if prompt))
    if not prompts:
        raise StudioError(
            "There are no prompts.", "Write one a line, or choose a file that has some.", "prompts"
        )
    if len(prompts) > MOST:
        raise StudioError(f"These are more than {MOST} prompts.", f"Give at most {MOST} at once.", "prompts")
    long = next((place for place, prompt in enumerate(prompts, 1) if len(prompt) > LONGEST), None)
    if long:
        raise StudioError(
            f"Prompt {long} is longer than {LONGEST} characters.", "Shorten it.", f"prompt {long}"
        )
    return prompts
