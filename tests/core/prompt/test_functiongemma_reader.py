"""Reading what FunctionGemma writes: every text has a reading, and no wrong one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.prompt.functiongemma import parse
from core.prompt.functiongemma_reader import MAX_DEPTH
from core.schema import ToolCall

CALL, END = "<start_function_call>call:", "<end_function_call>"
STOP = "<start_function_response>"

FRAGMENTS = [
    "<start_function_call>", "<end_function_call>", "<start_function_response>", "<end_function_response>",
    "<start_function_declaration>", "<escape>", "<\u200bescape>", "<eos>", "<bos>", "<pad>", "<end_of_turn>",
    "<start_of_turn>", "call:", "call", "response:", "f", "set_light", "{", "}", "[", "]", ",", ":", "k:",
    "k", "1", "-", "0.5", "1e999", "1e-07", "9" * 5000, "true", "false", "None", "null", "\n", " ",
    "\u4e2d", "\ud800", "hello",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=25).map("".join))
def test_no_text_raises(text):
    parsed = parse(text)
    assert not (parsed.malformed and (parsed.calls or parsed.text))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_to_a_call_raises_or_is_taken_for_words(data):
    whole = CALL + "f{a:[1,{b:<escape>x<escape>}],c:true,d:-1.5e+3}" + END
    cut = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(cut, len(whole)))
    middle = data.draw(st.sampled_from(["", *FRAGMENTS]))
    parsed = parse(whole[:cut] + middle + whole[end:])
    if cut >= len("<start_function_call>") and end < len(whole) - len(END):
        assert parsed.malformed or parsed.calls


@pytest.mark.parametrize(
    "ending", ["", STOP, "<end_of_turn>", "<eos>", "<end_of_turn>\n", STOP + "<pad>" * 9]
)
def test_stop_tokens_at_the_end(ending):
    assert parse(CALL + "f{}" + END + ending).calls == (ToolCall("f"),)
    assert parse("It is 21.5 C." + ending).text == "It is 21.5 C."


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0), ("-7", -7), ("21.5", 21.5), ("1e-07", 1e-07), ("1e+22", 1e22), ("5.0", 5.0),
        ("2E3", 2000.0), ("true", True), ("false", False), ("None", None), ("[]", []), ("{}", {}),
        ("9" * 40, int("9" * 40)), ("<escape>42<escape>", "42"), ("<escape><escape>", ""),
        ("<escape>}<end_function_call><escape>", "}<end_function_call>"),
        ("<escape>\u4e2d, {x}: \n<escape>", "\u4e2d, {x}: \n"),
        ("[1,[true,{a.b-c:<escape>x<escape>}]]", [1, [True, {"a.b-c": "x"}]]),
    ],
)  # fmt: skip
def test_values(written, value):
    (call,) = parse(f"{CALL}ns.tool-2{{k:{written}}}{END}").calls
    assert call == ToolCall("ns.tool-2", {"k": value})
    assert type(call.arguments["k"]) is type(value)


def test_several_calls_and_words_around_them():
    parsed = parse(f"One moment. {CALL}f{{}}{END}{CALL}g{{a:1}}{END}\n{STOP}")
    assert parsed.calls == (ToolCall("f"), ToolCall("g", {"a": 1}))
    assert parsed.text == "One moment."


@pytest.mark.parametrize("text", ["", "  ", "hello", "a < b {c}: [d]", "I would call: nobody", "<b>bold</b>"])
def test_plain_words(text):
    parsed = parse(text)
    assert (parsed.text, parsed.calls, parsed.malformed) == (text.strip(), (), "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CALL + "f{}", "but the text ends"),
        (CALL + "f{a:1", "but the text ends"),
        (CALL + "f{a:<escape>x" + STOP, "is not closed"),
        (CALL + "f{a:1}" + END + CALL + "g{", "but the text ends"),
        (CALL + " turn off\n\nThis query is unrelated", 'the name of a tool, found " turn off'),
        ("<start_function_call>call name{}" + END, 'Expected "call:"'),
        ("call:f{a:1}", "without its opening mark"),
        (" call: f{a:1}<end_of_turn>", "without its opening mark"),
        (CALL + "f{a:1\u4e2d}" + END, 'Expected a value, found "1\u4e2d}'),
        (CALL + "f{a:1}\u4e2d" + END, "Expected <end_function_call>"),
        (CALL + "f{a:hello}" + END, 'Expected a value, found "hello}'),
        (CALL + "f{a:null}" + END, "Expected a value"),
        (CALL + "f{a:007}" + END, "Expected a value"),
        (CALL + "f{a:1.}" + END, "Expected a value"),
        (CALL + "f{a:\u0661}" + END, "Expected a value"),
        (CALL + "f{a:nan}" + END, "Expected a value"),
        (CALL + "f{a: 1}" + END, "Expected a value"),
        (CALL + "f{a:}" + END, "Expected a value"),
        (CALL + "f{a:[1,]}" + END, "Expected a value"),
        (CALL + "f{a:1,}" + END, "the name of an argument"),
        (CALL + "f{a}" + END, 'Expected ":"'),
        (CALL + 'f{"a":1}' + END, "the name of an argument"),
        (CALL + "f{a:[1}" + END, 'Expected "," or "]"'),
        (CALL + "f{a:1,a:2}" + END, "a occurs twice"),
        (CALL + "f{a:{b:1,b:1}}" + END, "b occurs twice"),
        (CALL + "f{a:" + "9" * 5000 + "}" + END, "too large"),
        (CALL + "f{a:1e999}" + END, "too large"),
        (CALL + "f{a:" + "[" * 5000 + "]" * 5000 + "}" + END, "levels deep"),
        (CALL + "f{" + "a:{" * 5000 + "}" * 5000 + "}" + END, "levels deep"),
        (CALL + "f{}" + END + END, "<end_function_call> stands outside a call"),
        ("yes <escape>", "<escape> stands outside a call"),
        ("yes<end_of_turn>\n<start_of_turn>user\nmore", "<end_of_turn> stands outside a call"),
        (CALL + "f{}" + END + STOP + "response:f{value:1}<end_function_response>", "stands outside a call"),
    ],
)
def test_malformed(text, reason):
    parsed = parse(text)
    assert reason in parsed.malformed
    assert parsed.malformed.endswith(".") and len(parsed.malformed) < 120
    assert parsed.calls == ()


def test_the_deepest_nesting_that_is_read():
    assert parse(CALL + "f{a:" + "[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1) + "}" + END).calls
