"""The draft of an example: what is typed stays, what is saved is right, conversations are kept in order."""

from typing import Any

import pytest

from core.errors import StudioError
from core.prompt.messages import messages_of, misplaced
from core.schema import Example, Tool, ToolCall, Turn, read_tool
from studio.editors import example_draft as draft_of
from studio.editors import turns as turns_of

PLAN, _ = read_tool(
    {
        "name": "plan",
        "parameters": {
            "type": "object",
            "required": ["who", "n"],
            "properties": {
                "who": {"type": "string"},
                "n": {"type": "integer"},
                "mode": {"type": "string", "enum": ["fast", "slow"]},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        },
    }
)
SEEK = Tool("seek", "", {"type": "object", "properties": {"who": {"type": "string"}}, "required": ["who"]})
RANK, _ = read_tool(
    {
        "name": "rank",
        "parameters": {
            "type": "object",
            "properties": {"mode": {"type": "string", "enum": ["slow", "fast"]}, "n": {"type": "string"}},
        },
    }
)
TOOLS = [PLAN, SEEK, RANK]
ASKED = Turn("user", "Plan it")


def new(**raw: Any) -> draft_of.Draft:
    """A new example that calls plan, with a prompt and what is given typed."""
    now = draft_of.opened(None, TOOLS, split="train")
    return typed(now, {(now["turns"][0]["uid"], "content"): "Plan it"} | in_call(now, raw))


def in_call(now: draft_of.Draft, raw: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {(now["calls"][0]["uid"], name): value for name, value in raw.items()}


def typed(now: draft_of.Draft, values: dict[tuple[str, str], Any]) -> draft_of.Draft:
    return draft_of.typed(now, [(*place, value) for place, value in values.items()], TOOLS)


def example_in(now: draft_of.Draft) -> Example:
    return draft_of.example_in(now, TOOLS)


# Calls


def test_what_is_typed_is_what_is_saved() -> None:
    now = new(who="  Ann ", n="3", mode="1", tags="a\n b")
    call = ToolCall("plan", {"who": "  Ann ", "n": 3, "mode": "slow", "tags": ["a", " b"]})
    assert example_in(now) == Example((ASKED,), (call,))


def test_a_call_that_does_not_fit_is_refused_at_its_place_with_every_problem() -> None:
    now = new()
    with pytest.raises(
        StudioError, match=r"n is missing.*who is missing|who is missing.*n is missing"
    ) as raised:
        example_in(now)
    assert raised.value.where == now["calls"][0]["uid"]


def test_what_was_typed_stays_when_it_is_refused() -> None:
    now = new(who="Ann", n="3 or 4")
    with pytest.raises(StudioError, match="is not a number") as raised:
        example_in(now)
    after = draft_of.with_problem(now, raised.value)
    assert after["calls"] == now["calls"] and after["turns"] == now["turns"]
    assert after["problem"]["where"] == now["calls"][0]["uid"] and after["focus"] == draft_of.WRONG


def test_another_tool_keeps_what_fits_by_its_meaning_and_gives_the_rest_back_with_the_old_one() -> None:
    now = new(who="Ann", n="2", mode="0")
    uid = now["calls"][0]["uid"]
    ranked = typed(now, {(uid, "tool"): "rank"})
    assert example_in(ranked).calls == (ToolCall("rank", {"mode": "fast", "n": "2"}),)
    back = typed(ranked, {(uid, "n"): "5", (uid, "tool"): "plan"})
    assert example_in(back).calls == (ToolCall("plan", {"who": "Ann", "n": 5, "mode": "fast"}),)


def test_a_tool_chosen_just_before_saving_does_not_read_the_fields_of_the_old_one() -> None:
    now = new(who="Ann", n="2", mode="1")
    uid = now["calls"][0]["uid"]
    saved = example_in(typed(now, {(uid, "tool"): "rank", (uid, "mode"): "1"}))
    assert saved.calls == (ToolCall("rank", {"mode": "slow", "n": "2"}),)


def test_no_tool_means_no_call_and_a_reply_and_a_tool_again_a_call() -> None:
    now = new(who="Ann")
    none = typed(now, {(now["calls"][0]["uid"], "tool"): draft_of.NO_CALL})
    assert none["calls"] == []
    answered = example_in(typed(none, {("", "reply"): " No.\n"}))
    assert answered == Example((ASKED,), (), " No.\n")
    again = typed(none, {("", "tool"): "seek"})
    assert [call["tool"] for call in again["calls"]] == ["seek"]


def test_a_tool_that_does_not_exist_cannot_be_chosen() -> None:
    now = new(who="Ann", n="2")
    assert typed(now, {(now["calls"][0]["uid"], "tool"): "gone"})["calls"][0]["tool"] == "plan"


def test_several_calls_are_added_and_removed() -> None:
    now = draft_of.call_added(new(who="Ann", n="2"), "", TOOLS)
    second = now["calls"][1]["uid"]
    now = typed(now, {(second, "tool"): "seek"})
    now = typed(now, {(second, "who"): "Bob"})
    assert example_in(now).calls == (
        ToolCall("plan", {"who": "Ann", "n": 2}),
        ToolCall("seek", {"who": "Bob"}),
    )
    assert [call.name for call in example_in(draft_of.call_removed(now, now["calls"][0]["uid"])).calls] == [
        "seek"
    ]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (ToolCall("gone", {"a": 1}), "The tool gone does not exist."),
        (
            ToolCall("plan", {"who": "Ann", "n": "3", "colour": "red"}),
            "colour is not a parameter of this tool.",
        ),
    ],
)
def test_a_stored_call_that_does_not_fit_opens_as_json_with_the_sentence(
    call: ToolCall, sentence: str
) -> None:
    now = draft_of.opened(Example((ASKED,), (call,), id=4), TOOLS)
    assert now["calls"][0]["mode"] == "json" and sentence in now["calls"][0]["told"]
    assert not draft_of.unsaved(now, TOOLS)
    with pytest.raises(StudioError):
        example_in(now)


