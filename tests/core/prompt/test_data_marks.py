"""Marks in the texts of data sets: calls, results and lists of tools, written as JSON or as Python writes it."""

import pytest

from core.prompt.data_marks import read_answer, read_results, read_tools, without_thoughts

OPEN, CLOSE = "<tool_call>", "</tool_call>"


def call(inner: str) -> str:
    return f"{OPEN}\n{inner}\n{CLOSE}"


@pytest.mark.parametrize(
    "inner, value",
    [
        ('{"name": "a", "arguments": {"x": 1}}', {"name": "a", "arguments": {"x": 1}}),
        ("{'name': 'a', 'arguments': {'x': -1.5, 'y': [True, None]}}",
         {"name": "a", "arguments": {"x": -1.5, "y": [True, None]}}),
        ('{"name": "a", "arguments": {"x": "</tool_call>"}}', {"name": "a", "arguments": {"x": CLOSE}}),
        ("""{'name': 'a', 'arguments': {"x": "it's"}}""", {"name": "a", "arguments": {"x": "it's"}}),
    ],
)  # fmt: skip
def test_a_marked_call_is_read(inner, value):
    assert read_answer(call(inner)) == ([value], "")


def test_several_calls_and_the_words_beside_them():
    text = "Of course. " + call('{"name": "a"}') + call('[{"name": "b"}, {"name": "c"}]')
    assert read_answer(text) == ([{"name": "a"}, {"name": "b"}, {"name": "c"}], "Of course.")


def test_functiongemmas_own_call_is_read_too():
    text = "<start_function_call>call:a{x:<escape>b<escape>}<end_function_call>"
    assert read_answer(text) == ([{"name": "a", "arguments": {"x": "b"}}], "")


@pytest.mark.parametrize("text", ["", "plain", "a < b [1]", "  kept as it is\n", "<b>bold</b>"])
def test_words_without_a_mark_stay_as_they_are(text):
    assert read_answer(text) == ([], text)


@pytest.mark.parametrize(
    "text",
    [
        call("{'name': 'a', 'arguments': {'x': 1, 'x': 2}}"),
        call('{"name": "a", "name": "b"}'),
        call("{'name': open('x')}"),
        call("{'name': f'{1}'}"),
        call("{1: 2}"),
        call("(" * 5000),
        call("-" * 5000 + "1"),
        call('{"n": NaN}'),
        f'{OPEN}{{"name": "a"}}',
        f"half a call {CLOSE}",
        '[TOOL_CALLS][{"name": "a"}]',
    ],
)
def test_a_mark_that_cannot_be_read_is_no_word(text):
    with pytest.raises(ValueError):
        read_answer(text)


def test_results_are_told_apart():
    text = (
        "<tool_response>\n{'name': 'a', 'content': {'n': 1}}\n</tool_response>"
        "<tool_response>not a value</tool_response>"
    )
    assert read_results(text) == [("a", '{"n": 1}'), ("", "not a value")]
    assert read_results("12 degrees") == [("", "12 degrees")]


def test_tools_are_found_where_they_are_listed():
    prompt = "within <tools> </tools> tags. <tools>\n[{'name': 'a'}]\n</tools> Use them."
    assert read_tools(prompt) == [{"name": "a"}]
    assert read_tools('<tools>{"name": "a"}\n{"name": "b"}</tools>') == [{"name": "a"}, {"name": "b"}]
    assert read_tools("no tools in <tools> </tools>") is None
    with pytest.raises(ValueError):
        read_tools("<tools>[{</tools>")


def test_thoughts_are_taken_out():
    assert without_thoughts("<think>\nhm\n</think>\n\nYes.") == "Yes."
    assert without_thoughts(" no thoughts ") == " no thoughts "
