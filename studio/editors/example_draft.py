"""What stands in the editor of one example, as pure data: opened, typed into, changed, read back and checked."""

from collections.abc import Callable, Iterable
from typing import Any

from core.errors import StudioError
from core.schema import Example, Tool, Turn
from core.schema.example import SPLITS
from studio.editors import call_draft
from studio.editors import turns as turns_of
from studio.editors.call_draft import Draft
from studio.text import t
from studio.views import call_form
from studio.views.tool_form import new_uid

NO_CALL = "-"  # no tool can have this name
FIRST = (
    "first"  # what gets the focus when the editor is drawn: what is said; "wrong": what is wrong; or a uid
)
WRONG = "wrong"
Typed = Iterable[tuple[str, str, Any]]  # uid of the turn or call ("" the example), name or path, value


def opened(example: Example | None, tools: list[Tool], **more: Any) -> Draft:
    """The draft of a stored example, or of a new one that calls the first tool.

    `findings` (sentences), `split` and `focus` may be given.
    """
    new = example is None
    shown = example or Example((Turn("user"),))
    by_name = _by_name(tools)
    calls = [call_draft.new(tool) for tool in tools[:1]] if new else []
    return {
        "id": shown.id,
        "stored": None if new else shown.to_json(),
        "turns": [turns_of.opened(turn, by_name) for turn in shown.turns],
        "calls": calls or [call_draft.opened(call, by_name) for call in shown.calls],
        "reply": shown.reply,
        "split": shown.split,
        "whole": False,  # whether the conversation is shown turn by turn though it is one thing said
        "findings": [],
        "problem": None,
        "edited": False,
        "focus": FIRST if new else "",
        "revision": new_uid(),
        **more,
    }


def closed() -> Draft:
    return {"revision": new_uid()}


def is_open(draft: Draft) -> bool:
    return "turns" in draft


def is_simple(draft: Draft) -> bool:
    """Whether one thing is said, and nobody asked to see it as a conversation."""
    return not draft["whole"] and [turn["role"] for turn in draft["turns"]] == ["user"]


def after_result(draft: Draft) -> bool:
    """Whether the answer follows a tool's result."""
    return bool(draft["turns"]) and draft["turns"][-1]["role"] == "tool"


def tools_called(draft: Draft) -> list[tuple[str, str]]:
    """The tool of every call, by the call's uid."""
    calls = (*turns_of.all_calls(draft["turns"]), *draft["calls"])
    return [(call["uid"], call["tool"]) for call in calls]


def places(draft: Draft) -> set[str]:
    """Where a problem is told at its place: turns, calls, and the reply."""
    return {"reply", *(uid for uid, _ in tools_called(draft)), *(turn["uid"] for turn in draft["turns"])}


def unsaved(draft: Draft, tools: list[Tool]) -> bool:
    """Whether the draft differs from what is stored."""
    if draft["stored"] is None or draft["id"] is None:
        return any(turn["content"] for turn in draft["turns"])
    try:
        return example_in(draft, tools).to_json() != draft["stored"]
    except StudioError:
        return draft["edited"]


def changed(draft: Draft, **values: Any) -> Draft:
    state = {"problem": None, "edited": True, "focus": "", "revision": new_uid()}
    return {**draft, **state, **values}


def with_problem(draft: Draft, error: StudioError) -> Draft:
    problem = {"where": error.where, "text": f"{error.message} {error.hint}".strip()}
    return changed(draft, problem=problem, focus=WRONG)


def example_in(draft: Draft, tools: list[Tool]) -> Example:
    """The example that a draft says, checked.

    Raises StudioError with the uid of the turn or call that is wrong, "reply" or "split" as its place.
    """
    by_name = _by_name(tools)
    turns = turns_of.read(draft["turns"], by_name)
    calls = tuple(call_draft.read(call, by_name) for call in draft["calls"])
    reply = draft["reply"] if draft["reply"].strip() and not calls else ""
    if not calls and not reply and after_result(draft):
        # The words that are taught where there are none say that no tool fits.
        raise StudioError(t("example.no_reply"), t("example.no_reply_hint"), "reply")
    if draft["split"] not in SPLITS:
        raise StudioError(t("example.no_part"), where="split")
    return Example(turns, calls, reply, draft["split"], draft["id"])


# What was typed


def typed(draft: Draft, values: Typed, tools: list[Tool]) -> Draft:
    """The draft with what stands in the fields now. A tool chosen anew brings its own form."""
    draft = {
        **draft,
        "turns": [{**turn, "calls": [_copy(call) for call in turn["calls"]]} for turn in draft["turns"]],
        "calls": [_copy(call) for call in draft["calls"]],
    }
    turns = {turn["uid"]: turn for turn in draft["turns"]}
    calls = {call["uid"]: call for call in (*draft["calls"], *turns_of.all_calls(draft["turns"]))}
    chosen: list[tuple[str, str]] = []
    for uid, name, value in values:
        if name == "tool":
            chosen.append((uid, str(value or "")))
        elif not uid:
            draft[name] = str(value or "")
        elif uid in turns:
            turns[uid][name] = str(value or "")
        elif uid in calls and name == "json":
            calls[uid][name] = str(value or "")
        elif uid in calls:
            calls[uid]["raw"][name] = value
    for uid, name in chosen:
        draft = _rechosen(draft, uid, name, _by_name(tools))
    return draft


