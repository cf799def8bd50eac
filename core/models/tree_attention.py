"""Attention within a tree of rows, through the attention interface of transformers.

A packed row of n tokens has n² pairs, and most of them are never seen: other rows, later tokens, what lies outside the
sliding window. So the queries are cut into blocks, and each block meets only the keys that one of its queries sees.
On a processor a block is three plain matrix products, forward and backward: about twice as fast there in bfloat16 as
the fused kernel with a mask (measured on a 2-core EPYC).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from core.models.tree import Tree, visible

if TYPE_CHECKING:
    import torch

log = logging.getLogger("callwright.training")
NAME = "callwright_tree"
TOLERANCE = {
    "torch.float32": 1e-3,
    "torch.bfloat16": 0.2,
}  # of logits; eager and sdpa differ by 0.07 in the latter
BEYOND = 32  # tokens outside the window, in that question
BLOCK = {"cpu": 256, "cuda": 4096}  # queries at once: a graphics card prefers few large kernels


@dataclass(frozen=True, slots=True)
class Block:
    """Some queries of a packed row with the keys they see: `mask` is [queries, keys], True where seen."""

    queries: slice
    keys: "slice | torch.Tensor"
    mask: "torch.Tensor"


def blocks(queries: "torch.Tensor", keys: "torch.Tensor", window: int | None) -> list[Block]:
    """The blocks of nodes [3, n] over nodes [3, m]."""
    size = BLOCK["cuda" if queries.is_cuda else "cpu"]
    cut = []
    for start in range(0, queries.shape[1], size):
        mask = visible(queries[:, start : start + size], keys, window)
        chosen = mask.any(0).nonzero()[:, 0]
        begin, end = int(chosen[0]), int(chosen[-1]) + 1
        some = slice(begin, end) if len(chosen) > 0.9 * (end - begin) else chosen
        cut.append(Block(slice(start, start + mask.shape[0]), some, mask[:, some].contiguous()))
    return cut


def arguments(config: Any, queries: "torch.Tensor", keys: "torch.Tensor") -> dict[str, Any]:
    """What the forward of a model of this config takes after `use` so that `queries` see their own rows of `keys`.

    Both are nodes, [3, n] and [3, m]; the last n of the keys are the queries themselves.
    """
    import torch

    config = config.get_text_config()
    types: list[str] = getattr(config, "layer_types", None) or []
    window = getattr(config, "sliding_window", None)
    cut: dict[bool, list[Block]] = {False: blocks(queries, keys, None)}
    if window:
        cut[True] = blocks(queries, keys, window)
    if window and not types:
        cut[False] = cut[True]  # a model whose layers all slide does not always say so to its attention
    # A mask in four dimensions is passed on as it is; this one is never read.
    unread = torch.ones(1, 1, 1, 1, dtype=torch.bool, device=queries.device)
    return {
        "position_ids": queries[0][None].long(),
        "attention_mask": dict.fromkeys(types, unread) if "sliding_attention" in types else unread,
        "tree_blocks": cut,
    }


def use(model: Any) -> None:
    """Let the model's layers attend within trees where `tree_blocks` are given, and as before where not."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


