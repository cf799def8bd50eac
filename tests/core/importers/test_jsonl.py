"""JSON Lines, JSON lists and OpenAI's chat form."""

import json
from pathlib import Path

import pytest

from core.errors import StudioError
from core.importers import jsonl, read_examples, read_tools
from core.schema import Tool, ToolCall, Turn

SHARED = Path(__file__).parents[4] / "shared" / "data"
FLAT = {"user_content": "hi", "tool_name": "search", "tool_arguments": '{"query": "a"}'}
CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"query": "a"}'}}


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def read(data: bytes, name: str = "rows.jsonl", tools: tuple[Tool, ...] = (), **options):
    result = read_examples(data, name, list(tools), **options)
    assert result.total == len(result.examples) + len(result.rejected)
    return result


def chat(*messages: dict, **more) -> dict:
    return {"messages": list(messages), **more}


def user(text: str = "hi") -> dict:
    return {"role": "user", "content": text}


def calls(*given: dict, content: str | None = None) -> dict:
    return {"role": "assistant", "content": content, "tool_calls": list(given)}


def test_arguments_may_be_text_or_an_object():
    result = read(lines(FLAT, {**FLAT, "tool_arguments": {"query": "a"}}))
    assert result.examples[0] == result.examples[1]
    assert result.examples[0].calls == (ToolCall("search", {"query": "a"}),)


def test_a_list_gives_the_same_rows_as_lines():
    rows = [FLAT, {**FLAT, "split": "test"}, {"user_content": "x", "tool_name": "", "reply": "No."}]
    as_list = read(json.dumps(rows, indent=1).encode(), "rows.json")
    assert as_list.examples == read(lines(*rows)).examples


def test_the_form_is_seen_where_the_name_does_not_tell():
    assert len(read(lines(FLAT), "pasted").examples) == 1
    assert len(read(json.dumps([FLAT]).encode(), "pasted.txt").examples) == 1


def test_rejects_name_the_line_blank_ones_counted():
    data = b"\n" + lines(FLAT) + b'\n{"user_content": \n[1]\n' + lines({**FLAT, "user_content": 3})
    result = read(data)
    assert [r.row for r in result.rejected] == [4, 5, 6] and len(result.examples) == 1
    assert "not JSON" in result.rejected[0].reason


def test_a_line_separator_inside_a_text_does_not_end_the_line():
    row = {**FLAT, "user_content": "one\u2028two\u0085three"}
    data = json.dumps(row, ensure_ascii=False).encode() + b"\r\n"
    assert read(data).examples[0].prompt == row["user_content"]


@pytest.mark.parametrize(
    "line, reason",
    [
        (b'{"user_content": "a", "tool_name": "t", "tool_arguments": {"x": NaN}}', "NaN and Infinity"),
        (
            b'{"user_content": "a", "user_content": "b", "tool_name": "", "tool_arguments": ""}',
            "stands twice",
        ),
        (b'{"user_content": "a\\ud83d", "tool_name": "", "tool_arguments": ""}', "half of a character"),
        (b'{"user_content": ' + b"[" * 100_000, "nested more than 64"),
        (b'{"user_content": ' + b"[" * 70 + b"]" * 70 + b"}", "nested more than 64"),
        (b'{"user_content": "a"}', "There is no answer"),
        (b'{"user_content": "a", "tool_name": 5}', "tool_name is not text."),
        (b'{"user_content": "a", "calls": {}}', "The calls are not a JSON list."),
        (b'{"user_content": "a", "calls": [{"arguments": {}}]}', "A call must be an object"),
        (b'{"user_content": "a\xff", "tool_name": ""}', "not UTF-8"),
    ],
)
def test_odd_lines_are_rejected_alone(line, reason):
    accents = {**FLAT, "user_content": "é"}
    result = read(json.dumps(accents, ensure_ascii=False).encode() + b"\n" + line + b"\n" + lines(FLAT))
    assert len(result.examples) == 2
    assert result.rejected[0].row == 2 and reason in result.rejected[0].reason


def test_one_bad_item_of_a_list_is_rejected_alone():
    data = b"[" + lines(FLAT).strip() + b', {"user_content": NaN}, 7, ' + lines(FLAT).strip() + b"]"
    assert [r.row for r in read(data, "rows.json").rejected] == [2, 3]


def test_a_list_that_is_cut_off_is_refused_with_the_place():
    with pytest.raises(StudioError, match="line 2"):
        read(b'[{"user_content": "a"},\n {"user', "rows.json")
    with pytest.raises(StudioError, match="nested"):
        read(b"[" * 100_000, "rows.json")
    with pytest.raises(StudioError, match="empty"):
        read(b"[]", "rows.json")


def test_missing_names_are_named():
    with pytest.raises(StudioError) as caught:
        read(lines({"q": "a", "t": "b"}))
    assert "Found: q, t." in caught.value.hint


