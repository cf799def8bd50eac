"""How far an answer gets: the call ladder of one row, and what the ladders of many rows add up to.

An answer stands on the highest rung up to which nothing was wrong:

    unreadable   it cannot be read, or was cut at the length limit: never credited, not even as "no call"
    parsed       it can be read
    tools        it calls the tools that were expected and no others
    count        each as often as expected, in any order
    required     no argument is missing that was expected and that the tool requires
    known        every argument is a parameter of the tool, or was expected all the same
    types        every value is of its parameter's type
    values       every argument is accepted under its rule: the right call

Where an expected call breaks its own tool (gold is not always right), the answer that does the same is not blamed.
Several calls are matched one to one with the expected ones of the same tool so that most are accepted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.evaluation.arguments import Argument, judge
from core.evaluation.matching import best_pairs
from core.evaluation.wording import Rules
from core.prompt.parsed import Parsed
from core.schema import Tool, ToolCall
from core.schema.parameters import required_paths

Rung = Literal["unreadable", "parsed", "tools", "count", "required", "known", "types", "values"]
RUNGS: tuple[Rung, ...] = (
    "unreadable", "parsed", "tools", "count", "required", "known", "types", "values",
)  # fmt: skip
Outcome = Literal["", "refusal", "call", "malformed"]


@dataclass(frozen=True, slots=True)
class Matched:
    """An expected call, which call of the answer was matched with it (None: none), and its arguments."""

    tool: str
    answer: int | None
    arguments: tuple[Argument, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.answer is not None and all(one.accepted for one in self.arguments)


@dataclass(frozen=True, slots=True)
class Ladder:
    """What one answer reached. `surplus` are the places of its calls that nothing expected was matched with.

    `outcome` says what became of a row where no call is expected: a clean refusal, a call that can be read, or an
    answer that cannot; it is empty for other rows.
    """

    rung: Rung
    calls: tuple[Matched, ...]
    surplus: tuple[int, ...] = ()
    outcome: Outcome = ""
    truncated: bool = False  # cut at the length limit, and so unreadable

    @property
    def accepted(self) -> bool:
        """Whether it is the right call: the expected tools, every argument accepted under its rule."""
        return self.rung == RUNGS[-1]

    def to_json(self) -> dict[str, Any]:
        return {
            "rung": self.rung,
            "accepted": self.accepted,
            "outcome": self.outcome,
            "truncated": self.truncated,
            "calls": [
                {
                    "tool": one.tool,
                    "answer": one.answer,
                    "accepted": one.accepted,
                    "arguments": [argument.to_json() for argument in one.arguments],
                }
                for one in self.calls
            ],
            "surplus": list(self.surplus),
        }


def climb(
    expected: Sequence[ToolCall],
    parsed: Parsed,
    tools: Mapping[str, Tool],
    rules: Rules,
    truncated: bool = False,
) -> Ladder:
    """The ladder of one answer. `tools` by name; `rules` as core.evaluation.wording gives them."""
    if parsed.malformed:
        none = tuple(Matched(call.name, None) for call in expected)
        return Ladder("unreadable", none, (), "" if expected else "malformed", truncated)
    matched = _matched(expected, parsed.calls, tools, rules)
    taken = {one.answer for one in matched}
    surplus = tuple(n for n in range(len(parsed.calls)) if n not in taken)
    outcome: Outcome = "" if expected else "call" if parsed.calls else "refusal"
    return Ladder(_rung(expected, parsed.calls, matched, tools), matched, surplus, outcome)


def _matched(
    expected: Sequence[ToolCall], called: Sequence[ToolCall], tools: Mapping[str, Tool], rules: Rules
) -> tuple[Matched, ...]:
    matched: list[Matched] = [Matched(call.name, None) for call in expected]
    for name in dict.fromkeys(call.name for call in expected):
        wanted = [n for n, call in enumerate(expected) if call.name == name]
        given = [n for n, call in enumerate(called) if call.name == name]
        judged = [
            [judge(expected[n], called[m], tools.get(name), rules.get(name, {})) for m in given]
            for n in wanted
        ]
        if not given:
            continue
        for row, column in best_pairs([[_likeness(one) for one in row] for row in judged]):
            matched[wanted[row]] = Matched(name, given[column], judged[row][column])
    return tuple(matched)


def _likeness(arguments: Sequence[Argument]) -> float:
    """Accepted calls before all others; among these, and among those, the more alike."""
    worth = {"exact": 1.0, "normalised": 0.99, "wording": 0.9}
    points = sum(worth.get(one.judgement, 0.0) + 0.05 * (one.overlap or 0.0) for one in arguments)
    return 1000.0 * all(one.accepted for one in arguments) + points / max(1, len(arguments))


def _rung(
    expected: Sequence[ToolCall],
    called: Sequence[ToolCall],
    matched: Sequence[Matched],
    tools: Mapping[str, Tool],
) -> Rung:
    wanted, given = Counter(call.name for call in expected), Counter(call.name for call in called)
    if wanted.keys() != given.keys():
        return "parsed"
    if wanted != given:
        return "tools"
    faults = set()
    for one in matched:
        required = required_paths(tools[one.tool].parameters) if one.tool in tools else set()
        for argument in one.arguments:
            if argument.judgement == "missing" and argument.path not in required:
                faults.add("wrong_value")
            elif not argument.accepted:
                faults.add(argument.judgement)
    steps: tuple[tuple[str, Rung], ...] = (
        ("missing", "count"), ("unknown", "required"), ("wrong_type", "known"),
    )  # fmt: skip
    return next((rung for fault, rung in steps if fault in faults), "types" if faults else "values")


def counts(ladders: Sequence[Ladder], rules: Rules) -> dict[str, Any]:
    """What the ladders of many rows add up to, for the summary of an evaluation.

    `accepted`: right calls, clean refusals among them; `no_call_rows` and `refused_ok`: rows where no call is expected,
    and those that were cleanly refused; `truncated`: cut at the length limit, malformed among the verdicts; `overlap`:
    mean token overlap of free wording in calls of the right tool, 0 to 1, None where there was none; `rules`: how the
    text that was expected is compared, by `tool.path`.
    """
    arguments = [
        (one.tool, argument) for ladder in ladders for one in ladder.calls for argument in one.arguments
    ]
    overlaps = [argument.overlap for _, argument in arguments if argument.overlap is not None]
    expected = {one.tool for ladder in ladders for one in ladder.calls}
    return {
        "accepted": sum(ladder.accepted for ladder in ladders),
        "no_call_rows": sum(bool(ladder.outcome) for ladder in ladders),
        "refused_ok": sum(ladder.outcome == "refusal" for ladder in ladders),
        "truncated": sum(ladder.truncated for ladder in ladders),
        "overlap": round(sum(overlaps) / len(overlaps), 4) if overlaps else None,
        "rules": _flat((tool, rules[tool]) for tool in sorted(expected & rules.keys())),
    }


def _flat(chosen: Iterable[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    return {f"{tool}.{path}": rule for tool, found in chosen for path, rule in found.items()}
