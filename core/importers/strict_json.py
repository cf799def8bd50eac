"""JSON as the standard has it.

Python's reader takes NaN, keeps the last of two equal names, and runs out of stack on deep nesting.
"""

import json
import math
from typing import Any

MAX_DEPTH = 64


class _Repeating(dict):
    """An object of which one name was given twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    return result if len(result) == len(pairs) else _Repeating(result)


def parse(text: str) -> Any:
    """The value of a JSON text; ask `problem` about it before use. Raises ValueError with a reason."""
    try:
        return json.loads(text, object_pairs_hook=_object)
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
            if isinstance(part, _Repeating):
                return "a name stands twice in one object"
            if isinstance(part, float) and not math.isfinite(part):
                return "NaN and Infinity are not numbers"
            if isinstance(part, dict):
                inner += part.keys()
                inner += part.values()
            elif isinstance(part, list):
                inner += part
            elif isinstance(part, str) and not writable(part):
                return "it holds half of a character pair, or bytes that are not UTF-8"
        if not inner:
            return ""
        level = inner
    return f"it is nested more than {MAX_DEPTH} levels deep"


def writable(text: str) -> bool:
    """Whether the text can be stored: a lone surrogate cannot."""
    try:
        return text.isascii() or bool(text.encode())
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
