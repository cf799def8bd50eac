"""How the text in arguments is compared: as a name or an id, or as free wording; guessed, unless somebody said it.

Guessed as free wording is a text parameter, of those without allowed values, whose values in the examples
- are of two words or more in the mean (a word is what spaces part and has a letter in it: a date is none),
- differ from each other for the most part (more than half as many different values as values), and
- seldom stand in the conversation as they are (less than half of them do, case and punctuation aside).
Search queries and messages are like this; titles, people, places and times of day are taken from what was said, and
categories repeat. Everything else, a parameter that no example fills among it, is compared exactly.

Texts are equal when they are without case, spaces, punctuation and accents. Free wording is accepted from a token
overlap of ACCEPTED on: the F1 of SQuAD (P. Rajpurkar et al., 2016), harmonic mean of the shares of words that
both have. Text without spaces between words (Chinese, Japanese, Thai) counts as one word there: choose by hand.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from core.doctor.wording import tokens
from core.schema import Example, Tool
from core.schema.parameters import paths

Rule = Literal["exact", "free"]
Rules = dict[
    str, dict[str, Rule]
]  # by tool, then by dotted path, for every text parameter without allowed values

ACCEPTED = 0.5
WORDS, DIFFERENT, TAKEN = 2.0, 0.5, 0.5  # the three borders of the guess
ENOUGH = 1000  # calls of a tool that are looked at
ARTICLES = frozenset({"a", "an", "the"})


def rules(tools: Sequence[Tool], examples: Iterable[Example]) -> Rules:
    """The rule of every text parameter without allowed values: chosen in the tool, otherwise guessed."""
    guessed = guess(tools, examples)
    return {
        tool.name: {path: tool.wording.get(path, rule) for path, rule in guessed[tool.name].items()}
        for tool in tools
    }


def guess(tools: Sequence[Tool], examples: Iterable[Example]) -> Rules:
    """The rule of every text parameter without allowed values, as the module says it."""
    seen: dict[str, dict[str, list[tuple[str, str]]]] = {
        tool.name: {path: [] for path in text_paths(tool.parameters)} for tool in tools
    }
    left = {name: ENOUGH for name, found in seen.items() if found}
    for example in examples:
        if not left:
            break
        for call in example.calls:
            if call.name not in left:
                continue
            said = " ".join(turn.content for turn in example.turns)
            for path, values in seen[call.name].items():
                values += [(text, said) for text in _texts(call.arguments, path.split("."))]
            left[call.name] -= 1
            if not left[call.name]:
                del left[call.name]
    return {
        name: {path: "free" if _is_free(values) else "exact" for path, values in found.items()}
        for name, found in seen.items()
    }


def text_paths(parameters: dict[str, Any]) -> list[str]:
    """The dotted paths of parameters that hold text, or lists of it, without allowed values."""
    return [path for path, schema in paths(parameters) if is_text(schema)]


def is_text(schema: Mapping[str, Any]) -> bool:
    """Whether a parameter holds text, or a list of it, of which no values are given."""
    while schema["type"] == "array" and schema.get("items"):
        schema = schema["items"]
    return schema["type"] == "string" and not schema.get("enum")


def _texts(value: Any, names: list[str]) -> Iterator[str]:
    """The texts that stand at a path, in all items of lists on the way."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, names)
    elif names:
        if isinstance(value, dict) and names[0] in value:
            yield from _texts(value[names[0]], names[1:])
    elif isinstance(value, str):
        yield value


def _is_free(values: list[tuple[str, str]]) -> bool:
    if not values or sum(_words(text) for text, _ in values) / len(values) < WORDS:
        return False
    if len({folded(text) for text, _ in values}) <= DIFFERENT * len(values):
        return False
    taken = sum(f" {' '.join(folded(text))} " in f" {' '.join(folded(said))} " for text, said in values)
    return taken < TAKEN * len(values)


def _words(text: str) -> int:
    return sum(any(letter.isalpha() for letter in part) for part in text.split())


def folded(text: str) -> tuple[str, ...]:
    """The words, numbers and signs of a text without case, punctuation and accents; `-5` and `1.5` stay numbers."""
    apart = unicodedata.normalize("NFD", text)
    return tuple(tokens("".join(letter for letter in apart if not "\u0300" <= letter <= "\u036f")))


def same_text(a: str, b: str) -> bool:
    """Whether two texts are equal without case, spaces, punctuation and accents."""
    words = folded(a)
    return a == b or (bool(words) and words == folded(b))


def overlap(expected: str, got: str) -> float:
    """The share of words that two texts have in common, 0 to 1: F1 over tokens, English articles left out."""
    wanted, found = (
        Counter(word for word in folded(text) if word not in ARTICLES) for text in (expected, got)
    )
    if not wanted or not found:
        return float(wanted == found)
    return 2 * (wanted & found).total() / (wanted.total() + found.total())
