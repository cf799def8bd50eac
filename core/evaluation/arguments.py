"""One call against the call that was expected, argument by argument.

Decided here: 5 and 5.0 are one number, and so equal; "5" is text, and wrong where a number is wanted, as 5 is where
text is. A value outside the allowed ones is wrong even where it only differs in case, because the program behind the
tool would refuse it. A list whose items have allowed values is a choice of several, in any order; every other list has
its order. Lists of free wording are compared as one text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.evaluation.wording import ACCEPTED, Rule, overlap, same_text
from core.schema import Tool, ToolCall
from core.schema.arguments import Path, misfits, place
from core.schema.call import same_value
from core.schema.parameters import join

Judgement = Literal[
    "exact", "normalised", "wording", "missing", "extra", "unknown", "wrong_type", "wrong_value"
]
GOOD = ("exact", "normalised", "wording")
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Argument:
    """What one argument was judged to be.

    `normalised` is equal without case, spaces, punctuation and accents, or in another order where that is free;
    `wording` free wording with enough overlap; `extra` a parameter of the tool that was not expected to be filled;
    `unknown` no parameter of the tool. Groups are judged by what is in them.
    """

    path: str  # dotted, the items of lists do not show: `rooms.level`
    place: str  # the same as people read it, places in lists from 1: `rooms.2.level`
    judgement: Judgement
    rule: Rule | Literal[""] = ""  # empty where it is no text, or has allowed values
    expected: Any = ABSENT
    got: Any = ABSENT
    overlap: float | None = None  # 0 to 1, of free wording that was expected

    @property
    def accepted(self) -> bool:
        return self.judgement in GOOD

    def to_json(self) -> dict[str, Any]:
        data = {"path": self.path, "place": self.place, "judgement": self.judgement, "rule": self.rule}
        values = {"expected": self.expected, "got": self.got}
        data |= {name: value for name, value in values.items() if value is not ABSENT}
        return data if self.overlap is None else {**data, "overlap": round(self.overlap, 4)}


def judge(
    expected: ToolCall, got: ToolCall, tool: Tool | None, rules: Mapping[str, Rule]
) -> tuple[Argument, ...]:
    """Every argument that was expected or given, those expected first. `tool` is None where there is none so called."""
    schema = tool.parameters if tool else {"type": "object"}
    return tuple(_Judge(rules).group(expected.arguments, got.arguments, schema, "", ()))


class _Judge:
    def __init__(self, rules: Mapping[str, Rule]):
        self.rules = rules

    def group(
        self, expected: dict[str, Any], got: dict[str, Any], schema: dict[str, Any], path: str, at: Path
    ) -> Iterator[Argument]:
        known = schema.get("properties") or {}
        for name in dict.fromkeys((*expected, *got)):
            yield from self.value(
                expected.get(name, ABSENT),
                got.get(name, ABSENT),
                known.get(name),
                join(path, name),
                (*at, name),
            )

    def value(
        self, expected: Any, got: Any, schema: dict[str, Any] | None, path: str, at: Path
    ) -> Iterator[Argument]:
        if schema and schema.get("properties") and isinstance(expected, dict) and isinstance(got, dict):
            yield from self.group(expected, got, schema, path, at)
            return
        items = (schema or {}).get("items") or {}
        lists = isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got) > 0
        if items.get("properties") and lists:
            for n, (one, other) in enumerate(zip(expected, got, strict=True)):
                yield from self.value(one, other, items, path, (*at, n))
            return
        rule: Rule | Literal[""] = self.rules.get(path, "")
        judgement, share = _judged(expected, got, schema, rule)
        if share is None and rule == "free" and expected is not ABSENT:
            share = 1.0 if judgement in GOOD else 0.0
        yield Argument(path, place(at), judgement, rule, expected, got, share)


def _judged(
    expected: Any, got: Any, schema: dict[str, Any] | None, rule: str
) -> tuple[Judgement, float | None]:
    """The judgement of a value, and the overlap where words were counted."""
    if got is ABSENT:
        return "missing", None
    if expected is ABSENT:
        return ("extra" if schema else "unknown"), None
    if same_value(expected, got):
        return "exact", None
    kinds = {one.kind for one in misfits({"it": got}, _alone(schema))} if schema else set()
    if "type" in kinds:
        return "wrong_type", None
    if kinds:
        return "wrong_value", None
    if _alike(expected, got) or (_is_choice(schema) and _same_in_any_order(expected, got)):
        return "normalised", None
    if rule == "free" and (share := overlap(_as_text(expected), _as_text(got))):
        return ("wording" if share >= ACCEPTED else "wrong_value"), share
    return "wrong_value", None


def _alone(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"it": schema}}


def _alike(a: Any, b: Any) -> bool:
    """Equality in which texts, also those in lists and groups, need not be written alike."""
    if isinstance(a, str) and isinstance(b, str):
        return same_text(a, b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[name], b[name]) for name in a)
    return same_value(a, b)


def _is_choice(schema: dict[str, Any] | None) -> bool:
    """Whether it is a list whose items have allowed values."""
    return bool(schema and (schema.get("items") or {}).get("enum"))


def _same_in_any_order(a: Any, b: Any) -> bool:
    if not isinstance(a, list) or not isinstance(b, list) or len(a) != len(b):
        return False
    left = list(b)
    for one in a:
        match = next((n for n, other in enumerate(left) if same_value(one, other)), None)
        if match is None:
            return False
        del left[match]
    return True


def _as_text(value: Any) -> str:
    return " ".join(map(_as_text, value)) if isinstance(value, list) else str(value)
