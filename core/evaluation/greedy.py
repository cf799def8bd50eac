"""Greedy answers to many token rows at once, as one tree that grows with every step.

A step is one packed row: the newest token of every row that is being answered, and the prompts of those that join. The
keys of what rows share are held once, nothing is padded, and a row sees what it would see alone. Where a guess says how
a row may go on, the tokens it expects are read in the same step, and those that turn out wrong are hidden again.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from core.evaluation.packed import packed
from core.models import tree_attention
from core.models.tree import Tree

if TYPE_CHECKING:
    import torch

Tokens = Sequence[int]

TOKENS = 16384  # held at once, among them those that the answers may still need; a single row may need more
LOGITS = 256  # places asked in one step, each with a number for every word of the vocabulary
TRUST = 8  # tokens of a guess that begins right
MANY = 8  # rows for which it pays to put the weights in order
STALE = 0.25  # this part of the held tokens may be of no more use, before they are let go


def answer(
    model: Any,
    rows: Sequence[Tokens],
    guesses: Sequence[Tokens],
    stops: Tokens,
    limit: int,
    at_once: int,
    tell: Callable[[int], None],
) -> list["Written"]:
    """What is written after each row: up to a stop token, which is the last one, or `limit` tokens.

    `rows` are sorted and distinct, and the model was given `tree_attention.use`. A guess for each row, which may be
    empty, changes nothing but the time. `tell` is called with the number of rows that are answered before each step;
    what it raises ends the work.
    """
    import torch

    answers = [Answer(len(row), guess, stops, limit) for row, guess in zip(rows, guesses, strict=True)]
    active: list[int] = []
    together = min(at_once, len(rows))
    with torch.inference_mode(), packed(model, together) if together >= MANY else nullcontext():
        held = Held(model, rows)
        while active or held.joined < len(rows):
            tell(held.joined - len(active))
            begun = time.monotonic()
            held.forget(active)
            reads = [answers[row].read(row, LOGITS // len(active) - 1) for row in active]
            coming = held.nodes.shape[1] + limit * len(active)
            while held.joined < len(rows) and len(active) < at_once:
                read = held.prompt()
                coming += len(read.tokens) + limit
                if active and coming > TOKENS:
                    break
                reads.append(read)
                active.append(held.joined)
                held.joined += 1
            best = held.take(reads)
            wrong = [
                answers[row].write(read.tokens[-read.asked :], tokens)
                for row, read, tokens in zip(active, reads, best, strict=True)
            ]
            held.hide(reads, wrong)
            share = (time.monotonic() - begun) / len(active)
            for row in active:
                answers[row].seconds += share
            active = [row for row in active if not answers[row].done]
    return [Written(one.tokens, one.seconds) for one in answers]


@dataclass(frozen=True, slots=True)
class Written:
    """The tokens after one row, and its part of the time: of each step as much as any other row had that was in it."""

    tokens: list[int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Read:
    """Tokens of one row that a step reads, at `nodes` [3, n]; what follows is asked after the last `asked` of them."""

    tokens: list[int]
    nodes: "torch.Tensor"
    asked: int


class Answer:
    """What is written after one row, and how far its guess is trusted."""

    def __init__(self, length: int, guess: Tokens, stops: Tokens, limit: int):
        self.length = length
        self.guess = guess
        self.behind = 0  # so many tokens of the guess
        self.trust = 0  # so many further ones are read at once
        self.stops = stops
        self.limit = limit
        self.tokens: list[int] = []
        self.seconds = 0.0

    @property
    def done(self) -> bool:
        return self.tokens[-1] in self.stops or len(self.tokens) == self.limit

    def read(self, row: int, most: int) -> Read:
        """The newest token, and at most so many that the guess expects behind it, but not what ends the guess."""
        import torch

        tokens = self.tokens[-1:]
        tokens += self.guess[
            self.behind : min(self.behind + self.trust, self.behind + most, len(self.guess) - 1)
        ]
        depth = self.length + len(self.tokens) - 1
        nodes = [[depth + n, row, row] for n in range(len(tokens))]
        return Read(tokens, torch.tensor(nodes, dtype=torch.int32).T, len(tokens))

    def write(self, read: Tokens, best: Tokens) -> int:
        """Add the best tokens behind those read, as long as these were right; how many were wrong."""
        for right, token in enumerate(best, 1):
            self._add(token)
            if self.done or right == len(read) or token != read[right]:
                break
        return len(read) - right

    def _add(self, token: int) -> None:
        """Trust grows where the guess is right, and is lost where it is not: it may go on at another place."""
        if list(self.guess[self.behind : self.behind + 1]) == [token]:
            self.behind += 1
            self.trust = TRUST if not self.tokens else self.trust + 1
        else:
            self.trust = 0
            if token in self.guess[self.behind :]:
                self.behind = self.guess.index(token, self.behind) + 1
        self.tokens.append(token)


class Held:
    """What a model has read and still sees: its keys and values, and `nodes` [3, n], as in `Tree`."""

    def __init__(self, model: Any, rows: Sequence[Tokens]):
        import torch
        from transformers import DynamicCache

        self.model = model
        self.tree = Tree.of(rows)
        self.joined = 0  # rows
        # Without the model's settings, which would cut what its windows have passed in the order of the cache.
        self.cache = DynamicCache()
        self.nodes = torch.empty(3, 0, dtype=torch.int32, device=model.device)

    def prompt(self) -> Read:
        """What the next row brings. Sorted rows lie in the tree one behind the other, each up to its last token."""
        paths = self.tree.paths
        begin = int(paths[self.joined - 1][-1]) + 1 if self.joined else 0
        fresh = slice(begin, int(paths[self.joined][-1]) + 1)
        return Read(self.tree.tokens[fresh].tolist(), self.tree.nodes[:, fresh], 1)

    def take(self, reads: Sequence[Read]) -> list[list[int]]:
        """The most probable token after each place that is asked, for each read."""
        import torch

        device = self.model.device
        nodes = torch.cat([read.nodes for read in reads], 1).to(device)
        self.nodes = torch.cat((self.nodes, nodes), 1)
        tokens = [token for read in reads for token in read.tokens]
        ends = accumulate(len(read.tokens) for read in reads)
        asked = [end - n for end, read in zip(ends, reads, strict=True) for n in range(read.asked, 0, -1)]
        logits = self.model(
            torch.tensor([tokens], device=device),
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=torch.tensor(asked, device=device),
            **tree_attention.arguments(self.model.config, nodes, self.nodes),
        ).logits[0]
        # The first of equals; in bfloat16 `max` is several times faster than `argmax`.
        best = logits.max(-1).indices.cpu()
        return [part.tolist() for part in best.split([read.asked for read in reads])]

    def hide(self, reads: Sequence[Read], wrong: Sequence[int]) -> None:
        """Let no row see so many tokens at the end of each of the reads taken last."""
        end = self.nodes.shape[1]
        for read, count in zip(reversed(reads), reversed(wrong), strict=True):
            self.nodes[2, end - count : end] = -1
            end -= len(read.tokens)

    def forget(self, active: Sequence[int]) -> None:
        """Let go of what no row sees any more, once it is worth the copying."""
        import torch

        rows = len(self.tree.paths)
        live = torch.tensor([*active, *range(self.joined, rows)], device=self.nodes.device)
        before = torch.bincount(live + 1, minlength=rows + 1).cumsum(0)  # of each row, so many live ones
        kept = before[self.nodes[2].long() + 1] > before[self.nodes[1].long()]
        if kept.sum() >= (1 - STALE) * len(kept):
            return
        self.nodes = self.nodes[:, kept]
        layer: Any
        for layer in self.cache.layers:
            layer.keys, layer.values = layer.keys[:, :, kept], layer.values[:, :, kept]
