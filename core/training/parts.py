"""Which parts of a model learn: all its weights or adapters beside them, of its vocabulary all or a few words."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from core.training import lora, vocabulary
from core.training.recipe import RunConfig


@contextmanager
def learning(
    model: Any, control: Sequence[int], config: RunConfig
) -> Iterator[list[tuple[float, list[Any]]]]:
    """Within it only what the config says can be trained; those that learn faster, with how many times as fast.

    `control` are the words that are trained where the vocabulary is "calls". At the end all that was learned is in the
    model's own weights.
    """
    faster: list[tuple[float, list[Any]]] = []
    with ExitStack() as stack:
        if config.lora_rank:
            adapters = stack.enter_context(lora.adapters(model, config.lora_rank, config.seed))
            faster.append((lora.RATE, adapters))
        if config.vocabulary == "calls":
            words = stack.enter_context(vocabulary.words_alone(model, control))
            faster.append((vocabulary.RATE, words))
        yield faster
