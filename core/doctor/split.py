"""Dividing examples into those to learn from and those to test with."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.doctor.prompts import near
from core.errors import StudioError
from core.schema import Example, Tool


def split(examples: list[Example], test_share: float, seed: int) -> list[Example]:
    """The same examples in the same order, divided anew into train and test.

    Stratified by the tools that are called: each keeps the share as nearly as whole rows allow, with at least
    one row to learn from; the only row of a tool is one to learn from. Rows that ask nearly the same stay on one
    side. Equal input and seed give an equal division. Raises StudioError unless 0 <= `test_share` < 1.
    """
    if not 0 <= test_share < 1:
        raise StudioError(
            "The share of test rows must be at least 0 and below 1.", "0.5 is half.", "test_share"
        )
    return divided(examples, near(examples), test_share, seed)


def divided(
    examples: Sequence[Example], groups: list[list[int]], test_share: float, seed: int
) -> list[Example]:
    """`split` where it is known which places belong together."""
    leader = {place: group[0] for group in groups for place in group}
    together: dict[int, list[int]] = {}
    for place in range(len(examples)):
        together.setdefault(leader.get(place, place), []).append(place)
    by_label: dict[str, list[list[int]]] = {}
    for group in together.values():
        by_label.setdefault(examples[group[0]].tools, []).append(group)
    wanted = _test_rows({label: sum(map(len, some)) for label, some in by_label.items()}, test_share)
    chosen: set[int] = set()
    for label, some in by_label.items():
        # A generator for each label, so that a new tool does not reshuffle the others.
        random.Random(f"{seed}:{label}").shuffle(some)
        left = wanted[label]
        for group in some:
            if len(group) <= left:
                chosen.update(group)
                left -= len(group)
    return [replace(e, split="test" if place in chosen else "train") for place, e in enumerate(examples)]


def _test_rows(sizes: dict[str, int], share: float) -> dict[str, int]:
    """Test rows for each label: rounded down, then one more by largest remainder until the sum is right."""
    wanted = {label: int(n * share) for label, n in sizes.items()}
    missing = round(sum(sizes.values()) * share) - sum(wanted.values())
    by_remainder = sorted(sizes, key=lambda label: -(sizes[label] * share - int(sizes[label] * share)))
    room = [label for label in by_remainder if wanted[label] < min(sizes[label] * share, sizes[label] - 1)]
    for label in room[: max(missing, 0)]:
        wanted[label] += 1
    return wanted


@dataclass(frozen=True, slots=True)
class Count:
    """How many examples call a tool; `tool` is empty for those that call none."""

    tool: str
    train: int
    test: int


def division(tools: list[Tool], examples: Sequence[Example]) -> list[Count]:
    """The parts in numbers: the tools in their order, tools that are called and not there, and no call at the end.

    An example that calls two tools counts for both.
    """
    counts = {tool.name: {"train": 0, "test": 0} for tool in tools}
    none = {"train": 0, "test": 0}
    for example in examples:
        for name in {call.name for call in example.calls}:
            counts.setdefault(name, {"train": 0, "test": 0})[example.split] += 1
        if not example.calls:
            none[example.split] += 1
    return [Count(name, **n) for name, n in (*counts.items(), ("", none))]
