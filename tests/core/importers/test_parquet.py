"""Parquet files."""

import datetime
import io

import pyarrow
import pytest
from pyarrow import parquet

from core.errors import StudioError
from core.importers import read_examples
from core.schema import ToolCall

TOOLS = [
    {
        "function": {
            "name": name,
            "description": "",
            "parameters": {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]},
        }
    }
    for name, key in (("a", "x"), ("b", "y"))
]


def file(rows: list[dict]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


def test_what_arrow_filled_with_null_is_taken_out_again():
    messages = [
        [
            {"role": "user", "content": name},
            {"role": "assistant", "tool_calls": [{"function": {"name": name, "arguments": {key: "1"}}}]},
        ]
        for name, key in (("a", "x"), ("b", "y"))
    ]
    result = read_examples(file([{"messages": m, "tools": TOOLS} for m in messages]), "rows.parquet", [])
    assert [e.calls for e in result.examples] == [(ToolCall("a", {"x": "1"}),), (ToolCall("b", {"y": "1"}),)]
    assert [tool.required for tool in result.found_tools] == [["x"], ["y"]]
    assert (result.format, result.total, result.rejected) == ("openai", 2, [])


def test_dates_become_text_and_bytes_that_are_no_text_cost_their_row():
    rows = [
        {"prompt": "a", "tool": "t", "args": {"when": datetime.date(2026, 8, 3)}, "raw": b"fine"},
        {"prompt": "b", "tool": "t", "args": {"when": None}, "raw": b"\xff"},
    ]
    result = read_examples(file(rows), "rows.parquet", [])
    assert result.examples[0].calls[0].arguments == {"when": "2026-08-03"}
    assert [r.row for r in result.rejected] == [2] and "not UTF-8" in result.rejected[0].reason


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + bytes(100), file([{"prompt": "a"}])[:-9]])
def test_a_damaged_file_is_refused(data):
    with pytest.raises(StudioError):
        read_examples(data, "rows.parquet", [])
