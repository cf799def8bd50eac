"""Training a few words of a model's vocabulary and leaving the others as they are.

A project's examples hold a few hundred of 262,144 words, and embedding and head are 63 % of a model of 270M: of the
optimizer's memory and of a step's gradient. What must be learned there are the tokens that make a call and that mean
nothing to the model yet; with all words frozen it hardly ever writes one. `tests/benchmarks/recipes.md` compares.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

RATE = 50.0  # times the learning rate: what begins as a guess has a long way to go


@contextmanager
def words_alone(model: Any, words: Sequence[int]) -> Iterator[list[Any]]:
    """Within it embedding and head are frozen but for the rows of `words`; the parameters that stand for these.

    They are one where embedding and head are. At the end their values are in the model's own weights.
    """
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    layers = [embedding] if head.weight is embedding.weight else [embedding, head]
    before = [layer.weight.requires_grad for layer in layers]
    for layer in layers:
        layer.weight.requires_grad_(False)
    rows = [_rows(layer, words) for layer in layers] if words else []
    hooks = [_look_up(embedding, words, rows[0]), _ask(head, words, rows[-1])] if words else []
    try:
        yield rows
    finally:
        for hook in hooks:
            hook.remove()
        for layer, trained in zip(layers, before, strict=True):
            if words:
                layer.weight.data[list(words)] = layer.words.data
                del layer.words
            layer.weight.requires_grad_(trained)


def _rows(layer: Any, words: Sequence[int]) -> Any:
    import torch

    layer.register_parameter("words", torch.nn.Parameter(layer.weight.detach()[list(words)]))
    return layer.words


def _look_up(embedding: Any, words: Sequence[int], rows: Any) -> Any:
    """A hook: what the embedding gives for `words` comes from `rows`."""
    import torch

    device = rows.device
    place = torch.full((len(embedding.weight),), -1, device=device)
    place[list(words)] = torch.arange(len(words), device=device)
    with torch.no_grad():  # some embeddings multiply what they look up, as Gemma's do
        looked = embedding(torch.tensor(words, device=device)).float()
        scale = float((looked * rows.float()).sum() / rows.float().square().sum())

    def replace(_: Any, given: Any, found: Any) -> Any:
        at = place[given[0]]
        ours = torch.nn.functional.embedding(at.clamp(min=0), rows) * scale
        return torch.where((at >= 0)[..., None], ours, found)

    return embedding.register_forward_hook(replace)


def _ask(head: Any, words: Sequence[int], rows: Any) -> Any:
    """A hook: the logits of `words` come from `rows`."""
    import torch

    ids = torch.tensor(words, device=rows.device)

    def replace(_: Any, given: Any, logits: Any) -> Any:
        bias = None if head.bias is None else head.bias[ids]
        return logits.index_copy_(-1, ids, torch.nn.functional.linear(given[0], rows, bias).to(logits.dtype))

    return head.register_forward_hook(replace)
