"""What the gate knows by itself: whether texts show the tools, and whether two values are the same."""

import copy
import re
from collections.abc import Iterator, Sequence
from typing import Any

from core.prompt import probe
from core.prompt.family import Family
from core.prompt.functiongemma import FunctionGemma
from core.prompt.functiongemma_tokens import BOS, END_TURN, MARKS, TURN
from core.prompt.lens import declared
from core.prompt.messages import Render, called, messages_of, rendered
from core.schema.call import ToolCall, dumps
from core.schema.example import Example
from core.schema.tool import Tool


class Declarations:
    """The declarations of a project as a format writes them, looked for in prompts."""

    def __init__(self, tools: Sequence[Tool], render: Render):
        self.tools = tools
        self.render = render
        self.parts = declared(_shown(tools, render), probe.MESSAGES, render) if tools else []

    def missing_from(self, prompt: str, example: Example) -> str:
        """The name of a tool that the prompt of an example does not declare; empty where it declares all."""
        if all(part in prompt for part in self.parts):
            return ""
        plain = rendered(self.render, messages_of(example), [], True)
        return next((t.name for t in self.tools if _count(t.name, prompt) <= _count(t.name, plain)), "")


def hidden(tools: Sequence[Tool], render: Render) -> Iterator[str]:
    """What a format does not show of the tools: those whose absence would change nothing in the prompt."""
    whole = _shown(tools, render)
    for place, tool in enumerate(tools):
        others = [*tools[:place], *tools[place + 1 :]]
        if tool.name not in whole or _shown(others, render) == whole:
            yield f"the tool {tool.name}"
            continue
        alone = _shown([tool], render)
        for path in _parameters(tool.parameters):
            lacking = copy.deepcopy(tool.parameters)
            del _at(lacking, path[:-1])["properties"][path[-1]]
            if _shown([Tool(tool.name, tool.description, lacking)], render) == alone:
                yield f"the parameter {'.'.join(p for p in path if p)} of the tool {tool.name}"


def lost_marks(tools: Sequence[Tool], family: Family, tokenizer: Any) -> str:
    """A control token of the format that the tokenizer does not take for the token it is; empty where there is none."""
    answer = called([ToolCall(tools[0].name)]) if tools else probe.ANSWER
    declarations = [tool.declaration() for tool in tools]
    text = rendered(family.render, [*probe.MESSAGES, answer], declarations, False)
    for mark, id in tokenizer.get_added_vocab().items():
        if mark in text and id not in tokenizer.encode(mark, add_special_tokens=False):
            return mark
    if not isinstance(family, FunctionGemma):
        return ""
    pieces = (
        (mark, tokenizer.encode(mark, add_special_tokens=False)) for mark in (*MARKS, BOS, TURN, END_TURN)
    )
    return next((mark for mark, ids in pieces if tokenizer.convert_ids_to_tokens(ids) != [mark]), "")


def strange(value: Any, schema: dict[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """The places in arguments where there is nothing, or a name that no parameter has, and what is wrong there."""
    if value is None:
        yield place, "is empty (null)"
    elif isinstance(value, list):
        for number, part in enumerate(value, 1):
            yield from strange(part, schema.get("items", {}), f"{place}.{number}")
    elif isinstance(value, dict):
        known = schema.get("properties") or {}
        for name, part in value.items():
            inside = f"{place}.{name}".strip(".")
            if name not in known and (known or not place):
                yield inside, "is not one of its parameters"
            else:
                yield from strange(part, known.get(name, {}), inside)


def difference(meant: Any, read: Any, place: str = "") -> str:
    """What a value became, types included (True is not 1, "1" is not 1, 1 is not 1.0); empty where it is the same."""
    if type(meant) is not type(read):
        return f"{place} is {_short(meant)} and reads as {_short(read)}"
    if isinstance(meant, dict):
        if lost := next((name for name in meant if name not in read), None):
            return f"{f'{place}.{lost}'.strip('.')} is lost"
        if added := next((name for name in read if name not in meant), None):
            return f"{f'{place}.{added}'.strip('.')} is added"
        parts = [(meant[name], read[name], f"{place}.{name}".strip(".")) for name in meant]
    elif isinstance(meant, list):
        if len(meant) != len(read):
            return f"{place} has {len(meant)} values, and {len(read)} are read"
        parts = [(a, b, f"{place}.{n}") for n, (a, b) in enumerate(zip(meant, read, strict=True), 1)]
    else:
        return "" if meant == read else f"{place} is {_short(meant)} and reads as {_short(read)}"
    return next((found for part in parts if (found := difference(*part))), "")


def _shown(tools: Sequence[Tool], render: Render) -> str:
    return rendered(render, probe.MESSAGES, [tool.declaration() for tool in tools], True)


def _count(name: str, text: str) -> int:
    return len(re.findall(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))


def _parameters(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The way to each parameter of a schema, at every depth; an empty step goes into what a list holds."""
    for name, part in (schema.get("properties") or {}).items():
        yield (*path, name)
        yield from _parameters(part, (*path, name))
    if "items" in schema:
        yield from _parameters(schema["items"], (*path, ""))


def _at(schema: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for step in path:
        schema = schema["properties"][step] if step else schema["items"]
    return schema


def _short(value: Any) -> str:
    text = dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
