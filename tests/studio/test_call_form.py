"""A call's arguments as form fields: what is typed comes back typed rightly, and nothing is lost."""

import pytest

from core.errors import StudioError
from core.importers import starters
from core.importers.examples import read_examples
from core.importers.tools import read_tools
from core.schema import Example, Tool, ToolCall, read_tool
from core.schema.call import same_value
from studio.editors import example_draft
from studio.views import call_form
from studio.views.call_form import arguments_of, fields_of, group_added, group_removed, raw_of, shows_truly

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
    ],
)
def test_numbers_from_the_browser(typed: dict, wanted: float) -> None:
    assert arguments_of(TOOL.parameters, typed)["n"] == wanted


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
    assert arguments_of(TOOL.parameters, {"who": "", "n": None, "mode": "-", "on": "-", "tags": "\n"}) == {
        "tags": []
    }


@pytest.mark.parametrize(
    "arguments", [{"who": ""}, {"other": 1}, {"mode": "c"}, {"n": "3"}, {"tags": ["a\nb"]}]
)
def test_what_the_form_cannot_show_is_edited_as_json(arguments: dict) -> None:
    assert not shows_truly(TOOL.parameters, arguments)
    draft = example_draft.opened(Example.single("x", ToolCall("plan", arguments)), [TOOL])
    assert draft["calls"][0]["mode"] == "json"


def test_a_group_is_added_and_removed_with_its_fields() -> None:
    raw = raw_of(TOOL.parameters, FULL)
    assert call_form.count(group_added(raw, "steps"), "steps") == 3
    less = group_removed(raw, "steps.0")
    assert arguments_of(TOOL.parameters, less)["steps"] == [{"name": "two"}]


def draft(**values: object) -> dict:
    return {**example_draft.opened(None, [TOOL]), "prompt": "Plan it", "split": "train", **values}


def test_a_call_that_does_not_fit_is_refused_with_every_problem() -> None:
    with pytest.raises(StudioError, match="who is missing"):
        example_draft.example_in(draft(), [TOOL])


def test_the_last_thing_said_is_changed_and_the_rest_of_the_conversation_stays() -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    example = example_draft.example_in(draft(turns=turns, calls=[], reply="Hello"), [TOOL])
    assert [turn.content for turn in example.turns] == ["Be brief.", "Plan it"]
    assert example.reply == "Hello" and not example.calls


def test_nothing_said_is_refused() -> None:
    with pytest.raises(StudioError, match="Nothing is said"):
        example_draft.example_in(draft(prompt=" \n"), [TOOL])


def test_another_tool_keeps_what_was_typed_under_the_same_name() -> None:
    other = Tool(
        "seek", "", {"type": "object", "properties": {"who": {"type": "string"}}, "required": ["who"]}
    )
    now = draft()
    uid = now["calls"][0]["uid"]
    now["calls"][0].update(tool="seek", raw={"who": "Ann", "n": 2})
    changed = example_draft.rechosen(now, uid, [TOOL, other])
    assert example_draft.example_in(changed, [TOOL, other]).calls == (ToolCall("seek", {"who": "Ann"}),)


def test_no_tool_means_no_call_and_a_reply() -> None:
    now = draft()
    now["calls"][0]["tool"] = example_draft.NO_CALL
    changed = example_draft.rechosen(now, now["calls"][0]["uid"], [TOOL])
    assert changed["calls"] == []
    again = example_draft.rechosen({**changed, "tool": "plan"}, "", [TOOL])
    assert [call["tool"] for call in again["calls"]] == ["plan"]


def test_a_call_of_a_missing_tool_opens_as_json_and_is_refused() -> None:
    now = example_draft.opened(Example.single("x", ToolCall("gone", {"a": 1})), [TOOL])
    assert now["calls"][0]["mode"] == "json"
    with pytest.raises(StudioError, match="does not exist"):
        example_draft.example_in(now, [TOOL])
