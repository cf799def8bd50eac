"""What fits: the tokens that declarations, prompts and answers take of a row's limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.prompt import probe
from core.prompt.family import Family, family_of
from core.prompt.functiongemma import FunctionGemma
from core.prompt.functiongemma_tokens import PATTERN
from core.prompt.messages import Message, messages_of, rendered
from core.prompt.rows import ids_of, writable
from core.schema.call import dumps
from core.schema.example import Example
from core.schema.tool import Tool

LIMIT = 2048  # tokens of a row, where nobody chose another limit: fifteen tools and a long talk

# Of the text between the marks, measured with Gemma's vocabulary on the declarations of 14 tools (3.45 to 4.62).
BYTES_PER_TOKEN = 3.9
_LONGEST = 24  # rows that are measured to find the longest
SOME = 160  # rows that can be checked at once: two thirds of a second


@dataclass(frozen=True, slots=True)
class Cost:
    """How many tokens; "about" where `exact` is false."""

    tokens: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """How the longest row fills the limit; declarations, prompt, answer and room left add up to it."""

    limit: int
    declarations: int
    by_tool: dict[str, int]
    longest_prompt: int  # of the longest row, without the declarations
    longest_answer: int  # of the same row
    room_left: int  # negative where the row is longer than the limit
    more_tools: int | None  # that would still fit, of the average size; None where there are no tools
    example: int | None  # the id of the longest row
    exact: bool  # counted with the model's tokenizer, or an estimate


def declaration_cost(tool: Tool, tokenizer: Any = None) -> Cost:
    """The tokens that each prompt has more for this tool; an estimate for FunctionGemma without a tokenizer.

    Takes about a millisecond and loads nothing. Raises StudioError where a template cannot show the tool.
    """
    family: Family = FunctionGemma() if tokenizer is None else family_of(tokenizer)
    return Cost(_more(tool, family, _counter(tokenizer)), tokenizer is not None)


def budget(
    tools: Sequence[Tool],
    examples: Sequence[Example],
    family: Family | None = None,
    tokenizer: Any = None,
    limit: int = LIMIT,
) -> Budget:
    """What is left of the limit in the longest row, and how many more tools fit into that.

    Raises StudioError where the model's template cannot show a tool.
    """
    family, count = family or FunctionGemma(), _counter(tokenizer)
    declarations = [tool.declaration() for tool in tools]
    sized = [
        (count(prompt), count(completion.rstrip()), messages_of(example), example.id)
        for example, prompt, completion in writable(longest(examples), tools, family)
    ]
    alone: list[Message] = probe.MESSAGES
    nobody = (count(rendered(family.render, alone, declarations, True)), 0, alone, None)
    asked, answered, messages, example = max(sized, key=lambda row: row[0] + row[1], default=nobody)
    plain = count(rendered(family.render, messages, [], True))
    by_tool = {tool.name: _more(tool, family, count) for tool in tools}
    room = limit - asked - answered
    average = sum(by_tool.values()) / len(tools) if tools else 0
    return Budget(
        limit=limit,
        declarations=asked - plain,
        by_tool=by_tool,
        longest_prompt=plain,
        longest_answer=answered,
        room_left=room,
        more_tools=max(0, int(room / average)) if average else None,
        example=example,
        exact=tokenizer is not None,
    )


def longest(examples: Sequence[Example], number: int = _LONGEST) -> list[Example]:
    """The examples with the most text, the longest first."""
    return sorted(examples, key=_letters, reverse=True)[:number]


def some(examples: Sequence[Example], number: int = SOME) -> list[Example]:
    """A few of the examples where there are many: the longest, and others from the first to the last."""
    if len(examples) <= number:
        return list(examples)
    spread = examples[:: 1 + len(examples) // (number - number // 4)]
    return [*longest(examples, number // 4), *spread]


def _letters(example: Example) -> int:
    calls = (*example.calls, *(call for turn in example.turns for call in turn.calls))
    said = sum(len(turn.content) for turn in example.turns) + len(example.reply)
    return said + sum(len(dumps(call.to_json())) for call in calls)


def _counter(tokenizer: Any) -> Callable[[str], int]:
    return _estimated if tokenizer is None else lambda text: len(ids_of(text, tokenizer))


def _estimated(text: str) -> int:
    """About how many tokens a text of FunctionGemma's format has: a mark is one, the rest is cut by measure."""
    between = PATTERN.sub("", text)
    return round(len(between.encode()) / BYTES_PER_TOKEN) + len(PATTERN.findall(text))


def _more(tool: Tool, family: Family, count: Callable[[str], int]) -> int:
    # Beside another tool, for the first one brings the turn that declarations stand in.
    with_it, without = (
        count(rendered(family.render, probe.MESSAGES, [one.declaration() for one in tools], True))
        for tools in ([probe.TOOL, tool], [probe.TOOL])
    )
    return with_it - without
