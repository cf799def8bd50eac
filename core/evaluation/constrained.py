"""Constrained decoding: only tokens that keep an answer within its grammar, by llguidance.

Near the limit of its tokens a call is brought to its end: of the tokens that the grammar allows, those that close
something come first, while there is still room for all that a call must have.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.errors import StudioError
from core.prompt.call_grammar import literal
from core.prompt.family import Family
from core.prompt.rows import ids_of, written
from core.schema.tool import Tool

if TYPE_CHECKING:
    import torch

SPARE = 8  # tokens beside those of the shortest call


class Constrainer:
    """Makes the rules of answers for one tokenizer; takes a second or two for a large vocabulary."""

    def __init__(self, tokenizer: Any, family: Family):
        from llguidance import LLTokenizer

        self.tokenizer = tokenizer
        self.family = family
        self.stops = family.stop_ids(tokenizer)
        if not tokenizer.is_fast:
            raise StudioError(
                "This model's tokenizer is of an old form, and its answers cannot be held to a schema.",
                "Ask without holding them to it, or choose another model.",
                "constrained",
            )
        described = json.loads(tokenizer.backend_tokenizer.to_str())
        described |= {"padding": None, "truncation": None}
        for token in described["added_tokens"]:
            # The marks of calls are tokens of their own, never letters of a text, whatever a tokenizer says of them.
            token["special"] = token["special"] or bool(family.marks.pattern.fullmatch(token["content"]))
        self.vocabulary = LLTokenizer(json.dumps(described), eos_token=self.stops)

    def rules(self, tools: Sequence[Tool], *, required: bool = False, several: bool = True) -> "Rules":
        """What answers may be: words or calls of these tools; calls alone where one is `required`.

        Raises StudioError where the grammar is too large.
        """
        return Rules(self, self.family.grammar(tools, self._symbol, required=required, several=several))

    def _symbol(self, mark: str) -> str:
        id = self.single(mark)
        return literal(mark) if id is None else f"<[{id}]>"

    def single(self, text: str) -> int | None:
        """The token that is exactly this text, where there is one."""
        id = self.tokenizer.get_vocab().get(text)
        return None if id is None or id == self.tokenizer.unk_token_id else id


class Rules:
    """The compiled grammar of some tools; `start` for each answer."""

    def __init__(self, made_by: Constrainer, grammar: Any):
        from llguidance import LLMatcher

        self.made_by = made_by
        self.matcher = LLMatcher(made_by.vocabulary, grammar.text, log_level=0)
        if self.matcher.is_error():
            raise StudioError(
                f"Answers cannot be held to these tools: {self.matcher.get_error().splitlines()[0]}",
                "Ask without holding them to their schemas, or use fewer tools.",
                "constrained",
            )
        closing = [made_by.single(text) for text in grammar.closing]
        self.closing = [id for id in closing if id is not None]
        # A name may be written in more tokens than it needs.
        self.reserve = len(ids_of(grammar.shortest, made_by.tokenizer)) * 3 // 2 + SPARE

    def start(self) -> "Constraint":
        """The state of one answer."""
        return Constraint(self)


class Constraint:
    """One answer under its rules: `mask` before each token is chosen, `take` after."""

    def __init__(self, rules: Rules):
        self.rules = rules
        self.matcher = rules.matcher.deep_copy()
        self.made: list[int] = []
        self.ended = False

    def mask(self, logits: "torch.Tensor", left: int) -> None:
        """Make every token impossible that is not allowed, in logits [vocabulary]; `left` tokens may be written."""
        import numpy as np
        import torch

        bits = np.frombuffer(self.matcher.compute_bitmask(), dtype=np.uint8)
        allowed = torch.from_numpy(np.unpackbits(bits, bitorder="little").copy()).bool()
        allowed = torch.nn.functional.pad(allowed, (0, max(0, len(logits) - len(allowed))))[: len(logits)]
        stops = self.rules.made_by.stops
        if self.matcher.is_accepting():
            allowed[stops] = True
        if left <= self.rules.reserve and (closing := self._closing(allowed)):
            allowed = torch.zeros_like(allowed)
            allowed[closing] = True
        logits.masked_fill_(~allowed.to(logits.device), float("-inf"))

    def take(self, token: int) -> None:
        """Go on with a token; nothing once the answer has ended."""
        if self.ended or token in self.rules.made_by.stops:
            self.ended = True
            return
        self.made.append(token)
        if not self.matcher.consume_token(token):
            raise RuntimeError(f"llguidance: {self.matcher.get_error()}")

    def _closing(self, allowed: "torch.Tensor") -> list[int]:
        """The one token that brings the answer nearer to its end; words are not cut short, they only may end."""
        by = self.rules.made_by
        if self.matcher.is_accepting():
            said = by.family.parse(written(self.made, by.family, by.tokenizer))
            return by.stops if said.calls else []
        return [id for id in self.rules.closing if allowed[id]][:1]
