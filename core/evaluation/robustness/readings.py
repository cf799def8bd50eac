"""What changed rows say of a model: did it learn what tools are for, or their names, and how many tools does it bear?

Every change is compared with the unchanged rows on the same examples, by the exact test of McNemar; what could be luck
is called so. Each change looks worse by luck with a chance of one in twenty, and there are eight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.evaluation import statistics
from core.evaluation.robustness.variants import MORE, UNCHANGED, VARIANTS
from core.store.evaluations import Prediction

LEAST = 6  # rows that differ, all to one side, before McNemar's test can tell anything
FEW = 0.5  # of what was right unchanged: with less than that the change took most of it away

Kind = Literal["good", "bad", "open"]

_WITH = {
    "shuffled": "With the tools in another order",
    "renamed": "With names that say nothing",
    "short": "With shorter descriptions",
    "case": "In capitals, in small letters or without punctuation",
    "typos": "With slips of the keyboard",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One change against the unchanged rows, on the examples that both have."""

    variant: str
    tools: int  # that the model was shown
    n: int
    right: int
    unchanged: int  # right without the change
    fixed: int
    broke: int

    @property
    def verdict(self) -> statistics.Verdict:
        return statistics.verdict(self.fixed, self.broke)

    @property
    def p(self) -> float:
        return statistics.mcnemar(self.fixed, self.broke)

    @property
    def score(self) -> str:
        if self.right == self.unchanged:
            return f"still {self.right} of {self.n}"
        return f"{self.right} of {self.n} instead of {self.unchanged}"

    @property
    def luck(self) -> str:
        """What to say of a difference that the rows do not prove; nothing where there is none, or it is proven."""
        if self.verdict != "open" or self.right == self.unchanged:
            return ""
        more = statistics.further(self.fixed, self.broke, self.n)
        return f", which could be luck; about {more} more test examples would tell" if more else ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence on what the changes showed; `variant` is the one it is about, "" where it is about all."""

    kind: Kind
    sentence: str
    variant: str = ""


def compare(asked: Mapping[str, Sequence[Prediction]], tools: Mapping[str, int]) -> list[Reading]:
    """A reading for each change that was asked, in the order of VARIANTS; none before the unchanged rows were."""
    if UNCHANGED not in asked:
        return []
    before = {one.example: one.right for one in asked[UNCHANGED]}
    found = []
    for variant in VARIANTS:
        if variant not in asked:
            continue
        after = {one.example: one.right for one in asked[variant] if one.example in before}
        found.append(
            Reading(
                variant,
                tools.get(variant, 0),
                len(after),
                sum(after.values()),
                sum(before[id] for id in after),
                sum(right and not before[id] for id, right in after.items()),
                sum(before[id] and not right for id, right in after.items()),
            )
        )
    return found


def read(readings: Sequence[Reading]) -> list[Finding]:
    """The findings, what matters most first; none where nothing was changed."""
    by_name = {one.variant: one for one in readings if one.variant != UNCHANGED}
    if not by_name:
        return []
    first = next(iter(by_name.values()))
    if not first.unchanged:
        said = f"It names the right tool in none of the {first.n} unchanged rows, so there is nothing to take away."
        return [Finding("open", f"{said} Train it first.")]
    found = []
    if "renamed" in by_name:
        found.append(_names(by_name["renamed"]))
    added = [by_name[name] for name in (f"distractors-{count}" for count in MORE) if name in by_name]
    if added:
        found.append(_bears(added))
    found += [_other(by_name[name]) for name in _WITH if name in by_name and name != "renamed"]
    if first.unchanged < LEAST:
        said = f"Only {first.unchanged} of the {first.n} unchanged rows are right, too few to tell a loss from luck."
        found.append(Finding("open", f"{said} Add test examples."))
    return found


def _names(one: Reading) -> Finding:
    """Whether the names of the tools carry what was learned."""
    if one.verdict == "worse":
        most = one.right < FEW * one.unchanged
        said = "It learned the names" if most else "It leans on the names"
        return Finding("bad", f"{said}: with others that say nothing {one.score}.", one.variant)
    if one.right >= one.unchanged:
        said = "It learned what the tools are for, not their names"
        return Finding("good", f"{said}: with names that say nothing {one.score}.", one.variant)
    return Finding("open", f"{_WITH['renamed']}, {one.score}{one.luck}.", one.variant)


def _bears(added: Sequence[Reading]) -> Finding:
    """How many tools the model bears: up to the first number with which it is worse."""
    borne = None
    for one in added:
        if one.verdict == "worse":
            if borne is None:
                said = f"It bears no more tools: with {one.tools} in all {one.score}."
            else:
                said = f"It bears {borne.tools} tools; with {one.tools} it falls to {one.score}."
            return Finding("bad", said, one.variant)
        borne = one
    assert borne
    said = f"It bears {borne.tools} tools: among so many {borne.score}{borne.luck}."
    return Finding("open" if borne.luck else "good", said, borne.variant)


def _other(one: Reading) -> Finding:
    if one.verdict == "worse":
        return Finding("bad", f"{_WITH[one.variant]} it gets worse: {one.score}.", one.variant)
    if not one.fixed and not one.broke:
        return Finding(
            "good", f"{_WITH[one.variant]} the same {one.right} of {one.n} are right.", one.variant
        )
    if one.right == one.unchanged:
        said = f"as many are right, {one.right} of {one.n}, though not in the same rows"
        return Finding("good", f"{_WITH[one.variant]} {said}.", one.variant)
    kind: Kind = "good" if one.right >= one.unchanged else "open"
    return Finding(kind, f"{_WITH[one.variant]} {one.score}{one.luck}.", one.variant)
