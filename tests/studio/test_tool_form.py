"""Parameters as rows of a form: nothing is lost on the way there and back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StudioError
from core.importers import starters
from core.importers.tools import read_tools
from core.schema import read_tool
from studio.editors import tool_draft
from studio.views import tool_form, tool_rows
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


@pytest.mark.parametrize("values", [["", "a"], ["a", "a"], ["a\nb", "c"]])
def test_allowed_values_that_a_field_cannot_show_are_kept(values: list[str]) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string", "enum": values}}}
    tool, _ = read_tool({"name": "it", "parameters": schema})
    assert tool_draft.tool_in(tool_draft.opened(tool))[0] == tool
