"""XLSX files."""

import datetime
import io
import zipfile

import pytest

from core.errors import StudioError
from core.importers import read_examples
from core.schema import Tool, ToolCall
from tests.core.importers.sheets import changed, sheet

NAMES = ("city", "day", "nights", "loud", "price", "at")
KINDS = ("string", "string", "integer", "boolean", "number", "string")
BOOK = Tool(
    "book",
    "",
    {
        "type": "object",
        "properties": {
            name: {"type": kind, "description": ""} for name, kind in zip(NAMES, KINDS, strict=True)
        },
        "required": ["city"],
    },
)
HEADER = ["Prompt", "Tool", *NAMES]


def read(data: bytes, name: str = "rows.xlsx", **options):
    result = read_examples(data, name, [BOOK], **options)
    assert result.total == len(result.examples) + len(result.rejected)
    return result


def test_cells_become_arguments_in_their_types():
    night = [datetime.date(2026, 8, 3), 3, True, 89.5, datetime.datetime(2026, 8, 3, 14, 30)]
    result = read(sheet(HEADER, ["a room in Rome", "book", "Rome", *night], ["hello", "", *[None] * 6]))
    assert result.examples[0].calls == (
        ToolCall(
            "book",
            {
                "city": "Rome", "day": "2026-08-03", "nights": 3, "loud": True, "price": 89.5,
                "at": "2026-08-03T14:30:00",
            },
        ),
    )  # fmt: skip
    assert result.examples[1].calls == () and result.format == "xlsx"


def test_the_first_sheet_with_rows_is_read_and_rows_are_counted_as_the_program_counts():
    rows = [HEADER, ["a", "book", "Rome"], [], ["b", "book"], ["c", "book", "Oslo"]]
    result = read(sheet(*rows, before="Notes"))
    assert [e.prompt for e in result.examples] == ["a", "c"]
    assert [(r.row, r.reason) for r in result.rejected] == [(4, "city is missing.")]
    assert "Only the sheet Rows is read." in result.notes


def test_a_formula_counts_with_its_value_and_without_one_costs_its_row():
    rows = [HEADER, ["a", "book", "=C3"], ["b", "book", "Oslo"], ["c", "book", "=C9"]]
    result = read(sheet(*rows, values={"C3": "Oslo"}))
    assert [e.calls[0].arguments["city"] for e in result.examples] == ["Oslo", "Oslo"]
    assert (
        result.rejected[0].row == 4 and "formula in column C has no saved value" in result.rejected[0].reason
    )


def test_an_error_in_a_cell_costs_its_row():
    result = read(sheet(HEADER, ["a", "book", "#REF!"], ["b", "book", "Oslo"]))
    assert result.rejected[0].reason == "Column C holds the error #REF!." and len(result.examples) == 1


def test_whole_numbers_have_no_decimals_and_line_ends_stay():
    result = read(sheet(HEADER, ["one\ntwo", "book", 7, None, 2.0]))
    assert result.examples[0].prompt == "one\ntwo"
    assert result.examples[0].calls[0].arguments == {"city": "7", "nights": 2}


def test_cells_beside_the_table_cost_their_row():
    result = read(sheet(HEADER, ["a", "book", "Rome", *[None] * 6, "a remark"]))
    assert result.rejected[0].reason.startswith("The row has 10 cells, the table 8 columns.")


def test_a_wrong_size_written_in_the_file_is_not_believed():
    data = changed(
        sheet(HEADER, *[["a", "book", "Rome"]] * 5),
        lambda xml: xml.replace(b'ref="A1:H6"', b'ref="A1:B2"'),
    )
    assert len(read(data).examples) == 5


@pytest.mark.parametrize("name", ["rows.csv", "pasted"])
def test_it_is_known_by_its_content(name):
    assert len(read(sheet(HEADER, ["a", "book", "Rome"]), name).examples) == 1


def test_a_file_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", bytes(50_000_000))
    with pytest.raises(StudioError, match="would unpack to 50 MB"):
        read(out.getvalue())


def test_entities_in_its_xml_are_not_followed():
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    data = changed(
        sheet(HEADER, ["a", "book", "Rome"]),
        lambda xml: evil + xml[xml.index(b"<worksheet") :].replace(b"<t>Rome</t>", b"<t>&a;</t>"),
    )
    with pytest.raises(StudioError, match="damaged"):
        read(data)


@pytest.mark.parametrize("data", [b"PK\x03\x04", sheet(), sheet(HEADER), sheet([None, None])])
def test_a_file_without_rows_is_refused(data):
    with pytest.raises(StudioError):
        read(data)
