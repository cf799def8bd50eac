"""What is found in tools and examples before training."""

import time

import pytest

from core.doctor import blocks, examine
from core.schema import Example, Tool, ToolCall, Turn


def tool(name: str, **properties: str) -> Tool:
    schema = {key: {"type": kind, "description": ""} for key, kind in properties.items()}
    return Tool(name, "", {"type": "object", "properties": schema, "required": list(schema)})


ALARM = tool("set_alarm", time="string")
LAMP = tool("set_lamp", level="integer")


def alarm(prompt: str, time: object = "07:00", split="train", id=None) -> Example:
    return Example((Turn("user", prompt),), (ToolCall("set_alarm", {"time": time}),), "", split, id)


def lamp(prompt: str, level: object = 50, split="train", id=None) -> Example:
    return Example((Turn("user", prompt),), (ToolCall("set_lamp", {"level": level}),), "", split, id)


def chat(prompt: str, reply: str = "No.", split="train") -> Example:
    return Example.single(prompt, reply=reply, split=split)


def healthy() -> list[Example]:
    return [
        *[alarm(f"wake me {n}", split=s) for n, s in enumerate(["train", "train", "test"])],
        *[lamp(f"light {n}", split=s) for n, s in enumerate(["train", "train", "test"])],
        chat("hello"),
        chat("thanks", split="test"),
    ]


def kinds(tools, examples) -> list[tuple[str, str]]:
    return [(finding.severity, finding.kind) for finding in examine(tools, examples)]


def only(kind: str, tools, examples):
    (finding,) = [finding for finding in examine(tools, examples) if finding.kind == kind]
    return finding


def test_nothing_is_found_where_nothing_is_wrong():
    assert examine([ALARM, LAMP], healthy()) == []


def test_no_tools_blocks_and_says_it_once():
    findings = examine([], healthy())
    assert [f.kind for f in blocks(findings)] == ["no_tools"]


def test_an_empty_project_says_only_what_to_begin_with():
    assert kinds([], []) == [("block", "no_tools"), ("block", "no_train")]
    assert kinds([ALARM], []) == [("block", "no_train")]


def test_only_test_examples_block():
    examples = [alarm("a", split="test"), alarm("b", split="test"), chat("c", split="test")]
    assert kinds([ALARM], examples) == [("block", "no_train"), ("warn", "unused_tool")]


def test_a_call_of_a_missing_tool_blocks_and_names_the_first_row():
    finding = only("missing_tool", [ALARM], [*healthy()[:3], lamp("x", id=41), lamp("y", id=42)])
    assert finding.message == "Example 41 calls set_lamp, which is not one of the tools (2 examples in all)."
    assert finding.rows == (41, 42) and finding.remedy == "Add the tool set_lamp, or change the call."


def test_calls_in_the_conversation_before_the_answer_are_looked_at_too():
    turns = (Turn("user", "a"), Turn("assistant", calls=(ToolCall("gone"),)), Turn("user", "b"))
    assert only("missing_tool", [ALARM], [*healthy()[:3], Example(turns, reply="Yes.")]).rows == (4,)


def test_equal_mistakes_in_arguments_are_one_finding():
    wrong = [lamp("a", "high", id=7), lamp("b", "not low", id=8), lamp("c", 1.5, id=9)]
    finding = only("arguments", [ALARM, LAMP], [*healthy(), *wrong])
    assert finding.severity == "block" and finding.rows == (7, 8, 9)
    assert finding.message == (
        "Example 7, call of set_lamp: level should be a whole number, not 'high' (3 examples in all)."
    )


def test_different_mistakes_are_different_findings():
    nothing = Example.single("a", ToolCall("set_lamp"))
    more = Example.single("b", ToolCall("set_lamp", {"level": 1, "colour": "red"}))
    endless = lamp("c", float("inf"))
    findings = [
        f for f in examine([ALARM, LAMP], [*healthy(), nothing, more, endless]) if f.kind == "arguments"
    ]
    assert len({f.message for f in findings}) >= 3 and all(len(f.rows) == 1 for f in findings)


def test_values_that_are_not_allowed_are_grouped_wherever_they_stand_in_a_list():
    items = {"type": "string", "enum": ["hall", "kitchen"]}
    rooms = {"type": "array", "description": "", "items": items}
    tool = Tool("go", "", {"type": "object", "properties": {"rooms": rooms}, "required": ["rooms"]})
    wrong = [["attic"], ["hall", "cellar is, allowed are"], ["hall", "hall", "roof"]]
    examples = [Example.single(str(n), ToolCall("go", {"rooms": value})) for n, value in enumerate(wrong)]
    assert only("arguments", [tool], examples).rows == (1, 2, 3)


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt_blocks(prompt):
    assert only("empty_prompt", [ALARM, LAMP], [*healthy(), alarm(prompt, id=5)]).rows == (5,)


