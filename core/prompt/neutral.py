"""Control tokens in what people write: made harmless before the template, made whole again after parsing.

A token in a text gets a zero width space behind its first character, and one more where some are there
already, so that taking one away restores every text exactly. Text without tokens is not touched.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

GAP = "\u200b"


def pattern_of(tokens: Iterable[str]) -> re.Pattern[str]:
    """What finds the tokens, and their look-alikes with zero width spaces behind the first character."""
    # Longest first: of two tokens that begin alike, the whole one is meant.
    longest_first = sorted(set(tokens), key=len, reverse=True)
    return re.compile("|".join(f"{re.escape(t[0])}{GAP}*{re.escape(t[1:])}" for t in longest_first))


def neutralise(value: Any, pattern: re.Pattern[str]) -> Any:
    """A JSON value in which no text contains a token."""
    return _deep(value, lambda text: pattern.sub(lambda m: m[0][0] + GAP + m[0][1:], text))


def restore(value: Any, pattern: re.Pattern[str]) -> Any:
    """The JSON value that `neutralise` was given."""
    return _deep(value, lambda text: pattern.sub(lambda m: m[0][0] + m[0][1:].removeprefix(GAP), text))


def token_in(text: str, pattern: re.Pattern[str]) -> str:
    """The first real token in a text, look-alikes passed over; empty where there is none."""
    return next((m[0] for m in pattern.finditer(text) if m[0][1:2] != GAP), "")


def _deep(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_deep(part, change) for part in value]
    if isinstance(value, dict):
        return {change(name): _deep(part, change) for name, part in value.items()}
    return value
