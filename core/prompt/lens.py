"""What the model sees: an example as text in pieces, or token by token."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.prompt import functiongemma
from core.prompt.family import Family
from core.prompt.functiongemma_tokens import DECLARATION, END_DECLARATION
from core.prompt.messages import Message, Render, answer_of, messages_of, place_of, prompt_and_answer
from core.prompt.rows import encode
from core.schema.example import Example
from core.schema.tool import Tool

_DECLARATION = re.compile(f"({DECLARATION}.*?{END_DECLARATION})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what the model sees: "trained" is taught, all else is read, a last line break included."""

    text: str
    kind: Literal["declaration", "prompt", "trained"]


def look(example: Example, tools: Sequence[Tool], render: Render = functiongemma.render) -> list[Piece]:
    """The rendered example in pieces, each tool's declaration apart where its format marks it."""
    messages = messages_of(example)
    declarations = [tool.declaration() for tool in tools]
    prompt, answer = prompt_and_answer(render, messages, answer_of(example), declarations, place_of(example))
    taught = answer.rstrip()  # a line's end behind the stop token is not trained
    pieces = [
        *_split(prompt, messages, render),
        Piece(taught, "trained"),
        Piece(answer[len(taught) :], "prompt"),
    ]
    return [piece for piece in pieces if piece.text]


def look_tokens(
    example: Example, tools: Sequence[Tool], family: Family, tokenizer: Any
) -> list[tuple[str, int, bool]]:
    """Each token of the row that is trained on: its text, its id, and whether it is taught."""
    row = encode(example, tools, family, tokenizer)
    return [
        (tokenizer.decode([token]), token, n >= row.prompt_length) for n, token in enumerate(row.input_ids)
    ]


def _split(prompt: str, messages: list[Message], render: Render) -> Iterator[Piece]:
    if DECLARATION in prompt:
        for n, part in enumerate(_DECLARATION.split(prompt)):
            yield Piece(part, "declaration" if n % 2 else "prompt")
        return
    # Another format's declarations have no marks we know: they are what a prompt without tools does not have.
    plain = render(messages, [], True)
    start = _shared(prompt, plain)
    end = _shared(prompt[start:][::-1], plain[start:][::-1])
    yield Piece(prompt[:start], "prompt")
    yield Piece(prompt[start : len(prompt) - end], "declaration")
    yield Piece(prompt[len(prompt) - end :], "prompt")


def _shared(a: str, b: str) -> int:
    """How many characters two texts begin with in common."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
