"""All that can be said of two models which were asked the same rows, with the rows behind every number.

The page and the exports both read this, so that they cannot say different things.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlite_utils import Database

from core.evaluation import breakdown, comparison, dialogues, ladder, wording
from core.evaluation.breakdown import ArgumentCount, Confusion, ToolCount
from core.evaluation.comparison import Pair, Several, Transitions
from core.prompt.parsed import Parsed
from core.schema import ToolCall
from core.store import asked, evaluations, frozen, projects
from core.store.asked import Asked
from core.store.evaluations import Prediction

Measure = Literal["tool", "call"]
MEASURES: tuple[Measure, ...] = ("tool", "call")
RIGHT: dict[Measure, comparison.Right] = {"tool": comparison.right_tool, "call": comparison.right_call}


@dataclass(frozen=True, slots=True)
class Report:
    """Two sides, or the right one alone. Every id is that of an example on the right side."""

    left: Asked | None
    right: Asked
    pairs: tuple[Pair, ...]
    tools: tuple[
        str, ...
    ]  # of the right side, and what they are called where they were renamed or others added
    left_out: int  # rows of the right side that the left one was not asked
    dialogues: tuple[
        tuple[int, ...], ...
    ] = ()  # the rows of each conversation that was asked in several turns

    @property
    def both(self) -> tuple[Pair, ...]:
        """The rows that count: those that all sides there are have answered."""
        return tuple(pair for pair in self.pairs if pair.after and (pair.before or not self.left))

    def answers(self, side: str) -> list[Prediction]:
        """The answers that count of the "left" or the "right" side."""
        found = (pair.before if side == "left" else pair.after for pair in self.both)
        return [one for one in found if one]

    def changed(self, measure: Measure) -> Transitions:
        return comparison.transitions(self.both, RIGHT[measure])

    def right_ids(self, side: str, measure: Measure) -> tuple[int, ...]:
        return tuple(one.example for one in self.answers(side) if RIGHT[measure](one))

    def right_dialogues(self, side: str, measure: Measure) -> list[tuple[int, ...]]:
        """The conversations that are right in every turn."""
        right = set(self.right_ids(side, measure))
        return [ids for ids in self.dialogues if right.issuperset(ids)]

    def confusion(self, side: str) -> Confusion:
        return breakdown.confusion(self.answers(side), self.tools)

    def per_tool(self, side: str) -> list[ToolCount]:
        return breakdown.per_tool(self.answers(side), self.tools)

    def arguments(self, side: str) -> list[ArgumentCount]:
        return breakdown.worst_arguments(self.answers(side))


def _rows(one: Asked) -> tuple[str, str]:
    return one.snapshot, one.split


def read(db: Database, left: Asked | None, right: Asked) -> Report:
    """The report on two evaluations.

    On the same rows they are paired by example. Where the rows are others, those are paired that ask and expect the
    same; the rest is left out and counted.
    """
    before = answers(db, left) if left else []
    after = answers(db, right)
    if left is None or _rows(left) == _rows(right):
        found = comparison.pairs(before, after)
    else:
        judge = _judge(db, right)  # by one rule on both sides
        found = [_renumbered(pair, judge) for pair in comparison.pairs_by_content(before, after)]
    answered = sum(pair.after is not None and (pair.before is not None or left is None) for pair in found)
    known = dict.fromkeys(tool.name for tool in frozen.tools(db, right.snapshot))
    for one in (*before, *after):
        known.update(dict.fromkeys(call["name"] for call in one.expected))
        if one.verdict in ("wrong_tool", "extra_call"):  # of these every tool that was called was there
            known.update(dict.fromkeys(call["name"] for call in one.calls))
    return Report(
        left, right, tuple(found), tuple(known), len(after) - answered, _dialogues(db, right, after)
    )


def _dialogues(db: Database, right: Asked, after: Sequence[Prediction]) -> tuple[tuple[int, ...], ...]:
    if not right.summary.get("dialogues"):
        return ()
    examples = list(frozen.examples(db, right.snapshot, [one.example for one in after]).values())
    return tuple(
        tuple(examples[place].id or 0 for place in places) for places in dialogues.dialogues(examples)
    )


def answers(db: Database, one: Asked) -> list[Prediction]:
    """The predictions of an evaluation; those from before arguments were judged one by one are judged now."""
    found = evaluations.predictions(db, one.id)
    if all(prediction.ladder for prediction in found):
        return found
    judge = _judge(db, one)
    return [each if each.ladder else replace(each, ladder=judge(each)) for each in found]


def _judge(db: Database, one: Asked) -> Callable[[Prediction], dict[str, Any]]:
    """How an answer is judged by the tools of an evaluation and by its rules for text."""
    snapshot = projects.snapshot(db, one.snapshot)
    rules = wording.rules(snapshot.tools, snapshot.examples)
    tools = {tool.name: tool for tool in snapshot.tools}

    def judge(answer: Prediction) -> dict[str, Any]:
        expected, called = (
            [ToolCall.from_json(call) for call in calls] for calls in (answer.expected, answer.calls)
        )
        unreadable = "unreadable" if answer.verdict == "malformed" else ""
        cut = answer.ladder.get("truncated", False)
        parsed = Parsed(calls=tuple(called), malformed=unreadable)
        return ladder.climb(expected, parsed, tools, rules, cut).to_json()

    return judge


def _renumbered(pair: Pair, judge: Callable[[Prediction], dict[str, Any]]) -> Pair:
    """The pair with the id of the later side on both, the earlier one judged as the later one."""
    assert pair.before and pair.after
    before = replace(pair.before, example=pair.after.example, ladder=judge(pair.before))
    return Pair(before, pair.after)


@dataclass(frozen=True, slots=True)
class Seeds:
    """The same training with several seeds on the left or on the right, all of them on the same rows."""

    left: tuple[Asked, ...]
    right: tuple[Asked, ...]
    tool: Several
    call: Several


def seeds(db: Database, known: Sequence[Asked], left: Asked | None, right: Asked) -> Seeds | None:
    """Both sides with all seeds of their trainings; None where there is no second seed or the rows are others."""
    if left is None or _rows(left) != _rows(right):
        return None
    sides = [asked.siblings(known, one) for one in (left, right)]
    if max(map(len, sides)) < 2:
        return None
    first, second = ([answers(db, one) for one in side] for side in sides)
    return Seeds(
        tuple(sides[0]),
        tuple(sides[1]),
        comparison.several(first, second, comparison.right_tool),
        comparison.several(first, second, comparison.right_call),
    )


RARE = 1_000_000  # luck is not said to be rarer than once in so many tries


def tries(p: float) -> int:
    """In how many tries luck would do it once: one round digit, never too many."""
    if p <= 1 / RARE:
        return RARE
    magnitude = 10 ** math.floor(math.log10(1 / p))
    return math.floor(1 / p / magnitude + 1e-9) * magnitude


def about(n: int) -> int:
    """A number that is only about right, rounded up to the two digits that count."""
    magnitude = 10 ** max(0, math.floor(math.log10(n)) - 1)
    return math.ceil(n / magnitude) * magnitude
