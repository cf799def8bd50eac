"""Two models, or several on either side, on the same test rows: what changed, and whether it could be luck.

Every number keeps the ids of its examples, so that a page can open the rows behind it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.evaluation import statistics
from core.store.evaluations import Prediction

Right = Callable[[Prediction], bool]
Ids = tuple[int, ...]


def right_tool(prediction: Prediction) -> bool:
    """Whether exactly the expected tools are called."""
    return prediction.right


def right_call(prediction: Prediction) -> bool:
    """Whether, beside the right tools, every argument is accepted under its rule.

    Predictions from before arguments were judged one by one have no ladder; of them only equal arguments count.
    """
    return bool(prediction.ladder.get("accepted", prediction.exact))


@dataclass(frozen=True, slots=True)
class Pair:
    """The answers of two models to one example; either may be missing."""

    before: Prediction | None
    after: Prediction | None

    @property
    def either(self) -> Prediction:
        return self.after or self.before  # type: ignore[return-value]

    @property
    def example(self) -> int:
        return self.either.example


def pairs(before: Sequence[Prediction], after: Sequence[Prediction]) -> list[Pair]:
    """Both answers to each example of one snapshot, in the order of the examples."""
    first, second = ({p.example: p for p in side} for side in (before, after))
    return [Pair(first.get(example), second.get(example)) for example in sorted(first.keys() | second.keys())]


def pairs_by_content(before: Sequence[Prediction], after: Sequence[Prediction]) -> list[Pair]:
    """Both answers to each question of two snapshots that expects the same there, in the order of the later one.

    Questions that only one of them asked are left out.
    """
    waiting: dict[str, list[Prediction]] = {}
    for one in reversed(before):
        waiting.setdefault(_content(one), []).append(one)
    return [Pair(same.pop(), one) for one in after if (same := waiting.get(_content(one)))]


def _content(prediction: Prediction) -> str:
    return repr((prediction.prompt, prediction.expected))


@dataclass(frozen=True, slots=True)
class Transitions:
    """The examples that both models answered, by what became of them."""

    fixed: Ids
    broke: Ids
    still_wrong: Ids
    still_right: Ids

    @property
    def n(self) -> int:
        return len(self.fixed) + len(self.broke) + len(self.still_wrong) + len(self.still_right)

    @property
    def p(self) -> float:
        return statistics.mcnemar(len(self.fixed), len(self.broke))

    @property
    def verdict(self) -> statistics.Verdict:
        return statistics.verdict(len(self.fixed), len(self.broke))

    @property
    def further(self) -> int | None:
        """About how many more examples would tell, as `statistics.further` has it."""
        return statistics.further(len(self.fixed), len(self.broke), self.n)


def transitions(found: Iterable[Pair], right: Right = right_tool) -> Transitions:
    """What became of each example that both sides answered; `right` says what counts as right."""
    parts: dict[tuple[bool, bool], list[int]] = {}
    for pair in found:
        if pair.before and pair.after:
            parts.setdefault((right(pair.before), right(pair.after)), []).append(pair.example)
    places = ((False, True), (True, False), (False, False), (True, True))
    return Transitions(*(tuple(parts.get(place, ())) for place in places))


@dataclass(frozen=True, slots=True)
class Several:
    """Several models on either side (seeds, checkpoints) on the same examples: mean shares, and what they tell."""

    examples: Ids
    before: tuple[float, ...]  # the share of right answers of each model
    after: tuple[float, ...]
    p: float
    verdict: statistics.Verdict

    @property
    def difference(self) -> float:
        """Of the mean shares, after less before."""
        return sum(self.after) / len(self.after) - sum(self.before) / len(self.before)


def several(
    before: Sequence[Sequence[Prediction]], after: Sequence[Sequence[Prediction]], right: Right = right_tool
) -> Several:
    """Models against models, each by its predictions, on the examples that all of them answered.

    Paired by example: of each the mean over the models before is taken from the mean over those after, and the p is
    that of a sign-flip test over examples. It tells whether these models differ on questions of this kind, not
    whether other seeds would. Raises ValueError where a side is empty.
    """
    sides = [[{p.example: right(p) for p in one} for one in side] for side in (before, after)]
    if not all(sides):
        raise ValueError("Each side needs a model.")
    models = [model for side in sides for model in side]
    examples = sorted(set(models[0]).intersection(*models[1:]))
    first, second = sides
    # Whole numbers: the difference of the means, times how many models there are on both sides.
    differences = [
        sum(model[id] for model in second) * len(first) - sum(model[id] for model in first) * len(second)
        for id in examples
    ]
    p = statistics.sign_flip(differences)
    shares = [
        tuple(sum(model[id] for id in examples) / max(1, len(examples)) for model in side) for side in sides
    ]
    return Several(tuple(examples), shares[0], shares[1], p, statistics.named(p, sum(differences)))
