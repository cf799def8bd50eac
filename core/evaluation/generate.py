"""Batched greedy generation that stops at the format's stop tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.prompt.family import Family
from core.prompt.rows import written


@dataclass(frozen=True, slots=True)
class Generated:
    text: str  # with its control tokens, without the stop token
    tokens: int
    ended: bool  # by a stop token; otherwise it was cut at the limit


def generate(
    model: Any,
    tokenizer: Any,
    family: Family,
    prompts: Sequence[list[int]],
    *,
    max_new_tokens: int,
    batch_size: int = 32,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Generated]:
    """Greedy answers to token rows, in their order; rows of like length go together.

    `progress` is called with (answered, all) before each batch and at the end; what it raises ends the work.
    """
    stops = family.stop_ids(tokenizer)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    answers: dict[int, Generated] = {}
    for start in range(0, len(order), batch_size):
        progress(start, len(order))
        chosen = order[start : start + batch_size]
        rows = [prompts[i] for i in chosen]
        for i, ids in zip(chosen, _batch(model, rows, stops, max_new_tokens), strict=True):
            end = next((n for n, id in enumerate(ids) if id in stops), None)
            text = written(ids, family, tokenizer)
            answers[i] = Generated(text, len(ids) if end is None else end, end is not None)
    progress(len(order), len(order))
    return [answers[i] for i in range(len(prompts))]


def _batch(model: Any, rows: list[list[int]], stops: list[int], max_new_tokens: int) -> list[list[int]]:
    import torch
    from transformers import GenerationConfig

    longest = max(map(len, rows))
    pad = stops[0]  # masked on the left, cut at the first stop token on the right
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows], device=model.device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=model.device)
    config = GenerationConfig(
        do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=stops, pad_token_id=pad, use_cache=True
    )
    with torch.inference_mode():
        output = model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
    return output[:, longest:].tolist()