def _copy(call: Draft) -> Draft:
    return {**call, "raw": dict(call["raw"])}


def _rechosen(draft: Draft, uid: str, name: str, tools: dict[str, Tool]) -> Draft:
    """Another tool for a call, the first call, or none."""
    tool = tools.get(name)
    if not uid:  # there was no call so far
        return {**draft, "calls": [call_draft.new(tool)]} if tool and not draft["calls"] else draft
    if name == NO_CALL:
        return {**draft, "calls": [call for call in draft["calls"] if call["uid"] != uid]}

    def change(call: Draft) -> Draft:
        return call_draft.rechosen(call, tool, tools) if tool and call["tool"] != name else call

    return call_changed(draft, uid, change)


def call_changed(draft: Draft, uid: str, change: Callable[[Draft], Draft]) -> Draft:
    """With one call changed, of the answer or of a turn."""

    def all_of(calls: list[Draft]) -> list[Draft]:
        return [change(call) if call["uid"] == uid else call for call in calls]

    turns = draft["turns"]
    for place, turn in enumerate(turns):
        if any(call["uid"] == uid for call in turn["calls"]):
            turns = turns_of.with_calls(turns, place, all_of(turn["calls"]))
    return {**draft, "calls": all_of(draft["calls"]), "turns": turns}


# What buttons do


def call_added(draft: Draft, turn: str, tools: list[Tool]) -> Draft:
    """With one more call, of the first tool, in the answer ("") or in a turn."""
    new = call_draft.new(tools[0])
    if not turn:
        return changed(draft, calls=[*draft["calls"], new], focus=new["uid"])
    place = turns_of.place_of(draft["turns"], turn)
    calls = [*draft["turns"][place]["calls"], new]
    return changed(draft, turns=turns_of.with_calls(draft["turns"], place, calls), focus=new["uid"])


def call_removed(draft: Draft, uid: str) -> Draft:
    turns = draft["turns"]
    for place, turn in enumerate(turns):
        left = [call for call in turn["calls"] if call["uid"] != uid]
        if len(left) < len(turn["calls"]):
            turns = turns_of.with_calls(turns, place, left)
    return changed(draft, turns=turns, calls=[call for call in draft["calls"] if call["uid"] != uid])


def call_turned(draft: Draft, uid: str, tools: list[Tool]) -> Draft:
    """One call's arguments as JSON instead of the form, or the other way. Raises StudioError."""
    by_name = _by_name(tools)
    return changed(call_changed(draft, uid, lambda call: call_draft.turned(call, by_name)))


def group_changed(draft: Draft, uid: str, path: str, added: bool) -> Draft:
    """With one more group in the list at `path`, or without the group there."""
    change = call_form.group_added if added else call_form.group_removed
    return changed(call_changed(draft, uid, lambda call: {**call, "raw": change(call["raw"], path)}))


def turn_added(draft: Draft, what: str, tools: list[Tool]) -> Draft:
    """With more of a conversation: before what is there ("system", "exchange") or after it."""
    if what in turns_of.offered_before(draft["turns"]):
        turns, new = turns_of.added_before(draft["turns"], what)
    else:
        turns, new = turns_of.added_after(draft["turns"], what, tools)
    return changed(draft, turns=turns, whole=True, focus=new)


def results_added(draft: Draft, turn: str) -> Draft:
    """With a result for every call of a turn."""
    return changed(
        draft, turns=turns_of.with_results(draft["turns"], turns_of.place_of(draft["turns"], turn))
    )


def turn_removed(draft: Draft, uid: str) -> Draft:
    return changed(draft, turns=turns_of.removed(draft["turns"], uid))


def turn_moved(draft: Draft, uid: str, by: int) -> Draft:
    return changed(draft, turns=turns_of.moved(draft["turns"], uid, by))


def duplicated(draft: Draft) -> Draft:
    """The same as a new example."""
    return changed(draft, id=None, stored=None, findings=[], focus=FIRST)


def continued(draft: Draft, tools: list[Tool]) -> Draft:
    """A new example that goes on: the calls are made, their results are to be filled in, the answer is open.

    Raises StudioError where the example is not right yet.
    """
    done = example_in(draft, tools)
    made = Turn("assistant", "", done.calls)
    results = tuple(Turn("tool", "", name=call.name) for call in done.calls)
    new = opened(Example((*done.turns, made, *results), split=done.split), tools)
    return {**new, "stored": None, "focus": new["turns"][-len(results)]["uid"]}


def _by_name(tools: list[Tool]) -> dict[str, Tool]:
    return {tool.name: tool for tool in tools}
