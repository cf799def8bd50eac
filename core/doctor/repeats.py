"""The same asked more than once: answered differently, in train and in test, or for nothing."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from core.doctor.finding import Finding, Rows, counted
from core.doctor.prompts import answered, asked, meant
from core.doctor.prompts import near as near_each_other
from core.schema import Example
from core.schema.call import same_calls

One = TypeVar("One")


def contradictions(rows: Rows) -> Iterator[Finding]:
    """The same words, but for politeness and punctuation, with different calls."""
    unlike = [
        group
        for group in _groups((meant(e), (id, e)) for id, e in rows if e.prompt.strip())
        if not all(same_calls(group[0][1].calls, other.calls) for _, other in group[1:])
    ]
    if unlike:
        (first, example), *others = unlike[0]
        second, other = next(one for one in others if not same_calls(one[1].calls, example.calls))
        same = "The same prompt has" if asked(example) == asked(other) else "Nearly the same prompts have"
        message = f"{same} different answers in examples {first} and {second}{_more(len(unlike) - 1)}."
        remedy = "Keep the right answer, or say in the prompt what makes the difference."
        ids = tuple(id for group in unlike for id, _ in group)
        yield Finding("warn", message, ids, remedy, "contradiction")


def _groups(pairs: Iterable[tuple[Hashable, One]]) -> list[list[One]]:
    """What has an equal key, in groups of two and more."""
    groups: dict[Hashable, list[One]] = {}
    for key, one in pairs:
        groups.setdefault(key, []).append(one)
    return [group for group in groups.values() if len(group) > 1]


def _more(n: int) -> str:
    return f", and {counted(n, 'more such prompt')}" if n else ""


Sides = tuple[list[int], list[int]]


def leaks(examples: Sequence[Example], near: list[list[int]]) -> list[Sides]:
    """Places of what stands on both sides, for each group of `near`: in train, and in test.

    Of rows that ask nearly the same those are meant that answer the same too, or ask exactly the same.
    """
    found = []
    for group in near:
        train = [place for place in group if examples[place].split == "train"]
        test = [place for place in group if examples[place].split == "test"]
        if train and test:
            keys = [{key for place in side for key in _keys(examples[place])} for side in (train, test)]
            shared = keys[0] & keys[1]
            sides = [[p for p in side if shared.intersection(_keys(examples[p]))] for side in (train, test)]
            if shared:
                found.append((sides[0], sides[1]))
    return found


def _keys(example: Example) -> tuple[Hashable, Hashable]:
    return meant(example), answered(example)


def leaked(examples: Sequence[Example], rows: Rows, near: list[list[int]]) -> Iterator[Finding]:
    """Rows of the test that can be answered from memory."""
    both = leaks(examples, near)
    if both:
        (one, *_), (other, *_) = both[0]
        exact = asked(examples[one]) == asked(examples[other])
        same = "The same prompt is" if exact else "Nearly the same prompt is"
        message = f"{same} in train and in test: examples {rows[one][0]} and {rows[other][0]}"
        message += f"{_more(len(both) - 1)}."
        remedy = "Keep them on one side, or the test measures memory."
        ids = tuple(rows[place][0] for train, test in both for place in (*train, *test))
        fix = _leak_label(examples, both)
        yield Finding("warn", message, ids, remedy, "leak", fix)


def unleaked(examples: Sequence[Example], both: list[Sides]) -> list[int]:
    """Places to delete so that nothing stands on both sides.

    The copy to learn from goes: the test stays as it is, and what it asks is new to the model. Only where that
    would leave a tool with nothing to learn from, the copy in the test goes.
    """
    left: dict[str, int] = {}
    for example in examples:
        if example.split == "train":
            for name in _labels(example):
                left[name] = left.get(name, 0) + 1
    gone: list[int] = []
    for train, test in both:
        names = [name for place in train for name in _labels(examples[place])]
        if any(left[name] <= names.count(name) for name in names):
            gone += test
        else:
            gone += train
            for name in names:
                left[name] -= 1
    return gone


def _labels(example: Example) -> set[str]:
    """What an example teaches: its tools, or to call none; and that there is anything at all."""
    return {call.name for call in example.calls} or {""}


def _leak_label(examples: Sequence[Example], both: list[Sides]) -> str:
    gone = unleaked(examples, both)
    train = sum(examples[place].split == "train" for place in gone)
    parts = {"train": train, "test": len(gone) - train}
    named = [f"{counted(n, 'example')} from {part}" for part, n in parts.items() if n]
    return f"Delete {' and '.join(named)}"


def repeats(rows: Rows) -> Iterator[Finding]:
    """Rows that say nothing new: same part, same prompt, same answer."""
    groups = _same(rows)
    if groups:
        first, second, *_ = groups[0]
        more = f", and {counted(len(groups) - 1, 'more example')} with copies" if len(groups) > 1 else ""
        message = f"Examples {first} and {second} are the same{more}."
        remedy = "A copy teaches nothing new, it only makes its row count more."
        ids = tuple(id for group in groups for id in group)
        n = sum(len(group) - 1 for group in groups)
        yield Finding(
            "hint", message, ids, remedy, "repeat", f"Delete {n:,} {'copy' if n == 1 else 'copies'}"
        )


def repeated(rows: Rows) -> list[int]:
    """Ids of the copies, without the first of each."""
    return [id for group in _same(rows) for id in group[1:]]


def _same(rows: Rows) -> list[list[int]]:
    return _groups(((e.split, asked(e), answered(e)), id) for id, e in rows if e.prompt.strip())


def standing(new: Example, examples: Sequence[Example]) -> Example | None:
    """The example that asks what a new one asks: the same in its own part, nearly the same in the other.

    In its own part the same words are meant; what stands in the other part would leak, as `leaks` finds it.
    """
    same = next((e for e in examples if e.split == new.split and asked(e) == asked(new)), None)
    if same is not None:
        return same
    keys = set(_keys(new))
    alike = [e for e in examples if e.split != new.split and keys.intersection(_keys(e))]
    group = next((group for group in near_each_other([*alike, new]) if len(alike) in group), [])
    return next((alike[place] for place in group if place < len(alike)), None)
