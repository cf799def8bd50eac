"""Damaged files: whatever comes, every row is kept or rejected, and only a StudioError is raised."""

import json
import random

import pytest

from core.errors import StudioError
from core.importers import read_examples, read_tools
from core.importers.starters import FOLDER

TOOLS = read_tools((FOLDER / "smart-home" / "tools.json").read_bytes()).tools
ROWS = (FOLDER / "smart-home" / "examples.jsonl").read_bytes()
PIECES = [
    b'"',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\0",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\",
    b"\xff",
    b"\xc3\xa9",
    b"NaN",
]


def as_table() -> bytes:
    lines = ["prompt,tool,args,calls,reply,split"]
    for line in ROWS.decode().splitlines():
        row = json.loads(line)
        names = ("user_content", "tool_name", "tool_arguments", "calls", "reply", "split")
        lines.append(",".join('"' + row.get(name, "").replace('"', '""') + '"' for name in names))
    return "\r\n".join(lines).encode()


SOURCES = {
    "rows.jsonl": ROWS,
    "rows.json": b"[" + b",".join(ROWS.splitlines()) + b"]",
    "rows.csv": as_table(),
    "pasted": as_table().decode().encode("utf-16"),
}


def mutated(data: bytes, chance: random.Random) -> bytes:
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                data[place:place] = chance.choice(PIECES)
            case 2:
                del data[place : place + chance.choice([1, 3, 200])]
            case 3:
                data += data[place : place + 300]
    return bytes(data)


@pytest.mark.parametrize("name", SOURCES)
def test_every_row_of_a_damaged_file_is_kept_or_rejected(name):
    chance = random.Random(name)
    kept = rejected = refused = 0
    for _ in range(250):
        try:
            result = read_examples(mutated(SOURCES[name], chance), name, TOOLS)
        except StudioError:
            refused += 1
            continue
        assert result.total == len(result.examples) + len(result.rejected)
        for reject in result.rejected:
            assert reject.row >= 1 and reject.reason
            (reject.reason + reject.text).encode()
        for example in result.examples:
            json.dumps(example.to_json(), ensure_ascii=False, allow_nan=False).encode()
        "".join(result.notes + result.columns).encode()
        kept += len(result.examples)
        rejected += len(result.rejected)
    if name in ("rows.jsonl", "rows.csv"):
        assert kept > 1000 and rejected > 100  # the mutations neither spare nor destroy everything


def test_damaged_tool_files_never_break():
    data, chance = (FOLDER / "smart-home" / "tools.json").read_bytes(), random.Random(0)
    for _ in range(300):
        try:
            result = read_tools(mutated(data, chance))
        except StudioError:
            continue
        assert all(reject.reason for reject in result.rejected)
