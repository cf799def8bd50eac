"""What is found in tools and examples before training."""

import time
from dataclasses import replace

import pytest

from core.doctor import blocks, examine
from core.schema import Example, Tool, ToolCall, Turn


def tool(name: str, **properties: str) -> Tool:
    schema = {key: {"type": kind, "description": ""} for key, kind in properties.items()}
    return Tool(
        name, f"What {name} does.", {"type": "object", "properties": schema, "required": list(schema)}
    )


ALARM = tool("set_alarm", time="string")
LAMP = tool("set_lamp", level="integer")


def alarm(prompt: str, time: object = "07:00", split="train", id=None) -> Example:
    return Example((Turn("user", prompt),), (ToolCall("set_alarm", {"time": time}),), "", split, id)


def lamp(prompt: str, level: object = 50, split="train", id=None) -> Example:
    return Example((Turn("user", prompt),), (ToolCall("set_lamp", {"level": level}),), "", split, id)


def chat(prompt: str, reply: str = "No.", split="train") -> Example:
    return Example.single(prompt, reply=reply, split=split)


def healthy() -> list[Example]:
    """Rows 1 to 6 are alarms, 7 to 12 lamps, the last of each and the last of all a test."""
    parts = [*["train"] * 5, "test"]
    return [
        *[alarm(f"wake me {n}", split=s) for n, s in enumerate(parts)],
        *[lamp(f"light {n}", split=s) for n, s in enumerate(parts)],
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
    assert kinds([ALARM], examples) == [("block", "no_train")]


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
    examples = [e for e in healthy() if e.prompt not in ("light 1", "light 2", "light 3", "light 4")]
    finding = only("few_examples", [ALARM, LAMP], examples)
    assert finding.message == "Fewer than 5 examples to learn from: set_lamp (1)." and finding.rows == (7,)


def test_test_rows_do_not_count_as_examples_to_learn_from_and_five_are_enough():
    assert "few_examples" not in {f.kind for f in examine([ALARM, LAMP], healthy())}
    examples = [*healthy()[1:], alarm("test me 1", split="test"), alarm("test me 2", split="test")]
    assert only("few_examples", [ALARM, LAMP], examples).message.endswith("set_alarm (4).")


def test_one_example_in_all_is_a_warning():
    assert ("warn", "few_examples") in kinds([ALARM], [chat("hello")])


def test_the_same_prompt_with_different_calls_is_a_contradiction():
    twice = [alarm("Wake  me\nEARLY", "06:00", id=20), alarm("wake me early ", "05:00", id=21)]
    finding = only("contradiction", [ALARM, LAMP], [*healthy(), *twice])
    assert finding.rows == (20, 21) and "examples 20 and 21" in finding.message


def test_a_call_and_no_call_contradict_but_two_ways_to_decline_do_not():
    assert only("contradiction", [ALARM, LAMP], [*healthy(), chat("wake me 1")]).rows == (2, 15)
    assert examine([ALARM, LAMP], [*healthy(), chat("hello", "Sorry.")]) == []


def test_the_same_calls_in_another_order_do_not_contradict():
    calls = (ToolCall("set_alarm", {"time": "1"}), ToolCall("set_lamp", {"level": 1}))
    examples = [Example.single("both", *calls), Example.single("both", *reversed(calls))]
    assert [f.kind for f in examine([ALARM, LAMP], [*healthy(), *examples])] == ["repeat"]


def test_the_same_prompt_in_train_and_test_is_a_leak():
    examples = [*healthy(), alarm("new", id=30), alarm("NEW", id=31), alarm("new", split="test", id=32)]
    finding = only("leak", [ALARM, LAMP], examples)
    assert finding.rows == (30, 31, 32) and "examples 30 and 32" in finding.message


def test_the_same_words_after_another_conversation_are_another_prompt():
    def after(text: str, split) -> Example:
        turns = (Turn("user", text), Turn("assistant", "Yes?"), Turn("user", "do it"))
        return Example(turns, (ToolCall("set_alarm", {"time": text}),), "", split)

    assert examine([ALARM, LAMP], [*healthy(), after("at six", "train"), after("at seven", "test")]) == []


@pytest.mark.parametrize(("time", "kinds"), [("6", {"leak"}), ("7", set())])
def test_after_another_system_text_the_answer_tells_whether_the_same_is_asked(time, kinds):
    def on(day: str, time: str, split) -> Example:
        turns = (Turn("system", f"It is {day}."), Turn("user", "wake me early, you know when"))
        return Example(turns, (ToolCall("set_alarm", {"time": time}),), "", split)

    examples = [*healthy(), on("Monday", "6", "train"), on("Sunday", time, "test")]
    assert {f.kind for f in examine([ALARM, LAMP], examples)} == kinds


def test_only_examples_with_calls_is_a_hint():
    examples = [example for example in healthy() if example.calls]
    assert kinds([ALARM, LAMP], examples) == [("hint", "no_refusals")]


@pytest.mark.parametrize("extra, found", [(15, []), (16, ["imbalance"])])
def test_more_than_four_times_as_many_examples_is_a_hint(extra, found):
    examples = [*healthy(), *[lamp(f"more {n}") for n in range(extra)]]
    assert [finding.kind for finding in examine([ALARM, LAMP], examples)] == found


def test_blocks_come_first_and_hints_last():
    examples = [lamp("a", "x"), lamp("b", 3)]  # no_test is seen first, but the wrong call blocks
    severities = [finding.severity for finding in examine([ALARM, LAMP], examples)]
    assert severities == sorted(severities, key=["block", "warn", "hint"].index)
    assert set(severities) == {"block", "warn", "hint"}


def test_nearly_the_same_prompt_with_different_calls_is_a_contradiction():
    twice = [alarm("Wake me at noon.", "12:00", id=20), alarm("please wake me at noon", "13:00", id=21)]
    finding = only("contradiction", [ALARM, LAMP], [*healthy(), *twice])
    assert finding.message == "Nearly the same prompts have different answers in examples 20 and 21."
    assert finding.fix == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("turn on the kitchen light", "turn off the kitchen light"),
        ("weather in Rome", "weather in Oslo"),
        ("turn off the light", "turn off the lights"),
        ("from Rome to Oslo", "from Oslo to Rome"),
        ("internal search for holidays", "external search for holidays"),
        ("do not turn on the light", "turn on the light"),
        ("open my contact list", "open my contract list"),
        ("warm it to 5 degrees", "warm it to -5 degrees"),
    ],
)
def test_a_word_that_decides_is_no_contradiction_and_no_leak(one, other):
    examples = [*healthy(), alarm(one, "1"), alarm(other, "2", split="test")]
    assert examine([ALARM, LAMP], examples) == []


