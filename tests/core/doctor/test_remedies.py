"""After a remedy the finding is gone, and nothing that blocks training has come in its place."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.doctor import Finding, blocks, examine
from core.doctor.remedies import REMEDIES, Mended, mend
from core.errors import StudioError
from core.schema import Example, Tool, ToolCall, Turn, check_call, read_tool


def made(name: str, required: tuple[str, ...] = (), **properties: dict[str, Any]) -> Tool:
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return read_tool({"name": name, "description": f"It does {name}.", "parameters": parameters})[0]


SNOOZE = {"snooze": {"type": "number"}}
TOOLS = [
    made(
        "set_lamp",
        ("level",),
        level={"type": "integer"},
        mode={"type": "string", "enum": ["low", "high", "night"]},
        rooms={"type": "array", "items": {"type": "string"}},
        never={"type": "boolean"},
    ),
    made("set_alarm", time={"type": "string"}, options={"type": "object", "properties": SNOOZE}),
    made("get_status"),
]  # fmt: skip


def applied(mended: Mended, examples: list[Example]) -> list[Example]:
    """What the store does with it."""
    saved = {example.id: example for example in mended.save}
    assert saved.keys() <= {example.id for example in examples} and None not in saved
    assert set(mended.delete) <= {example.id for example in examples}
    return [saved.get(e.id, e) for e in examples if e.id not in mended.delete]


def row(id: int, prompt: str, *calls: ToolCall, split="train", reply="") -> Example:
    return Example((Turn("user", prompt),), calls, reply, split, id)


def lamp(**arguments: Any) -> ToolCall:
    return ToolCall("set_lamp", arguments)


def healthy(start: int = 100) -> list[Example]:
    names = [
        "anna",
        "ben",
        "carla",
        "david",
        "emma",
        "felix",
        "greta",
        "hugo",
        "ida",
        "jonas",
        "klara",
        "luis",
    ]
    rows = [row(0, f"lights for {n}", lamp(level=k, mode="low", rooms=[n])) for k, n in enumerate(names)]
    rows += [row(0, f"wake up {n} early", ToolCall("set_alarm", {"time": n})) for n in names]
    rows += [row(0, f"tell {n} how things are", ToolCall("get_status")) for n in names]
    rows += [row(0, f"who is {n}?") for n in names]
    return [replace(e, id=n, split="test" if n % 3 == 0 else "train") for n, e in enumerate(rows, start)]


def the(kind: str, tools: list[Tool], examples: list[Example]) -> Finding:
    (finding,) = [finding for finding in examine(tools, examples) if finding.kind == kind]
    return finding


def after(finding: Finding, tools: list[Tool], examples: list[Example]) -> tuple[list[Tool], list[Example]]:
    mended = mend(finding, tools, examples)
    return mended.tools, applied(mended, examples)


def calls(examples: list[Example], id: int) -> tuple[ToolCall, ...]:
    return next(example.calls for example in examples if example.id == id)


@pytest.mark.parametrize(
    ("wrong", "right", "label"),
    [
        ({"level": "7"}, {"level": 7}, "7 instead of '7'"),
        ({"level": 1, "mode": "LOW"}, {"level": 1, "mode": "low"}, "'low' instead of 'LOW'"),
        ({"level": 1, "mode": "nights"}, {"level": 1, "mode": "night"}, "'night' instead of 'nights'"),
        ({"level": 1, "mode": "nihgt"}, {"level": 1, "mode": "night"}, "'night' instead of 'nihgt'"),
        ({"Level": 3, "mode": "low"}, {"level": 3, "mode": "low"}, "level instead of Level"),
        ({"level": 1, "rooms": "hall"}, {"level": 1, "rooms": ["hall"]}, "['hall'] instead of 'hall'"),
        ({"level": 1, "rooms": ["hall", 12]}, {"level": 1, "rooms": ["hall", "12"]}, "'12' instead of 12"),
        ({"level": 1, "never": "yes"}, {"level": 1, "never": True}, "True instead of 'yes'"),
    ],
)  # fmt: skip
def test_arguments_are_corrected_where_there_is_no_doubt(wrong, right, label):
    examples = [*healthy(), row(7, "hall light to 7", lamp(**wrong))]
    finding = next(f for f in examine(TOOLS, examples) if f.kind == "arguments" and f.fix)
    assert finding.fix == f"Write {label} in 1 example"
    tools, mended = after(finding, TOOLS, examples)
    assert calls(mended, 7) == (ToolCall("set_lamp", right),) and list(calls(mended, 7)[0].arguments) == list(
        right
    )
    assert tools == TOOLS and [e for e in mended if e.id != 7] == healthy()
    assert blocks(examine(tools, mended)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": "seven"},
        {"level": 1.5},
        {"level": 1, "mode": "off"},
        {"level": 1, "mode": "hi"},
        {"level": 1, "colour": "red"},
        {"level": 1, "never": "perhaps"},
        {},
        {"LEVEL": "high"},
    ],
)
def test_where_there_is_doubt_nothing_is_offered(wrong):
    examples = [*healthy(), row(7, "hall light to 7", lamp(**wrong))]
    findings = [f for f in examine(TOOLS, examples) if f.kind == "arguments"]
    assert findings and all(f.fix == "" for f in findings)
    with pytest.raises(StudioError, match="automatically"):
        mend(findings[0], TOOLS, examples)


@pytest.mark.parametrize(
    ("allowed", "value"),
    [(["Low", "low"], "LOW"), (["locked", "open"], "blocked"), (["on", "off"], "of"), (["a b"], "?")],
)
def test_an_allowed_value_is_not_guessed(allowed, value):
    tool = made("pick", one={"type": "string", "enum": allowed})
    (finding,) = [
        f for f in examine([tool], [row(1, "a", ToolCall("pick", {"one": value}))]) if f.kind == "arguments"
    ]
    assert finding.fix == ""


def test_what_can_be_mended_is_apart_from_what_cannot():
    rows = [row(7, "x", lamp(level="7")), row(8, "y", lamp(level="high")), row(9, "z", lamp(level="9"))]
    found = [f for f in examine(TOOLS, [*healthy(), *rows]) if f.kind == "arguments"]
    assert {(f.rows, f.fix) for f in found} == {((7, 9), "Make it a whole number in 2 examples"), ((8,), "")}


def test_calls_in_the_conversation_are_corrected_too():
    turns = (Turn("user", "a"), Turn("assistant", calls=(lamp(level="5"),)), Turn("user", "thanks"))
    examples = [*healthy(), Example(turns, reply="Yes.", id=7)]
    _, mended = after(the("arguments", TOOLS, examples), TOOLS, examples)
    assert mended[-1].turns[1].calls == (lamp(level=5),)


def test_a_missing_tool_is_added_as_its_calls_show_it():
    order = [ToolCall("orderPizza", {"size": 30, "extras": ["olives"], "to": {"street": "Elm"}}),
             ToolCall("orderPizza", {"size": 32.5, "extras": []})]  # fmt: skip
    examples = [*healthy(), row(7, "pizza with olives to elm", order[0]), row(8, "a pizza", order[1])]
    finding = the("missing_tool", TOOLS, examples)
    assert finding.fix == "Add the tool orderPizza with the parameters seen in the examples"
    tools, mended = after(finding, TOOLS, examples)
    assert mended == examples and tools[:-1] == TOOLS
    assert tools[-1].description == "Order pizza."
    assert tools[-1].required == ["size", "extras"]
    assert tools[-1].properties["size"]["type"] == "number"
    assert tools[-1].properties["extras"]["items"] == {"type": "string"}
    assert all(check_call(call, {"orderPizza": tools[-1]}) == [] for call in order)


def test_a_tool_in_another_spelling_is_called_by_its_own_name():
    examples = [*healthy(), row(7, "hall light to 7", ToolCall("SetLamp", {"level": 7}))]
    finding = the("missing_tool", TOOLS, examples)
    assert finding.fix == "Write set_lamp instead of SetLamp in 1 example"
    _, mended = after(finding, TOOLS, examples)
    assert calls(mended, 7) == (lamp(level=7),)


@pytest.mark.parametrize(
    "two",
    [
        [ToolCall("f", {"x": 1}), ToolCall("f", {"x": "1"})],
        [ToolCall("f", {"type": "x"}), ToolCall("f")],
        [ToolCall("f", {"x": None}), ToolCall("f")],
        [ToolCall("f", {"x": float("inf")}), ToolCall("f")],
        [ToolCall("no name"), ToolCall("no name")],
    ],
)
def test_a_tool_that_cannot_be_guessed_is_not_offered(two):
    examples = [*healthy(), row(7, "one", two[0]), row(8, "two", two[1])]
    assert the("missing_tool", TOOLS, examples).fix == ""


def test_all_tools_are_made_where_there_are_none():
    finding = the("no_tools", [], healthy())
    assert finding.fix == "Add the 3 tools that the examples call"
    tools, _ = after(finding, [], healthy())
    assert [tool.name for tool in tools] == ["set_lamp", "set_alarm", "get_status"]
    assert blocks(examine(tools, healthy())) == []


def test_the_copy_to_learn_from_goes_and_the_test_stays():
    examples = [*healthy(), row(7, "wake the cook early", ToolCall("set_alarm")),
                row(8, "Wake the cook early, please!", ToolCall("set_alarm"), split="test")]  # fmt: skip
    finding = the("leak", TOOLS, examples)
    assert finding.fix == "Delete 1 example from train" and finding.rows == (7, 8)
    assert mend(finding, TOOLS, examples).delete == [7]


def test_a_tool_keeps_something_to_learn_from():
    examples = [e for e in healthy() if e.tools != "get_status"]
    examples += [row(7, "how are things", ToolCall("get_status")),
                 row(8, "How are things?", ToolCall("get_status"), split="test")]  # fmt: skip
    finding = the("leak", TOOLS, examples)
    assert finding.fix == "Delete 1 example from test" and mend(finding, TOOLS, examples).delete == [8]


def test_copies_are_deleted_but_the_first():
    examples = [*healthy(), *[row(n, "the same", lamp(level=1)) for n in (9, 7, 8)]]
    finding = the("repeat", TOOLS, examples)
    assert finding.fix == "Delete 2 copies" and mend(finding, TOOLS, examples).delete == [7, 8]


@pytest.mark.parametrize(
    ("part", "kind", "goal"), [("train", "no_test", "test"), ("test", "no_train", "train")]
)
def test_one_part_is_divided(part, kind, goal):
    examples = [replace(example, split=part) for example in healthy()]
    finding = the(kind, TOOLS, examples)
    _, mended = after(finding, TOOLS, examples)
    moved = [example for example in mended if example.split == goal]
    assert finding.fix == f"Move {len(moved)} to {goal}"
    assert Counter(e.split for e in mended)["test"] == round(0.2 * len(examples))
    assert {e.tools for e in mended if e.split == "test"} == {e.tools for e in examples}


def test_examples_without_a_prompt_are_deleted():
    examples = [*healthy(), row(7, " "), row(8, "")]
    finding = the("empty_prompt", TOOLS, examples)
    assert finding.fix == "Delete 2 examples" and mend(finding, TOOLS, examples).delete == [7, 8]
    assert the("empty_prompt", TOOLS, [row(7, ""), row(8, "a", split="test")]).fix == ""  # none would be left


def test_a_tool_that_nothing_calls_is_deleted_but_not_one_that_stands_in_a_conversation():
    turns = (Turn("user", "a"), Turn("assistant", calls=(ToolCall("get_status"),)), Turn("user", "b"))
    examples = [e for e in healthy() if e.tools != "get_status"]
    more = [*TOOLS, made("spare")]
    finding = the("unused_tool", more, examples)
    assert finding.fix == "Delete 2 tools" and mend(finding, more, examples).tools == TOOLS[:2]
    examples.append(Example(turns, reply="Yes.", id=7))
    assert mend(the("unused_tool", more, examples), more, examples).tools == TOOLS


def test_a_parameter_that_nothing_uses_is_removed():
    examples = healthy()
    lamps, alarms = [f for f in examine(TOOLS, examples) if f.kind == "unused_parameter"]
    assert lamps.fix == "Remove never from set_lamp" and alarms.fix == "Remove options from set_alarm"
    tools, _ = after(lamps, TOOLS, examples)
    assert list(tools[0].properties) == ["level", "mode", "rooms"] and tools[1:] == TOOLS[1:]
    tools, _ = after(alarms, tools, examples)
    assert list(tools[1].properties) == ["time"]
    assert [f for f in examine(tools, examples) if f.kind == "unused_parameter"] == []


def test_a_parameter_that_is_removed_is_required_no_more():
    tool = made("ring", ("bell", "times"), bell={"type": "string"}, times={"type": "integer"})
    examples = [row(n, f"ring bell {n}", ToolCall("ring", {"bell": f"bell {n}"})) for n in range(1, 12)]
    assert {f.kind for f in blocks(examine([tool], examples))} == {"arguments"}
    tools, _ = after(the("unused_parameter", [tool], examples), [tool], examples)
    assert tools[0].required == ["bell"] and blocks(examine(tools, examples)) == []


def test_a_remedy_that_comes_too_late_says_so():
    finding = the("repeat", TOOLS, [*healthy(), row(7, "x"), row(8, "x")])
    with pytest.raises(StudioError, match="nothing left"):
        mend(finding, TOOLS, healthy())


VALUES = st.one_of(
    st.sampled_from(["low", "LOW", "highs", "nigth", "7", "3.0", " 4 ", "yes", "x", "", "hall"]),
    st.integers(0, 3),
    st.sampled_from([1.0, 2.5, True, None]),
)
DEEP = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)
NAMES = ["level", "Level", "LE-VEL", "mode", "rooms", "never", "time", "options", "snooze", "extra"]
CALLS = st.builds(
    ToolCall,
    st.sampled_from(["set_lamp"] * 4 + ["set_alarm", "get_status", "SetLamp", "gone", "gone-too"]),
    st.dictionaries(st.sampled_from(NAMES), DEEP, max_size=3),
)
PROMPTS = st.sampled_from(
    ["", "light on", "Light on, please!", "light off", "wake me", "wake me early", "who is it", "hall"]
)
EXAMPLES = st.builds(
    lambda prompt, before, calls, split: Example(
        (*((Turn("user", "hm"), Turn("assistant", calls=tuple(before))) if before else ()), Turn("user", prompt)),
        tuple(calls),
        "",
        split,
    ),
    PROMPTS,
    st.lists(CALLS, max_size=1),
    st.lists(CALLS, max_size=2),
    st.sampled_from(["train", "train", "test"]),
)  # fmt: skip
SEEN: Counter[str] = Counter()


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([[], TOOLS[:1], TOOLS, TOOLS]),
    st.lists(EXAMPLES, max_size=14),
    st.sampled_from([None, None, "train", "test"]),
    st.booleans(),
)
def test_every_remedy_mends_what_it_says_and_blocks_nothing_else(tools, examples, one_part, enough):
    examples = [*examples, *(replace(e, split=e.split) for e in healthy() if enough and tools == TOOLS)]
    examples = [replace(e, id=n, split=one_part or e.split) for n, e in enumerate(examples, 1)]
    before = examine(tools, examples)
    assert len({(f.kind, f.about, f.message) for f in before}) == len(before)
    for finding in before:
        if finding.fix:
            SEEN[finding.kind] += 1
            mended_tools, mended = after(finding, tools, examples)
            found = examine(mended_tools, mended)
            assert (finding.kind, finding.about) not in {(f.kind, f.about) for f in found}
            assert len(blocks(found)) <= len(blocks(before))
            new = {f.kind for f in blocks(found)} - {f.kind for f in blocks(before)}
            # With tools there are, their missing fellows are seen for the first time.
            assert new <= ({"arguments"} if finding.kind == "no_tools" else set())


def test_the_property_has_met_every_remedy():
    """Without this, a generator that never makes a mistake would pass."""
    assert set(SEEN) == set(REMEDIES)
