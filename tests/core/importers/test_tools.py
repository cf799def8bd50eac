"""Tool definitions in OpenAI's form and near it."""

import json

import pytest

from core.errors import StudioError
from core.importers import read_tools

BARE = {"name": "a", "description": "Does a.", "parameters": {"type": "object", "properties": {}}}
WRAPPED = {"type": "function", "function": {**BARE, "name": "b"}}


def read(value: object):
    return read_tools(json.dumps(value).encode())


@pytest.mark.parametrize("value", [[BARE, WRAPPED], {"tools": [BARE, WRAPPED]}])
def test_a_list_may_stand_alone_or_under_tools(value):
    assert [tool.name for tool in read(value).tools] == ["a", "b"]


@pytest.mark.parametrize("value, name", [(BARE, "a"), (WRAPPED, "b")])
def test_a_single_tool_may_stand_alone(value, name):
    assert [tool.name for tool in read(value).tools] == [name]


def test_changes_are_noted():
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}}
    assert "minimum" in read({**BARE, "parameters": schema}).notes[0]


def test_a_name_that_is_taken_and_a_definition_that_cannot_be_used_are_rejected_alone():
    odd = {"name": "c", "parameters": {"type": "object", "properties": {"type": {"type": "string"}}}}
    result = read([BARE, BARE, odd, 5, WRAPPED, {"type": "web_search"}])
    assert [tool.name for tool in result.tools] == ["a", "b"]
    assert [reject.row for reject in result.rejected] == [2, 3, 4, 6]
    assert "already a tool called a" in result.rejected[0].reason
    assert "c.type" in result.rejected[1].reason


@pytest.mark.parametrize("part", [[1], "x", 3, None])
def test_definitions_of_a_wrong_type_are_rejected(part):
    result = read([{"name": "c", "parameters": {"type": "object", "$defs": part}}, BARE])
    assert len(result.tools) + len(result.rejected) == 2


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"tools": []}', b"[" * 100_000, b"\x00\x01"])
def test_a_file_without_definitions_is_refused(data):
    with pytest.raises(StudioError):
        read_tools(data)


def test_a_deep_definition_is_rejected():
    schema: dict = {}
    for _ in range(70):
        schema = {"items": schema}
    assert "nested more than 64" in read([{**BARE, "parameters": schema}]).rejected[0].reason
