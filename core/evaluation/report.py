"""All that can be said of two models which were asked the same rows, with the rows behind every number.

The page and the exports both read this, so that they cannot say different things.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlite_utils import Database

from core.evaluation import comparison
from core.evaluation.comparison import ArgumentCount, Confusion, Pair, Several, ToolCount, Transitions
from core.store import asked, evaluations, frozen
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
    tools: tuple[str, ...]  # of the right side
    left_out: int  # rows of the right side that the left one was not asked

    @property
    def both(self) -> tuple[Pair, ...]:
        """The rows that count: those that all sides there are have answered."""
        return tuple(pair for pair in self.pairs if pair.after and (pair.before or not self.left))

    @property
    def same_rows(self) -> bool:
        """Whether both sides were asked the same rows of the same examples."""
        return self.left is None or _rows(self.left) == _rows(self.right)

    def answers(self, side: str) -> list[Prediction]:
        """The answers that count of the "left" or the "right" side."""
        found = (pair.before if side == "left" else pair.after for pair in self.both)
        return [one for one in found if one]

    def changed(self, measure: Measure) -> Transitions:
        return comparison.transitions(self.both, RIGHT[measure])

    def right_ids(self, side: str, measure: Measure) -> tuple[int, ...]:
        return tuple(one.example for one in self.answers(side) if RIGHT[measure](one))

    def confusion(self, side: str) -> Confusion:
        return comparison.confusion(self.answers(side), self.tools)

    def per_tool(self, side: str) -> list[ToolCount]:
        return comparison.per_tool(self.answers(side), self.tools)

    def arguments(self, side: str) -> list[ArgumentCount]:
        return comparison.worst_arguments(self.answers(side))


def _rows(one: Asked) -> tuple[str, str]:
    return one.snapshot, one.split


def read(db: Database, left: Asked | None, right: Asked) -> Report:
    """The report on two evaluations.

    On the same rows they are paired by example. Where the rows are others, those are paired that ask and expect the
    same; the rest is left out and counted.
    """
    before = evaluations.predictions(db, left.id) if left else []
    after = evaluations.predictions(db, right.id)
    if left is None or _rows(left) == _rows(right):
        found = comparison.pairs(before, after)
    else:
        found = [_renumbered(pair) for pair in comparison.pairs_by_content(before, after)]
    answered = sum(pair.after is not None and (pair.before is not None or left is None) for pair in found)
    tools = tuple(tool.name for tool in frozen.tools(db, right.snapshot))
    return Report(left, right, tuple(found), tools, len(after) - answered)


def _renumbered(pair: Pair) -> Pair:
    """The pair with the id of the later side on both."""
    assert pair.before and pair.after
    return Pair(replace(pair.before, example=pair.after.example), pair.after)


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
    first, second = ([evaluations.predictions(db, one.id) for one in side] for side in sides)
    return Seeds(
        tuple(sides[0]),
        tuple(sides[1]),
        comparison.several(first, second, comparison.right_tool),
        comparison.several(first, second, comparison.right_call),
    )
