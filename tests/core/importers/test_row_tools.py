"""Tools that come with the rows."""

import json

import pytest

from core.schema import Tool
from tests.core.importers.test_jsonl import CALL, FLAT, calls, chat, lines, read, user


def tool(name: str = "search", description: str = "", kind: str = "string", **more) -> dict:
    parameters = {"type": "object", "properties": {"query": {"type": kind}}, "required": ["query"]}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters | more},
    }


def row(*tools: object, text: bool = False, call: dict = CALL) -> dict:
    return chat(user(), calls(call), tools=json.dumps(tools) if text else list(tools))


@pytest.mark.parametrize("text", [False, True])
def test_they_are_found_once_and_calls_are_checked_against_them(text):
    wrong = {"function": {"name": "search", "arguments": {"q": "a"}}}
    result = read(lines(row(tool(), text=text), row(tool(), text=text, call=wrong), FLAT))
    assert [t.name for t in result.found_tools] == ["search"] and len(result.examples) == 2
    assert result.rejected[0].reason == "query is missing. q is not a parameter of this tool."


def test_a_tool_the_project_has_is_not_found_again():
    known = read(lines(row(tool()))).found_tools
    assert read(lines(row(tool())), tools=tuple(known)).found_tools == []


def test_a_second_definition_of_another_shape_costs_its_row():
    result = read(lines(row(tool()), row(tool(kind="integer")), row(tool(required=[]))))
    assert [(r.row, r.reason) for r in result.rejected] == [
        (2, "The tool search is defined in another way than before: query is not the same."),
        (3, "The tool search is defined in another way than before: other parameters are required."),
    ]


def test_so_does_one_that_contradicts_the_project():
    other = Tool("search", "", {"type": "object", "properties": {}, "required": []})
    reason = read(lines(row(tool())), tools=(other,)).rejected[0].reason
    assert reason.endswith("than before: query is a parameter here and not there.")


def test_other_words_are_noted_and_the_first_ones_kept():
    result = read(lines(row(tool(description="Finds.")), row(tool(description="Looks up."))))
    assert result.found_tools[0].description == "Finds." and len(result.examples) == 2
    assert "the first words were kept, first in row 2 (1 in all)." in result.notes[-1]


def test_a_tool_of_a_refused_row_is_not_taken_over():
    wrong = {"function": {"name": "search", "arguments": {}}}
    result = read(lines(row(tool(kind="integer"), call=wrong), row(tool())))
    assert len(result.examples) == 1 and result.found_tools[0].properties["query"]["type"] == "string"


def test_one_that_cannot_be_used_costs_only_the_rows_that_call_it():
    odd = tool("odd", anyOf=[{"type": "object"}, {"type": "string"}])
    result = read(lines(row(tool(), odd), row(odd, call={"function": {"name": "odd", "arguments": {}}})))
    assert len(result.examples) == 1
    assert result.rejected[0].reason.startswith("The tool odd cannot be used: ")
    assert any("The tool odd was left out" in note for note in result.notes)


def test_names_that_no_call_can_carry_are_changed_in_tool_calls_and_results():
    dotted = {"id": "c1", "function": {"name": "web.search", "arguments": {"query": "a"}}}
    messages = [user(), calls(dotted), {"role": "tool", "tool_call_id": "c1", "content": "x"}]
    data = chat(*messages, {"role": "assistant", "content": "There."}, tools=[tool("web.search")])
    (example,) = read(lines(data)).examples
    assert (example.turns[1].calls[0].name, example.turns[2].name) == ("web_search", "web_search")


def test_two_names_that_become_one_are_not_mixed_up():
    calls_of = {name: {"function": {"name": name, "arguments": {"query": "a"}}} for name in ("a.b", "a b")}
    result = read(lines(*[row(tool(name), call=call) for name, call in calls_of.items()]))
    assert result.rejected[0].reason == "Two tools, a.b and a b, would both be called a_b."


def test_a_renamed_tool_of_the_project_is_found_by_its_old_name():
    dotted = {"function": {"name": "web.search", "arguments": {"query": "a"}}}
    known = read(lines(row(tool("web.search"), call=dotted))).found_tools
    (example,) = read(lines(chat(user(), calls(dotted))), tools=tuple(known)).examples
    assert example.calls[0].name == "web_search"


@pytest.mark.parametrize(
    "tools", ["[", "7 tools", "[1]", [[1]], [None], [{"type": "function", "function": []}]]
)
def test_tools_that_are_none_never_break(tools):
    result = read(lines(chat(user(), calls(CALL), tools=tools), FLAT))
    assert len(result.examples) >= 1
