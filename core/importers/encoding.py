"""Bytes into text: UTF-8, UTF-16 with its mark, or the Western code page that older spreadsheets write."""

import codecs
import re

from core.errors import StudioError

# Python's "surrogateescape" hides each byte it cannot decode in one of these.
DAMAGE = re.compile("[\udc80-\udcff]")
BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")


def decode(data: bytes, filename: str) -> tuple[str, list[str]]:
    """The text of a file, and notes where the encoding had to be guessed.

    Bytes that do not fit a file which is otherwise UTF-8 stay in the text as surrogates, so that their rows
    can be refused. Raises StudioError where the file is empty or no text.
    """
    text, notes = _decode(data, filename)
    if "\0" in text:
        raise StudioError(
            "This is not a text file.", "Save the table as CSV (UTF-8) and choose that file.", filename
        )
    if not text.strip():
        raise StudioError("The file is empty.", "Choose a file with at least one row.", filename)
    return text, notes


def _decode(data: bytes, filename: str) -> tuple[str, list[str]]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16"), []
        except UnicodeDecodeError as error:
            raise StudioError(
                "The file says it is UTF-16 but is damaged.", "Save it as CSV (UTF-8) again.", filename
            ) from error
    text = data.decode("utf-8-sig", "surrogateescape")
    damaged = len(DAMAGE.findall(text))
    if not damaged:
        return text, []
    # A code page gives many bytes that are no UTF-8 and hardly ever some that are by chance. To read a UTF-8
    # file as a code page because of one bad byte would garble every accent in it.
    if damaged <= len(BEYOND_ASCII.findall(text)):
        return text, ["Some bytes of the file are not UTF-8; the rows that hold them are refused."]
    try:
        return data.decode("cp1252"), [_guess("Windows-1252")]
    except UnicodeDecodeError:
        return data.decode("latin-1"), [_guess("Latin-1")]


def _guess(name: str) -> str:
    return f"The file is not UTF-8; it was read as {name}. Check that accented letters look right."
