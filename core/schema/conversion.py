"""Values of one type as another, where nothing is lost by it: "3" as 3, "yes" as true, one value as a list of one."""

import json
import re
from typing import Any

from core.schema.arguments import KINDS

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
WORDS = {"yes": True, "true": True, "no": False, "false": False}
SHOWN = 40


class Misfit(Exception):
    """A value that cannot become the wanted type; the text says why, without the parameter's name."""


def converted(value: Any, schema: dict[str, Any]) -> Any:
    """The value in the type and the allowed values of a schema of our dialect. Raises Misfit."""
    kind = schema["type"]
    if kind == "array":
        items = schema.get("items")
        values = value if isinstance(value, list) else [value]
        return [converted(item, items) for item in values] if items else values
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    result: Any = _READ[kind](value)
    if result is None:
        raise Misfit(f"is {short(value)}, which is not {KINDS[kind]}")
    if kind == "object":
        parts = schema.get("properties") or {}
        return {
            name: converted(part, parts[name]) if name in parts else part for name, part in result.items()
        }
    return _allowed(result, schema["enum"]) if schema.get("enum") else result


def short(value: Any) -> str:
    """A value as it stands in JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _allowed(value: Any, allowed: list[Any]) -> Any:
    if value in allowed:
        return value
    alike = [one for one in allowed if str(one).strip().casefold() == str(value).strip().casefold()]
    if len(alike) != 1:
        raise Misfit(f"is {short(value)}, allowed are {', '.join(map(str, allowed))}")
    return alike[0]


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        try:
            value = json.loads(value)
        except ValueError:  # more digits than Python reads
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or abs(value) < float("inf") else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() else None
    return number


def _yes_or_no(value: Any) -> bool | None:
    if isinstance(value, str):
        return WORDS.get(value.strip().casefold())
    return value if isinstance(value, bool) else None


def _group(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


_READ = {
    "string": _text, "integer": _whole, "number": _number, "boolean": _yes_or_no, "object": _group,
}  # fmt: skip
