"""What a change of a tool means for the examples that call it, worked out before anything is written.

Parameters are named by dotted paths in which the items of lists do not show: `rooms.level` is the level of each room.
A parameter that `moved` does not name is the one that stands at the same place of the new tool.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.schema.example import Example
from core.schema.follower import Change, Follower
from core.schema.tool import Tool


@dataclass(frozen=True, slots=True)
class Broken:
    """A value of an example that cannot follow the tool; it is left as it is, to be mended by hand."""

    example: Example
    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen to the examples that call a tool."""

    changed: tuple[tuple[Example, Example], ...]  # before, after
    kept: int  # examples that call the tool and need nothing
    needs: dict[str, tuple[Example, ...]]  # by new path: those that lack what is required now
    broken: tuple[Broken, ...]
    summary: tuple[Change, ...]
    touched: int  # examples that are changed, or lack something, or hold something broken


def plan(
    old: Tool, new: Tool, moved: dict[str, str], examples: Iterable[Example], fills: dict[str, Any]
) -> Plan:
    """What becomes of the examples when `old` becomes `new`.

    `moved` maps old paths to new ones; `fills` gives values, already of their type, for parameters by new path
    where a call lacks them and they are required from now on.
    """
    follower = Follower(old, new, moved, fills)
    changed: list[tuple[Example, Example]] = []
    needs: dict[str, list[Example]] = {}
    broken: list[Broken] = []
    kept = touched = 0
    for example in examples:
        if not _names(example, old.name):
            continue
        follower.begin()
        after = follower.example(example)
        if after is not None:
            changed.append((example, after))
        for path in follower.lacking:
            needs.setdefault(path, []).append(example)
        broken += [Broken(example, path, sentence) for path, sentence in follower.misfits.items()]
        if after is not None or follower.lacking or follower.misfits:
            touched += 1
        else:
            kept += 1
    by_path = {path: tuple(rows) for path, rows in needs.items()}
    return Plan(tuple(changed), kept, by_path, tuple(broken), follower.summary(), touched)


def _names(example: Example, tool: str) -> bool:
    calls = (*example.calls, *(call for turn in example.turns for call in turn.calls))
    return any(call.name == tool for call in calls) or any(turn.name == tool for turn in example.turns)
