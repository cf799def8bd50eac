"""The front door for tools: what it takes, how it tells forms apart, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import StudioError
from core.importers import Rename, read_tools
from core.importers.tools import MAX_BYTES

FIXTURES = Path(__file__).parent / "fixtures" / "tools"
BARE = {"name": "a", "description": "Does a.", "parameters": {"type": "object", "properties": {}}}
WRAPPED = {"type": "function", "function": {**BARE, "name": "b"}}


def read(value: object):
    return read_tools(json.dumps(value).encode())


def with_parameter(schema: object, name: str = "a") -> dict:
    return {**BARE, "name": name, "parameters": {"type": "object", "properties": {"n": schema}}}


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.glob("*.expected.json")), ids=lambda path: path.name.split(".")[0]
)
def test_a_file_of_each_form_comes_out_exactly_so(path: Path):
    """The expected files were read by a person: tools, notes, renames and rejects, word by word."""
    source = path.with_name(path.name.removesuffix(".expected.json"))
    result = read_tools(source.read_bytes())  # told by what stands in it, not by its name
    assert json.loads(path.read_text("utf-8")) == {
        "format": result.format,
        "tools": [tool.to_json() for tool in result.tools],
        "notes": result.notes,
        "renames": [[one.tool, one.path, one.old, one.new] for one in result.renames],
        "rejected": [[one.row, one.reason] for one in result.rejected],
    }


def test_what_comes_out_is_read_again_without_a_change():
    for path in FIXTURES.glob("*.expected.json"):
        tools = json.loads(path.read_text("utf-8"))["tools"]
        again = read(tools)
        assert [tool.to_json() for tool in again.tools] == tools
        assert not again.renames and not again.rejected


@pytest.mark.parametrize(
    "value",
    [
        [BARE, WRAPPED],
        {"tools": [BARE, WRAPPED]},
        {"model": "m", "messages": [], "functions": [BARE, WRAPPED]},
    ],
)
def test_a_list_may_stand_alone_or_in_a_request(value):
    assert [tool.name for tool in read(value).tools] == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "name", "form"), [(BARE, "a", "function JSON"), (WRAPPED, "b", "OpenAI tools")]
)
def test_a_single_tool_may_stand_alone(value, name, form):
    result = read(value)
    assert [tool.name for tool in result.tools] == [name]
    assert result.format == form


def test_forms_may_be_mixed_and_are_all_named():
    assert read([BARE, WRAPPED]).format == "function JSON and OpenAI tools"


@pytest.mark.parametrize("fence", ["```json\n%s\n```", "```\n%s\n```\n", "\n\n~~~\n%s\n~~~"])
def test_a_markdown_fence_is_no_part_of_it(fence):
    assert [tool.name for tool in read_tools((fence % json.dumps(BARE)).encode()).tools] == ["a"]


def test_a_fenced_function_is_python():
    assert read_tools(b"```python\ndef f(x: int): ...\n```").format == "Python source"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_common_encodings_are_read(encoding):
    text = json.dumps({**BARE, "description": "Tür"}, ensure_ascii=False)
    assert read_tools(text.encode(encoding)).tools[0].description == "Tür"


def test_pages_of_an_mcp_list_are_put_together():
    def page(name: str, cursor: str | None = None) -> dict:
        more = {"nextCursor": cursor} if cursor else {}
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}}], **more}

    result = read([page("a", "2"), page("b")])
    assert [tool.name for tool in result.tools] == ["a", "b"]
    assert result.format == "MCP tools/list"
    assert result.notes == []
    assert "The list goes on" in read(page("a", "2")).notes[0]


def test_changes_are_noted():
    assert "minimum 0 left out" in read(with_parameter({"type": "integer", "minimum": 0})).notes[0]


def test_a_tool_given_twice_is_kept_once_and_said():
    result = read([BARE, BARE])
    assert [tool.name for tool in result.tools] == ["a"]
    assert result.notes == ["a: given twice with the same content, kept once."]
    assert result.rejected == []


def test_two_tools_of_one_name_are_not_merged():
    result = read([BARE, {**BARE, "description": "Does another thing."}])
    assert [tool.description for tool in result.tools] == ["Does a."]
    assert [(reject.row, "defined otherwise" in reject.reason) for reject in result.rejected] == [(2, True)]


def test_definitions_that_cannot_be_used_are_rejected_alone():
    result = read(
        [
            BARE,
            {**BARE, "name": "c", "parameters": []},
            5,
            WRAPPED,
            {"type": "web_search"},
            {**BARE, "name": " "},
        ]
    )
    assert [tool.name for tool in result.tools] == ["a", "b"]
    assert [reject.row for reject in result.rejected] == [2, 3, 5, 6]
    assert "c.parameters" in result.rejected[0].reason


def test_names_that_no_call_can_carry_are_made_safe_and_told():
    result = read(
        [
            {**BARE, "name": name}
            for name in ("pets.list", "pets_list", "pets/list", "größe", "搜索", "x" * 70)
        ]
    )
    names = [tool.name for tool in result.tools]
    assert names[:5] == ["pets_list_2", "pets_list", "pets_list_3", "grosse", "tool"]
    assert len(names[5]) == 64 and names[5].startswith("x" * 50)
    assert result.renames[0] == Rename("pets_list_2", "", "pets.list", "pets_list_2")
    assert {rename.tool: rename.old for rename in result.renames} == {
        tool.name: tool.originals[""] for tool in result.tools if tool.name != "pets_list"
    }


def test_a_name_of_a_thousand_characters_is_kept_and_a_longer_one_rejected():
    result = read([{**BARE, "name": "x" * 1000}, {**BARE, "name": "x" * 1001}])
    assert len(result.tools) == 1 and result.rejected[0].row == 2


@pytest.mark.parametrize("part", [[1], "x", 3, None])
def test_definitions_of_a_wrong_type_are_rejected(part):
    result = read([{"name": "c", "parameters": {"type": "object", "$defs": part}}, BARE])
    assert len(result.tools) + len(result.rejected) == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"[]", "no tools"),
        (b"{", "not JSON"),
        (b'{"tools": []}', "no tools"),
        (b"[" * 100_000, "nested"),
        (b"- " * 100_000, "nested"),
        (b"\x00\x01", "not a text"),
        (b"Hello, here are my tools.", "not understood"),
        (b"a: 1\na: 2", "stands twice"),
        (b'{"tools": [], "tools": [{"name": "a"}]}', "stands twice"),
        (b'{"mcpServers": {"files": {"command": "npx"}}}', "list of MCP servers"),
        (
            b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}',
            "Method not found",
        ),
        (b'{"swagger": "2.0", "paths": {}}', "OpenAPI '2.0' is not read"),
        (b'{"openapi": "3.2.0", "paths": {}}', "OpenAPI '3.2.0' is not read"),
        (b'{"openapi": "3.1.0", "info": {}}', "no paths"),
        (b'{"openapi": "3.1.0", "paths": {}}', "no tools"),
        (b"def f(x:\n  return", "mistake in line 1"),
        (b"class Empty:\n  pass", "no tools"),
        (b" " * (MAX_BYTES + 1), "more than 5"),
        (json.dumps([{**BARE, "name": f"t{n}"} for n in range(2001)]).encode(), "more than 2,000 tools"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(data, words):
    with pytest.raises(StudioError, match=words) as caught:
        read_tools(data)
    assert caught.value.hint and caught.value.where


def test_two_thousand_tools_are_read():
    assert len(read([{**BARE, "name": f"t{n}"} for n in range(2000)]).tools) == 2000


def test_a_deep_definition_is_rejected():
    schema: dict = {}
    for _ in range(70):
        schema = {"items": schema}
    assert "nested more than 64" in read([{**BARE, "parameters": schema}]).rejected[0].reason


def test_aliases_that_stand_for_billions_are_refused_at_once():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    with pytest.raises(StudioError, match="more than 1,000,000 values"):
        read_tools("\n".join(lines).encode())


def test_libraries_are_loaded_only_when_a_form_needs_them():
    script = (
        "import sys, core.importers, core.importers.mcp_server\n"
        "heavy = {'yaml', 'mcp', 'httpx2', 'docstring_parser', 'openapi_pydantic', 'pydantic'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
        'core.importers.read_tools(b\'[{"name": "a"}]\')\n'
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], capture_output=True, text=True
    )
    assert done.stdout.split() == ["[]", "[]"], done.stderr
