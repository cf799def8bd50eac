"""Greedy answers to prompts, many at once, up to the format's stop tokens."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.evaluation import greedy
from core.evaluation.constrained import Rules
from core.evaluation.greedy import Written
from core.evaluation.sharing import can_share
from core.prompt.family import Family
from core.prompt.rows import written

PADDED = 32  # rows at once where the model cannot share what they have in common


@dataclass(frozen=True, slots=True)
class Generated:
    text: str  # with its control tokens, without the stop token
    tokens: int
    ended: bool  # by a stop token; otherwise it was cut at the limit
    seconds: float = field(default=0.0, compare=False)  # its part of the time of the rows asked together


def generate(
    model: Any,
    tokenizer: Any,
    family: Family,
    prompts: Sequence[list[int]],
    *,
    max_new_tokens: int,
    guesses: Sequence[list[int]] = (),
    batch_size: int = 128,
    rules: Rules | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Generated]:
    """Greedy answers to token rows, in their order, each as if it were asked alone; `batch_size` of them at once.

    `guesses` are tokens that the answers may have, one list for each prompt, or none at all: the answers are the same,
    and where a guess is right it is there sooner. `rules` hold every answer to a grammar. `progress` is called with
    (answered, all) before each step and at the end, equal prompts counted once; what it raises ends the work.
    """
    stops = family.stop_ids(tokenizer)
    guess = dict(zip(map(tuple, prompts), guesses or [[]] * len(prompts), strict=True))
    rows = sorted(guess)

    def tell(done: int) -> None:
        progress(done, len(rows))

    if rules is None and len(rows) > 1 and can_share(model, rows):
        found = greedy.answer(
            model, rows, [guess[row] for row in rows], stops, max_new_tokens, batch_size, tell
        )
    else:
        found = _padded(model, rows, stops, max_new_tokens, tell, rules)
    tell(len(rows))
    answers = {}
    for row, one in zip(rows, found, strict=True):
        ids = one.tokens
        end = next((n for n, id in enumerate(ids) if id in stops), None)
        text = written(ids, family, tokenizer)
        answers[row] = Generated(text, len(ids) if end is None else end, end is not None, one.seconds)
    return [answers[tuple(prompt)] for prompt in prompts]


def _padded(
    model: Any,
    rows: Sequence[Sequence[int]],
    stops: list[int],
    limit: int,
    tell: Callable[[int], None],
    rules: Rules | None,
) -> list[Written]:
    """The same by the library's own generation, rows of like length together."""
    order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
    found: dict[int, Written] = {}
    for start in range(0, len(order), PADDED):
        tell(start)
        chosen = order[start : start + PADDED]
        begun = time.monotonic()
        batch = _batch(model, [rows[n] for n in chosen], stops, limit, rules)
        share = (time.monotonic() - begun) / len(chosen)
        found |= {n: Written(tokens, share) for n, tokens in zip(chosen, batch, strict=True)}
    return [found[n] for n in range(len(rows))]


def _batch(
    model: Any, rows: list[Sequence[int]], stops: list[int], limit: int, rules: Rules | None
) -> list[list[int]]:
    import torch
    from transformers import GenerationConfig, LogitsProcessorList

    longest = max(map(len, rows))
    pad = stops[0]  # masked on the left, cut at the first stop token on the right
    ids = torch.tensor([[pad] * (longest - len(row)) + list(row) for row in rows], device=model.device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=model.device)
    config = GenerationConfig(
        do_sample=False,
        repetition_penalty=1.0,  # some models come with another, which is for chatting
        max_new_tokens=limit,
        eos_token_id=stops,
        pad_token_id=pad,
        use_cache=True,
    )
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids,
            attention_mask=mask,
            generation_config=config,
            logits_processor=LogitsProcessorList([_held(rules, rows, limit)] if rules else []),
        )
    return output[:, longest:].tolist()


def _held(rules: Rules, rows: Sequence[Any], limit: int) -> Callable[[Any, Any], Any]:
    """What makes the tokens impossible that the rules do not allow, in logits [rows, vocabulary], at every step."""
    answers = [rules.start() for _ in rows]
    left = limit

    def process(ids: Any, logits: Any) -> Any:
        nonlocal left
        for answer, row, scores in zip(answers, ids, logits, strict=True):
            if left < limit:
                answer.take(int(row[-1]))
            if not answer.ended:
                answer.mask(scores, left)
        left -= 1
        return logits

    return process
