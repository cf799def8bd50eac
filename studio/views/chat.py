"""A conversation with one model, as data: what was said to it, what it answered, what its calls were given back.

An exchange that came to no end (a call that no result was given to, an answer that cannot be read) is not shown to the
model again: no chat template can write it, and the next question may well be about something else.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from core.schema import Example, Tool, ToolCall, Turn
from core.schema.example import Split
from studio.views.pieces import value_text
from studio.views.tool_form import new_uid

MOST_EXCHANGES = 30


@dataclass(frozen=True, slots=True)
class Said:
    """What one model answered, or why it could not; and what came of it."""

    text: str = ""  # as produced
    calls: tuple[ToolCall, ...] = ()
    words: str = ""
    malformed: str = ""
    seconds: float = 0.0
    tokens: int = 0
    error: str = ""
    results: tuple[str, ...] = ()  # what its calls were given back, in their order
    verdict: str = ""  # "right" or "wrong", where somebody said so
    feedback: int | None = None
    example: int | None = None  # the row that it became
    split: str = ""
    uid: str = field(default_factory=new_uid)

    @property
    def readable(self) -> bool:
        return not self.error and not self.malformed


@dataclass(frozen=True, slots=True)
class Exchange:
    """One thing said, and the answers to it: a call, after its result another one, at the end words."""

    prompt: str
    system: str = ""
    answers: tuple[Said, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether it ended in words, so that the conversation can go on."""
        return (
            bool(self.answers)
            and self.answers[-1].readable
            and bool(self.answers[-1].words.strip())
            and (not self.answers[-1].calls)
        )

    def turns(self, before: int | None = None) -> list[Turn]:
        """The prompt with the answers, or with those before one of them."""
        found = [Turn("user", self.prompt)]
        for said in self.answers[:before]:
            found.append(Turn("assistant", said.words, said.calls))
            pairs = zip(said.calls, said.results, strict=False)
            found += [Turn("tool", result, name=call.name) for call, result in pairs]
        return found


@dataclass(frozen=True, slots=True)
class Lane:
    """All that was said to one model and by it."""

    model: str = ""
    exchanges: tuple[Exchange, ...] = ()

    @property
    def last(self) -> Said | None:
        """The newest answer to what was said last."""
        answers = self.exchanges[-1].answers if self.exchanges else ()
        return answers[-1] if answers else None

    @property
    def prompt(self) -> str:
        return self.exchanges[-1].prompt if self.exchanges else ""

    def asked(self, prompt: str, system: str = "") -> "Lane":
        """With one more thing said; the oldest are forgotten."""
        return replace(self, exchanges=(*self.exchanges, Exchange(prompt, system))[-MOST_EXCHANGES:])

    def answered(self, said: Said) -> "Lane":
        """With an answer to what was said last, or to the results that were given last."""
        last = self.exchanges[-1]
        return self._with_last(replace(last, answers=(*last.answers, said)))

    def returned(self, results: tuple[str, ...]) -> "Lane":
        """With what the calls of the newest answer were given back."""
        last = self.exchanges[-1]
        return self._with_last(
            replace(last, answers=(*last.answers[:-1], replace(last.answers[-1], results=results)))
        )

    def unanswered(self) -> "Lane":
        """Without the newest answer, to ask for it again."""
        last = self.exchanges[-1]
        return self._with_last(replace(last, answers=last.answers[:-1]))

    def unsaid(self) -> "Lane":
        """Without what was said last."""
        return replace(self, exchanges=self.exchanges[:-1])

    def marked(self, uid: str, **values: Any) -> "Lane":
        """With something noted about one answer."""
        return replace(
            self,
            exchanges=tuple(
                replace(
                    exchange,
                    answers=tuple(
                        replace(said, **values) if said.uid == uid else said for said in exchange.answers
                    ),
                )
                for exchange in self.exchanges
            ),
        )

    def find(self, uid: str) -> Said | None:
        return next((said for one in self.exchanges for said in one.answers if said.uid == uid), None)

    def turns(self, uid: str = "") -> tuple[Turn, ...]:
        """What the model is shown before it answers: now, or before the answer of this uid."""
        place, before = self._place(uid)
        exchange = self.exchanges[place]
        system = [Turn("system", exchange.system)] if exchange.system.strip() else []
        earlier = [turn for one in self.exchanges[:place] if one.ended for turn in one.turns()]
        return (*system, *earlier, *exchange.turns(before))

    def example(self, uid: str, split: Split = "train") -> Example:
        """An answer as a row: what was said before it, and the answer as it should be."""
        said = self.find(uid)
        assert said is not None
        return Example(self.turns(uid), said.calls, "" if said.calls else said.words, split)

    def _place(self, uid: str) -> tuple[int, int | None]:
        for place, exchange in enumerate(self.exchanges):
            for before, said in enumerate(exchange.answers):
                if said.uid == uid:
                    return place, before
        return len(self.exchanges) - 1, None

    def _with_last(self, exchange: Exchange) -> "Lane":
        return replace(self, exchanges=(*self.exchanges[:-1], exchange))


# What a tool would return

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")


def filled(template: str, call: ToolCall) -> str:
    """A result with the arguments of its call in the place of `{argument}`.

    In a template that is JSON the result is JSON too, whatever stands in the arguments; a text that is nothing but
    `{argument}` becomes the argument as it is, a number for example.
    """
    try:
        whole = json.loads(template)
    except (ValueError, RecursionError):
        return _text_filled(template, call)
    if not isinstance(whole, dict | list):
        return _text_filled(template, call)
    return json.dumps(_json_filled(whole, call), ensure_ascii=False)


def _text_filled(template: str, call: ToolCall) -> str:
    def put(place: re.Match[str]) -> str:
        name = place.group(1)
        return value_text(call.arguments[name]) if name in call.arguments else place.group(0)

    return _PLACE.sub(put, template)


def _json_filled(value: Any, call: ToolCall) -> Any:
    if isinstance(value, dict):
        return {name: _json_filled(part, call) for name, part in value.items()}
    if isinstance(value, list):
        return [_json_filled(part, call) for part in value]
    if not isinstance(value, str):
        return value
    alone = _PLACE.fullmatch(value)
    if alone and alone.group(1) in call.arguments:
        return call.arguments[alone.group(1)]
    return _text_filled(value, call)


def placeholders(tool: Tool | None) -> str:
    """The names that a template of a tool may hold, in braces."""
    return ", ".join(f"{{{name}}}" for name in tool.properties) if tool else ""
