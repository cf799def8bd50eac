"""What was meant by an argument that does not fit, where there is no doubt about it."""

import math
import re
from dataclasses import dataclass
from typing import Any

from core.doctor.finding import counted
from core.doctor.wording import folded, one_slip, stem
from core.schema.arguments import KINDS, Path, Problem, misfits

NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
TRUTH = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Correction:
    """A value and the name it should stand under, in the place of what stands at `path`."""

    path: Path
    old: Any
    name: str | int
    value: Any
    kind: str = ""  # the type it should have

    def applied(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with the correction, everything else and the order as they were."""
        return _replaced(arguments, self.path, self.name, self.value)


def _replaced(within: Any, path: Path, name: str | int, value: Any) -> Any:
    here, *rest = path
    change = (lambda part: _replaced(part, tuple(rest), name, value)) if rest else (lambda part: value)
    if isinstance(within, list):
        return [change(part) if place == here else part for place, part in enumerate(within)]
    new = here if rest else name
    return {
        new if key == here else key: change(part) if key == here else part for key, part in within.items()
    }


def correction(problem: Problem, arguments: dict[str, Any], schema: dict[str, Any]) -> Correction | None:
    """What mends a problem for certain; None where somebody must look."""
    if problem.kind == "unknown":
        return _renamed(problem, arguments, schema)
    if problem.kind not in ("type", "enum"):
        return None
    wanted = _schema_at(schema, problem.path)
    for value in _readings(problem.value, wanted):
        if _fits(value, wanted):
            return Correction(problem.path, problem.value, problem.path[-1], value, wanted["type"])
    return None


def _renamed(problem: Problem, arguments: dict[str, Any], schema: dict[str, Any]) -> Correction | None:
    *parents, last = problem.path
    within = arguments
    for part in parents:
        within = within[part]  # type: ignore[index]  # a path may lead through lists
    known = _schema_at(schema, tuple(parents))["properties"]
    twins = [name for name in known if folded(name) == folded(str(last)) and name not in within]
    if len(twins) == 1 and _fits(problem.value, known[twins[0]]):
        return Correction(problem.path, last, twins[0], problem.value)
    return None


def _schema_at(schema: dict[str, Any], path: Path) -> dict[str, Any]:
    for part in path:
        schema = schema["items"] if isinstance(part, int) else schema["properties"][part]
    return schema


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    return not misfits({"x": value}, {"type": "object", "properties": {"x": schema}, "required": []})


def _readings(value: Any, wanted: dict[str, Any]) -> list[Any]:
    """What the value may have been meant as; the caller takes the first that fits."""
    kind = wanted["type"]
    if kind == "array" and not isinstance(value, list | dict):
        inner = wanted.get("items", {"type": "string"})
        return [[value], *([one] for one in _readings(value, inner))]
    if isinstance(value, str):
        return [_read(value.strip(), kind), *_spelled(value, wanted.get("enum", []))]
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return [str(value)] if math.isfinite(value) else []
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return [int(value)]
    return []


def _read(text: str, kind: str) -> Any:
    if kind in ("integer", "number") and NUMBER.fullmatch(text):
        number = float(text)
        return int(text) if "." not in text else int(number) if number.is_integer() else number
    if kind == "boolean":
        return TRUTH.get(text.casefold())
    return text


def _spelled(text: str, allowed: list[Any]) -> list[str]:
    """The allowed value that the text is another spelling of: case, separators, a plural, one slip in a long word."""
    known = [value for value in allowed if isinstance(value, str)]
    mine = folded(text)
    for same in (
        lambda other: other == mine,
        lambda other: stem(other) == stem(mine),
        lambda other: len(mine) > 4 and mine[:2] == other[:2] and one_slip(mine, other),
    ):
        hits = [value for value in known if mine and same(folded(value))]
        if hits:
            return hits if len(hits) == 1 else []
    return []


def label(corrections: list[Correction], rows: int) -> str:
    """The words on the button that makes these corrections in so many rows."""
    first = corrections[0]
    where = f"in {counted(rows, 'example')}"
    if first.name != first.path[-1]:
        return f"Write {first.name} instead of {first.old} {where}"
    if len({(repr(one.old), repr(one.value)) for one in corrections}) == 1:
        return f"Write {_short(first.value)} instead of {_short(first.old)} {where}"
    if isinstance(first.old, str) and first.kind == "string":
        return f"Write the allowed values {where}"
    return f"Make it {KINDS[first.kind]} {where}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 30 else text[:27] + "..."
