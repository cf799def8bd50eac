"""JSON that a call can carry: finite numbers, no name twice. Python's reader alone lets both pass."""

import json
import math
from typing import Any


def read(text: str) -> Any:
    """The value of a JSON text (ValueError where it is not strict JSON)."""
    value, end = read_at(text, 0)
    if text[end:].strip():
        raise ValueError("something follows the JSON value")
    return value


def read_at(text: str, start: int) -> tuple[Any, int]:
    """The JSON value that begins at or behind spaces after `start`, and where it ends (ValueError)."""
    start += len(text[start:]) - len(text[start:].lstrip())
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        rest = text[error.pos : error.pos + 30]
        raise ValueError(f'the JSON breaks at "{rest}"' if rest else "the JSON is cut off") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return result


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError as error:  # more digits than Python reads
        raise ValueError("a number is too large") from error


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
