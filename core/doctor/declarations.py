"""Tools as they are described: too little, or too much like one another."""

from collections.abc import Iterator
from itertools import combinations

from core.doctor.finding import Finding, counted, listed
from core.doctor.inference import WORDS
from core.doctor.wording import folded, stem, words
from core.schema import Tool

ALIKE = 0.8  # share of the words of two descriptions that are in both


def declarations(tools: list[Tool]) -> Iterator[Finding]:
    """Tools without a description, and tools that cannot be told apart."""
    silent = [tool.name for tool in tools if not tool.description.strip()]
    if silent:
        have = "has" if len(silent) == 1 else "have"
        message = f"{listed(silent)} {have} no description."
        if len(silent) > 1:
            message = f"{counted(len(silent), 'tool')} have no description: {listed(silent)}."
        remedy = "Say in a sentence what it does: the model reads it to choose."
        yield Finding("warn", message, (), remedy, "no_description")
    told = [(tool, frozenset(map(stem, words(tool.description)))) for tool in tools]
    for (a, said), (b, also) in combinations(told, 2):
        if alike(a, said, b, also):
            message = f"{a.name} and {b.name} are described alike, so the model can hardly tell them apart."
            remedy = "Say what makes the difference, or make one tool of them."
            yield Finding("warn", message, (), remedy, "alike_tools", about=(a.name, b.name))


def alike(a: Tool, said: frozenset[str], b: Tool, also: frozenset[str]) -> bool:
    """Whether names or descriptions are nearly equal, and no word that differs is in a name."""
    if folded(a.name) == folded(b.name):
        return True
    differ = said ^ also
    names = {stem(word.casefold()) for name in (a.name, b.name) for word in WORDS.split(name)}
    return bool(said) and len(said & also) >= ALIKE * len(said | also) and not differ & names
