"""What keeps training from working, makes its result doubtful, or could be better, each with a remedy."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from core.doctor.prompts import asked
from core.schema import Example, Tool, ToolCall, check_call
from core.schema.call import same_calls

Severity = Literal["block", "warn", "hint"]
ORDER: tuple[Severity, ...] = ("block", "warn", "hint")
IMBALANCE = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before training; `rows` are example ids (places from 1, before there are ids)."""

    severity: Severity
    message: str
    rows: tuple[int, ...]
    remedy: str
    kind: str


Rows = list[tuple[int, Example]]


def examine(tools: list[Tool], examples: list[Example]) -> list[Finding]:
    """All findings, those that block training first."""
    rows = [(place if e.id is None else e.id, e) for place, e in enumerate(examples, 1)]
    found = [*_missing_parts(tools, rows)]
    if rows:
        found += [
            *_empty_prompts(rows),
            *_bad_calls(tools, rows),
            *_coverage(tools, rows),
            *_same_prompts(rows),
        ]
        found += _balance(tools, rows)
    return sorted(found, key=lambda finding: ORDER.index(finding.severity))


def blocks(findings: list[Finding]) -> list[Finding]:
    """The findings that must be mended before training."""
    return [finding for finding in findings if finding.severity == "block"]


def _missing_parts(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    if not tools:
        yield Finding("block", "There are no tools.", (), "Add a tool.", "no_tools")
    splits = Counter(example.split for _, example in rows)
    if not rows:
        yield Finding("block", "There are no examples.", (), "Add examples.", "no_train")
    elif not splits["train"]:
        remedy = "Move some examples to train."
        yield Finding("block", "All examples are for testing, none to learn from.", (), remedy, "no_train")
    if rows and not splits["test"]:
        remedy = "Move some examples to test."
        yield Finding("warn", "There are no test examples: nothing to measure on.", (), remedy, "no_test")
    if len(rows) == 1:
        remedy = "Add examples; about 10 for each tool are a good start."
        yield Finding("warn", "There is only one example.", (rows[0][0],), remedy, "few_examples")


def _empty_prompts(rows: Rows) -> Iterator[Finding]:
    ids = tuple(id for id, example in rows if not example.prompt.strip())
    if ids:
        message = f"Example {ids[0]} has no prompt{_more(ids)}."
        yield Finding("block", message, ids, "Write what a person would say, or delete it.", "empty_prompt")


def _bad_calls(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    """Calls that no tool takes, grouped by mistake: one finding for a thousand rows with the same one."""
    by_name = {tool.name: tool for tool in tools}
    missing: dict[str, dict[int, None]] = {}
    broken: dict[tuple[str, str], tuple[str, dict[int, None]]] = {}
    for id, example in rows:
        for call in _calls(example):
            if call.name not in by_name:
                missing.setdefault(call.name, {})[id] = None
                continue
            for sentence in check_call(call, by_name):
                key = (call.name, _mistake(sentence))
                broken.setdefault(key, (sentence, {}))[1][id] = None
    for name, hits in missing.items() if tools else ():
        ids = tuple(hits)
        message = f"Example {ids[0]} calls {name}, which is not one of the tools{_more(ids)}."
        yield Finding("block", message, ids, f"Add the tool {name}, or change the call.", "missing_tool")
    for (name, _), (sentence, hits) in broken.items():
        ids = tuple(hits)
        message = f"Example {ids[0]}, call of {name}: {sentence.rstrip('.')}{_more(ids)}."
        yield Finding("block", message, ids, f"Correct the call, or change the tool {name}.", "arguments")


def _calls(example: Example) -> Iterator[ToolCall]:
    yield from example.calls
    for turn in example.turns:
        yield from turn.calls


# Where the sentences of core.schema.arguments name the value that is wrong, or its place in a list.
VALUE = re.compile(r"(?<=, not ).*| is (?!missing|not ).*?(?=, allowed are )", re.DOTALL)
PLACE = re.compile(r"(?<=\.)\d+(?=[. ])")


def _mistake(sentence: str) -> str:
    """The sentence without what differs from row to row."""
    return VALUE.sub("", PLACE.sub("*", sentence))


def _coverage(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    users: dict[str, list[tuple[int, str]]] = {tool.name: [] for tool in tools}
    for id, example in rows:
        for name in {call.name for call in example.calls} & users.keys():
            users[name].append((id, example.split))
    for name, hits in users.items():
        remedy = f"Add examples for {name}, or delete the tool."
        ids = tuple(id for id, _ in hits)
        if not hits:
            yield Finding("warn", f"No example calls {name}.", (), remedy, "unused_tool")
        elif len(hits) == 1:
            message = f"Only example {ids[0]} calls {name}."
            yield Finding("warn", message, ids, remedy, "few_examples")
        elif all(split == "test" for _, split in hits):
            message = f"{name} is called in test examples only, so it is never learnt."
            yield Finding("warn", message, ids, f"Move some examples for {name} to train.", "unused_tool")


def _same_prompts(rows: Rows) -> Iterator[Finding]:
    groups: dict[tuple[object, ...], Rows] = {}
    for id, example in rows:
        if example.prompt.strip():
            groups.setdefault(asked(example), []).append((id, example))
    several = [group for group in groups.values() if len(group) > 1]
    unlike = [g for g in several if not all(_answered_alike(g[0][1], e) for _, e in g[1:])]
    leaked = [g for g in several if not all(_on_one_side(g[0][1], e) for _, e in g[1:])]
    if unlike:
        message = f"The same prompt has different answers in {_named(unlike, _answered_alike)}."
        remedy = "Keep the right answer, or say in the prompt what makes the difference."
        yield Finding("warn", message, _ids(unlike), remedy, "contradiction")
    if leaked:
        message = f"The same prompt is in train and in test: {_named(leaked, _on_one_side)}."
        remedy = "Delete one of each, or the test measures memory."
        yield Finding("warn", message, _ids(leaked), remedy, "leak")


def _answered_alike(a: Example, b: Example) -> bool:
    return same_calls(a.calls, b.calls)


def _on_one_side(a: Example, b: Example) -> bool:
    return a.split == b.split


def _named(groups: list[Rows], alike: Callable[[Example, Example], bool]) -> str:
    """The first two rows that are not alike, and how many more prompts have such rows."""
    (first, example), *others = groups[0]
    second = next(id for id, other in others if not alike(example, other))
    more = len(groups) - 1
    return f"examples {first} and {second}" + (f", and {more} more such prompts" if more else "")


def _ids(groups: list[Rows]) -> tuple[int, ...]:
    return tuple(id for group in groups for id, _ in group)


def _balance(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    if all(example.calls for _, example in rows):
        message = "Every example calls a tool, so the model never learns when not to."
        yield Finding("hint", message, (), "Add examples that no tool should answer.", "no_refusals")
    names = {tool.name for tool in tools}
    counts = Counter(
        name
        for _, example in rows
        if example.split == "train"
        for name in {call.name for call in example.calls} & names
    )
    if len(counts) > 1:
        (most, many), (least, few) = counts.most_common()[0], counts.most_common()[-1]
        if many > IMBALANCE * few:
            message = f"{most} has {many} examples to learn from, {least} only {few}."
            yield Finding("hint", message, (), f"Add examples for {least}.", "imbalance")


def _more(ids: tuple[int, ...]) -> str:
    return f" ({len(ids)} examples in all)" if len(ids) > 1 else ""