def test_the_last_message_of_the_assistant_is_the_answer():
    row = chat(
        {"role": "developer", "content": "Be brief."},
        user("first"),
        calls(CALL),
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
        {"role": "assistant", "content": "There."},
        user([{"type": "text", "text": "and "}, {"type": "text", "text": "now?"}]),
        calls(CALL, CALL),
    )
    (example,) = read(lines(row)).examples
    assert example.prompt == "and now?" and len(example.calls) == 2 and example.reply == ""
    assert example.turns[0] == Turn("system", "Be brief.")
    assert example.turns[2].calls[0].name == "search" and example.turns[3] == Turn(
        "tool", "found", name="search"
    )


def test_words_as_the_answer_become_the_reply():
    (example,) = read(lines(chat(user(), {"role": "assistant", "content": "No."}))).examples
    assert (example.calls, example.reply) == ((), "No.")


def test_what_is_left_out_of_a_conversation_is_noted_with_its_row():
    tail = chat(user(), calls(CALL), {"role": "tool", "name": "search", "content": "x"})
    result = read(lines(chat(user(), calls(CALL, content="Let me see.")), tail, tail))
    assert result.notes == [
        "Words beside a call were left out, first in row 1 (1 in all).",
        "Messages after the assistant's last one were left out, first in row 2 (2 in all).",
    ]


def test_the_part_may_stand_beside_the_messages():
    row = chat(user(), calls(CALL), metadata="eval", fold="train")
    assert read(lines(row)).examples[0].split == "test"
    assert read(lines(row), split_column="fold").examples[0].split == "train"
    assert read(lines({**row, "metadata": "source 7"})).notes == ["Not used: metadata, fold."]


def test_rows_of_several_forms_may_stand_in_one_file():
    rows = [
        chat(user("one"), calls(CALL)),
        FLAT,
        {"prompt": "two", "tool": "search", "args": {"query": "b"}},
        {"query": "three", "answers": "[]"},
    ]
    result = read(lines(*rows, {"other": 1}))
    assert [e.prompt for e in result.examples] == ["one", "hi", "two", "three"]
    assert [r.row for r in result.rejected] == [5]


def test_a_line_without_end_costs_its_row_alone(monkeypatch):
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 200)
    result = read(lines(FLAT, {**FLAT, "user_content": "x" * 1000}, FLAT))
    assert len(result.examples) == 2
    assert [(r.row, r.reason) for r in result.rejected] == [(2, "The line is longer than 200 characters.")]


def test_names_without_number_are_not_all_told():
    rows = [{**FLAT, f"note {n}": 1} for n in range(2000)]
    result = read(lines(*rows))
    assert len(result.examples) == 2000 and len(result.columns) <= 1100
    assert len(result.notes) == 1 and " more." in result.notes[0]


def test_a_name_that_comes_late_is_understood_too():
    late = {"user_content": "bye", "reply": "See you."}
    result = read(lines(*[FLAT] * 150, late))
    assert result.examples[150].reply == "See you." and "reply" in result.columns


def test_results_behind_the_answer_do_not_matter():
    odd = {"role": "tool", "content": "one result of two calls"}
    result = read(lines(chat(user(), calls(CALL, CALL), odd)))
    assert len(result.examples[0].calls) == 2 and "left out" in result.notes[0]


@pytest.mark.parametrize(
    "row, reason",
    [
        (chat(), "There are no messages."),
        (chat(user()), "No message is from the assistant"),
        (chat(calls(CALL)), "The prompt is empty."),
        (chat(user(" "), calls(CALL)), "The prompt is empty."),
        (chat(user(), calls()), "last message is empty"),
        (chat(user(), {"role": "robot", "content": ""}), "Message 2 has no role"),
        (chat(user([{"type": "image_url"}]), calls(CALL)), "Message 1 holds more than text."),
        (chat(user(), {"role": "tool", "content": "x"}, calls(CALL)), "of which tool"),
        (chat("hello", calls(CALL)), "Message 1 is not an object."),
        (chat(user(), calls({"function": {"name": "a", "arguments": "{"}})), "arguments of a are not JSON"),
        ({"messages": "hello"}, "messages is not JSON"),
        ({"messages": {"role": "user"}}, "messages is not a list of messages."),
        (
            chat(user(), calls(CALL, CALL), {"role": "tool", "content": "x"}, calls(CALL)),
            "fewer tool results",
        ),
    ],
)
def test_conversations_that_cannot_be_kept_say_why(row, reason):
    assert reason in read(lines(row)).rejected[0].reason


def test_a_call_in_the_middle_of_a_conversation_must_fit_too():
    tool = Tool("other")
    row = chat(user(), calls(CALL), user(), {"role": "assistant", "content": "Yes."})
    assert read(lines(row), tools=(tool,)).rejected[0].reason == "The tool search does not exist."


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data folder is not beside this checkout")
@pytest.mark.parametrize("name, count", [("snips_train.jsonl", 2096), ("snips_validate.jsonl", 700)])
def test_real_requests_are_read_whole(name, count):
    tools = read_tools((SHARED / "snips_tools.json").read_bytes()).tools
    result = read((SHARED / name).read_bytes(), name, tuple(tools))
    assert (len(tools), len(result.examples), result.rejected) == (7, count, [])