def test_no_test_examples_is_a_warning():
    examples = [example for example in healthy() if example.split == "train"]
    assert ("warn", "no_test") in kinds([ALARM, LAMP], examples)


def test_a_tool_without_examples_is_named_with_what_to_do():
    finding = only("unused_tool", [ALARM, LAMP, tool("get_status")], healthy())
    assert finding.message == "No example calls get_status."
    assert finding.remedy == "Add examples for get_status, or delete the tool."


def test_a_tool_that_only_test_examples_call_is_named():
    examples = [e if e.prompt[:5] != "light" else lamp(e.prompt, split="test") for e in healthy()]
    assert "never learnt" in only("unused_tool", [ALARM, LAMP], examples).message


def test_a_tool_with_one_example_is_named():
    examples = [e for e in healthy() if e.prompt not in ("light 1", "light 2")]
    assert only("few_examples", [ALARM, LAMP], examples).message == "Only example 4 calls set_lamp."


def test_one_example_in_all_is_a_warning():
    assert ("warn", "few_examples") in kinds([ALARM], [chat("hello")])


def test_the_same_prompt_with_different_calls_is_a_contradiction():
    twice = [alarm("Wake  me\nEARLY", "06:00", id=20), alarm("wake me early ", "05:00", id=21)]
    finding = only("contradiction", [ALARM, LAMP], [*healthy(), *twice])
    assert finding.rows == (20, 21) and "examples 20 and 21" in finding.message


def test_a_call_and_no_call_contradict_but_two_ways_to_decline_do_not():
    assert only("contradiction", [ALARM, LAMP], [*healthy(), chat("wake me 1")]).rows == (2, 9)
    assert examine([ALARM, LAMP], [*healthy(), chat("hello", "Sorry.")]) == []


def test_the_same_calls_in_another_order_do_not_contradict():
    calls = (ToolCall("set_alarm", {"time": "1"}), ToolCall("set_lamp", {"level": 1}))
    examples = [Example.single("both", *calls), Example.single("both", *reversed(calls))]
    assert examine([ALARM, LAMP], [*healthy(), *examples]) == []


def test_the_same_prompt_in_train_and_test_is_a_leak():
    examples = [*healthy(), alarm("new", id=30), alarm("NEW", id=31), alarm("new", split="test", id=32)]
    finding = only("leak", [ALARM, LAMP], examples)
    assert finding.rows == (30, 31, 32) and "examples 30 and 32" in finding.message


def test_the_same_words_after_another_conversation_are_another_prompt():
    def after(text: str, split) -> Example:
        turns = (Turn("user", text), Turn("assistant", "Yes?"), Turn("user", "do it"))
        return Example(turns, (ToolCall("set_alarm", {"time": text}),), "", split)

    assert examine([ALARM, LAMP], [*healthy(), after("at six", "train"), after("at seven", "test")]) == []


def test_only_examples_with_calls_is_a_hint():
    examples = [example for example in healthy() if example.calls]
    assert kinds([ALARM, LAMP], examples) == [("hint", "no_refusals")]


@pytest.mark.parametrize("extra, found", [(6, []), (7, ["imbalance"])])
def test_more_than_four_times_as_many_examples_is_a_hint(extra, found):
    examples = [*healthy(), *[lamp(f"more {n}") for n in range(extra)]]
    assert [finding.kind for finding in examine([ALARM, LAMP], examples)] == found


def test_blocks_come_first_and_hints_last():
    examples = [lamp("a", "x"), lamp("b", 3)]  # no_test is seen first, but the wrong call blocks
    severities = [finding.severity for finding in examine([ALARM, LAMP], examples)]
    assert severities == sorted(severities, key=["block", "warn", "hint"].index)
    assert set(severities) == {"block", "warn", "hint"}


def test_fifty_thousand_rows_are_examined_in_seconds():
    examples = [lamp(f"row {n % 40_000}", n, id=n) for n in range(50_000)]
    start = time.perf_counter()
    examine([ALARM, LAMP], examples)
    assert (
        time.perf_counter() - start < 20
    )  # about 2 s on a free core; the limit catches what grows by the square
