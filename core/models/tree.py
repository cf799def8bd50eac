"""Token rows that begin alike as one tree: what they share is computed once, and no result changes.

A token depends only on the tokens before it in its row. So rows with a common beginning can hold it once: the rows
become a prefix tree, the tree becomes one packed row, and every token sees the path above it and nothing else.
Positions are depths in the tree, so distances (rotary embeddings, sliding windows) are those of the plain rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Tree:
    """Rows packed as a prefix tree.

    `tokens` [n] holds each distinct prefix's last token once. `nodes` [3, n] (int32) are the depth of each token and
    the first and the last row that pass through it, rows counted in sorted order. `paths` holds for each row, in the
    order given, the places of its tokens in `tokens`.
    """

    tokens: "torch.Tensor"
    nodes: "torch.Tensor"
    paths: list["torch.Tensor"]

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> "Tree":
        """The tree of token rows; at least one row."""
        import torch

        order = sorted(range(len(rows)), key=lambda row: tuple(rows[row]))
        path = torch.arange(len(rows[order[0]]))
        paths = {order[0]: path}
        tokens = list(rows[order[0]])
        for before, row in pairwise(order):
            shared = common(rows[before], rows[row])
            fresh = torch.arange(len(tokens), len(tokens) + len(rows[row]) - shared)
            path = torch.cat((path[:shared], fresh))
            tokens += rows[row][shared:]
            paths[row] = path
        depth, first, last = nodes = torch.empty(3, len(tokens), dtype=torch.int32)
        for rank, row in enumerate(order):  # a later row overwrites what it shares with an earlier one
            last[paths[row]] = rank
        for rank, row in reversed(list(enumerate(order))):
            first[paths[row]] = rank
            depth[paths[row]] = torch.arange(len(rows[row]), dtype=torch.int32)
        return cls(torch.tensor(tokens), nodes, [paths[row] for row in range(len(rows))])


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the longest common beginning."""
    shorter = min(len(one), len(other))
    return next((n for n in range(shorter) if one[n] != other[n]), shorter)


def visible(queries: "torch.Tensor", keys: "torch.Tensor", window: int | None = None) -> "torch.Tensor":
    """Which keys each query sees, bool [n, m], for nodes [3, n] and [3, m]; those at most `window` - 1 away."""
    depth, first, last = queries[:, :, None]
    distance = depth - keys[0]
    seen = (keys[1] <= first) & (last <= keys[2]) & (distance >= 0)
    return seen if window is None else seen & (distance < window)