def test_the_form_takes_what_fits_of_json_and_names_what_it_leaves_out() -> None:
    call = ToolCall("plan", {"who": "Ann", "n": "3", "mode": "quick", "colour": "red"})
    now = draft_of.opened(Example((ASKED,), (call,), id=4), TOOLS)
    form = draft_of.call_turned(now, now["calls"][0]["uid"], TOOLS)
    assert form["calls"][0]["mode"] == "form"
    assert all(name in form["calls"][0]["told"] for name in ("mode", "colour"))
    assert example_in(form).calls == (ToolCall("plan", {"who": "Ann", "n": 3}),)
    assert draft_of.unsaved(form, TOOLS)


def test_json_and_form_give_the_same_call() -> None:
    now = new(who="Ann", n="9007199254740993")
    uid = now["calls"][0]["uid"]
    json = draft_of.call_turned(now, uid, TOOLS)
    assert json["calls"][0]["mode"] == "json" and example_in(json) == example_in(now)
    assert example_in(draft_of.call_turned(json, uid, TOOLS)) == example_in(now)


@pytest.mark.parametrize("text", ["{", "[]", "NaN", '"x"', "[" * 100_000])
def test_json_that_is_no_group_of_arguments_is_refused_and_kept(text: str) -> None:
    now = new(who="Ann", n="1")
    uid = now["calls"][0]["uid"]
    now = typed(draft_of.call_turned(now, uid, TOOLS), {(uid, "json"): text})
    for change in (lambda: example_in(now), lambda: draft_of.call_turned(now, uid, TOOLS)):
        with pytest.raises(StudioError) as raised:
            change()
        assert raised.value.where == uid
    assert now["calls"][0]["json"] == text


def test_another_tool_for_json_shows_the_form_where_it_fits() -> None:
    now = draft_of.opened(Example((ASKED,), (ToolCall("gone", {"who": "Ann"}),)), TOOLS)
    uid = now["calls"][0]["uid"]
    assert typed(now, {(uid, "tool"): "seek"})["calls"][0]["mode"] == "form"
    still = typed(now, {(uid, "tool"): "rank"})["calls"][0]
    assert still["mode"] == "json" and "who is not a parameter" in still["told"]


# The example


def test_nothing_said_is_refused() -> None:
    now = new(who="Ann", n="1")
    now = typed(now, {(now["turns"][0]["uid"], "content"): " \n"})
    with pytest.raises(StudioError, match="Nothing is said") as raised:
        example_in(now)
    assert raised.value.where == now["turns"][0]["uid"]


