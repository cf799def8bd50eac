"""How calls begin: what tells them from words and from each other before any argument is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from core.prompt.family import Family
from core.prompt.messages import called
from core.prompt.probe import ANSWER, completion
from core.prompt.rows import ids_of
from core.schema.call import ToolCall
from core.schema.tool import Tool


@dataclass(frozen=True, slots=True)
class Beginnings:
    """`lead` is what every answer begins with, in most formats nothing; `calls` is what follows for each tool.

    Both are tokens. A call's go up to and with the one that ends the name, so that one name may begin another.
    """

    lead: tuple[int, ...]
    calls: dict[str, tuple[int, ...]]


def beginnings_of(tools: Sequence[Tool], family: Family, tokenizer: Any) -> Beginnings:
    """How the calls of at least one tool begin (StudioError where the template shows none)."""
    calls = [_beginning(tool, family, tokenizer) for tool in tools]
    words = ids_of(completion(family.render, ANSWER), tokenizer)
    lead = _common([words, *calls])
    return Beginnings(
        tuple(calls[0][:lead]),
        {tool.name: tuple(call[lead:]) for tool, call in zip(tools, calls, strict=True)},
    )


def _beginning(tool: Tool, family: Family, tokenizer: Any) -> list[int]:
    # Some formats close the name otherwise where no argument follows.
    arguments = dict.fromkeys(tool.properties, "")
    other = "b" if tool.name.startswith("a") else "a"
    texts = [completion(family.render, called([ToolCall(name, arguments)])) for name in (tool.name, other)]
    end = _common(texts) + len(tool.name)
    coded = tokenizer(texts[0], add_special_tokens=False, return_offsets_mapping=True)
    offsets = zip(coded.input_ids, coded.offset_mapping, strict=True)
    return [token for token, (start, _) in offsets if start <= end]


def _common(parts: Sequence[Sequence[Any]]) -> int:
    """How many of the first items are the same in all parts."""
    return len(list(takewhile(lambda items: len(set(items)) == 1, zip(*parts, strict=False))))