@pytest.mark.parametrize(
    "other",
    [
        "please play something quiet for the evening!",
        "could you play something quiet for the evening",
        "play something quite quiet for the evening",
        "play somehting quiet for the evening",
        "for the evening play something quiet",
    ],
)
def test_nearly_the_same_prompt_with_the_same_answer_in_train_and_test_is_a_leak(other):
    examples = [alarm("Play something quiet for the evening.", id=50), alarm(other, split="test", id=51)]
    finding = only("leak", [ALARM, LAMP], [*healthy(), *examples])
    assert finding.rows == (50, 51) and finding.message.startswith("Nearly the same prompt is")
    others = [examples[0], replace(examples[1], split="train")]
    assert examine([ALARM, LAMP], [*healthy(), *others]) == []


def test_exact_repeats_in_one_part_are_a_hint():
    examples = [*healthy(), alarm("new", id=30), alarm("new", id=31), alarm("NEW", id=32), lamp("old", id=33)]
    finding = only("repeat", [ALARM, LAMP], examples)
    assert finding.severity == "hint" and finding.rows == (30, 31, 32)
    assert finding.message == "Examples 30 and 31 are the same." and finding.fix == "Delete 2 copies"


def test_equal_prompts_with_other_answers_are_no_repeats():
    examples = [*healthy(), chat("maybe", "No."), chat("maybe", "Yes."), alarm("now", "1"), alarm("now", "2")]
    assert {f.kind for f in examine([ALARM, LAMP], examples)} == {"contradiction"}


def test_each_finding_names_its_kind_and_what_it_is_about_once():
    examples = [*healthy(), *[lamp(f"dim {n}", value, id=40 + n) for n, value in enumerate(["a", "b", "5"])]]
    found = examine([ALARM, LAMP, ALARM], [*examples, lamp("x", 1, id=60), lamp("x", 2, id=61)])
    assert len({(f.kind, f.about) for f in found}) == len(found)


def test_what_people_write_is_never_taken_for_too_much():
    """Odd rows: no turn by a person, nothing but signs, a system text alone."""
    odd = [
        Example((), reply="x", id=70),
        Example((Turn("system", "be kind"),), id=71),
        chat("???"),
        chat("\u0000"),
        chat("\U0001f44d" * 500),
        Example((Turn("tool", "ok", name="f"),), id=72),
    ]
    assert only("empty_prompt", [ALARM, LAMP], [*healthy(), *odd]).rows == (70, 71, 72)


def test_fifty_thousand_rows_are_examined_in_seconds():
    words = ["lamp", "hall", "sun", "red", "far", "low", "cat", "boat", "tree", "ice"]
    rows = [
        (f"{words[n % 10]} {words[n // 10 % 10]} {words[n // 7 % 10]} {n % 40_000}", n % 97)
        for n in range(50_000)
    ]
    examples = [lamp(prompt, level, id=n) for n, (prompt, level) in enumerate(rows)]
    start = time.process_time()
    examine([ALARM, LAMP], examples)
    assert (
        time.process_time() - start < 20
    )  # about 2 s on a free core; the limit catches what grows by the square