@pytest.mark.parametrize("part", ["", "both", None])
def test_a_part_that_is_none_is_refused(part: Any) -> None:
    with pytest.raises(StudioError) as raised:
        example_in(typed(new(who="Ann", n="1"), {("", "split"): part}))
    assert raised.value.where == "split"


FAR = ToolCall("plan", {"who": "y", "n": 2**60})
TALK = Example(
    (
        Turn("system", "Be brief.\n"),
        Turn("user", "Who plans?\r\n"),
        Turn("assistant", " Let me see. ", (ToolCall("seek", {"who": "x"}), FAR)),
        Turn("tool", '{"found": true}', name="plan"),
        Turn("tool", " text ", name="seek"),
        Turn("assistant", "Ann."),
        Turn("user", "And now?"),
    ),
    (ToolCall("seek", {"who": ""}),),
    "",
    "test",
    7,
)


def test_a_conversation_that_is_opened_and_saved_is_the_same() -> None:
    now = draft_of.opened(TALK, TOOLS)
    assert example_in(now) == TALK and not draft_of.unsaved(now, TOOLS)
    assert not draft_of.is_simple(now)


def test_an_edited_example_is_unsaved_and_one_as_stored_is_not() -> None:
    now = draft_of.opened(TALK, TOOLS)
    edited = typed(now, {(now["turns"][6]["uid"], "content"): "And then?"})
    assert draft_of.unsaved(edited, TOOLS)
    assert not draft_of.unsaved(typed(edited, {(now["turns"][6]["uid"], "content"): "And now?"}), TOOLS)


def test_a_copy_is_new_and_unsaved() -> None:
    copy = draft_of.duplicated(draft_of.opened(TALK, TOOLS))
    assert draft_of.unsaved(copy, TOOLS) and example_in(copy).id is None
    assert example_in(copy).turns == TALK.turns


def test_an_example_goes_on_with_the_results_of_its_calls() -> None:
    calls = (ToolCall("seek", {"who": "a"}), ToolCall("plan", {"who": "b", "n": 1}))
    now = draft_of.continued(draft_of.opened(Example((ASKED,), calls, "", "test", 3), TOOLS), TOOLS)
    assert now["id"] is None and now["calls"] == [] and now["split"] == "test"
    with pytest.raises(StudioError, match="Nothing is written") as raised:
        example_in(now)
    results = now["turns"][2:]
    assert raised.value.where == results[0]["uid"] == now["focus"]
    now = typed(now, {(turn["uid"], "content"): f"of {turn['name']}" for turn in results})
    with pytest.raises(StudioError, match="says nothing after it") as raised:
        example_in(now)
    assert raised.value.where == "reply"
    done = example_in(typed(now, {("", "reply"): "Done."}))
    turns = (
        ASKED,
        Turn("assistant", "", calls),
        Turn("tool", "of seek", name="seek"),
        Turn("tool", "of plan", name="plan"),
    )
    assert done == Example(turns, (), "Done.", "test")
    assert messages_of(done)


def test_an_example_that_is_not_right_yet_does_not_go_on() -> None:
    with pytest.raises(StudioError):
        draft_of.continued(new(), TOOLS)


# Turns


def roles(now: draft_of.Draft) -> list[str]:
    return ["calls" if turn["calls"] else turn["name"] or turn["role"] for turn in now["turns"]]


def test_what_came_before_is_added_in_front() -> None:
    now = new(who="Ann", n="1")
    for what in ("exchange", "system", "exchange"):
        now = draft_of.turn_added(now, what, TOOLS)
    assert roles(now) == ["system", "user", "assistant", "user", "assistant", "user"]
    assert turns_of.offered_before(now["turns"]) == ["exchange"]
    assert now["turns"][-1]["content"] == "Plan it"


def test_what_comes_next_is_a_block_that_leaves_the_conversation_right() -> None:
    now = new(who="Ann", n="1")
    for what, offered in (("calls", ["answer", "calls"]), ("answer", ["answer", "calls"])):
        assert turns_of.offered_after(now["turns"]) == offered
        now = draft_of.turn_added(now, what, TOOLS)
    assert roles(now) == ["user", "calls", "plan", "assistant", "user"]
    assert (
        misplaced(
            [
                Turn(t["role"], "x", tuple(ToolCall(c["tool"]) for c in t["calls"]), t["name"])
                for t in now["turns"]
            ]
        )
        is None
    )
    ends = draft_of.turn_removed(now, now["turns"][-1]["uid"])
    assert turns_of.offered_after(ends["turns"]) == ["user"]


