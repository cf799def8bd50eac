"""A call's arguments as form fields: what is typed comes back typed rightly, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StudioError
from core.importers import starters
from core.importers.examples import read_examples
from core.importers.tools import read_tools
from core.schema import read_tool
from core.schema.call import same_value
from studio.editors import example_draft
from studio.views import call_form
from studio.views.call_fit import fitting, shows_truly
from studio.views.call_form import arguments_of, fields_of, group_added, group_removed, raw_of

TOOL, _ = read_tool(
    {
        "name": "plan",
        "parameters": {
            "type": "object",
            "required": ["who", "n", "on"],
            "properties": {
                "who": {"type": "string"},
                "n": {"type": "integer"},
                "x": {"type": "number"},
                "on": {"type": "boolean"},
                "mode": {"type": "string", "enum": ["", "a", "b"]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "rooms": {"type": "array", "items": {"type": "string", "enum": ["hall", "kitchen"]}},
                "steps": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "minutes": {"type": "integer"}},
                    },
                },
                "limits": {
                    "type": "object",
                    "properties": {"low": {"type": "number"}, "high": {"type": "number"}},
                },
                "free": {"type": "object"},
            },
        },
    }
)
FULL = {
    "who": "Ann",
    "n": 3,
    "x": 0.5,
    "on": False,
    "mode": "",
    "tags": ["a b", "c"],
    "rooms": ["kitchen", "hall"],
    "steps": [{"name": "one", "minutes": 5}, {"name": "two"}],
    "limits": {"low": 1, "high": 2.5},
    "free": {"any": [1, None]},
}


def test_arguments_that_are_opened_and_saved_are_the_same() -> None:
    assert same_value(arguments_of(TOOL.parameters, raw_of(TOOL.parameters, FULL)), FULL)


@pytest.mark.parametrize("starter", starters.IDS)
def test_every_call_of_the_starters_is_shown_truly(starter: str) -> None:
    folder = starters.FOLDER / starter
    tools = {tool.name: tool for tool in read_tools((folder / "tools.json").read_bytes()).tools}
    examples = read_examples(
        (folder / "examples.jsonl").read_bytes(), "examples.jsonl", list(tools.values())
    ).examples
    assert examples
    for example in examples:
        assert (
            example_draft.example_in(
                example_draft.opened(example, list(tools.values())), list(tools.values())
            )
            == example
        )
        for call in example.calls:
            assert shows_truly(tools[call.name].parameters, call.arguments)


def test_fields_carry_type_need_and_depth() -> None:
    fields = {field.path: field for field in fields_of(TOOL.parameters, raw_of(TOOL.parameters, FULL))}
    assert fields["n"].kind == "whole" and fields["n"].required
    assert (
        fields["steps"].n == 2 and fields["steps.1.name"].value == "two" and fields["steps.1.name"].depth == 2
    )
    assert fields["limits.low"].depth == 1 and not fields["limits"].required
    assert fields["rooms"].value == ["1", "0"]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"n": 3.0}, 3),
        ({"n": "4"}, 4),
        ({"n": 2.5}, 2.5),  # kept as typed: check_call says what is wrong
        ({"n": 2**70}, 2**70),
        ({"n": " 9007199254740993 "}, 9007199254740993),
        ({"n": "1e300"}, 1e300),
    ],
)
def test_numbers_from_the_browser(typed: dict, wanted: float) -> None:
    assert repr(arguments_of(TOOL.parameters, typed)["n"]) == repr(wanted)


@pytest.mark.parametrize(
    "typed",
    [
        {"n": "four"},
        {"n": "NaN"},
        {"n": [1]},
        {"mode": "9"},
        {"mode": "b"},
        {"mode": ["0"]},
        {"rooms": ["7"]},
        {"free": "{"},
        {"free": "NaN"},
        {"free": "[" * 100_000},
    ],
)
def test_what_cannot_be_read_is_a_sentence_with_its_field(typed: dict) -> None:
    with pytest.raises(StudioError) as raised:
        arguments_of(TOOL.parameters, typed)
    assert raised.value.where == next(iter(typed))


def test_empty_fields_are_left_out() -> None:
    assert arguments_of(TOOL.parameters, {"who": "", "n": None, "mode": "-", "on": "-", "tags": "\n"}) == {}


def test_an_empty_text_and_an_empty_list_are_not_left_out() -> None:
    typed = {"who": '""', "tags": "[]"}
    assert arguments_of(TOOL.parameters, typed) == {"who": "", "tags": []}
    assert raw_of(TOOL.parameters, {"who": "", "tags": []}) == typed


EXACT = [
    {"who": ""},
    {"who": '""'},
    {"who": "  two  "},
    {"who": "one\n two \r\n"},
    {"tags": ["a\nb"]},
    {"tags": [""]},
    {"tags": ["", " a ", '""']},
    {"tags": []},
    {"tags": ["[]"]},
    {"rooms": []},
    {"steps": []},
    {"steps": [{}]},
    {"steps": [{"name": ""}, {"name": "x", "minutes": 9007199254740993}]},
    {"steps": [{"name": str(n)} for n in range(60)]},
    {"limits": {}},
    {"n": 2**70},
    {"n": -0},
    {"x": 3.0},
    {"x": 1e-7},
    {"x": 12345678901234567890},
    {"free": {"deep": [[1], [[2, {"a": 9007199254740993}]]]}},
]


@pytest.mark.parametrize("arguments", EXACT, ids=str)
def test_what_fits_the_tool_is_shown_and_comes_back_exactly(arguments: dict) -> None:
    raw = raw_of(TOOL.parameters, arguments)
    assert repr(arguments_of(TOOL.parameters, raw)) == repr(arguments)
    assert shows_truly(TOOL.parameters, arguments)
    shown = {field.path for field in fields_of(TOOL.parameters, raw)}
    assert {path for path in raw if path[-1] not in "#!"} <= shown, "every value has its field"


NESTED, _ = read_tool(
    {
        "name": "order",
        "parameters": {
            "type": "object",
            "properties": {
                "to": {
                    "type": "object",
                    "properties": {
                        "stops": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["city"],
                                "properties": {
                                    "city": {"type": "string"},
                                    "ids": {"type": "array", "items": {"type": "integer"}},
                                    "parcels": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {"fragile": {"type": "boolean"}},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
                "grid": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
                "level": {"type": "integer", "enum": [1, 2]},
            },
        },
    }
)
ORDER = {
    "to": {
        "stops": [
            {"city": "Bern", "ids": [2**60, 1], "parcels": [{"fragile": False}, {}]},
            {"city": "", "ids": []},
        ]
    },
    "grid": [[1, 2.5], []],
    "level": 2,
}


def test_groups_in_lists_in_groups_are_shown_and_come_back_exactly() -> None:
    raw = raw_of(NESTED.parameters, ORDER)
    fields = {field.path: field for field in fields_of(NESTED.parameters, raw)}
    assert fields["to.stops.0.parcels.1"].kind == "group" and fields["to.stops.0.parcels.1"].depth == 4
    assert fields["to.stops.0.parcels.0.fragile"].value == "no" and fields["grid"].kind == "json"
    assert arguments_of(NESTED.parameters, raw) == ORDER and shows_truly(NESTED.parameters, ORDER)


def test_a_removed_group_takes_what_is_nested_in_it_along() -> None:
    raw = raw_of(NESTED.parameters, ORDER)
    less = arguments_of(NESTED.parameters, group_removed(raw, "to.stops.0"))
    assert less["to"] == {"stops": [{"city": "", "ids": []}]}
    less = arguments_of(NESTED.parameters, group_removed(raw, "to.stops.0.parcels.0"))
    assert less["to"]["stops"][0]["parcels"] == [{}] and len(less["to"]["stops"]) == 2


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "who": st.text(max_size=6) | st.sampled_from(['""', "[]", " ", "\n"]),
            "n": st.integers(),
            "x": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
            "on": st.booleans(),
            "mode": st.sampled_from(["", "a", "b"]),
            "tags": st.lists(st.text(max_size=4) | st.sampled_from(['""', "[]", " ", "a\nb"]), max_size=4),
            "rooms": st.lists(st.sampled_from(["hall", "kitchen"]), max_size=3),
            "steps": st.lists(
                st.fixed_dictionaries(
                    {}, optional={"name": st.text(max_size=3), "minutes": st.integers(min_value=2**53)}
                ),
                max_size=3,
            ),
            "limits": st.fixed_dictionaries({}, optional={"low": st.integers(), "high": st.integers()}),
        },
    )
)
def test_any_arguments_of_the_right_types_come_back_exactly(arguments: dict) -> None:
    assert shows_truly(TOOL.parameters, arguments)
    assert same_value(arguments_of(TOOL.parameters, raw_of(TOOL.parameters, arguments)), arguments)


@pytest.mark.parametrize(
    ("arguments", "kept", "lost"),
    [
        ({"who": "Ann", "other": 1}, {"who": "Ann"}, ["other"]),
        ({"mode": "c", "n": "3"}, {"n": 3}, ["mode"]),
        ({"n": "many", "x": "0.5"}, {"x": 0.5}, ["n"]),
        ({"steps": [{"name": "a", "who": "b"}, 7]}, {"steps": [{"name": "a"}]}, ["steps.1.who", "steps.2"]),
        ({"limits": {"low": [1, 2]}, "on": "true"}, {"limits": {}, "on": True}, ["limits.low"]),
        ({"limits": 3, "steps": "x", "who": {"a": 1}}, {}, ["limits", "steps", "who"]),
    ],
)
def test_the_form_takes_over_what_fits_and_names_the_rest(arguments: dict, kept: dict, lost: list) -> None:
    assert not shows_truly(TOOL.parameters, arguments)
    assert fitting(TOOL.parameters, arguments) == (kept, lost)


def test_a_missing_argument_does_not_keep_the_form_from_being_shown() -> None:
    assert shows_truly(TOOL.parameters, {"n": 3})


def test_a_group_is_added_and_removed_with_its_fields() -> None:
    raw = raw_of(TOOL.parameters, FULL)
    assert call_form.count(group_added(raw, "steps"), "steps") == 3
    less = group_removed(raw, "steps.0")
    assert arguments_of(TOOL.parameters, less)["steps"] == [{"name": "two"}]
