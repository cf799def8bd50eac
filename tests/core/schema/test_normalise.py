"""Foreign tool definitions: rewritten truly, or refused with a sentence and a place."""

import pytest

from core.errors import StudioError
from core.schema import read_tool


def tool_with(schema: dict, **more) -> dict:
    return {"name": "book", "parameters": {"type": "object", "properties": {"seat": schema}, **more}}


def seat(schema: dict, **more) -> tuple[dict, list[str], list[str]]:
    tool, notes = read_tool(tool_with(schema, **more))
    return tool.properties["seat"], tool.required, notes


@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: {"type": "function", "function": t}])
def test_openai_and_bare_form_read_the_same(wrap):
    tool, notes = read_tool(wrap(tool_with({"type": "string", "description": "which"})))
    assert tool.name == "book"
    assert tool.properties == {"seat": {"type": "string", "description": "which"}}
    assert notes == []


def test_a_tool_without_parameters_has_none():
    tool, _ = read_tool({"name": "ping", "description": " Ping. "})
    assert tool.parameters == {"type": "object", "properties": {}, "required": []}
    assert tool.description == "Ping."


@pytest.mark.parametrize("name", ["description", "type", "properties", "required", "nullable"])
def test_parameters_that_vanish_from_the_prompt_are_refused_at_every_depth(name):
    inner = {"type": "object", "properties": {name: {"type": "string"}}}
    for raw in (
        {"name": "book", "parameters": inner},
        tool_with(inner),
        tool_with({"type": "array", "items": inner}),
    ):
        with pytest.raises(StudioError, match="cannot be called") as caught:
            read_tool(raw)
        assert name in caught.value.where
        assert caught.value.hint


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "string", "nullable": True},
    ],
)
def test_nullable_becomes_optional(schema):
    read, required, notes = seat(schema, required=["seat"])
    assert read["type"] == "string"
    assert required == []
    assert any("optional" in note for note in notes)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [({"properties": {}}, "object"), ({"items": {"type": "string"}}, "array"), ({"enum": ["a"]}, "string")],
)
def test_a_missing_type_is_set_where_only_one_fits(schema, kind):
    read, _, notes = seat(schema)
    assert read["type"] == kind
    assert notes


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "type is missing"),
        ({"type": ["string", "integer"]}, "cannot be shown together"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "different forms"),
        ({"type": "date"}, "unknown"),
        ({"type": "integer", "enum": ["one"]}, "allowed values"),
        ({"type": "object", "enum": ["one"]}, "allowed values"),
        ({"$ref": "https://example.org/schema"}, "outside this definition"),
        ({"$ref": "#/$defs/missing"}, "outside this definition"),
        ("string", "Expected a JSON Schema object"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_place(schema, words):
    with pytest.raises(StudioError, match=words) as caught:
        read_tool(tool_with(schema))
    assert caught.value.where == "book.seat"


def test_upper_case_types_are_read():
    assert seat({"type": "STRING"})[0]["type"] == "string"


def test_a_local_reference_is_put_in_its_place():
    raw = tool_with({"$ref": "#/$defs/row"})
    raw["parameters"]["$defs"] = {"row": {"type": "integer", "description": "row"}}
    assert read_tool(raw)[0].properties["seat"] == {"type": "integer", "description": "row"}


def test_a_reference_to_itself_ends_in_a_sentence():
    raw = tool_with({"$ref": "#/$defs/row"})
    raw["parameters"]["$defs"] = {"row": {"type": "object", "properties": {"next": {"$ref": "#/$defs/row"}}}}
    with pytest.raises(StudioError, match="leads back to itself"):
        read_tool(raw)


def test_a_loop_of_references_ends_in_a_sentence():
    raw = tool_with({"$ref": "#/$defs/a"})
    raw["parameters"]["$defs"] = {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}
    with pytest.raises(StudioError):
        read_tool(raw)


def test_dropped_keywords_are_named():
    read, _, notes = seat({"type": "integer", "minimum": 1, "default": 3})
    assert read == {"type": "integer", "description": ""}
    assert "minimum" in notes[0] and "default" in notes[0]


def test_allowed_values_of_numbers_are_kept_and_noted():
    read, _, notes = seat({"type": "integer", "enum": [1, 2]})
    assert read["enum"] == [1, 2]
    assert "only for text" in notes[0]


@pytest.mark.parametrize("name", ["", "1st", "with space", "a" * 65, "päck", None, "../x", "a.b"])
def test_names_that_no_call_can_carry_are_refused(name):
    with pytest.raises(StudioError, match="tool name"):
        read_tool({"name": name})


def test_a_required_name_that_is_no_parameter_is_refused():
    with pytest.raises(StudioError, match="Required names row"):
        read_tool(tool_with({"type": "string"}, required=["row"]))


def test_reading_again_changes_nothing():
    raw = tool_with({"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}}})
    tool, _ = read_tool(raw)
    again, notes = read_tool(tool.declaration())
    assert again == tool
    assert notes == []


def test_references_that_multiply_end_in_a_sentence():
    wide = {f"p{i}": {"$ref": "#/$defs/d1"} for i in range(8)}
    raw = {"name": "book", "parameters": {"type": "object", "properties": wide, "$defs": {}}}
    for level in range(1, 6):
        inner = {f"p{i}": {"$ref": f"#/$defs/d{level + 1}"} for i in range(8)}
        raw["parameters"]["$defs"][f"d{level}"] = {"type": "object", "properties": inner}
    raw["parameters"]["$defs"]["d6"] = {"type": "string"}
    with pytest.raises(StudioError, match="more than 500"):
        read_tool(raw)


@pytest.mark.parametrize("definitions", ["text", 3, ["a"], None])
def test_definitions_of_any_kind_are_no_crash(definitions):
    tool, _ = read_tool({"name": "book", "parameters": {"type": "object", "$defs": definitions}})
    assert tool.properties == {}


def test_text_that_cannot_be_stored_is_refused():
    with pytest.raises(StudioError, match="must be text"):
        read_tool({"name": "book", "description": "broken \ud800 letter"})


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_what_json_cannot_write_is_no_allowed_value(value):
    with pytest.raises(StudioError, match="allowed values"):
        seat({"type": "number", "enum": [1.5, value]})


def test_yes_and_no_are_no_numbers():
    with pytest.raises(StudioError, match="allowed values"):
        seat({"type": "integer", "enum": [1, True]})