def test_calls_of_a_turn_bring_take_and_rename_their_results() -> None:
    now = draft_of.turn_added(new(who="Ann", n="1"), "calls", TOOLS)
    turn, first = now["turns"][1]["uid"], now["turns"][1]["calls"][0]["uid"]
    now = typed(now, {(now["turns"][2]["uid"], "content"): "kept"})
    now = draft_of.call_added(now, turn, TOOLS)
    assert roles(now) == ["user", "calls", "plan", "plan"]
    second = now["turns"][1]["calls"][1]["uid"]
    now = typed(now, {(second, "tool"): "seek"})
    assert roles(now) == ["user", "calls", "plan", "seek"] and now["turns"][2]["content"] == "kept"
    now = typed(now, {(first, "tool"): "rank"})
    assert roles(now) == ["user", "calls", "rank", "seek"] and now["turns"][2]["content"] == "kept"
    now = draft_of.call_removed(now, first)
    assert roles(now) == ["user", "calls", "seek"]


def test_a_block_moves_as_one_and_a_result_among_its_own() -> None:
    now = draft_of.opened(TALK, TOOLS)
    uids = [turn["uid"] for turn in now["turns"]]
    up = draft_of.turn_moved(now, uids[2], -1)
    assert roles(up) == ["system", "calls", "plan", "seek", "user", "assistant", "user"]
    assert draft_of.turn_moved(up, uids[2], 1)["turns"] == now["turns"]
    assert roles(draft_of.turn_moved(now, uids[3], 1))[3:5] == ["seek", "plan"]
    assert not turns_of.movable(now["turns"], uids[3], -1) and not turns_of.movable(now["turns"], uids[4], 1)
    assert not turns_of.movable(now["turns"], uids[0], -1) and not turns_of.movable(now["turns"], uids[6], 1)


def test_a_removed_turn_of_calls_takes_its_results_along() -> None:
    now = draft_of.opened(TALK, TOOLS)
    assert roles(draft_of.turn_removed(now, now["turns"][2]["uid"])) == [
        "system",
        "user",
        "assistant",
        "user",
    ]


SAID, CALLED = Turn("user", "Hi"), Turn("assistant", "", (ToolCall("seek", {"who": "a"}),))
RESULT = Turn("tool", "{}", name="seek")


@pytest.mark.parametrize(
    ("turns", "wrong", "sentence"),
    [
        ((SAID, Turn("assistant", "Yes?")), 1, "Before the answer there must be"),
        ((SAID, CALLED), 1, "has no result"),
        ((SAID, CALLED, SAID), 1, "has no result"),
        ((SAID, RESULT), 1, "follows no call"),
        ((SAID, CALLED, RESULT, RESULT), 3, "follows no call"),
        ((SAID, CALLED, RESULT, SAID), 3, "After a tool's result the assistant answers"),
        ((SAID, Turn("assistant", " "), SAID), 1, "Nothing is written here yet"),
        ((Turn("system", ""), SAID), 0, "Nothing is written here yet"),
    ],
)
def test_a_turn_that_cannot_stand_where_it_does_is_named(turns: tuple, wrong: int, sentence: str) -> None:
    now = draft_of.opened(Example(turns, (ToolCall("seek", {"who": "a"}),), id=1), TOOLS)
    with pytest.raises(StudioError, match=sentence) as raised:
        example_in(now)
    assert raised.value.where == now["turns"][wrong]["uid"]


def test_missing_results_can_be_added() -> None:
    now = draft_of.opened(Example((SAID, CALLED, SAID), reply="x", id=1), TOOLS)
    assert turns_of.lacking(now["turns"], 1) == ["seek"]
    assert roles(draft_of.results_added(now, now["turns"][1]["uid"])) == ["user", "calls", "seek", "user"]


def test_a_wrong_call_of_a_turn_is_named_itself() -> None:
    wrong = Turn("assistant", "", (ToolCall("seek", {"who": "a"}), ToolCall("seek", {})))
    now = draft_of.opened(Example((SAID, wrong, RESULT, RESULT), reply="x", id=1), TOOLS)
    with pytest.raises(StudioError, match="who is missing") as raised:
        example_in(now)
    assert raised.value.where == now["turns"][1]["calls"][1]["uid"]
