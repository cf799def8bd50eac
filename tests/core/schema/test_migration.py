"""What a changed tool makes of the examples that call it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.schema import Example, Tool, ToolCall, Turn, check_call, read_tool
from core.schema.conversion import Misfit, converted
from core.schema.migration import Plan, plan
from core.schema.parameters import alters, renames, with_originals

TEXT = {"type": "string", "description": ""}
WHOLE = {"type": "integer", "description": ""}


def tool(name: str = "find", required: list[str] | None = None, **properties: Any) -> Tool:
    schema = {"type": "object", "properties": properties, "required": required or []}
    return read_tool({"name": name, "description": "", "parameters": schema})[0]


def group(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "description": "", "properties": properties, "required": required or []}


def listed(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "description": "", "items": items}


def example(**arguments: Any) -> Example:
    return Example((Turn("user", "do it"),), (ToolCall("find", arguments),), id=7)


def planned(
    old: Tool, new: Tool, *examples: Example, moved: dict | None = None, fills: dict | None = None
) -> Plan:
    return plan(old, new, moved or {}, examples, fills or {})


def follows(old: Tool, new: Tool, moved: dict[str, str] | None = None, **arguments: Any) -> dict[str, Any]:
    """The arguments that one call has afterwards; nothing of it is broken or lacking."""
    made = planned(old, new, example(**arguments), moved=moved)
    assert not made.broken and not made.needs
    return made.changed[0][1].calls[0].arguments if made.changed else arguments


def changes(made: Plan) -> list[tuple[str, str, str, int]]:
    return [(one.kind, one.path, one.to, one.calls) for one in made.summary]


def test_a_renamed_tool_is_followed_by_calls_earlier_calls_and_results() -> None:
    rich = Example(
        (
            Turn("user", "first"),
            Turn("assistant", "", (ToolCall("find", {"q": "a"}), ToolCall("other", {"q": "b"}))),
            Turn("tool", "{}", name="find"),
            Turn("tool", "{}", name="other"),
            Turn("user", "then"),
        ),
        (ToolCall("other"), ToolCall("find", {"q": "c"})),
    )
    result_only = Example((Turn("tool", "{}", name="find"), Turn("user", "and?")), reply="Nothing.")
    made = planned(
        tool(q=TEXT), tool("seek", q=TEXT), rich, result_only, Example.single("hi", ToolCall("other"))
    )
    after = made.changed[0][1]
    assert [call.name for call in after.turns[1].calls] == ["seek", "other"]
    assert [turn.name for turn in after.turns] == ["", "", "seek", "other", ""]
    assert after.calls == (ToolCall("other"), ToolCall("seek", {"q": "c"}))
    assert made.changed[1][1].turns[0].name == "seek"
    assert changes(made) == [("tool", "find", "seek", 2)]
    assert (made.touched, made.kept) == (2, 0)


def test_a_renamed_parameter_keeps_its_value_and_its_place() -> None:
    old, new = tool(a=TEXT, q=TEXT, z=TEXT), tool(z=TEXT, a=TEXT, words=TEXT)
    made = planned(old, new, example(q="x", z="y"), example(z="only"), moved={"q": "words"})
    assert list(made.changed[0][1].calls[0].arguments.items()) == [("words", "x"), ("z", "y")]
    assert changes(made) == [("moved", "q", "words", 1)]
    assert (made.touched, made.kept) == (1, 1)


def test_without_a_move_a_new_name_is_another_parameter() -> None:
    made = planned(tool(q=TEXT), tool(words=TEXT), example(q="x"))
    assert made.changed[0][1].calls[0].arguments == {}
    assert changes(made) == [("removed", "q", "", 1)]


def test_names_may_be_swapped_or_taken_over() -> None:
    both = tool(a=TEXT, b=TEXT)
    assert follows(both, both, {"a": "b", "b": "a"}, a="1", b="2") == {"b": "1", "a": "2"}
    made = planned(both, tool(a=TEXT), example(a="gone", b="stays"), moved={"b": "a"})
    assert made.changed[0][1].calls[0].arguments == {"a": "stays"}
    assert changes(made) == [("moved", "b", "a", 1), ("removed", "a", "", 1)]


def test_what_is_inside_a_renamed_group_goes_along() -> None:
    old = tool(room=listed(group(level=WHOLE, beds=group(kind=TEXT))))
    new = tool(rooms=listed(group(floor=WHOLE, beds=group(kind=TEXT))))
    moved = {"room": "rooms", "room.level": "rooms.floor"}
    values = [{"level": 1, "beds": {"kind": "twin"}}, {"level": 2}]
    made = planned(old, new, example(room=values), moved=moved)
    assert made.changed[0][1].calls[0].arguments == {
        "rooms": [{"floor": 1, "beds": {"kind": "twin"}}, {"floor": 2}]
    }
    assert changes(made) == [("moved", "room", "rooms", 1), ("moved", "room.level", "rooms.floor", 1)]


def test_a_parameter_moves_into_a_group_and_out_of_it() -> None:
    flat, nested = tool(city=TEXT, day=TEXT), tool(trip=group(city=TEXT, day=TEXT))
    there = {"city": "trip.city", "day": "trip.day"}
    assert follows(flat, nested, there, city="Rome", day="mon") == {"trip": {"city": "Rome", "day": "mon"}}
    assert follows(flat, nested, there) == {}
    back = {new: old for old, new in there.items()}
    made = planned(nested, flat, example(trip={"city": "Rome"}), moved=back)
    assert made.changed[0][1].calls[0].arguments == {"city": "Rome"}
    assert changes(made) == [("moved", "trip.city", "city", 1)]  # the group itself lost nothing


def test_a_value_comes_out_of_a_list_only_where_it_stands_alone() -> None:
    old, new = (
        tool(rooms=listed(group(level=WHOLE, name=TEXT))),
        tool(level=WHOLE, rooms=listed(group(name=TEXT))),
    )
    moved = {"rooms.level": "level"}
    assert follows(old, new, moved, rooms=[{"level": 3, "name": "a"}]) == {
        "level": 3,
        "rooms": [{"name": "a"}],
    }
    two = example(rooms=[{"level": 3}, {"level": 4}])
    made = planned(old, new, two, moved=moved)
    assert not made.changed and made.broken[0].example is two
    assert "2 groups" in made.broken[0].sentence


def test_a_value_that_moves_into_an_empty_list_is_not_lost() -> None:
    old, new = (
        tool(level=WHOLE, rooms=listed(group(name=TEXT))),
        tool(rooms=listed(group(name=TEXT, level=WHOLE))),
    )
    moved = {"level": "rooms.level"}
    assert follows(old, new, moved, level=1) == {"rooms": [{"level": 1}]}
    assert follows(old, new, moved, level=1, rooms=[{"name": "a"}]) == {"rooms": [{"name": "a", "level": 1}]}
    made = planned(old, new, example(level=1, rooms=[]), moved=moved)
    assert not made.changed and [one.path for one in made.broken] == ["level"]


def test_a_group_becomes_a_list_of_groups_and_back() -> None:
    one, many = tool(g=group(x=TEXT)), tool(g=listed(group(x=TEXT)))
    assert follows(one, many, g={"x": "1"}) == {"g": [{"x": "1"}]}
    assert follows(many, one, g=[{"x": "1"}]) == {"g": {"x": "1"}}
    made = planned(many, one, example(g=[{"x": "1"}, {"x": "2"}]))
    assert not made.changed and len(made.broken) == 1


@pytest.mark.parametrize(
    ("value", "schema", "result"),
    [
        ("3", {"type": "integer"}, 3),
        (" -12 ", {"type": "integer"}, -12),
        ("3.0", {"type": "integer"}, 3),
        (2.0, {"type": "integer"}, 2),
        ("3.5", {"type": "number"}, 3.5),
        ("1e3", {"type": "number"}, 1000.0),
        (3, {"type": "string"}, "3"),
        (0.5, {"type": "string"}, "0.5"),
        (True, {"type": "string"}, "true"),
        ("Yes", {"type": "boolean"}, True),
        ("false", {"type": "boolean"}, False),
        ("a", {"type": "array", "items": {"type": "string"}}, ["a"]),
        ("4", {"type": "array", "items": {"type": "integer"}}, [4]),
        (["4", 5], {"type": "array", "items": {"type": "integer"}}, [4, 5]),
        (["a"], {"type": "string"}, "a"),
        ([7], {"type": "string"}, "7"),
        ("HR", {"type": "string", "enum": ["hr", "it"]}, "hr"),
        ("2", {"type": "integer", "enum": [1, 2]}, 2),
        (12345678901234567890, {"type": "string"}, "12345678901234567890"),
        ("12345678901234567890", {"type": "integer"}, 12345678901234567890),
    ],
)
def test_a_conversion_that_loses_nothing_is_done(value: Any, schema: dict, result: Any) -> None:
    found = converted(value, schema)
    assert found == result and type(found) is type(result)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("many", {"type": "integer"}), ("3.5", {"type": "integer"}), ("03", {"type": "integer"}),
        (3.5, {"type": "integer"}), (True, {"type": "integer"}), ("1" * 6000, {"type": "integer"}),
        ("1e999", {"type": "number"}), ("NaN", {"type": "number"}), ("maybe", {"type": "boolean"}),
        (1, {"type": "boolean"}), (["a", "b"], {"type": "string"}), ({"a": 1}, {"type": "string"}),
        (None, {"type": "string"}), ([], {"type": "string"}), ("x", {"type": "object"}),
        ("x", {"type": "string", "enum": ["hr", "it"]}), ("a", {"type": "string", "enum": ["A", "a "]}),
    ],
)  # fmt: skip
def test_a_conversion_that_would_guess_is_refused(value: Any, schema: dict) -> None:
    with pytest.raises(Misfit):
        converted(value, schema)


def test_a_value_that_cannot_follow_is_named_and_left_where_it_is() -> None:
    old, new = tool(limit=TEXT, q=TEXT), tool(limit=WHOLE, words=TEXT)
    good, bad = example(limit="3", q="a"), example(limit="many", q="b")
    made = planned(old, new, good, bad, moved={"q": "words"})
    assert [pair[1].calls[0].arguments for pair in made.changed] == [
        {"limit": 3, "words": "a"},
        {"limit": "many", "words": "b"},
    ]
    assert [(one.example, one.path) for one in made.broken] == [(bad, "limit")]
    assert made.broken[0].sentence == 'limit is "many", which is not a whole number.'
    assert made.touched == 2


def test_fewer_allowed_values_break_only_the_examples_that_use_the_others() -> None:
    old, new = tool(team={**TEXT, "enum": ["hr", "it"]}), tool(team={**TEXT, "enum": ["HR"]})
    made = planned(old, new, example(team="hr"), example(team="it"))
    assert made.changed[0][1].calls[0].arguments == {"team": "HR"}
    assert [one.sentence for one in made.broken] == ['team is "it", allowed are HR.']


def test_what_was_wrong_before_is_not_the_change_s_doing() -> None:
    old, new = tool(n=WHOLE, q=TEXT, required=["q"]), tool(n=WHOLE, q=TEXT, more=TEXT, required=["q"])
    made = planned(old, new, example(n="many"), example(n="3", nobody=1))
    assert not made.changed and not made.broken and not made.needs
    assert made.kept == 2


def test_a_name_that_calls_used_undeclared_is_declared_now() -> None:
    made = planned(tool(q=TEXT), tool(q=TEXT, limit=WHOLE, required=["limit"]), example(q="a", limit="5"))
    assert made.changed[0][1].calls[0].arguments == {"q": "a", "limit": 5}
    assert not made.needs


def test_a_newly_required_value_is_asked_for_or_filled() -> None:
    old, new = tool(q=TEXT, limit=WHOLE), tool(q=TEXT, limit=WHOLE, required=["limit", "q"])
    lacks, has = example(q="a"), example(q="b", limit=1)
    made = planned(old, new, lacks, has)
    assert made.needs == {"limit": (lacks,)} and not made.changed
    assert (made.touched, made.kept) == (1, 1)
    filled = planned(old, new, lacks, has, fills={"limit": 10})
    assert filled.changed == ((lacks, example(q="a", limit=10)),)
    assert not filled.needs and changes(filled) == [("filled", "", "limit", 1)]


def test_a_required_field_of_a_list_is_asked_for_once_an_example() -> None:
    old = tool(rooms=listed(group(name=TEXT)))
    new = tool(rooms=listed(group(name=TEXT, level=WHOLE, required=["level"])))
    row = example(rooms=[{"name": "a"}, {"name": "b"}])
    assert planned(old, new, row, example()).needs == {"rooms.level": (row,)}
    filled = planned(old, new, row, fills={"rooms.level": 1})
    assert filled.changed[0][1].calls[0].arguments == {
        "rooms": [{"name": "a", "level": 1}, {"name": "b", "level": 1}]
    }


def test_a_required_parameter_that_moves_out_of_an_optional_group_is_asked_for() -> None:
    old = tool(trip=group(city=TEXT, required=["city"]))
    new = tool(city=TEXT, required=["city"])
    made = planned(old, new, example(trip={"city": "Rome"}), example(), moved={"trip.city": "city"})
    assert made.changed[0][1].calls[0].arguments == {"city": "Rome"}
    assert list(made.needs) == ["city"]


def test_of_a_required_group_its_required_fields_are_asked_for() -> None:
    old, new = tool(), tool(trip=group(city=TEXT, day=TEXT, required=["city"]), required=["trip"])
    assert list(planned(old, new, example()).needs) == ["trip.city"]
    filled = planned(old, new, example(), fills={"trip.city": "Rome"})
    assert filled.changed[0][1].calls[0].arguments == {"trip": {"city": "Rome"}}


def test_new_words_and_another_order_touch_no_call() -> None:
    old = tool(a=TEXT, b=TEXT, required=["a", "b"])
    words = tool(b={**TEXT, "description": "second"}, a=TEXT, required=["b", "a"])
    assert not alters(old, words, {})
    assert alters(old, words, {"a": "b", "b": "a"})  # names that were swapped leave the same shape
    assert alters(old, tool("seek", a=TEXT, b=TEXT, required=["a", "b"]), {})
    assert alters(old, tool(a=TEXT, b=TEXT, required=["a"]), {})
    assert alters(old, tool(a=TEXT, b=WHOLE, required=["a", "b"]), {})


def test_one_gone_and_one_added_of_a_type_may_be_a_new_name() -> None:
    old = tool(q=TEXT, n=WHOLE, g=group(x=TEXT, y=WHOLE))
    new = tool(words=TEXT, n=WHOLE, g=group(x=TEXT, z=WHOLE))
    assert renames(old, new, {}) == {"q": "words", "g.y": "g.z"}
    assert renames(old, new, {"q": "words"}) == {"g.y": "g.z"}
    assert renames(tool(a=TEXT, b=TEXT), tool(c=TEXT), {}) == {}
    assert renames(tool(a=TEXT), tool(c=WHOLE), {}) == {}


def test_original_names_follow_their_parameters() -> None:
    old = Tool(
        "pets_list", "", tool(g=group(x=TEXT), q=TEXT).parameters, {"": "pets.list", "g.x": "X-Id", "q": "q?"}
    )
    new = tool("pets", h=group(x=TEXT), n=WHOLE)
    assert with_originals(old, new, {"g": "h", "g.x": "h.x"}).originals == {"": "pets.list", "h.x": "X-Id"}


NAMES = st.sampled_from("abcdef")
LEAVES = st.sampled_from([TEXT, WHOLE, {"type": "boolean", "description": ""}, listed({"type": "integer"})])
SCHEMAS = st.dictionaries(
    NAMES,
    LEAVES | st.dictionaries(NAMES, LEAVES, min_size=1, max_size=3).map(lambda inner: group(**inner)),
    max_size=4,
)


def values_of(schema: dict[str, Any]) -> st.SearchStrategy:
    match schema["type"]:
        case "object":
            inner = {name: values_of(part) for name, part in schema["properties"].items()}
            return st.fixed_dictionaries({}, optional=inner)
        case "array":
            return st.lists(values_of(schema["items"]), max_size=2)
        case "string":
            return st.sampled_from(["3", "yes", "word", ""])
        case "integer":
            return st.integers(0, 9)
    return st.booleans()


@settings(max_examples=150, deadline=None)
@given(st.data(), SCHEMAS, SCHEMAS)
def test_a_call_that_fitted_fits_again_or_is_named(data: st.DataObject, before: dict, after: dict) -> None:
    """Whatever the change: no call silently stops fitting its tool."""
    old, new = tool(**before), tool("seek", list(after), **after)
    arguments = data.draw(values_of(old.parameters))
    row = example(**arguments)
    made = planned(old, new, row)
    result = made.changed[0][1].calls[0]
    fits = not check_call(result, {"seek": new})
    assert fits == (not made.broken and not made.needs), (arguments, result)


@settings(max_examples=100, deadline=None)
@given(st.data(), SCHEMAS.filter(bool))
def test_a_renaming_there_and_back_changes_nothing(data: st.DataObject, properties: dict) -> None:
    old = tool(**properties)
    name = data.draw(st.sampled_from(sorted(properties)))
    new = tool(**{("renamed" if key == name else key): part for key, part in properties.items()})
    row = example(**data.draw(values_of(old.parameters)))
    there = planned(old, new, row, moved={name: "renamed"})
    follower = there.changed[0][1] if there.changed else row
    back = planned(new, old, follower, moved={"renamed": name})
    result = back.changed[0][1] if back.changed else follower
    assert result == row and list(result.calls[0].arguments) == list(row.calls[0].arguments)
    assert not there.broken and not back.broken
