"""JSON as the standard has it.

Python's reader takes NaN, keeps the last of two equal names, and runs out of stack on deep nesting.
"""

import json
import math
from typing import Any

MAX_DEPTH = 64
# Beyond 64 bits SQLite and browsers make another number of it without a word.
SMALLEST, LARGEST = -(2**63), 2**63 - 1
TOO_LARGE = "it holds a whole number of more than 64 bits, which has to be written as text"


class _Repeating(dict):
    """An object of which one name was given twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    return result if len(result) == len(pairs) else _Repeating(result)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def parse(text: str) -> Any:
    """The value of a JSON text; ask `problem` about it before use. Raises ValueError with a reason."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = (
            f"line {error.lineno}, character {error.colno}" if "\n" in text else f"character {error.colno}"
        )
        raise ValueError(f"{error.msg} at {place}") from error
    except RecursionError as error:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep") from error
    except ValueError as error:
        raise ValueError("it holds a number with too many digits") from error


def problem(value: Any) -> str:
    """Why a parsed value cannot be kept, or nothing."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for part in level:
            kind = type(part)
            if kind is str:
                if not writable(part):
                    return "it holds half of a character pair, bytes that are not UTF-8, or a NUL character"
            elif kind is dict:
                inner += part
                inner += part.values()
            elif kind is list:
                inner += part
            elif kind is int:
                if not SMALLEST <= part <= LARGEST:
                    return TOO_LARGE
            elif kind is float:
                if not math.isfinite(part):
                    return "NaN and Infinity are not numbers"
            elif kind is _Repeating:
                return "a name stands twice in one object"
        if not inner:
            return ""
        level = inner
    return f"it is nested more than {MAX_DEPTH} levels deep"


def writable(text: str) -> bool:
    """Whether the text can be stored: a lone surrogate cannot, and SQLite's text ends at a NUL."""
    try:
        return "\0" not in text and (text.isascii() or bool(text.encode()))
    except UnicodeEncodeError:
        return False


def strict(text: str) -> Any:
    """The value of a JSON text that holds nothing we refuse. Raises ValueError with a reason."""
    value = parse(text)
    reason = problem(value)
    if reason:
        raise ValueError(reason)
    return value


def shown(value: Any) -> str:
    """The value as a person may recognise it; one that is nested too deep cannot be written."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):
        return "..."
