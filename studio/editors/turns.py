"""What was said before the answer, as it stands in the editor: opened, added to, put in order, read back.

A turn with calls and the results after it are one block: they are added, moved and removed together, so that no
result stands without its call.
"""

from typing import Any

from core.errors import StudioError
from core.prompt.messages import misplaced
from core.schema import Tool, Turn
from studio.editors import call_draft
from studio.editors.call_draft import Draft
from studio.text import t
from studio.views.tool_form import new_uid

Turns = list[Draft]


def opened(turn: Turn, tools: dict[str, Tool]) -> Draft:
    """A stored turn."""
    calls = [call_draft.opened(call, tools) for call in turn.calls]
    return {**_turn(turn.role, turn.content, turn.name), "calls": calls}


def _turn(role: str, content: str = "", name: str = "", calls: Turns | None = None) -> Draft:
    return {"uid": new_uid(), "role": role, "content": content, "name": name, "calls": calls or []}


def read(turns: Turns, tools: dict[str, Tool]) -> tuple[Turn, ...]:
    """The turns, checked. Raises StudioError with the uid of the turn or call that is wrong as its place."""
    last = last_said(turns)
    if last is None or not last["content"].strip():
        raise StudioError(t("example.no_prompt"), t("example.no_prompt_hint"), last["uid"] if last else "")
    result = []
    for turn in turns:
        calls = tuple(call_draft.read(call, tools) for call in turn["calls"])
        if not calls and not turn["content"].strip():
            hint = t("turn.empty_result_hint" if turn["role"] == "tool" else "turn.empty_hint")
            raise StudioError(t("turn.empty"), hint, turn["uid"])
        result.append(Turn(turn["role"], turn["content"], calls, turn["name"]))
    found = misplaced(result)
    if found:
        place, error = found
        waiting = [one for one in range(len(turns)) if lacking(turns, one)]
        place = min([place, *waiting])
        raise StudioError(error.message, error.hint, turns[place]["uid"])
    return tuple(result)


def last_said(turns: Turns) -> Draft | None:
    """The turn that asks: the last thing a user said."""
    return next((turn for turn in reversed(turns) if turn["role"] == "user"), None)


# Calls and their results


def results(turns: Turns, place: int) -> Turns:
    """The results that follow the turn at a place."""
    found = []
    for turn in turns[place + 1 :]:
        if turn["role"] != "tool":
            break
        found.append(turn)
    return found


def _paired(turns: Turns, place: int) -> dict[str, Draft]:
    """The result of each call of a turn, by the call's uid, where it has one."""
    free, pairs = results(turns, place), {}
    for call in turns[place]["calls"]:
        match = next((turn for turn in free if turn["name"] == call["tool"]), None)
        if match:
            pairs[call["uid"]] = match
            free.remove(match)
    return pairs


def lacking(turns: Turns, place: int) -> list[str]:
    """The tools that a turn calls without a result after it."""
    pairs = _paired(turns, place)
    return [call["tool"] for call in turns[place]["calls"] if call["uid"] not in pairs]


def with_results(turns: Turns, place: int) -> Turns:
    """With an empty result for each call of a turn that has none."""
    end = place + 1 + len(results(turns, place))
    missing = [_turn("tool", name=name) for name in lacking(turns, place)]
    return [*turns[:end], *missing, *turns[end:]]


def called(calls: Turns) -> Turns:
    """A turn of calls with empty results after it."""
    return with_results([_turn("assistant", calls=calls)], 0)


def with_calls(turns: Turns, place: int, calls: Turns) -> Turns:
    """With other calls in a turn: results go with calls that go, and take the name of a tool that is chosen anew."""
    pairs, after = _paired(turns, place), {call["uid"]: call["tool"] for call in calls}
    gone = {result["uid"] for uid, result in pairs.items() if uid not in after}
    names = {result["uid"]: after[uid] for uid, result in pairs.items() if uid in after}
    new = [call["tool"] for call in calls if call["uid"] not in {one["uid"] for one in turns[place]["calls"]}]
    end = place + 1 + len(results(turns, place))
    kept = [
        {**turn, "name": names.get(turn["uid"], turn["name"])}
        for turn in turns[place + 1 : end]
        if turn["uid"] not in gone
    ]
    added = [_turn("tool", name=name) for name in new]
    return [*turns[:place], {**turns[place], "calls": calls}, *kept, *added, *turns[end:]]


# Adding, removing and ordering


def offered_before(turns: Turns) -> list[str]:
    """What can be put before the conversation."""
    instructed = bool(turns) and turns[0]["role"] == "system"
    return ["exchange"] if instructed else ["system", "exchange"]


def offered_after(turns: Turns) -> list[str]:
    """What can come next, before the answer that is taught."""
    asks = turns and turns[-1]["role"] in ("user", "tool")
    return ["answer", "calls"] if asks else ["user"]


def added_before(turns: Turns, what: str) -> tuple[Turns, str]:
    """With instructions, or something said and its answer, before all else; and the uid of what is new."""
    if what == "system":
        new = _turn("system")
        return [new, *turns], new["uid"]
    start = 1 if turns and turns[0]["role"] == "system" else 0
    said = _turn("user")
    return [*turns[:start], said, _turn("assistant"), *turns[start:]], said["uid"]


def added_after(turns: Turns, what: str, tools: list[Tool]) -> tuple[Turns, str]:
    """With a block at the end: the model's words and what is said next, its calls and their results; the uid."""
    if what == "calls" and tools:
        new = called([call_draft.new(tools[0])])
    elif what == "answer":
        new = [_turn("assistant"), _turn("user")]
    else:
        new = [_turn("user")]
    return [*turns, *new], new[0]["uid"]


def removed(turns: Turns, uid: str) -> Turns:
    """Without a turn; the results of its calls go with it."""
    place = place_of(turns, uid)
    end = place + 1 + (len(results(turns, place)) if turns[place]["calls"] else 0)
    return [*turns[:place], *turns[end:]]


def movable(turns: Turns, uid: str, by: int) -> bool:
    """Whether there is something of its kind to change places with."""
    return moved(turns, uid, by) != turns


def moved(turns: Turns, uid: str, by: int) -> Turns:
    """One place up (by -1) or down: a result among the results of the same calls, all else block by block."""
    blocks = _blocks(turns)
    at = next(n for n, block in enumerate(blocks) if any(turn["uid"] == uid for turn in block))
    block = blocks[at]
    place = place_of(block, uid)
    if place and 1 <= place + by < len(block):
        block[place], block[place + by] = block[place + by], block[place]
    elif not place and 0 <= at + by < len(blocks):
        blocks[at], blocks[at + by] = blocks[at + by], blocks[at]
    return [turn for block in blocks for turn in block]


def _blocks(turns: Turns) -> list[Turns]:
    blocks: list[Turns] = []
    for turn in turns:
        if turn["role"] == "tool" and blocks and blocks[-1][0]["calls"]:
            blocks[-1].append(turn)
        else:
            blocks.append([turn])
    return blocks


def place_of(turns: Turns, uid: str) -> int:
    """Where a turn stands."""
    return next(place for place, turn in enumerate(turns) if turn["uid"] == uid)


def all_calls(turns: Turns) -> list[dict[str, Any]]:
    """Every call of the conversation."""
    return [call for turn in turns for call in turn["calls"]]
