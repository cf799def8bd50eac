"""Text that looks like the marks between which a model reads and writes."""

import re
from collections.abc import Iterator
from typing import Any

from core.doctor.finding import Finding, Rows, in_all
from core.prompt import neutral
from core.prompt.chat_template import TAGS
from core.prompt.functiongemma_tokens import MARKS, OTHERS
from core.schema import Example, Tool

KNOWN = neutral.pattern_of((*MARKS, *OTHERS, *TAGS))
FORM = re.compile(r"<\|\w+\|>")  # of the tokens of many other models


def control_tokens(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    """Rows and tools that contain the text of a control token."""
    hits = [(id, token) for id, example in rows if (token := _first(_texts(example)))]
    if hits:
        ids = tuple(id for id, _ in hits)
        message = f"Example {ids[0]} contains {hits[0][1]}, a control token of a model{in_all(ids)}."
        yield _finding(message, ids, "examples")
    for tool in tools:
        if token := _first([tool.description, *_strings(tool.parameters)]):
            yield _finding(
                f"The tool {tool.name} contains {token}, a control token of a model.", (), tool.name
            )


def _finding(message: str, ids: tuple[int, ...], about: str) -> Finding:
    remedy = "It is made harmless and shown to the model as plain text. Delete it if it came in by mistake."
    return Finding("hint", message, ids, remedy, "control_tokens", about=(about,))


def _texts(example: Example) -> Iterator[str]:
    yield example.reply
    for turn in example.turns:
        yield turn.content
        for call in turn.calls:
            yield from _strings(call.arguments)
    for call in example.calls:
        yield from _strings(call.arguments)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _strings(part)


def _first(texts: Any) -> str:
    """The first token in any of the texts; empty where there is none."""
    for text in texts:
        if "<" in text or "[" in text:
            match = FORM.search(text)
            if token := neutral.token_in(text, KNOWN) or (match[0] if match else ""):
                return token
    return ""
