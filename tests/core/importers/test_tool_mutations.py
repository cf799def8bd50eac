"""Damaged and hostile tool files of every format: kept, rejected or refused with a sentence, never a crash."""

import copy
import json
import os
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import StudioError
from core.importers import ToolsRead, read_tools
from core.schema import read_tool

FIXTURES = Path(__file__).parent / "fixtures" / "tools"
FILES = int(os.environ.get("CALLWRIGHT_FUZZ", "1000"))  # of each format; 10000 takes some minutes

BYTES = [
    b'"',
    b",",
    b":",
    b"\n",
    b"  ",
    b"\t",
    b"\0",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\",
    b"\\ud800",
    b"\xff",
    b"\xc3",
]
BYTES += [
    b"'",
    b"#",
    b"&a ",
    b"*a",
    b"<<: *a",
    b"!!int",
    b"|",
    b"- ",
    b"NaN",
    b"1e999",
    b"9" * 30,
    b"def ",
    b"\x85",
]

WORDS = """
type properties required description nullable items enum anyOf allOf oneOf $ref $defs const name title default format
a.b ä 搜索 1st __proto__ tools function inputSchema input_schema parameters functionDeclarations result nextCursor
originals pattern in schema content requestBody readOnly operationId paths components
"""
NAMES = [*WORDS.split(), "", " ", "x" * 70, "x" * 1100]

VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        1e308,
        2**70,
        "",
        "string",
        "object",
        "array",
        "null",
        "STRING",
        "INT64",
    ),
    *("x" * 300, "\u0000", "\u202e", "<escape>", [], {}, [[]], [None], [1, "a", None], ["string", "null"]),
    *(
        {"$ref": where}
        for where in ("#", "#/$defs/a", "http://example.org/a", "file:///etc/passwd", "#/paths", ["#"])
    ),
    {"$ref": "#/components/schemas/Pet"},
    {"type": "object"},
    {"type": []},
    {"type": ["string", "integer"]},
    {"type": "array", "items": {"type": "array"}},
    {"type": "string", "pattern": "(a+)+$"},
    {"anyOf": [{}, {}]},
    {"anyOf": [{"type": "string"}, {"type": "null"}]},
    {"anyOf": [{"type": ["integer", "number"]}, {"enum": ["a"]}]},
    {"oneOf": "x"},
    {"allOf": [{"type": "string"}, {"type": "integer"}]},
    {"enum": [1, "1", None, [], {}]},
    {"const": []},
    {"properties": {"type": {}, "a.b": {}, "a_b": {}}},
    {"properties": []},
    {"required": ["x"]},
    {"": {"": {}}},
]

