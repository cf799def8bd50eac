"""Foreign tools: as much as can be shown truly is kept, each change is told, each old name can be had back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StudioError
from core.schema import ToolCall, read_tool
from core.schema.foreign import Adopted, adopt


def book(schema: Any, required: bool = False, **more: Any) -> Adopted:
    """A tool with one parameter."""
    root = {
        "type": "object",
        "properties": {"seat": schema},
        "required": ["seat"] if required else [],
        **more,
    }
    return adopt("book", "book", "", root, root)


@pytest.mark.parametrize(
    ("schema", "kind", "note"),
    [
        ({"type": ["string", "integer"]}, "string", "string or integer, shown as string"),
        ({"type": ["integer", "number", "null"]}, "number", "integer or number, shown as number"),
        (
            {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            "string",
            "integer or string, shown as string",
        ),
        (
            {"anyOf": [{"type": "integer"}, {"type": "number"}]},
            "number",
            "integer or number, shown as number",
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "string",
            "string or array",
        ),
        ({"type": "INT64"}, "integer", "type INT64 read as integer"),
        ({"type": "float"}, "number", "type float read as number"),
        ({"type": "dict"}, "object", "type dict read as object"),
        ({"type": "Boolean"}, "boolean", "Types in capitals"),
        ({}, "string", "no type is given"),
        (True, "string", "no type is given"),
        ({"enum": [1, 2]}, "integer", "type set to integer"),
        ({"type": "boolean", "enum": [True]}, "boolean", "allowed values of a yes or no left out"),
        ({"type": "integer", "format": "int32"}, "integer", "format int32 left out"),
        ({"type": "string", "pattern": "(a+)+$"}, "string", "pattern (a+)+$ left out"),
        ({"type": "string", "default": False}, "string", "default false left out"),
        ({"type": "string", "oneOf": [{"format": "ipv4"}, {"format": "ipv6"}]}, "string", "oneOf left out"),
        ({"allOf": [{"type": "integer"}, {"type": "number"}]}, "integer", None),
    ],
)
def test_what_is_near_enough_is_shown_and_noted(schema, kind, note):
    adopted = book(schema)
    assert adopted.tool.properties["seat"]["type"] == kind
    assert bool(adopted.notes) == bool(note) and any(note in one for one in adopted.notes) == bool(note)


def test_choices_of_text_are_put_together():
    choices = {"anyOf": [{"type": "string", "enum": ["a"]}, {"enum": ["b", "a"]}]}
    assert book(choices).tool.properties["seat"]["enum"] == ["a", "b"]
    assert "enum" not in book({"anyOf": [{"enum": ["a"]}, {"type": "string"}]}).tool.properties["seat"]
    assert book({"anyOf": [{"const": "auto"}, {"type": "integer"}]}).tool.properties["seat"]["enum"] == [
        "auto"
    ]
    assert book({"oneOf": [{"const": "a"}, {"const": "b"}]}).tool.properties["seat"]["enum"] == ["a", "b"]


UNSHOWABLE = [
    ({"anyOf": [{"type": "object"}, {"type": "string"}]}, "different forms"),
    ({"type": ["boolean", "integer"]}, "cannot be shown together"),
    ({"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "integer"}]}, "different forms"),
    (
        {"anyOf": [{"type": "array", "items": {"type": kind}} for kind in ("integer", "string")]},
        "different forms",
    ),
    ({"$ref": "https://example.org/schema"}, "points outside"),
    ({"$ref": "file:///etc/passwd"}, "points outside"),
    ({"$ref": "#/$defs/missing"}, "points outside"),
    ({"$ref": "#/properties/seat"}, "leads back to itself"),
    ({"type": "Session"}, "unknown"),
    ({"type": []}, "cannot be shown"),
    ({"enum": ["a", 1]}, "type is missing"),
    ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "string and integer at once"),
    (
        {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "x"}}, "required": ["a"]}},
        "unknown",
    ),
    (False, "Expected a JSON Schema object"),
]


@pytest.mark.parametrize(("schema", "words"), UNSHOWABLE)
def test_an_optional_parameter_that_cannot_be_shown_is_left_out_and_noted(schema, words):
    adopted = book(schema)
    assert adopted.tool.properties == {}
    assert len(adopted.notes) == 1 and words in adopted.notes[0]
    assert adopted.notes[0].startswith("book.seat: optional and left out.")


@pytest.mark.parametrize(("schema", "words"), UNSHOWABLE)
def test_a_required_one_refuses_the_tool_with_its_place(schema, words):
    with pytest.raises(StudioError, match=words) as caught:
        book(schema, required=True)
    assert caught.value.where.startswith("book.seat")


def test_leaving_out_takes_the_notes_and_names_within_along():
    inner = {
        "type": "object",
        "properties": {"type": {"type": "string", "format": "x"}, "b": {"type": "x"}},
        "required": ["b"],
    }
    adopted = book(inner)
    assert len(adopted.notes) == 1 and "book.seat.b" in adopted.notes[0]
    assert adopted.tool.originals == {} and adopted.renamed == {}


def test_a_group_only_loses_the_optional_part_that_cannot_be_shown():
    adopted = book({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "x"}}})
    assert list(adopted.tool.properties["seat"]["properties"]) == ["a"]


def test_parts_that_add_up_are_put_together():
    parts = {
        "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"b": {"type": "integer"}}, "required": ["b"]}]
    }
    base = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"description": "how many"}},
        "required": ["a"],
    }
    seat = book(parts, **{"$defs": {"base": base}}).tool.properties["seat"]
    assert seat["required"] == ["a", "b"]
    assert seat["properties"]["b"] == {"type": "integer", "description": "how many"}


def test_words_beside_a_reference_stand():
    seat = book(
        {"$ref": "#/$defs/s", "description": "mine"},
        **{"$defs": {"s": {"type": "string", "description": "theirs"}}},
    )
    assert seat.tool.properties["seat"] == {"type": "string", "description": "mine"}


def test_two_parts_may_extend_the_same_base():
    base = {"type": "object", "properties": {"a": {"type": "string"}}}
    definitions = {
        "base": base,
        "l": {"allOf": [{"$ref": "#/$defs/base"}]},
        "r": {"allOf": [{"$ref": "#/$defs/base"}]},
    }
    both = {"allOf": [{"$ref": "#/$defs/l"}, {"$ref": "#/$defs/r"}]}
    assert list(book(both, **{"$defs": definitions}).tool.properties["seat"]["properties"]) == ["a"]


def test_references_may_point_anywhere_in_the_document():
    root = {"x/y": [{"type": "integer"}], "a": {"type": "object", "properties": {"n": {"$ref": "#/x~1y/0"}}}}
    assert adopt("t", "t", "", root["a"], root).tool.properties["n"]["type"] == "integer"


def test_choices_that_multiply_end_in_a_sentence():
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for level in range(1, 31):
        definitions[f"d{level}"] = {"anyOf": [{"$ref": f"#/$defs/d{level - 1}"}] * 3}
    with pytest.raises(StudioError, match=r"far too large|nest more than"):
        book({"$ref": "#/$defs/d30"}, required=True, **{"$defs": definitions})


def test_a_tool_that_is_too_large_is_not_shown_in_part():
    with pytest.raises(StudioError, match="more than 500 parameters"):
        book({"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(501)}})
    with pytest.raises(StudioError, match="far too large"):
        book({"type": "string", "description": "x" * 100_001})


def test_names_are_made_safe_at_every_depth_and_lists_do_not_show_in_the_path():
    text = {"type": "string"}
    inner = {"type": "object", "properties": {"type": text, "a b": text, "a_b": text}, "required": ["a b"]}
    adopted = adopt(
        "pets_list",
        "pets.list",
        "",
        {"properties": {"rows": {"type": "array", "items": inner}, "type": {}}},
        {},
    )
    rows = adopted.tool.properties["rows"]["items"]
    assert list(rows["properties"]) == ["rows_type", "a_b_2", "a_b"] and rows["required"] == ["a_b_2"]
    assert adopted.renamed == adopted.tool.originals == {
        "": "pets.list", "rows.rows_type": "type", "rows.a_b_2": "a b", "pets_list_type": "type"
    }  # fmt: skip


NAMES = st.sampled_from(
    ["type", "a", "a.b", "a_b", "a b", "ä", "x" * 70, "properties", "1", "", "items", "搜"]
) | st.text(max_size=5)
VALUES: Any = st.recursive(
    st.just("text"),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4) | st.lists(inner, min_size=1, max_size=1),
    max_leaves=12,
)


def schema_of(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            "type": "object",
            "properties": {n: schema_of(v) for n, v in value.items()},
            "required": [*value],
        }
    return {"type": "array", "items": schema_of(value[0])} if isinstance(value, list) else {"type": "string"}


def called(value: Any, schema: dict[str, Any]) -> Any:
    """The value under the names of the schema, which stand in the same order."""
    if isinstance(value, dict):
        return {
            n: called(v, part)
            for v, (n, part) in zip(value.values(), schema["properties"].items(), strict=True)
        }
    return [called(value[0], schema["items"])] * 2 if isinstance(value, list) else value


def doubled(value: Any) -> Any:
    if isinstance(value, dict):
        return {n: doubled(v) for n, v in value.items()}
    return [doubled(value[0])] * 2 if isinstance(value, list) else value


@given(st.dictionaries(NAMES, VALUES, max_size=4), NAMES)
def test_a_call_under_new_names_comes_back_under_the_old_ones(arguments, old):
    schema = schema_of(arguments)
    adopted = adopt("t", old, "", schema, schema)
    call = ToolCall("t", called(arguments, adopted.tool.parameters))
    assert adopted.tool.restored(call) == {"name": old, "arguments": doubled(arguments)}
    assert read_tool(adopted.tool.to_json()) == (adopted.tool, [])
