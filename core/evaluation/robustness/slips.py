"""What people say, written otherwise: in capitals, without punctuation, with slips of the fingers.

What the expected call copies out of the prompt stays as it is: a model that copies a slip would do as it was told, and
the expectation would be wrong. For case that is every value that stands in the prompt letter by letter; for slips it is
also every word of a value and every word that begins like one.
"""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from core.schema import Example
from core.schema.call import dumps

Spans = list[tuple[int, int]]

# Neighbours on a keyboard; letters of other scripts and with marks are exchanged with the next one instead.
NEAR = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl",
    "p": "ol", "a": "qsz", "s": "awdx", "d": "sefc", "f": "drgv", "g": "fthb", "h": "gyjn", "j": "hukm", "k": "jil",
    "l": "kop", "z": "asx", "x": "zsdc", "c": "xdfv", "v": "cfgb", "b": "vghn", "n": "bhjm", "m": "njk",
}  # fmt: skip
LONG = 4  # letters of a word in which somebody slips, and of one that another begins like
_WORD = re.compile(r"[^\W\d_]+")
_MARK = re.compile(r"(?<!\w)[^\w\s]+|[^\w\s]+(?!\w)")  # none within a word or number


def recased(example: Example, seed: int) -> Example:
    """The last thing said in capitals, in small letters or without punctuation, whichever changes something."""
    chance = random.Random(f"case {seed} {example.id} {example.prompt}")
    kept = _copied(example.prompt, example)
    ways: list[Callable[[str], str]] = [str.upper, str.lower, lambda text: _MARK.sub("", text)]
    chance.shuffle(ways)
    for way in ways:
        text = _outside(example.prompt, kept, way)
        if text != example.prompt and text.strip():
            return _said(example, text)
    return example


def mistyped(example: Example, seed: int) -> Example:
    """The last thing said with one or two slips, in words that no value has; as it was where there are none."""
    chance = random.Random(f"typos {seed} {example.id} {example.prompt}")
    prompt = example.prompt
    kept = _copied(prompt, example)
    valued = [
        word.casefold()
        for value in _leaves(c.arguments for c in example.calls)
        for word in _WORD.findall(value)
    ]
    free = [
        found
        for found in _WORD.finditer(prompt)
        if len(found[0]) >= LONG
        and not any(begin < found.end() and found.start() < end for begin, end in kept)
        and not any(_alike(found[0].casefold(), word) for word in valued)
    ]
    chosen = chance.sample(free, min(len(free), chance.choice((1, 2))))
    for found in sorted(chosen, key=lambda one: -one.start()):
        prompt = prompt[: found.start()] + _slipped(found[0], chance) + prompt[found.end() :]
    return _said(example, prompt) if chosen else example


def _slipped(word: str, chance: random.Random) -> str:
    """A word with one slip behind its first letter; always another word."""
    at = chance.randrange(1, len(word) - 1)
    letter, after = word[at], word[at + 1]
    near = NEAR.get(letter.casefold(), "")
    ways = [word[:at] + word[at + 1 :], word[: at + 1] + word[at:]]  # left out, struck twice
    if letter != after:
        ways.append(word[:at] + after + letter + word[at + 2 :])
    if near:
        struck = chance.choice(near)
        ways.append(word[:at] + (struck.upper() if letter.isupper() else struck) + word[at + 1 :])
    return chance.choice(ways)


def _alike(word: str, other: str) -> bool:
    short = min(len(word), len(other))
    return word == other or (short >= LONG and word[:LONG] == other[:LONG])


def _copied(prompt: str, example: Example) -> Spans:
    """Where values of the expected calls stand in the prompt letter by letter."""
    values = {value for value in _leaves(call.arguments for call in example.calls) if value.strip()}
    return [
        found.span() for value in values for found in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", prompt)
    ]


def _leaves(values: Iterable[Any]) -> list[str]:
    """All texts and numbers within some values, as text."""
    found: list[str] = []
    for value in values:
        if isinstance(value, dict):
            found += _leaves(value.values())
        elif isinstance(value, list):
            found += _leaves(value)
        else:
            found.append(value if isinstance(value, str) else dumps(value))
    return found


def _outside(text: str, kept: Spans, way: Callable[[str], str]) -> str:
    """The text changed by `way` outside the spans."""
    parts, at = [], 0
    for begin, end in sorted(kept):
        if begin >= at:
            parts += [way(text[at:begin]), text[begin:end]]
        elif end > at:
            parts.append(text[at:end])
        at = max(at, end)
    return "".join([*parts, way(text[at:])])


def _said(example: Example, text: str) -> Example:
    """The example with another last thing said by the user."""
    last = max(n for n, turn in enumerate(example.turns) if turn.role == "user")
    turns = list(example.turns)
    turns[last] = replace(turns[last], content=text)
    return replace(example, turns=tuple(turns))
