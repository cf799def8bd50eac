"""What the model sees: an example as text in pieces, or token by token."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.prompt import functiongemma
from core.prompt.budget import Budget, budget
from core.prompt.family import Family
from core.prompt.functiongemma_tokens import DECLARATION, END_DECLARATION
from core.prompt.messages import Message, Render, answer_of, messages_of, place_of, prompt_and_answer
from core.prompt.rows import ids_of, row_of, texts, writable
from core.schema.example import Example
from core.schema.tool import Tool

Kind = Literal["declaration", "prompt", "trained"]
# How it stands with the tokens: counted; their tokenizer is being made; the model is not on this computer.
State = Literal["here", "making", "absent"]

_DECLARATION = re.compile(f"({DECLARATION}.*?{END_DECLARATION})", re.DOTALL)
_SAMPLE = 30  # rows between the first and the last, for what all have in common


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what the model sees: "trained" is taught, all else is read, a last line break included."""

    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a row: the part of the text it stands for, empty where it only goes on with a letter."""

    text: str
    id: int
    kind: Kind
    piece: int  # the place of its piece among those of `look`


@dataclass(frozen=True, slots=True)
class Seen:
    """One example as a model sees it; where its tokenizer is not here there are pieces of text and no tokens."""

    pieces: list[Piece]
    tokens: list[Token]
    shared: int  # tokens at the beginning that the prompts of all examples share
    budget: Budget
    state: State


def see(
    chosen: Example,
    rows: Sequence[Example],
    tools: Sequence[Tool],
    family: Family,
    tokenizer: Any,
    limit: int,
) -> Seen:
    """One example of `rows` as a model sees it, its row to be no longer than `limit` tokens.

    Raises StudioError where the model's template cannot show the example.
    """
    every = [*rows, chosen]
    return Seen(
        look(chosen, tools, family.render),
        look_tokens(chosen, tools, family, tokenizer),
        shared(every, tools, family, tokenizer),
        budget(tools, every, family, tokenizer, limit),
        "here",
    )


def see_text(
    chosen: Example, rows: Sequence[Example], tools: Sequence[Tool], limit: int, state: State
) -> Seen:
    """As `see` without a tokenizer: FunctionGemma's text, and estimates."""
    return Seen(look(chosen, tools), [], 0, budget(tools, [*rows, chosen], limit=limit), state)


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


def look_tokens(example: Example, tools: Sequence[Tool], family: Family, tokenizer: Any) -> list[Token]:
    """Each token of the row that is trained on. Raises StudioError as `rows.encode` does."""
    prompt, completion = texts(example, tools, family)
    row = row_of(prompt, completion, family, tokenizer, place_of(example))
    pieces = [piece for piece in _split(prompt, messages_of(example), family.render) if piece.text]
    of_letter = [place for place, piece in enumerate(pieces) for _ in piece.text]
    tokens = []
    for id, start, end in _spans(prompt, tokenizer):
        place = of_letter[min(start, len(of_letter) - 1)]
        tokens.append(Token(prompt[start:end], id, pieces[place].kind, place))
    for id, start, end in _spans(completion, tokenizer):
        tokens.append(Token(completion[start:end], id, "trained", len(pieces)))
    return tokens[: len(row.input_ids)]


def _spans(text: str, tokenizer: Any) -> Iterator[tuple[int, int, int]]:
    """The id of each token and where its part of the text begins and ends; the parts are the whole text."""
    encoding = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
    at = 0
    for id, (_, end) in zip(encoding.ids, encoding.offsets, strict=True):
        yield id, at, max(at, end)
        at = max(at, end)


def shared(examples: Sequence[Example], tools: Sequence[Tool], family: Family, tokenizer: Any) -> int:
    """How many tokens the prompts of all these examples begin with in common.

    Looks at those that begin most unlike each other, not at each one: of texts in order, all begin with what the
    first and the last have in common.
    """
    ordered = sorted(examples, key=lambda example: (example.turns[0].role, example.turns[0].content.strip()))
    chosen = ordered[:: max(1, len(ordered) // _SAMPLE)]
    for before, after in itertools.pairwise(ordered):
        if before.turns[0].role != after.turns[0].role:
            chosen += [before, after]
    rows = [ids_of(prompt, tokenizer) for _, prompt, _ in writable([*chosen, *ordered[-1:]], tools, family)]
    return _alike(min(rows), max(rows)) if rows else 0


def declared(prompt: str, messages: list[Message], render: Render) -> list[str]:
    """The parts of a prompt that declare tools."""
    return [piece.text for piece in _split(prompt, messages, render) if piece.kind == "declaration"]


def _split(prompt: str, messages: list[Message], render: Render) -> Iterator[Piece]:
    if DECLARATION in prompt:
        for n, part in enumerate(_DECLARATION.split(prompt)):
            yield Piece(part, "declaration" if n % 2 else "prompt")
        return
    # Another format's declarations have no marks we know: they are what a prompt without tools does not have.
    plain = render(messages, [], True)
    start = _alike(prompt, plain)
    end = _alike(prompt[start:][::-1], plain[start:][::-1])
    yield Piece(prompt[:start], "prompt")
    yield Piece(prompt[start : len(prompt) - end], "declaration")
    yield Piece(prompt[len(prompt) - end :], "prompt")


def _alike(a: Sequence[Any], b: Sequence[Any]) -> int:
    """How many letters or tokens two rows begin with in common."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
