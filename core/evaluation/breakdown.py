"""What the answers of one model come to by tool and by argument: who is mixed up with whom, and what goes wrong most.

Every number keeps the ids of its examples, so that a page can open the rows behind it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.evaluation.comparison import Ids, right_call, right_tool
from core.store.evaluations import Prediction

# In the place of a tool's name, which they cannot be.
NO_CALL, UNKNOWN, UNPARSABLE = "(no call)", "(unknown tool)", "(unparsable)"


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each tool was called where each was asked for, with the examples of each cell.

    `rows` are tools and NO_CALL, `columns` are these with UNKNOWN and UNPARSABLE. Cells that are empty are not there.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[str, str], Ids]

    def count(self, row: str, column: str) -> int:
        return len(self.cells.get((row, column), ()))


def confusion(predictions: Iterable[Prediction], tools: Sequence[str]) -> Confusion:
    """The confusion matrix over calls.

    Several calls in an answer are aligned with the expected ones as they fit best: calls of the same tool first,
    then the others in the order in which they stand. What is expected and has no counterpart was answered by no
    call; a call too many stands in the row of no call. An example is in a cell as often as it counts there.
    """
    cells: dict[tuple[str, str], list[int]] = {}
    for one in predictions:
        for cell in _aligned(one, tools):
            cells.setdefault(cell, []).append(one.example)
    rows = (*tools, NO_CALL)
    return Confusion(rows, (*rows, UNKNOWN, UNPARSABLE), {cell: tuple(ids) for cell, ids in cells.items()})


def _aligned(prediction: Prediction, tools: Sequence[str]) -> list[tuple[str, str]]:
    expected = [call["name"] for call in prediction.expected]
    if prediction.verdict == "malformed":
        return [(name, UNPARSABLE) for name in expected or [NO_CALL]]
    called = [call["name"] for call in prediction.calls]
    both = Counter(expected) & Counter(called)
    cells = [(name, name) for name in both.elements()]
    missing, surplus = _without(expected, both), _without(called, both)
    surplus = [name if name in tools else UNKNOWN for name in surplus]
    for place in range(max(len(missing), len(surplus))):
        cells.append(
            (
                missing[place] if place < len(missing) else NO_CALL,
                surplus[place] if place < len(surplus) else NO_CALL,
            )
        )
    return cells or [(NO_CALL, NO_CALL)]


def _without(names: list[str], taken: Mapping[str, int]) -> list[str]:
    left, kept = dict(taken), []
    for name in names:
        if left.get(name):
            left[name] -= 1
        else:
            kept.append(name)
    return kept


@dataclass(frozen=True, slots=True)
class ToolCount:
    """The examples that ask for one tool (or for none), and those of them that were right."""

    tool: str
    examples: Ids
    right: Ids
    accepted: Ids  # the right call, arguments included


def per_tool(predictions: Iterable[Prediction], tools: Sequence[str]) -> list[ToolCount]:
    """For each tool and NO_CALL the examples that ask for it; one that asks for two tools counts for both."""
    found: dict[str, list[Prediction]] = {name: [] for name in (*tools, NO_CALL)}
    for one in predictions:
        for name in dict.fromkeys(call["name"] for call in one.expected) or [NO_CALL]:
            found.setdefault(name, []).append(one)
    return [
        ToolCount(
            name,
            tuple(one.example for one in ones),
            tuple(one.example for one in ones if right_tool(one)),
            tuple(one.example for one in ones if right_call(one)),
        )
        for name, ones in found.items()
    ]


@dataclass(frozen=True, slots=True)
class ArgumentCount:
    """What became of one parameter, in answers that call its tool where it was expected."""

    tool: str
    path: str  # dotted, the items of lists do not show
    rule: str  # "exact" or "free"; empty where it is no text
    expected: Ids
    wrong: dict[str, Ids] = field(
        default_factory=dict
    )  # by judgement: missing, extra, unknown, wrong_type, ...
    overlap: float | None = None  # mean token overlap of free wording, 0 to 1

    @property
    def faults(self) -> int:
        return sum(map(len, self.wrong.values()))

    @property
    def ids(self) -> Ids:
        """The examples with a fault, each once."""
        return tuple(sorted({id for ids in self.wrong.values() for id in ids}))


FAULTS = ("missing", "extra", "unknown", "wrong_type", "wrong_value")


def worst_arguments(predictions: Iterable[Prediction]) -> list[ArgumentCount]:
    """Every parameter that was expected or given, the one with most faults first.

    Only calls that were matched with an expected one of the same tool are looked into, so that a wrong tool is not
    counted again for each of its arguments. An example counts as often as the parameter stands in it.
    """
    judged: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}
    for one in predictions:
        for call in one.ladder.get("calls", ()):
            for argument in call["arguments"]:
                judged.setdefault((call["tool"], argument["path"]), []).append((one.example, argument))
    counts = [_counted(tool, path, found) for (tool, path), found in judged.items()]
    return sorted(counts, key=lambda count: (-count.faults, count.tool, count.path))


def _counted(tool: str, path: str, found: list[tuple[int, dict[str, Any]]]) -> ArgumentCount:
    judged: dict[str, list[int]] = {}
    for example, argument in found:
        judged.setdefault(argument["judgement"], []).append(example)
    overlaps = [argument["overlap"] for _, argument in found if "overlap" in argument]
    return ArgumentCount(
        tool,
        path,
        found[0][1]["rule"],
        tuple(example for example, argument in found if "expected" in argument),
        {name: tuple(judged[name]) for name in FAULTS if name in judged},
        sum(overlaps) / len(overlaps) if overlaps else None,
    )
