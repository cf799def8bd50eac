"""Arguments against a tool: every misfit is a sentence that names it."""

import pytest

from core.schema import ToolCall, check_call, read_tool
from core.schema.call import same_calls, same_value

LAMP = read_tool(
    {
        "name": "set_lamp",
        "parameters": {
            "type": "object",
            "properties": {
                "room": {"type": "string", "enum": ["hall", "attic"]},
                "level": {"type": "integer"},
                "times": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"at": {"type": "string"}}},
                },
                "extra": {"type": "object"},
            },
            "required": ["room"],
        },
    }
)[0]
TOOLS = {"set_lamp": LAMP}


def problems(**arguments) -> list[str]:
    return check_call(ToolCall("set_lamp", arguments), TOOLS)


def test_a_good_call_has_no_problem():
    assert problems(room="hall", level=3, times=[{"at": "7"}], extra={"free": 1}) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "room is missing."),
        ({"room": "cellar"}, "room is 'cellar', allowed are hall, attic."),
        ({"room": "hall", "level": "3"}, "level should be a whole number, not '3'."),
        ({"room": "hall", "level": True}, "level should be a whole number, not True."),
        ({"room": "hall", "colour": "red"}, "colour is not a parameter of this tool."),
        ({"room": "hall", "times": [{"at": 7}]}, "times.1.at should be text, not 7."),
        ({"room": "hall", "times": [{"on": "x"}]}, "times.1.on is not a parameter of this tool."),
        ({"room": "hall", "extra": {"a:b": 1}}, "The name 'a:b' cannot be written in a call."),
        ({"room": "hall", "extra": {"a": float("nan")}}, "extra.a is not a finite number."),
    ],
)
def test_each_misfit_is_named(arguments, sentence):
    assert sentence in problems(**arguments)


def test_a_tool_without_parameters_takes_none():
    ping = {"ping": read_tool({"name": "ping"})[0]}
    assert check_call(ToolCall("ping"), ping) == []
    assert check_call(ToolCall("ping", {"x": 1}), ping) == ["x is not a parameter of this tool."]


def test_an_unknown_tool_is_named():
    assert check_call(ToolCall("nothing"), TOOLS) == ["The tool nothing does not exist."]


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (None, None, True),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1.0}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
    ],
)
def test_values_are_equal_as_json_values(a, b, equal):
    assert same_value(a, b) is equal
    assert same_value(b, a) is equal


def test_calls_match_in_any_order_and_each_once():
    one, two = ToolCall("a", {"x": 1}), ToolCall("a", {"x": 2})
    assert same_calls([one, two], [two, one])
    assert not same_calls([one, one], [one, two])
    assert not same_calls([one], [one, one])


def test_everything_that_is_missing_or_too_much_is_named_once():
    tool = read_tool(
        {
            "name": "f",
            "parameters": {"properties": {k: {"type": "string"} for k in "abc"}, "required": ["a", "b"]},
        }
    )[0]
    found = check_call(ToolCall("f", {"c": "x", "y": 1, "z": 2}), {"f": tool})
    assert sorted(found) == [
        "a is missing.",
        "b is missing.",
        "y is not a parameter of this tool.",
        "z is not a parameter of this tool.",
    ]