PIECES = (
    """
None|...|int|'int'|'list['|list|list[int]|dict[str, int]|Optional|Optional[int]|Union[int, str]|Union[()]
Literal[1, 'a', None]|Literal[()]|Annotated[int, 'x']|tuple[int, ...]|tuple[()]|int | None|int / str|lambda: 0|f'{x}'
'\\ud800'|'\\x00'|Field(...)|Field(default=1, alias='type')|Place|Step|Priority|Unit|Person|Desk|x|type|_y|ünï|self
*|**|/|=1|-1|1e999|auto()|class|def|async|@overload|Context|Any|not x
""".strip()
    .replace("\n", "|")
    .split("|")
)
PIECES += [
    "9" * 30,
    "0x" + "f" * 5000,
    "'" + "[" * 30 + "'",
    "[" * 150,
    "list[" * 90 + "int" + "]" * 90,
    "int | None",
]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, put in, taken out or repeated."""
    result = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place = chance.randrange(len(result) or 1)
        match chance.randrange(4):
            case 0 if result:
                result[place] = chance.randrange(256)
            case 1:
                result[place:place] = chance.choice(BYTES)
            case 2:
                del result[place : place + chance.choice([1, 3, 200])]
            case _:
                result += result[place : place + 300]
    return bytes(result)


def containers(value: Any) -> list[Any]:
    """Every list and object inside a value."""
    found, waiting = [], [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict | list):
            found.append(here)
            waiting += here.values() if isinstance(here, dict) else here
    return found


def deep(chance: random.Random) -> Any:
    """Something nested near or beyond every bound there is."""
    value: Any = {"type": "string"}
    key = chance.choice(["items", "properties", "anyOf", "allOf", "x"])
    for _ in range(chance.choice([7, 8, 9, 31, 33, 70])):
        value = {key: [value]} if key.endswith("Of") else {"type": "object", key: {"a": value}}
    return value


def twisted(value: Any, chance: random.Random) -> Any:
    """A few parts replaced by hostile ones, dropped, renamed, repeated or wrapped."""
    value = copy.deepcopy(value)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        part = chance.choice(containers(value) or [[0]])
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        if not keys:
            continue
        key = chance.choice(keys)
        match chance.randrange(8):
            case 0 | 1:
                part[key] = copy.deepcopy(chance.choice(VALUES))
            case 2:
                del part[key]
            case 3 if isinstance(part, dict):
                part[chance.choice(NAMES)] = part.pop(key)
            case 4 if isinstance(part, dict):
                part[chance.choice(NAMES)] = copy.deepcopy(chance.choice(VALUES))
            case 5:
                other = chance.choice(containers(value))
                part[key] = copy.deepcopy(other)
            case 6:
                part[key] = deep(chance)
            case _ if isinstance(part, list):
                part.append(copy.deepcopy(part[key]))
    return value


def as_json(value: Any, chance: random.Random) -> bytes:
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.1:  # a name given twice
        text = re.sub(r'"(\w+)": ', lambda found: f'"{found[1]}": 0, {found[0]}', text, count=1)
    return text.encode(errors="surrogatepass")


def as_yaml(value: Any, chance: random.Random) -> bytes:
    return yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True).encode()


def rewritten(source: str, chance: random.Random) -> bytes:
    """Words of a Python source replaced, lines moved or dropped."""
    lines = source.splitlines()
    for _ in range(chance.choice([1, 1, 2, 4])):
        place = chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                del lines[place]
            case 1:
                lines.insert(chance.randrange(len(lines)), lines[place])
            case _:
                words = list(re.finditer(r"[\w.\[\]']+", lines[place]))
                if words:
                    word = chance.choice(words)
                    lines[place] = (
                        lines[place][: word.start()] + chance.choice(PIECES) + lines[place][word.end() :]
                    )
    return "\n".join(lines).encode()


def made(name: str) -> Callable[[random.Random], bytes]:
    """What makes damaged files out of a fixture."""
    data = (FIXTURES / name).read_bytes()
    if name.endswith(".py"):
        return lambda chance: (
            damaged(data, chance) if chance.random() < 0.3 else rewritten(data.decode(), chance)
        )
    value, written = (
        (json.loads(data), as_json) if name.endswith(".json") else (yaml.safe_load(data), as_yaml)
    )
    return lambda chance: (
        damaged(data, chance) if chance.random() < 0.3 else written(twisted(value, chance), chance)
    )


def check(read: ToolsRead) -> None:
    """What holds of whatever is read."""
    assert read.format
    for reject in read.rejected:
        assert reject.row >= 1 and reject.reason.strip()
        (reject.reason + reject.text).encode()
    "".join(read.notes).encode()
    by_name = {tool.name: tool for tool in read.tools}
    assert len(by_name) == len(read.tools)
    for tool in read.tools:
        record = json.loads(json.dumps(tool.to_json(), ensure_ascii=False, allow_nan=False).encode())
        again, _ = read_tool(record)
        assert again.to_json() == tool.to_json()
        assert "originals" not in tool.declaration()["function"]
    for rename in read.renames:
        assert by_name[rename.tool].originals[rename.path] == rename.old
        assert rename.new == (rename.path.split(".")[-1] or rename.tool) and rename.new != rename.old


def run(name: str, files: int) -> Counter:
    make, chance = made(name), random.Random(name)
    outcome: Counter = Counter()
    for _ in range(files):
        data = make(chance)
        try:
            read = read_tools(data, name)
        except StudioError as error:
            assert error.message and error.hint
            error.sentence().encode()
            outcome["refused"] += 1
            continue
        except Exception as error:
            raise AssertionError(f"The file was {data!r}.") from error
        check(read)
        outcome["tools"] += len(read.tools)
        outcome["rejected"] += len(read.rejected)
        outcome["renamed"] += len(read.renames)
    return outcome


SOURCES = sorted(path.name for path in FIXTURES.iterdir() if not path.name.endswith(".expected.json"))


@pytest.mark.parametrize("name", SOURCES)
def test_damaged_tool_files_never_break(name: str):
    outcome = run(name, FILES)
    assert (
        outcome["tools"] > 100 and outcome["rejected"] > 10
    )  # the damage neither spares nor destroys everything
