"""Examples as messages, and the conversations that no template shows rightly."""

import pytest

from core.errors import StudioError
from core.prompt import answer_of, messages_of
from core.prompt.messages import place_of, prompt_and_answer
from core.schema import DEFAULT_REPLY, Example, ToolCall, Turn

F, G = ToolCall("f", {"a": 1}), ToolCall("g")


def talk(*turns, calls=(), reply=""):
    return Example(tuple(turns), tuple(calls), reply, id=7)


USER = Turn("user", "hello")


def test_a_whole_conversation():
    example = talk(
        Turn("system", "Be brief."),
        USER,
        Turn("assistant", "Wait.", calls=(F, G)),
        Turn("tool", "2", name="g"),
        Turn("tool", '{"x": 1}', name="f"),
        calls=[F],
    )
    assert messages_of(example) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
        {
            "role": "assistant",
            "content": "Wait.",
            "tool_calls": [
                {"id": "call00000", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}},
                {"id": "call00001", "type": "function", "function": {"name": "g", "arguments": {}}},
            ],
        },
        {"role": "tool", "tool_call_id": "call00001", "name": "g", "content": "2"},
        {"role": "tool", "tool_call_id": "call00000", "name": "f", "content": '{"x": 1}'},
    ]
    assert answer_of(example)["tool_calls"][0]["id"] == "call00002"


def test_answers():
    assert answer_of(talk(USER)) == {"role": "assistant", "content": DEFAULT_REPLY}
    assert answer_of(talk(USER, reply="Hi.")) == {"role": "assistant", "content": "Hi."}
    assert answer_of(talk(USER, calls=[F], reply="not said"))["content"] == ""


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        ([], "something a user said"),
        ([Turn("system", "x")], "something a user said"),
        ([USER, Turn("assistant", "x")], "something a user said"),
        ([USER, Turn("assistant", calls=(F,))], "call of f has no result"),
        ([USER, Turn("assistant", calls=(F,)), USER], "call of f has no result"),
        ([USER, Turn("assistant", calls=(F, G)), Turn("tool", "1", name="f")], "call of g has no result"),
        ([USER, Turn("assistant", calls=(F,)), Turn("tool", "1", name="f"), USER], "the assistant answers"),
        ([USER, Turn("tool", "1", name="f")], "follows no call"),
        ([USER, Turn("assistant", calls=(F,)), Turn("tool", "1", name="g")], "follows no call"),
    ],
)
def test_conversations_that_cannot_be_shown(turns, message):
    with pytest.raises(StudioError, match=message) as caught:
        messages_of(talk(*turns))
    assert caught.value.where == "example 7"


def test_an_answer_between_a_result_and_the_user():
    turns = [
        USER,
        Turn("assistant", calls=(F,)),
        Turn("tool", "1", name="f"),
        Turn("assistant", "One."),
        USER,
    ]
    assert [m["role"] for m in messages_of(talk(*turns))] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]


def test_the_prompt_must_begin_the_whole():
    def forgetful(messages, tools, add_generation_prompt):
        return f"{len(messages)} messages"

    with pytest.raises(StudioError, match="changes the prompt") as caught:
        prompt_and_answer(forgetful, [], {}, [], "example 3")
    assert caught.value.where == "example 3"


def test_names_of_examples():
    assert place_of(Example.single("x" * 90)) == f'example "{"x" * 37}..."'
    assert place_of(talk(USER)) == "example 7"
