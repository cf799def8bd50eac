"""A call of a tool: its name and its arguments."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call, as expected by an example or as produced by a model."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "arguments": self.arguments}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ToolCall":
        return cls(data["name"], data["arguments"])


def same_value(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal: 1 equals 1.0, but True is never 1 and "1" is never 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_value(x, y) for x, y in zip(a, b, strict=True))
    return (type(a) is type(b) and a == b) or (_number(a) and _number(b) and a == b)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same_calls(a: Iterable[ToolCall], b: Iterable[ToolCall]) -> bool:
    """Whether two sets of calls are equal in any order, each call matched once."""
    left = list(b)
    for call in a:
        match = next(
            (o for o in left if o.name == call.name and same_value(o.arguments, call.arguments)), None
        )
        if match is None:
            return False
        left.remove(match)
    return not left


def dumps(value: Any) -> str:
    """JSON text that keeps letters readable and refuses NaN and Infinity (ValueError)."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
