"""Rows changed in ways that keep what they mean: what a model still gets right shows what it has learned.

Each way is a pure function of tools, examples and seed; the same seed gives the same rows. Ids, split and number of the
examples stay, so every changed row is paired with the one it came from.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from core.evaluation.robustness import plain_names
from core.evaluation.robustness.distractors import added
from core.evaluation.robustness.slips import mistyped, recased
from core.schema import Example, Tool

Tools = Sequence[Tool]
Examples = Sequence[Example]
Changed = tuple[list[Tool], list[Example]]

UNCHANGED = ""
MORE = (3, 8, 18)  # tools that are added
_CLAUSE = re.compile(r"[.;:,(!?](?=\s|$)|\s[-–—]\s|\n")
WORDS = 2  # a clause has at least so many, or more of the description is kept


def change(variant: str, tools: Tools, examples: Examples, seed: int) -> Changed:
    """Tools and examples changed in the way of this name, one of VARIANTS."""
    return VARIANTS[variant](tools, examples, seed)


def _unchanged(tools: Tools, examples: Examples, seed: int) -> Changed:
    return list(tools), list(examples)


def shuffled(tools: Tools, examples: Examples, seed: int) -> Changed:
    """The tools in another order."""
    order = list(tools)
    random.Random(f"shuffled {seed}").shuffle(order)
    if order == list(tools):
        order = order[1:] + order[:1]
    return order, list(examples)


def _with_more(count: int) -> Callable[[Tools, Examples, int], Changed]:
    def more(tools: Tools, examples: Examples, seed: int) -> Changed:
        return added(tools, examples, count, seed), list(examples)

    return more


def shortened(tools: Tools, examples: Examples, seed: int) -> Changed:
    """Descriptions of tools and parameters cut to their first clause."""
    cut = [
        replace(tool, description=_clause(tool.description), parameters=_cut(tool.parameters))
        for tool in tools
    ]
    return cut, list(examples)


def _cut(schema: dict[str, Any]) -> dict[str, Any]:
    made = dict(schema)
    if schema.get("description"):
        made["description"] = _clause(schema["description"])
    if schema.get("items"):
        made["items"] = _cut(schema["items"])
    if schema.get("properties"):
        made["properties"] = {name: _cut(part) for name, part in schema["properties"].items()}
    return made


def _clause(text: str) -> str:
    for end in _CLAUSE.finditer(text):
        clause = text[: end.start()].strip()
        if len(clause.split()) >= WORDS:
            return clause
    return text


def in_other_case(tools: Tools, examples: Examples, seed: int) -> Changed:
    """What was said in capitals, in small letters or without punctuation."""
    return list(tools), [recased(example, seed) for example in examples]


def with_typos(tools: Tools, examples: Examples, seed: int) -> Changed:
    """What was said with one or two slips."""
    return list(tools), [mistyped(example, seed) for example in examples]


VARIANTS: dict[str, Callable[[Tools, Examples, int], Changed]] = {
    UNCHANGED: _unchanged,
    "shuffled": shuffled,
    **{f"distractors-{count}": _with_more(count) for count in MORE},
    "renamed": plain_names.renamed,
    "short": shortened,
    "case": in_other_case,
    "typos": with_typos,
}
