"""The record of a tool: the names it had before travel with it, and only the model does not see them."""

from core.schema import Tool, ToolCall, read_tool

PARAMETERS = {
    "type": "object",
    "properties": {
        "pets_type": {"type": "string", "description": ""},
        "filter": {
            "type": "object",
            "description": "",
            "properties": {"filter_type": {"type": "string", "description": ""}},
            "required": [],
        },
        "rows": {
            "type": "array",
            "description": "",
            "items": {
                "type": "object",
                "properties": {"a_b": {"type": "integer", "description": ""}},
                "required": ["a_b"],
            },
        },
    },
    "required": [],
}
ORIGINALS = {"": "pets.list", "pets_type": "type", "filter.filter_type": "type", "rows.a_b": "a.b"}
TOOL = Tool("pets_list", "Lists pets.", PARAMETERS, ORIGINALS)


def test_originals_are_in_the_record_and_not_in_the_declaration():
    assert TOOL.to_json()["originals"] == ORIGINALS
    assert Tool.from_json(TOOL.to_json()) == TOOL
    plain = Tool("pets_list", "Lists pets.", PARAMETERS)
    assert TOOL.declaration() == plain.declaration()
    assert "originals" not in plain.to_json()
    assert Tool.from_json(plain.to_json()) == plain


def test_a_call_is_given_back_in_its_original_names():
    arguments = {
        "pets_type": "cat",
        "filter": {"filter_type": "x"},
        "rows": [{"a_b": 1}, {"a_b": 2, "own": [3]}],
        "more": 1,
    }
    assert TOOL.restored(ToolCall("pets_list", arguments)) == {
        "name": "pets.list",
        "arguments": {
            "type": "cat",
            "filter": {"type": "x"},
            "rows": [{"a.b": 1}, {"a.b": 2, "own": [3]}],
            "more": 1,
        },
    }


def test_a_tool_whose_names_were_never_changed_gives_calls_back_as_they_are():
    call = ToolCall("ping", {"a": [{"b": 1}]})
    assert Tool("ping").restored(call) == call.to_json()


def test_reading_a_record_keeps_its_originals():
    assert read_tool(TOOL.to_json()) == (TOOL, [])


def test_originals_of_what_is_gone_or_of_a_wrong_kind_are_dropped():
    wrong = {**ORIGINALS, "gone": "x", "filter": 5, "rows.a_b": "broken \ud800"}
    tool, _ = read_tool({**TOOL.to_json(), "originals": wrong})
    assert tool.originals == {path: ORIGINALS[path] for path in ("", "pets_type", "filter.filter_type")}
    for raw in (None, [], "x", 3):
        assert read_tool({**TOOL.to_json(), "originals": raw})[0].originals == {}


def test_how_text_is_compared_is_kept_beside_what_the_model_sees():
    tool = Tool("pets_list", "Lists pets.", PARAMETERS, wording={"pets_type": "free"})
    plain = Tool("pets_list", "Lists pets.", PARAMETERS)
    assert Tool.from_json(tool.to_json()) == tool and tool.to_json()["wording"] == {"pets_type": "free"}
    assert tool.declaration() == plain.declaration()
    # Records and hashes from before it was there stay as they are.
    assert plain.to_json().keys() == {"name", "description", "parameters"}
    assert Tool.from_json(plain.to_json()).wording == {}
