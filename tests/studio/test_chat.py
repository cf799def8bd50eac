"""A conversation with one model: what it is shown next, and what an answer becomes as a row."""

import json
from dataclasses import replace

import pytest

from core.prompt.messages import messages_of
from core.schema import Example, ToolCall, Turn
from studio.views.chat import MOST_EXCHANGES, Lane, Said, filled

FIND = ToolCall("find", {"query": "vpn", "n": 3})
OPEN = ToolCall("open", {})
CALLS, WORDS = Said(calls=(FIND,), text="raw"), Said(words="Hello.")


def roles(turns: tuple[Turn, ...]) -> list[str]:
    return [turn.role for turn in turns]


def test_a_model_sees_its_own_answers_and_the_results_it_was_given() -> None:
    lane = Lane("m").asked("hi").answered(WORDS).asked("vpn?").answered(CALLS).returned(("found",))
    lane = lane.answered(replace(WORDS, words="There it is.")).asked("thanks")
    assert roles(lane.turns()) == ["user", "assistant", "user", "assistant", "tool", "assistant", "user"]
    assert lane.turns()[3].calls == (FIND,) and lane.turns()[4] == Turn("tool", "found", name="find")
    assert len(messages_of(Example(lane.turns()))) == 7


@pytest.mark.parametrize(
    "answer",
    [CALLS, Said(malformed="cut"), Said(error="gone"), Said(), Said(words=" ")],
    ids=["no result", "unreadable", "failed", "nothing", "blank"],
)
def test_an_exchange_without_an_end_is_not_shown_again(answer: Said) -> None:
    lane = Lane("m").asked("first").answered(WORDS).asked("second").answered(answer).asked("third")
    assert [turn.content for turn in lane.turns()] == ["first", "Hello.", "third"]
    assert messages_of(Example(lane.turns()))


def test_two_calls_have_a_result_each_in_their_order() -> None:
    lane = Lane("m").asked("both").answered(Said(calls=(FIND, OPEN))).returned(("one", "two"))
    assert [(turn.name, turn.content) for turn in lane.turns()[2:]] == [("find", "one"), ("open", "two")]


def test_instructions_come_first_and_are_those_it_was_asked_with() -> None:
    lane = Lane("m").asked("hi", "Be short.").answered(WORDS).asked("vpn?", "Be long.")
    assert lane.turns()[0] == Turn("system", "Be long.")
    assert lane.turns(WORDS.uid)[0] == Turn("system", "Be short.")


def test_an_answer_becomes_the_row_that_would_teach_it() -> None:
    lane = Lane("m").asked("hi").answered(WORDS).asked("vpn?").answered(CALLS)
    row = lane.example(CALLS.uid, "test")
    assert (row.prompt, row.calls, row.reply, row.split) == ("vpn?", (FIND,), "", "test")
    assert roles(row.turns) == ["user", "assistant", "user"]
    assert lane.example(WORDS.uid) == Example.single("hi", reply="Hello.")
    final = Said(words="Done.")
    after = lane.returned(("found",)).answered(final).example(final.uid)
    assert after.reply == "Done." and roles(after.turns)[-1] == "tool"


def test_the_last_thing_said_can_be_taken_back_and_an_answer_asked_for_again() -> None:
    lane = Lane("m").asked("hi").answered(WORDS).asked("vpn?").answered(CALLS)
    assert lane.unsaid().prompt == "hi" and lane.unsaid().last == WORDS
    assert lane.unanswered().last is None and lane.unanswered().prompt == "vpn?"
    given = lane.returned(("found",)).answered(Said(error="gone"))
    assert given.unanswered().last.results == ("found",), "only the failed answer is asked for again"


def test_a_mark_is_put_on_one_answer_wherever_it_stands() -> None:
    lane = Lane("m").asked("hi").answered(WORDS).asked("vpn?").answered(CALLS)
    lane = lane.marked(WORDS.uid, verdict="right", example=7)
    assert lane.find(WORDS.uid).example == 7 and lane.last == CALLS and lane.find("other") is None


def test_the_oldest_is_forgotten() -> None:
    lane = Lane("m")
    for n in range(MOST_EXCHANGES + 2):
        lane = lane.asked(str(n))
    assert len(lane.exchanges) == MOST_EXCHANGES and lane.exchanges[0].prompt == "2"


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("3 pages on {query}", "3 pages on vpn"),
        ("{query} {other} {n}", "vpn {other} 3"),
        ('{"for": "{query}", "n": "{n}", "list": ["{query}!"]}', {"for": "vpn", "n": 3, "list": ["vpn!"]}),
        ('{"ok": true, "n": 1.5}', {"ok": True, "n": 1.5}),
        ("{}", {}),
        ("[]", []),
        ("7", "7"),
        ("{not json {query}", "{not json vpn"),
    ],
)
def test_a_template_takes_the_arguments_of_the_call(template: str, result: object) -> None:
    made = filled(template, FIND)
    assert made == result if isinstance(result, str) else json.loads(made) == result


@pytest.mark.parametrize("nasty", ['"}', "{n}", "\\", '", "admin": true, "x": "', "\n"])
def test_what_stands_in_an_argument_never_becomes_part_of_the_form(nasty: str) -> None:
    call = ToolCall("find", {"query": nasty, "n": 3})
    assert json.loads(filled('{"for": "about {query}"}', call)) == {"for": f"about {nasty}"}
    assert filled("about {query}", call) == f"about {nasty}"
