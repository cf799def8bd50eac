"""Test rows that are turns of one conversation: a dialogue is right when each of its answers is."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.schema import Example, Turn
from core.schema.call import dumps


def dialogues(examples: Sequence[Example]) -> list[tuple[int, ...]]:
    """The rows that go on from one another, by their places in `examples`, for dialogues of two answers or more.

    An importer that takes every answer of a conversation makes a row of each; a row belongs to the dialogue of the
    longest row that begins with its turns and its answer. Where two dialogues begin alike, the beginning is in both.
    """
    begun: dict[str, list[int]] = {}
    for place, example in enumerate(examples):
        begun.setdefault(_turns(example.turns), []).append(place)
    before = [_before(example, examples, begun) for example in examples]
    followed = {place for chain in before for place in chain}
    return [(*chain, place) for place, chain in enumerate(before) if chain and place not in followed]


def _before(example: Example, examples: Sequence[Example], begun: Mapping[str, Sequence[int]]) -> list[int]:
    """The rows whose turns and answer this one begins with, the shortest first."""
    found: list[int] = []
    for end, turn in enumerate(example.turns):
        if turn.role == "assistant":
            same = begun.get(_turns(example.turns[:end]), ())
            found += [place for place in same if _answered(examples[place], turn)][:1]
    return found


def _answered(example: Example, turn: Turn) -> bool:
    """Whether a turn is the answer that an example teaches; words beside a call are not part of it."""
    if example.calls or turn.calls:
        return dumps([call.to_json() for call in example.calls]) == dumps(
            [call.to_json() for call in turn.calls]
        )
    return example.reply == turn.content


def _turns(turns: Sequence[Turn]) -> str:
    return dumps([turn.to_json() for turn in turns])


def counts(examples: Sequence[Example], right: Sequence[bool], accepted: Sequence[bool]) -> dict[str, Any]:
    """How many dialogues there are, and in how many of them every answer is right, or the right call."""
    found = dialogues(examples)
    return {
        "dialogues": len(found),
        "dialogues_right": sum(all(right[place] for place in places) for places in found),
        "dialogues_accepted": sum(all(accepted[place] for place in places) for places in found),
    }
