"""Files in the encodings that spreadsheets write."""

import pytest

from core.errors import StudioError
from core.importers import read_examples

TEXT = 'prompt,tool,args\r\nDéjà vu à Málaga,search,"{""q"": ""é€""}"\r\n'


def read(data: bytes):
    return read_examples(data, "rows.csv", [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_without_a_word(encoding):
    result = read(TEXT.encode(encoding))
    assert result.examples[0].prompt == "Déjà vu à Málaga"
    assert result.columns == ["prompt", "tool", "args"] and result.notes == []


def test_a_western_code_page_is_read_and_named():
    result = read(TEXT.encode("cp1252"))
    assert result.examples[0].calls[0].arguments == {"q": "é€"}
    assert "Windows-1252" in result.notes[0]


def test_latin_1_is_the_last_resort():
    result = read(TEXT.replace("€", "\x81").encode("latin-1"))
    assert result.examples[0].prompt == "Déjà vu à Málaga" and "Latin-1" in result.notes[0]


def test_one_bad_byte_in_a_unicode_file_costs_its_row_and_no_accent():
    lines = TEXT.encode().splitlines(keepends=True)
    result = read(b"".join([*lines, b"broken \xff,search,{}\r\n", lines[1]]))
    assert [e.prompt for e in result.examples] == ["Déjà vu à Málaga"] * 2
    assert [r.row for r in result.rejected] == [3] and "not UTF-8" in result.rejected[0].reason
    assert "\udcff" not in result.rejected[0].text


def test_a_stray_nul_costs_its_row():
    lines = TEXT.encode().splitlines(keepends=True)
    result = read(b"".join([*lines, b"bro\x00ken,search,{}\r\n", lines[1]]))
    assert len(result.examples) == 2
    assert [(r.row, r.reason) for r in result.rejected] == [
        (3, "The row holds a NUL character, which no text has.")
    ]
    assert "\0" not in result.rejected[0].text


def test_one_bad_byte_is_found_far_from_the_beginning():
    lines = TEXT.encode().splitlines(keepends=True)
    data = b"".join([lines[0], lines[1] * 40_000, b"broken \xff,search,{}\r\n"])
    result = read(data)
    assert len(data) > 1 << 20, "more than one piece"
    assert (len(result.examples), [r.row for r in result.rejected]) == (40_000, [40_002])


@pytest.mark.parametrize(
    "data, sentence",
    [
        (b"PK\x03\x04\x00\x00", "no XLSX"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "not a text file"),
        (TEXT.encode("utf-16-le"), "not a text file"),
        (TEXT.encode("utf-16")[:-1], "UTF-16 but is damaged"),
    ],
)
def test_what_is_no_text_is_refused(data, sentence):
    with pytest.raises(StudioError, match=sentence):
        read(data)
