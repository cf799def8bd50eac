"""Damaged files of every form: whatever comes, every row is kept or rejected, and only a StudioError is raised."""

import io
import json
import os
import random
import warnings
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from core.errors import StudioError
from core.importers import read_examples, read_tools
from core.importers.starters import FOLDER
from tests.core.importers.sheets import changed, sheet

FIXTURES = Path(__file__).parent / "fixtures" / "examples"
TOOLS = read_tools((FOLDER / "smart-home" / "tools.json").read_bytes()).tools
# Several kinds of rows: one call, several, none, with a part.
ROWS = [
    json.loads(line) for line in (FOLDER / "smart-home" / "examples.jsonl").read_text().splitlines()[::12]
][:6]
NAMES = ("user_content", "tool_name", "tool_arguments", "calls", "reply", "split")
PIECES = [
    b'"', b",", b";", b"\t", b"\n", b"\r", b"\0", b"{", b"}", b"[", b"]", b"\\", b"\xff", b"\xc3\xa9", b"NaN",
    b"null", b"'", b"<", b">", b"</", b"1e999", b"9" * 30, b"\\ud800", b"\\u0000", b"tools", b"role", b"[[[[[[",
]  # fmt: skip
FILES = int(os.environ.get("CALLWRIGHT_FUZZ", "1000"))  # of each format; 10000 takes some minutes


def as_lines() -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def as_table() -> bytes:
    lines = [",".join(NAMES)]
    lines += [",".join('"' + row.get(name, "").replace('"', '""') + '"' for name in NAMES) for row in ROWS]
    return "\r\n".join(lines).encode()


def as_sheet() -> bytes:
    return sheet(
        list(NAMES), *[[row.get(name, "") for name in NAMES] for row in ROWS], ["x", "=A1", 2.5, True]
    )


def as_parquet() -> bytes:
    out = io.BytesIO()
    table = pyarrow.Table.from_pylist([{name: row.get(name) for name in NAMES} for row in ROWS])
    parquet.write_table(table, out, compression="NONE")
    return out.getvalue()


SOURCES = {
    "rows.jsonl": as_lines(),
    "rows.json": b"[" + b",".join(as_lines().splitlines()) + b"]",
    "rows.csv": as_table(),
    "pasted": as_table().decode().encode("utf-16"),
    "rows.xlsx": as_sheet(),
    "rows.parquet": as_parquet(),
} | {file.name: file.read_bytes() for file in sorted(FIXTURES.iterdir())}


def mutated(data: bytes, chance: random.Random) -> bytes:
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0 if place < len(data):
                data[place] = chance.randrange(256)
            case 1:
                data[place:place] = chance.choice(PIECES)
            case 2:
                del data[place : place + chance.choice([1, 3, 200])]
            case 3:
                data += data[place : place + 300]
    return bytes(data)


def variant(name: str, chance: random.Random) -> bytes:
    """A damaged file; of a spreadsheet also one that is whole outside and damaged within."""
    source = SOURCES[name]
    if name == "rows.xlsx" and chance.random() < 0.7:
        member = chance.choice(["xl/worksheets/", "xl/worksheets/", "xl/workbook.xml", "xl/styles.xml"])
        return changed(source, lambda xml: mutated(xml, chance), member)
    return mutated(source, chance)


def check(name: str, times: int) -> tuple[int, int]:
    """Reads that many damaged files; the rows that were kept and rejected."""
    chance = random.Random(name)
    kept = rejected = 0
    for _ in range(times):
        data, every = variant(name, chance), chance.random() < 0.3
        tools = TOOLS if chance.random() < 0.7 else []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # openpyxl says what it leaves out
                result = read_examples(data, name, tools, every_answer=every)
        except StudioError as error:
            error.sentence().encode()
            continue
        assert result.total >= len(result.rejected)
        assert every or result.total == len(result.examples) + len(result.rejected)
        for reject in result.rejected:
            assert reject.row >= 1 and reject.reason
            (reject.reason + reject.text).encode()
        for example in result.examples:
            text = json.dumps(example.to_json(), ensure_ascii=False, allow_nan=False)
            assert "\0" not in example.prompt and example.prompt.strip() and text.encode()
        for tool in result.found_tools:
            json.dumps(tool.to_json(), ensure_ascii=False, allow_nan=False).encode()
        "".join(result.notes + result.columns).encode()
        kept += len(result.examples)
        rejected += len(result.rejected)
    return kept, rejected


@pytest.mark.parametrize("name", SOURCES)
def test_every_row_of_a_damaged_file_is_kept_or_rejected(name):
    kept, rejected = check(name, FILES)
    if name in ("rows.jsonl", "rows.csv", "openai.jsonl"):
        assert kept > 100 and rejected > 50  # the mutations neither spare nor destroy everything
