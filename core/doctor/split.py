"""Dividing examples into those to learn from and those to test with."""

import random
from dataclasses import replace

from core.doctor.prompts import asked
from core.errors import StudioError
from core.schema import Example


def split(examples: list[Example], test_share: float, seed: int) -> list[Example]:
    """The same examples in the same order, divided anew into train and test.

    Stratified by the tools that are called: each keeps the share as nearly as whole rows allow, with at least
    one row to learn from; the only row of a tool is one to learn from. Rows that ask the same stay on one
    side. Equal input and seed give an equal division. Raises StudioError unless 0 <= `test_share` < 1.
    """
    if not 0 <= test_share < 1:
        raise StudioError(
            "The share of test rows must be at least 0 and below 1.", "0.5 is half.", "test_share"
        )
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, example in enumerate(examples):
        groups.setdefault(asked(example), []).append(place)
    by_label: dict[str, list[list[int]]] = {}
    for group in groups.values():
        by_label.setdefault(examples[group[0]].tools, []).append(group)
    wanted = _test_rows({label: sum(map(len, groups)) for label, groups in by_label.items()}, test_share)
    chosen: set[int] = set()
    for label, groups_of_label in by_label.items():
        # A generator for each label, so that a new tool does not reshuffle the others.
        random.Random(f"{seed}:{label}").shuffle(groups_of_label)
        left = wanted[label]
        for group in groups_of_label:
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
