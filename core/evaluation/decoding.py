"""One answer token by token, as it is streamed: greedy, or sampled."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from core.evaluation.constrained import Constraint


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is chosen: the likeliest at `temperature` 0, else by chance among those holding `top_p` together."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None


GREEDY = Sampling()


def tokens(
    model: Any,
    prompt: Sequence[int],
    *,
    stops: Sequence[int],
    limit: int,
    sampling: Sampling = GREEDY,
    constraint: "Constraint | None" = None,
    turn: AbstractContextManager[Any] | None = None,
) -> Iterator[int]:
    """The tokens after a prompt, each as soon as it is chosen: up to a stop token, which is the last, or `limit`.

    `turn` is held while the model computes, and let go between two tokens. Each step may run on another thread.
    """
    import torch

    # Without it, a long prompt's logits would take more memory than the model; a few families do not know it.
    last = {"logits_to_keep": 1} if "logits_to_keep" in signature(model.forward).parameters else {}
    chance = torch.Generator(model.device)
    if sampling.seed is None:
        chance.seed()
    else:
        chance.manual_seed(sampling.seed)
    read, cache = list(prompt), None
    for left in range(limit, 0, -1):
        with turn or nullcontext(), torch.inference_mode():
            output = model(
                input_ids=torch.tensor([read], device=model.device),
                past_key_values=cache,
                use_cache=True,
                **last,
            )
            cache = output.past_key_values
            logits = output.logits[0, -1].float()
            if constraint is not None:
                constraint.mask(logits, left)
            token = _chosen(logits, sampling, chance)
        if constraint is not None:
            constraint.take(token)
        yield token
        if token in stops:
            return
        read = [token]


def _chosen(logits: "torch.Tensor", sampling: Sampling, chance: "torch.Generator") -> int:
    """One token by its logits [vocabulary]."""
    import torch

    if sampling.temperature == 0:
        return int(logits.argmax())
    likely, order = torch.softmax(logits / sampling.temperature, -1).sort(descending=True, stable=True)
    # Nucleus sampling (Holtzman et al. 2020): the fewest tokens that hold top_p together, the likeliest always.
    likely[likely.cumsum(0) - likely >= sampling.top_p] = 0
    return int(order[torch.multinomial(likely, 1, generator=chance)])
