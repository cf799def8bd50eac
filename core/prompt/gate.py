"""The last look before training: every row is written, turned into tokens, read back and compared.

Nothing here trusts a template, a tokenizer or a parser; what would be taught otherwise than it was meant is refused.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import StudioError
from core.prompt import oracle
from core.prompt.budget import LIMIT
from core.prompt.family import Family
from core.prompt.functiongemma import FunctionGemma
from core.prompt.messages import place_of
from core.prompt.oracle import Declarations
from core.prompt.parsed import Parsed
from core.prompt.rows import Row, row_of, texts
from core.schema.call import ToolCall
from core.schema.example import Example
from core.schema.tool import Tool

Watch = Callable[[int, int], None]  # rows done, rows in all
Kind = Literal[
    "missing_tool", "arguments", "hidden_tool", "marks", "unwritable", "untrained", "changed", "too_long"
]

MEND_ROW = "Change the example, or choose another model."
MEND_TOOL = "Rename it, or choose another model."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why training must not begin; `example` is an id, None where the tools or the model are the reason."""

    example: int | None
    message: str
    hint: str
    kind: Kind
    limit: int = 0  # the max_length that mends it, where one does

    def error(self) -> StudioError:
        place = self.kind if self.example is None else f"example {self.example}"
        return StudioError(self.message, self.hint, place)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check; `rows` holds a row for each example where nothing was refused and there are tokens."""

    rows: list[Row]
    refusals: list[Refusal]


def refusals(
    tools: Sequence[Tool],
    examples: Sequence[Example],
    family: Family | None = None,
    tokenizer: Any = None,
    max_length: int = LIMIT,
) -> list[Refusal]:
    """All that speaks against training on these examples; empty where nothing does.

    Without a tokenizer the text of FunctionGemma's format is checked, and lengths are not.
    """
    return check(tools, examples, family, tokenizer, max_length).refusals


def check(
    tools: Sequence[Tool],
    examples: Sequence[Example],
    family: Family | None = None,
    tokenizer: Any = None,
    max_length: int = LIMIT,
    watch: Watch = lambda done, total: None,
) -> Checked:
    """As `refusals`, with the rows that were made on the way. About 4 ms a row of 1,000 tokens."""
    family = family or FunctionGemma()
    rows: list[Row] = []
    lengths: list[tuple[int, Example]] = []
    try:
        found = [*_of_the_model(tools, family, tokenizer)]
        declarations = Declarations(tools, family.render)
    except StudioError as error:
        return Checked(rows, [Refusal(None, error.message, error.hint, "unwritable")])
    for done, example in enumerate(examples):
        watch(done, len(examples))
        try:
            row, reasons = _row(example, tools, declarations, family, tokenizer)
        except StudioError as error:
            row = None
            reasons = [Refusal(example.id, f"{_named(example)}: {error.message}", error.hint, "unwritable")]
        found += reasons
        if row is not None:
            rows.append(row)
            lengths.append((len(row.input_ids), example))
    return Checked(rows, [*found, *_too_long(lengths, max_length)])


def _of_the_model(tools: Sequence[Tool], family: Family, tokenizer: Any) -> Iterator[Refusal]:
    """What is wrong whatever the row."""
    if tokenizer is not None and (lost := oracle.lost_marks(tools, family, tokenizer)):
        message = f"The model's tokenizer does not keep the mark {lost} as one token."
        yield Refusal(None, message, "Choose another model.", "marks")
    for hidden in oracle.hidden(tools, family.render):
        yield Refusal(None, f"The model would not be shown {hidden}.", MEND_TOOL, "hidden_tool")


def _row(
    example: Example, tools: Sequence[Tool], declarations: Declarations, family: Family, tokenizer: Any
) -> tuple[Row | None, list[Refusal]]:
    found = [*_calls(example, tools)]
    prompt, completion = texts(example, tools, family)
    if unseen := declarations.missing_from(prompt, example):
        message = f"{_named(example)} would not show the model the tool {unseen}."
        found.append(Refusal(example.id, message, MEND_ROW, "hidden_tool"))
    if tokenizer is None:
        row, taught = None, completion
    else:
        row = row_of(prompt, completion, family, tokenizer, place_of(example))
        ids = row.input_ids[row.prompt_length :]
        taught = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    found += _answer(example, family.parse(taught, tools))
    return row, found


def _calls(example: Example, tools: Sequence[Tool]) -> Iterator[Refusal]:
    """Calls of tools that are not declared, values that are nothing, names that no parameter has."""
    by_name = {tool.name: tool for tool in tools}
    for call in example.all_calls:
        tool = by_name.get(call.name)
        if tool is None:
            message = f"{_named(example)} calls {call.name}, which is not one of the tools."
            hint = f"Add the tool {call.name}, or change the call."
            yield Refusal(example.id, message, hint, "missing_tool")
            continue
        for place, fault in oracle.strange(call.arguments, tool.parameters):
            message = f"{_named(example)}, call of {call.name}: {place} {fault}."
            yield Refusal(example.id, message, "Correct the call.", "arguments")


def _answer(example: Example, parsed: Parsed) -> Iterator[Refusal]:
    """Whether the answer that is taught reads as the one that is meant."""
    name = _named(example)
    if parsed.malformed:
        message = f"{name} would be taught as a text that cannot be read: {parsed.malformed}"
        yield Refusal(example.id, message, MEND_ROW, "changed")
    elif not parsed.calls and not parsed.text:
        message = f"{name} would teach the model nothing: its answer is empty in the text for the model."
        yield Refusal(example.id, message, "Write an answer.", "untrained")
    elif example.calls:
        if change := _changed(example.calls, parsed.calls):
            yield Refusal(example.id, f"{name} would be taught otherwise: {change}.", MEND_ROW, "changed")
    elif parsed.calls or parsed.text != example.answer.strip():
        message = f"{name} would be taught otherwise: its reply does not read as it was written."
        yield Refusal(example.id, message, MEND_ROW, "changed")


def _changed(meant: Sequence[ToolCall], read: Sequence[ToolCall]) -> str:
    """What became of the calls between writing and reading; empty where they are the same."""
    if len(meant) != len(read):
        return f"it has {len(meant)} calls, and {len(read)} are read"
    for one, other in zip(meant, read, strict=True):
        if one.name != other.name:
            return f"the call of {one.name} reads as one of {other.name}"
        if change := oracle.difference(one.arguments, other.arguments):
            return f"in the call of {one.name}, {change}"
    return ""


def _too_long(lengths: list[tuple[int, Example]], limit: int) -> Iterator[Refusal]:
    """The rows over the limit, the longest first, all with the limit that mends them all."""
    over = sorted((one for one in lengths if one[0] > limit), key=lambda one: -one[0])
    for needs, example in over:
        message = f"{_named(example)} needs {needs} tokens, the limit is {limit}."
        yield Refusal(example.id, message, f"Raise the limit to {over[0][0]}.", "too_long", over[0][0])


def _named(example: Example) -> str:
    place = place_of(example)
    return place[0].upper() + place[1:]
