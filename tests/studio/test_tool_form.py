"""Parameters as rows of a form: nothing is lost on the way there and back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StudioError
from core.importers import starters
from core.importers.tools import read_tools
from core.schema import Example, Tool, ToolCall, read_tool
from core.schema.migration import plan
from studio.editors import tool_draft
from studio.views import json_place, tool_form, tool_preview, tool_rows
from studio.views.tool_form import parameters_of, rows_of
from studio.views.tool_rows import Row

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,7}", fullmatch=True).filter(
    lambda name: name not in ("description", "type", "properties", "required", "nullable")
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20).map(str.strip)


def scalars() -> st.SearchStrategy:
    values = st.lists(WORDS.filter(bool), min_size=1, max_size=4, unique=True)
    return st.one_of(
        st.fixed_dictionaries({"type": st.sampled_from(["string", "boolean"])}),
        st.fixed_dictionaries({"type": st.just("string"), "enum": values}),
        st.fixed_dictionaries({"type": st.just("integer")}, optional={"enum": st.just([1, 2, -3])}),
        st.fixed_dictionaries({"type": st.just("number")}, optional={"enum": st.just([0.5, 2, 1e-9])}),
    )


def objects(inner: st.SearchStrategy) -> st.SearchStrategy:
    def closed(properties: dict, required: set) -> dict:
        names = [name for name in properties if name in required]
        return {"type": "object", "properties": properties, "required": names}

    return st.builds(closed, st.dictionaries(NAMES, inner, min_size=1, max_size=3), st.sets(NAMES))


def described(schema: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(lambda part, words: {**part, "description": words}, schema, WORDS)


ANY = st.recursive(
    described(scalars()),
    lambda inner: st.one_of(
        described(objects(inner)),
        described(inner.map(lambda items: {"type": "array", "items": items})),
        described(st.just({"type": "object"})),
        described(st.just({"type": "array"})),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMES, ANY, max_size=4), st.sets(NAMES))
def test_a_tool_that_is_opened_and_saved_is_the_same_tool(properties: dict, required: set) -> None:
    schema = {
        "type": "object",
        "properties": properties,
        "required": [n for n in properties if n in required],
    }
    tool, _ = read_tool({"name": "it", "description": "", "parameters": schema})
    draft = tool_draft.opened(tool)
    assert tool_draft.tool_in(draft)[0] == tool


@pytest.mark.parametrize("starter", [starter.id for starter in starters.starters()])
def test_the_tools_of_the_starters_pass_through_form_and_json_unchanged(starter: str) -> None:
    for tool in read_tools((starters.FOLDER / starter / "tools.json").read_bytes()).tools:
        draft = tool_draft.opened(tool)
        there = tool_draft.turned(draft, "json")
        back = tool_draft.turned(there, "form")
        assert tool_draft.tool_in(back)[0] == tool


def row(name: str, depth: int = 0, kind: str = "text", **more: object) -> Row:
    return Row(f"uid-{name}", depth, name, kind, **more)


GROUPED = [row("a"), row("g", kind="group"), row("x", 1), row("y", 1), row("z")]


def names(rows: list[Row]) -> str:
    return "".join(part.name for part in rows)


def test_a_group_moves_with_what_is_inside_it() -> None:
    assert names(tool_rows.moved(GROUPED, "uid-g", up=True)) == "gxyaz"
    assert names(tool_rows.moved(GROUPED, "uid-g", up=False)) == "azgxy"
    assert names(tool_rows.moved(GROUPED, "uid-z", up=True)) == "azgxy"
    assert names(tool_rows.moved(GROUPED, "uid-a", up=False)) == "gxyaz"


def test_a_field_stays_inside_its_group() -> None:
    assert names(tool_rows.moved(GROUPED, "uid-x", up=True)) == "agxyz"
    assert names(tool_rows.moved(GROUPED, "uid-y", up=False)) == "agxyz"
    assert names(tool_rows.moved(GROUPED, "uid-y", up=True)) == "agyxz"


def test_a_group_is_removed_with_what_is_inside_it() -> None:
    assert names(tool_rows.removed(GROUPED, "uid-g")) == "az"


def test_a_field_is_added_at_the_end_or_inside_a_group() -> None:
    inside = tool_rows.added(GROUPED, "uid-g", inside=True)
    assert [part.depth for part in inside] == [0, 0, 1, 1, 1, 0]
    assert [part.depth for part in tool_rows.added(GROUPED)] == [0, 0, 1, 1, 0, 0]


def test_what_becomes_a_group_gets_a_field_and_what_is_none_any_more_loses_them() -> None:
    assert len(tool_rows.rekinded(GROUPED, "uid-a", "group")) == 6
    assert names(tool_rows.rekinded(GROUPED, "uid-g", "text")) == "agz"


@pytest.mark.parametrize(
    ("rows", "where", "words"),
    [
        ([row("")], "uid-", "no name"),
        ([row("a"), row("a")], "uid-a", "two parameters"),
        ([row("a", kind="choice")], "uid-a", "without values"),
        ([row("a", kind="whole", allowed="1, x")], "uid-a", "must be numbers"),
        ([row("a", kind="whole", allowed="true")], "uid-a", "must be numbers"),
        ([row("g", kind="group"), row("a")], "uid-g", "is empty"),
        ([row("a"), row("b", 1)], "uid-b", "inside nothing"),
    ],
)
def test_a_wrong_row_is_named_with_its_place(rows: list[Row], where: str, words: str) -> None:
    with pytest.raises(StudioError, match=words) as raised:
        parameters_of(rows)
    assert raised.value.where == where


def test_a_problem_of_the_schema_is_shown_at_its_row() -> None:
    draft = tool_draft.opened(None)
    draft = tool_draft.with_rows({**draft, "name": "book"}, [row("g", kind="list_group"), row("type", 1)])
    with pytest.raises(StudioError, match="cannot be called type") as raised:
        tool_draft.tool_in(draft)
    assert raised.value.where == "uid-type"
    shown = tool_draft.with_problem(draft, raised.value)
    assert shown["problem"]["text"].startswith("g[].type: ")
    assert shown["rows"] == draft["rows"]


def test_broken_json_is_a_sentence_and_stays_as_it_was_typed() -> None:
    draft = tool_draft.changed(tool_draft.opened(None), view="json", json='{"name": }')
    with pytest.raises(StudioError, match="This is not JSON"):
        tool_draft.turned(draft, "form")
    assert draft["json"] == '{"name": }'


@pytest.mark.parametrize("values", [["a", "b"], ["a, b", "c"], ["one, two"], [" padded", "x"], ["ü"]])
def test_allowed_values_are_read_back(values: list[str]) -> None:
    assert tool_form.allowed_values(tool_form.allowed_text(values)) == values


def test_rows_of_a_nested_tool_are_indented() -> None:
    schema = {
        "properties": {
            "r": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}}}
        }
    }
    assert [(r.name, r.depth, r.kind) for r in rows_of(schema)] == [
        ("r", 0, "list_group"),
        ("n", 1, "number"),
    ]


def at(rows: list[Row]) -> str:
    return " ".join(f"{part.name}{part.depth}" for part in rows)


def test_a_row_goes_into_the_group_above_and_out_again_with_what_is_inside_it() -> None:
    rows = [row("g", kind="group"), row("x", 1), row("h", kind="group"), row("y", 1), row("z")]
    inside = tool_rows.indented(rows, "uid-h")
    assert at(inside) == "g0 x1 h1 y2 z0"
    assert tool_rows.outdented(inside, "uid-h") == rows
    assert at(tool_rows.outdented(inside, "uid-x")) == "g0 h1 y2 x0 z0"
    assert at(tool_rows.outdented(inside, "uid-y")) == "g0 x1 h1 y1 z0"
    assert tool_rows.outdented(rows, "uid-z") == rows


def test_a_row_goes_into_nothing_but_a_group_and_no_deeper_than_the_form_goes() -> None:
    rows = [row("a"), row("b"), row("g", kind="group"), row("x", 1)]
    assert tool_rows.indented(rows, "uid-b") == rows  # a is no group
    assert tool_rows.indented(rows, "uid-x") == rows  # nothing above it in its group
    deep = [row(f"g{depth}", depth, kind="group") for depth in range(tool_rows.MAX_DEPTH + 1)]
    deep += [row("last", tool_rows.MAX_DEPTH)]
    assert not tool_rows.may_indent(deep, "uid-last")


def test_at_the_ends_of_its_group_a_row_cannot_move_on() -> None:
    assert not tool_rows.may_move(GROUPED, "uid-a", up=True) and tool_rows.may_move(
        GROUPED, "uid-a", up=False
    )
    assert not tool_rows.may_move(GROUPED, "uid-x", up=True) and not tool_rows.may_move(
        GROUPED, "uid-y", up=False
    )


NESTED, _ = read_tool(
    {
        "name": "plan",
        "description": "Plan a trip.",
        "parameters": {
            "type": "object",
            "properties": {
                "who": {"type": "string"},
                "stops": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}, "nights": {"type": "integer"}},
                    },
                },
            },
        },
    }
)


def with_names(draft: dict, **names: str) -> dict:
    rows = [{**part, "name": names.get(part["name"], part["name"])} for part in draft["rows"]]
    return {**draft, "rows": rows}


def test_a_new_name_is_told_from_a_new_parameter() -> None:
    draft = with_names(tool_draft.opened(NESTED), who="guest", stops="places", city="town")
    moved, offered = tool_draft.moves_in(draft, tool_draft.tool_in(draft)[0])
    assert moved == {
        "who": "guest",
        "stops": "places",
        "stops.city": "places.town",
        "stops.nights": "places.nights",
    }
    assert not offered
    rows = tool_draft.rows_in(tool_draft.opened(NESTED))
    replaced = [Row("new", 0, "guest"), *tool_rows.removed(rows, rows[0].uid)]
    draft = tool_draft.with_rows(tool_draft.opened(NESTED), replaced)
    assert tool_draft.moves_in(draft, tool_draft.tool_in(draft)[0]) == ({}, {})


def test_a_new_name_given_in_the_form_is_still_known_behind_the_json() -> None:
    draft = tool_draft.turned(with_names(tool_draft.opened(NESTED), city="town"), "json")
    draft["json"] = draft["json"].replace('"who"', '"guest"')
    back = tool_draft.turned(draft, "form")
    moved, offered = tool_draft.moves_in(back, tool_draft.tool_in(back)[0])
    assert moved == {"stops.city": "stops.town"}
    assert offered == {"who": "guest"}  # JSON does not say whether it is the same parameter


def test_only_what_was_typed_as_json_is_offered_as_a_new_name() -> None:
    draft = tool_draft.turned(tool_draft.opened(NESTED), "json")
    assert not tool_draft.turned(draft, "form")["by_json"]
    draft["json"] = draft["json"].replace("Plan a trip.", "Plan.")
    assert not tool_draft.turned(draft, "form")["by_json"]


def test_what_is_left_out_of_json_is_said_when_the_form_is_opened() -> None:
    draft = tool_draft.turned(tool_draft.opened(NESTED), "json")
    draft["json"] = draft["json"].replace('"type": "integer"', '"type": "integer", "minimum": 1')
    assert any("minimum" in note for note in tool_draft.turned(draft, "form")["notes"])


def test_original_names_pass_through_form_and_json_and_follow_a_renaming() -> None:
    tool = replace(NESTED, originals={"": "trips.plan", "stops.city": "City-Name"})
    draft = tool_draft.opened(tool)
    assert not tool_draft.unsaved(draft) and "trips.plan" not in draft["json"]
    back = tool_draft.turned(tool_draft.turned(draft, "json"), "form")
    assert tool_draft.tool_in(back)[0] == tool
    renamed = with_names({**back, "name": "itinerary"}, stops="places", city="town")
    assert tool_draft.tool_in(renamed)[0].originals == {"": "trips.plan", "places.town": "City-Name"}
    assert tool_draft.tool_in(tool_draft.turned(renamed, "json"))[0].originals == {
        "": "trips.plan",
        "places.town": "City-Name",
    }


def test_how_text_is_compared_passes_through_form_and_json_and_follows_a_renaming() -> None:
    tool = replace(NESTED, wording={"stops.city": "free"})
    draft = tool_draft.opened(tool)
    assert not tool_draft.unsaved(draft) and "wording" not in draft["json"]
    back = tool_draft.turned(tool_draft.turned(draft, "json"), "form")
    assert tool_draft.tool_in(back)[0] == tool
    renamed = with_names(back, stops="places", city="town")
    assert tool_draft.tool_in(renamed)[0].wording == {"places.town": "free"}
    assert tool_draft.tool_in(tool_draft.turned(renamed, "json"))[0].wording == {"places.town": "free"}


def with_wording(draft: dict, name: str, wording: str, **more: str) -> dict:
    rows = [{**row, "wording": wording, **more} if row["name"] == name else row for row in draft["rows"]]
    return {**draft, "rows": rows}


def test_how_text_is_compared_is_chosen_and_left_to_the_guess_again() -> None:
    chosen, _ = tool_draft.tool_in(with_wording(tool_draft.opened(NESTED), "city", "exact"))
    assert chosen.wording == {"stops.city": "exact"}
    draft = tool_draft.opened(chosen)
    assert tool_draft.unsaved(with_wording(draft, "city", ""))
    assert tool_draft.tool_in(with_wording(draft, "city", ""))[0].wording == {}
    assert tool_draft.tool_in(with_wording(draft, "city", "exact", kind="whole"))[0].wording == {}


def test_how_text_is_compared_follows_a_name_that_was_changed_in_the_json() -> None:
    tool = replace(NESTED, wording={"stops.city": "free"})
    draft = tool_draft.turned(tool_draft.opened(tool), "json")
    draft["json"] = draft["json"].replace('"city"', '"town"')
    new, _ = tool_draft.tool_in(draft)
    assert new.wording == {}  # whether it is the same parameter is asked before it is saved
    typed = tool_draft.read_back(draft, new)
    followed = tool_draft.with_wording(new, tool, tool_draft.rows_in(typed), {"stops.city": "stops.town"})
    assert followed.wording == {"stops.town": "free"}


@pytest.mark.parametrize("values", [["", "a"], ["a", "a"], ["a\nb", "c"]])
def test_allowed_values_that_a_field_cannot_show_are_kept(values: list[str]) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string", "enum": values}}}
    tool, _ = read_tool({"name": "it", "parameters": schema})
    assert tool_draft.tool_in(tool_draft.opened(tool))[0] == tool


DEFINITION = """{
  "function": {
    "name": "book",
    "parameters": {
      "properties": {
        "items": {"type": "array",
          "items": {"properties": {
            "level": {"type": "colour"}}}},
        "level": {"type": "string", "description": "\\"level\\": {"}
      }
    }
  }
}"""


@pytest.mark.parametrize(
    ("where", "line"),
    [("book.items[].level", 8), ("book.items", 6), ("book.level", 9), ("name", 3), ("book.parameters", 4),
     ("book.nowhere", None), ("book", 4)],
)  # fmt: skip
def test_a_place_in_a_definition_is_found_by_its_line(where: str, line: int | None) -> None:
    assert json_place.line_of(DEFINITION, where) == line


def test_a_name_that_stands_twice_is_found_by_its_line() -> None:
    assert json_place.repeated('{"a": [{"x": 1},\n {"x": 2}],\n "b": {"a": 1},\n "a": 3}') == ("a", 4)
    assert json_place.repeated(DEFINITION) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '{"name": "book",\n "parameters": {"properties": {\n  "type": {"type": "string"}}}}',
            "Line 3: A param",
        ),
        ('{"name": "book",\n "name": "book"}', "Line 2: the name name stands twice"),
        ('{"name": "book",\n "parameters" {}}', "line 2"),
        ('{"name":\n "two words"}', "Line 1: The tool name"),
        ("[1]", "must be a JSON object"),
        ('{"name": "deep", "parameters": ' + '{"a":' * 900 + "1" + "}" * 901, "nested more than"),
        ("7", "must be a JSON object"),
    ],
)
def test_a_problem_in_json_is_shown_with_its_line(text: str, words: str) -> None:
    with pytest.raises(StudioError, match=words) as raised:
        tool_draft.tool_in({**tool_draft.opened(None), "view": "json", "json": text})
    assert raised.value.where == "json"


def preview(old: Tool, new: Tool, *examples: Example, **moved: str) -> dict:
    return tool_preview.digest(plan(old, new, moved, examples, {}), new, {}, [])


def test_the_preview_says_each_change_in_words_and_escapes_what_it_shows() -> None:
    evil = "<b>x</b>"
    rows = [
        Example.single(f"{evil} {n}", ToolCall("plan", {"who": evil, "stops": [{"nights": n}]}))
        for n in range(7)
    ]
    draft = with_names({**tool_draft.opened(NESTED), "name": "go"}, who="guest")
    new = tool_draft.tool_in(draft)[0]
    shown = preview(NESTED, new, *rows, who="guest")
    words = tool_preview.words(shown)
    assert '<b class="mono">plan</b> is now <b class="mono">go</b>: 7 calls follow.' in words
    assert '<b class="mono">who</b> is now <b class="mono">guest</b>: 7 calls follow.' in words
    cards = tool_preview.pairs(shown)
    assert cards.count('class="cw-pair"') == 5 and "2 more" in cards
    assert evil not in cards and "&lt;b&gt;x&lt;/b&gt;" in cards
    assert "<span>stops.1.nights: 0</span>" in cards  # what stays is not marked
    assert "<del>who: " in cards and "<ins>guest: " in cards


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("3", {"type": "integer"}, 3),
        ("yes", {"type": "boolean"}, True),
        ("1, 2", {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ('{"a": "5"}', {"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 5}),
        ("hr", {"type": "string", "enum": ["hr", "it"]}, "hr"),
    ],
)
def test_a_value_for_a_required_parameter_is_read_as_its_type(text: str, schema: dict, value: object) -> None:
    assert tool_preview.fill_value(text, schema, "x") == value


@pytest.mark.parametrize(
    ("text", "schema"),
    [("few", {"type": "integer"}), ("{", {"type": "object"}), ("x", {"type": "string", "enum": ["hr"]})],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(text: str, schema: dict) -> None:
    with pytest.raises(StudioError) as raised:
        tool_preview.fill_value(text, schema, "trip.n")
    assert raised.value.where == "trip.n" and raised.value.message.startswith("trip.n")
