"""Bytes into text: UTF-8, UTF-16 with its mark, or the Western code page that older spreadsheets write."""

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from core.errors import StudioError
from core.importers.source import Source

# Python's "surrogateescape" hides each byte it cannot decode in one of these.
DAMAGE = re.compile("[\udc80-\udcff]")
BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
CHUNK = 1 << 20


def decode(data: bytes, filename: str) -> tuple[str, list[str]]:
    """The whole text of a file, and notes where the encoding had to be guessed.

    Bytes that do not fit a file which is otherwise UTF-8 stay in the text as surrogates. Raises StudioError where
    the file is empty or no text.
    """
    source = Source.of_bytes(data, filename)
    encoding, notes = detect(source)
    with open_text(source.open(), encoding) as file:
        text = file.read()
    if "\0" in text:
        raise _no_text(filename)
    return text, notes


def open_text(file: BinaryIO, encoding: str, newline: str = "") -> io.TextIOWrapper:
    """The text of an opened file with its line ends as they stand; lines end at `newline`, or at any line end."""
    return io.TextIOWrapper(file, encoding, "surrogateescape", newline)


def detect(source: Source) -> tuple[str, list[str]]:
    """The encoding of the whole file, in Python's name, and notes where it had to be guessed; a piece at a time.

    Raises StudioError where the file is empty or no text.
    """
    if source.head(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding = "utf-16"
        if not _fits(source, encoding):
            raise StudioError(
                "The file says it is UTF-16 but is damaged.", "Save it as CSV (UTF-8) again.", source.name
            )
        notes: list[str] = []
    else:
        encoding, notes = _eight_bit(source)
    pieces = _pieces(source, encoding)
    first = next(pieces, "")
    # Words of a text may hold a stray NUL, which costs them their row; a picture or a program holds many.
    if first.count("\0") > len(first) // 10:
        raise _no_text(source.name)
    if not first.strip() and not any(piece.strip() for piece in pieces):
        raise StudioError("The file is empty.", "Choose a file with at least one row.", source.name)
    return encoding, notes


def _eight_bit(source: Source) -> tuple[str, list[str]]:
    if _fits(source, "utf-8-sig"):
        return "utf-8-sig", []
    damaged = beyond = 0
    for piece in _pieces(source, "utf-8-sig"):
        damaged += len(DAMAGE.findall(piece))
        beyond += len(BEYOND_ASCII.findall(piece))
    # A code page gives many bytes that are no UTF-8 and hardly ever some that are by chance. To read a UTF-8
    # file as a code page because of one bad byte would garble every accent in it.
    if damaged <= beyond:
        return "utf-8-sig", ["Some bytes of the file are not UTF-8; the rows that hold them are refused."]
    if _fits(source, "cp1252"):
        return "cp1252", [_guess("Windows-1252")]
    return "latin-1", [_guess("Latin-1")]


def _fits(source: Source, encoding: str) -> bool:
    try:
        for _ in _pieces(source, encoding, "strict"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _pieces(source: Source, encoding: str, errors: str = "surrogateescape") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with source.open() as file:
        while data := file.read(CHUNK):
            yield decoder.decode(data)
        yield decoder.decode(b"", final=True)


def _no_text(filename: str) -> StudioError:
    return StudioError(
        "This is not a text file.", "Save the table as CSV (UTF-8) and choose that file.", filename
    )


def _guess(name: str) -> str:
    return f"The file is not UTF-8; it was read as {name}. Check that accented letters look right."
