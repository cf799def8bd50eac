"""Answers from loaded models, token by token, several side by side."""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.evaluation.constrained import Constraint, Rules
from core.evaluation.decoding import GREEDY, Sampling, tokens
from core.evaluation.evaluate import read_answer
from core.evaluation.generate import Generated
from core.prompt.family import Parsed
from core.prompt.growing import Growing, Grown, overlap
from core.prompt.rows import prompt_ids, written
from core.schema import Tool, ToolCall
from core.serving.shelf import Loaded, NoMemory, Shelf
from core.serving.turns import Turns
from core.settings import Settings

MAX_NEW_TOKENS = (
    256  # where nothing else is asked: an untouched model often does not come to an end by itself
)


NOTHING = Grown()


@dataclass(frozen=True, slots=True)
class Ask:
    """What a model is asked: messages as chat templates take them."""

    model: str
    messages: list[dict[str, Any]]
    tools: list[Tool] = field(default_factory=list)
    sampling: Sampling = GREEDY
    limit: int = MAX_NEW_TOKENS
    stop: tuple[str, ...] = ()
    calls: bool = True  # whether calls are read as such; otherwise all that is written is words
    several: bool = True  # whether there may be more than one call
    required: bool = False  # whether there must be one
    named: str = ""  # the one tool that may be called
    constrained: bool = False  # whether names and arguments are held to the schema; a required call always is


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    text: str  # as produced, with its control tokens
    parsed: Parsed
    words: str  # as they were streamed, and the calls beside them
    calls: tuple[ToolCall, ...]
    prompt_tokens: int
    tokens: int
    seconds: float
    ended: bool  # otherwise it was cut at the limit


@dataclass(frozen=True, slots=True)
class Piece:
    """What has come since the last one; the last piece of an answer is its `reply`."""

    text: str = ""
    grown: Grown = NOTHING
    reply: Reply | None = None


class Engine:
    """Models are loaded when first asked for, any or `only` some; answers take turns, a token each."""

    def __init__(self, settings: Settings, only: Sequence[str] = ()):
        self.shelf = Shelf(settings, only)
        self.turns = Turns()

    def answer(self, ask: Ask) -> "Answering":
        """The answer, piece by piece, once its model is there and the prompt is known to be one.

        Raises NoModel, NoMemory, or StudioError where the conversation cannot be shown to the model.
        """
        held = self.shelf.take(ask.model)
        try:
            shown = [tool.declaration() for tool in ask.tools]
            ids = prompt_ids(ask.messages, shown, held.family, held.tokenizer)
            held.check(len(ids))
            rules = self._rules(held, ask) if ask.constrained else None
        except BaseException:
            self.shelf.give_back(held)
            raise
        return Answering(self, held, ask, ids, rules)

    def _rules(self, held: Loaded, ask: Ask) -> Rules:
        may = [tool for tool in ask.tools if not ask.named or tool.name == ask.named]
        return held.constrainer.rules(may, required=ask.required, several=ask.several)

    def models(self) -> Sequence[str]:
        """The names that may be asked for without a path."""
        return self.shelf.names()


class Answering(Iterator[Piece]):
    """One answer at work; its model stays loaded until it is at its end, or closed."""

    def __init__(self, engine: Engine, held: Loaded, ask: Ask, ids: list[int], rules: Rules | None):
        self.engine = engine
        self.held = held
        self.open = True
        self.steps = self._steps(ask, ids, rules.start() if rules else None)

    def __next__(self) -> Piece:
        try:
            return next(self.steps)
        except (MemoryError, RuntimeError) as error:  # torch's own is a RuntimeError
            self.close()
            if isinstance(error, RuntimeError) and "memory" not in str(error):
                raise
            raise NoMemory(
                "The memory ran out while the model answered.",
                "Close other programs, or make the conversation shorter.",
                "playground",
            ) from error
        except BaseException:
            self.close()
            raise

    def __del__(self) -> None:
        self.close()  # where it was never asked for a piece

    def close(self) -> None:
        """Let go of the model; nothing where that was done."""
        if self.open:
            self.open = False
            self.steps.close()
            self.engine.shelf.give_back(self.held)

    def _steps(self, ask: Ask, ids: list[int], constraint: Constraint | None) -> Generator[Piece]:
        begun = time.monotonic()
        held, growing = self.held, Growing(self.held.family, ask.tools)
        stops = held.family.stop_ids(held.tokenizer)
        made: list[int] = []
        text, words, ended = "", "", False
        calls: list[ToolCall] = []
        limit = min(ask.limit, held.window - len(ids))
        for token in tokens(
            held.model,
            ids,
            stops=stops,
            limit=limit,
            sampling=ask.sampling,
            turn=self.engine.turns,
            constraint=constraint,
        ):
            ended = token in stops
            if ended:
                break
            made.append(token)
            whole = written(made, held.family, held.tokenizer)
            whole, ended = _up_to(whole, ask.stop)
            sure = len(whole) if ended else _sure(whole, ask.stop)
            piece, text = whole[len(text) : sure], whole[: max(sure, len(text))]
            grown = growing.add(piece) if ask.calls else Grown(piece)
            words, calls = words + grown.words, [*calls, *grown.calls]
            ended = ended or bool(calls and not ask.several)
            if piece:
                yield Piece(piece, grown)
            if ended:
                break
        rest = ""
        if not ended or token in stops:
            rest = _up_to(written(made, held.family, held.tokenizer), ask.stop)[0][len(text) :]
        grown = growing.add(rest, last=True) if ask.calls else Grown(rest)
        words, calls, text = words + grown.words, [*calls, *grown.calls], text + rest
        if rest or grown.words or grown.calls:
            yield Piece(rest, grown)
        answer = Generated(text, len(made), ended)
        parsed = read_answer(answer, held.family, ask.tools) if ask.calls else Parsed((), text.strip())
        reply = Reply(text, parsed, words, tuple(calls), len(ids), len(made), time.monotonic() - begun, ended)
        yield Piece(reply=reply)


def _up_to(text: str, stop: tuple[str, ...]) -> tuple[str, bool]:
    """The text before the first of the stop texts in it, and whether there is one."""
    places = [place for one in stop if (place := text.find(one)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def _sure(text: str, stop: tuple[str, ...]) -> int:
    """How many characters will stay: the last may be half a letter, or the beginning of a stop text."""
    whole = len(text.rstrip("\ufffd"))
    return whole - max((overlap(text[:whole], one) for one in stop), default=0)