def exact(model: Any, rows: Sequence[Sequence[int]]) -> bool:
    """Whether the model gives token rows the same logits within a tree as alone. Asks it, once each way.

    A model whose attention does not come from the interface of transformers, or that knows windows of another kind,
    answers otherwise or refuses. It is asked about the longest row and the same with its end turned round: they have
    more in common than its window. What follows is asked where they part, where a layer that keeps a state still knows
    the other row, and at their ends. Leaves the model with `use` where it can, and as it was where it cannot.
    """
    import torch

    before = model.config._attn_implementation
    window = getattr(model.config.get_text_config(), "sliding_window", None) or 0
    row = max(map(list, rows), key=len)
    window = window if len(row) > window else 0  # one that nothing leaves is never felt
    row = row[-window - 2 * BEYOND :]
    part = len(row) - min(BEYOND, len(row) // 2)
    fork = row[:part] + row[part:][::-1]
    asked = torch.tensor([min(part, len(row) - 1), len(row) - 1])
    tree = Tree.of([row, fork])
    nodes = tree.nodes.to(model.device)
    try:
        with torch.inference_mode():
            alone = torch.cat(
                [
                    model(
                        torch.tensor([ids], device=model.device),
                        logits_to_keep=asked.to(model.device),
                        use_cache=False,
                    ).logits[0]
                    for ids in (row, fork)
                ]
            )
            use(model)
            packed = model(
                tree.tokens[None].to(model.device),
                logits_to_keep=torch.cat([path[asked] for path in tree.paths]).to(model.device),
                use_cache=False,
                **arguments(model.config, nodes, nodes),
            ).logits[0]
        same = bool((packed - alone).float().norm() / alone.float().norm() < TOLERANCE[str(packed.dtype)])
    except Exception as refusal:  # of whatever kind: strange architectures fail in strange places
        log.info("The model takes no packed rows: %s: %s", type(refusal).__name__, refusal)
        same = False
    if not same:
        model.set_attn_implementation(before)
    return same


def _attention(
    module: Any,
    query: "torch.Tensor",
    key: "torch.Tensor",
    value: "torch.Tensor",
    attention_mask: "torch.Tensor | None",
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    tree_blocks: dict[bool, list[Block]] | None = None,
    **others: Any,
) -> "tuple[torch.Tensor, None]":
    """Query [1, heads, n, size], key and value [1, groups, m, size] to [1, n, heads, size]."""
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if tree_blocks is None:
        return sdpa_attention_forward(
            module,
            query,
            key,
            value,
            attention_mask,
            scaling=scaling,
            sliding_window=sliding_window,
            softcap=softcap,
            **others,
        )
    if softcap is not None:  # too small a difference, in a small model, for `exact` to see
        raise ValueError("Attention within a tree has no cap on its scores.")
    scale = scaling or query.shape[-1] ** -0.5
    attend = _kernel(query.device.type)
    query, key = query.to(value.dtype), key.to(value.dtype)  # autocast leaves them in float32 here
    parts = [
        attend(query[:, :, block.queries], key[:, :, block.keys], value[:, :, block.keys], block.mask, scale)
        for block in tree_blocks[sliding_window is not None]
    ]
    return torch.cat(parts, 2).transpose(1, 2).contiguous(), None


@cache
def _kernel(device: str) -> Callable:
    """Attention of one block: query [1, heads, n, size], key and value [1, groups, m, size], mask [n, m], scale."""
    import torch

    def fused(query, key, value, mask, scale):
        repeats = query.shape[1] // key.shape[1]
        return torch.nn.functional.scaled_dot_product_attention(
            query,
            key.repeat_interleave(repeats, 1),
            value.repeat_interleave(repeats, 1),
            attn_mask=mask,
            scale=scale,
        )

    class Products(torch.autograd.Function):
        """Three products whose softmax is kept in the precision of the products; heads of a group are one matrix."""

        @staticmethod
        def forward(ctx, query, key, value, mask, scale):
            shape, groups = query.shape, key.shape[1]
            query = (query * scale).reshape(groups, -1, shape[3])
            key, value = key[0], value[0]
            scores = query @ key.transpose(1, 2)
            scores.view(-1, *mask.shape).masked_fill_(~mask, -torch.inf)
            weights = torch.softmax(scores, -1, dtype=torch.float32).to(value.dtype)
            output = weights @ value
            ctx.save_for_backward(query, key, value, weights, output)
            ctx.scale = scale
            return output.view(shape)

        @staticmethod
        def backward(ctx, gradient):
            query, key, value, weights, output = ctx.saved_tensors
            shape = gradient.shape
            gradient = gradient.reshape(output.shape).to(output.dtype)
            of_value = weights.transpose(1, 2) @ gradient
            of_scores = gradient @ value.transpose(1, 2)
            of_scores.sub_((gradient * output).sum(-1, keepdim=True)).mul_(weights)
            of_query = (of_scores @ key).mul_(ctx.scale)
            of_key = of_scores.transpose(1, 2) @ query
            return of_query.view(shape), of_key[None], of_value[None], None, None

    return Products.apply if device == "cpu" else fused
