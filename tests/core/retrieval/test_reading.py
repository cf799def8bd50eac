"""Files of every kind become documents, or a sentence that names the file and the place."""

import random
import time

import pytest
from pdf_files import encrypted, pdf

from core.errors import StudioError
from core.importers.source import Source
from core.retrieval import pdf as pdf_module
from core.retrieval import reading
from tests.core.importers.sheets import sheet


def read(data: bytes | str, name: str) -> reading.DocumentsRead:
    return reading.read(Source.of_bytes(data.encode() if isinstance(data, str) else data, name))


def refusal(data: bytes | str, name: str) -> StudioError:
    with pytest.raises(StudioError) as refused:
        read(data, name)
    assert name in refused.value.where
    return refused.value


def test_plain_text_is_called_as_its_file() -> None:
    assert read("Hello\r\nworld\r", "a note.txt").documents == [("a note", "Hello\nworld")]


def test_markdown_is_called_as_its_first_heading() -> None:
    assert read("\n# Travel rules #\n\nBy train.\n## Hotels", "x.md").documents == [
        ("Travel rules", "By train.\n## Hotels")
    ]
    assert read("By train.\n# Later", "x.md").documents == [("x", "By train.\n# Later")]
    assert read("# Alone", "x.md").documents == [("Alone", "Alone")]


def test_other_encodings_are_read() -> None:
    assert read("Zürich".encode("cp1252"), "a.txt").documents == [("a", "Zürich")]
    assert read("Zürich".encode("utf-16"), "a.txt").documents == [("a", "Zürich")]
    found = read("Zürich, Genève, Bâle ".encode() + b"\xff", "a.txt")
    assert found.documents == [("a", "Zürich, Genève, Bâle ?")]
    assert found.notes == ["a.txt: 1 bytes are not UTF-8; they stand as question marks."]


def test_rows_of_a_table_are_documents() -> None:
    found = read("Title;Answer;Link\nVPN;Install it;x\nVPN;Again;\n;No title;\n", "faq.csv")
    assert found.documents == [
        ("VPN", "Answer: Install it\nLink: x"),
        ("VPN (row 3)", "Answer: Again"),
        ("faq (row 4)", "Answer: No title"),
    ]
    assert found.notes == ["faq.csv: Columns are separated by semicolons."]


def test_a_row_that_cannot_be_read_is_named() -> None:
    found = read('a,b\n1,2\n"never closed,3\n', "faq.csv")
    assert found.documents == [("faq (row 2)", "a: 1\nb: 2")]
    assert [(one.row, "quotation mark" in one.reason) for one in found.rejected] == [(3, True)]


def test_a_spreadsheet_is_read() -> None:
    found = read(sheet(["Question", "Answer"], ["Where is Curie?", 3]), "rooms.xlsx")
    assert found.documents == [("Where is Curie?", "Answer: 3")]


def test_a_pdf_is_read_page_after_page() -> None:
    found = read(pdf("Hotels up to 130 €", "Meals 28"), "travel.pdf")
    assert found.documents == [("travel", "Hotels up to 130 €\n\nMeals 28")] and not found.notes
    assert read(pdf("Named wrongly"), "travel.txt").documents == [("travel", "Named wrongly")]


def test_pages_without_text_are_told() -> None:
    assert read(pdf("One", "", ""), "a.pdf").notes == ["a.pdf: 2 of 3 pages hold no text, perhaps pictures."]
    assert "only pictures" in refusal(pdf("", ""), "scan.pdf").message


def test_a_page_that_cannot_be_read_is_named() -> None:
    before, filter, after = pdf("One", "Two").rpartition(b"/FlateDecode")
    found = read(before + b"/FlatxDecode" + after, "a.pdf")
    assert filter and found.documents == [("a", "One")]
    assert found.notes == ["a.pdf: page 2 could not be read."]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_password_is_a_sentence_unless_it_is_empty(algorithm: str) -> None:
    assert "password" in refusal(encrypted(pdf("Secret"), "pass", algorithm), "locked.pdf").message
    assert read(encrypted(pdf("Open"), "", algorithm), "open.pdf").documents == [("open", "Open")]


def test_a_pdf_that_takes_too_long_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(pdf_module, "SECONDS", 3)
    slow = pdf("x", stream=b"BT /F1 12 Tf " + b"(a) Tj 1 0 0 1 0 0 Tm " * 3_000_000 + b"ET")
    assert len(slow) < 1_000_000
    start = time.monotonic()
    assert "within 3 seconds" in refusal(slow, "slow.pdf").message
    assert time.monotonic() - start < 20


def test_a_pdf_that_swells_harms_nothing() -> None:
    swollen = pdf("x", stream=b" " * 200_000_000)
    assert len(swollen) < 1_000_000
    refusal(swollen, "bomb.pdf")


def test_too_many_pages_are_refused(monkeypatch) -> None:
    many = pdf(*["x"] * (pdf_module.MOST_PAGES + 1))
    assert "more than 2,000 pages" in refusal(many, "book.pdf").message


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.pdf", "a.xlsx"])
def test_damaged_files_are_a_sentence_or_are_read(name: str) -> None:
    for data in (b"", b"\0\1\2\3" * 50, b"%PDF-1.4 nothing", b"PK\3\4" + b"\0" * 20):
        refusal(data, name)


def test_a_pdf_with_changed_bytes_raises_nothing_but_a_sentence() -> None:
    chance = random.Random(0)
    whole = pdf("One page", "Another page")
    for _ in range(6):  # a process each
        data = bytearray(whole)
        for _ in range(12):
            data[chance.randrange(9, len(data))] = chance.randrange(256)
        try:
            assert read(bytes(data), "a.pdf").documents
        except StudioError as error:
            assert "a.pdf" in error.where


@pytest.mark.parametrize("name", ["a.docx", "a.html", "a"])
def test_other_kinds_are_refused(name: str) -> None:
    assert "not read" in refusal("text", name).message


def test_a_table_of_too_many_rows_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(reading, "MOST", 3)
    assert "more than 3 rows" in refusal("a,b\n" + "1,2\n" * 4, "big.csv").message
