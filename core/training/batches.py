"""Rows to batches: packed as a prefix tree where the model can take it, padded where not.

Every row of a project repeats the same declarations, and the head over a vocabulary of 262,144 words is 63 % of a
forward pass of a 270M model. A packed batch computes what its rows share once, and both kinds ask for the logits of the
answers alone (`logits_to_keep`). Loss and gradient are those of training row by row.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from core.models.tree import Tree
from core.prompt.rows import IGNORED

Batch = dict[str, Any]
LOGITS_BYTES = 2 << 30  # for the logits of one micro-batch and what their gradient needs
BYTES_PER_LOGIT = 14  # rounded, float32, log softmax and gradient (measured)
TOKENS = 16384  # in one packed row, as if nothing were shared
BLANK: dict[str, Any] = {"input_ids": [0], "labels": [IGNORED]}  # a row that teaches nothing


def collate_tree(rows: Sequence[dict[str, Any]]) -> Batch:
    """A batch of rows `{"input_ids", "labels"}`, packed as a tree of n tokens.

    input_ids [1, n]; nodes [3, n] as in `Tree`; logits_to_keep [trained], the place before each trained token; labels
    [trained], those tokens, also as shift_labels: they are shifted already; num_tokens, those of the plain rows.
    """
    import torch

    tree = Tree.of([row["input_ids"] for row in rows])
    places, labels = [], []
    for row, path in zip(rows, tree.paths, strict=True):
        wanted = torch.tensor(row["labels"][1:], dtype=torch.long)
        trained = wanted != IGNORED
        places.append(path[:-1][trained])
        labels.append(wanted[trained])
    return {
        "input_ids": tree.tokens[None],
        "nodes": tree.nodes,
        "logits_to_keep": torch.cat(places),
        **_targets(rows, torch.cat(labels)),
    }


def collate_padded(rows: Sequence[dict[str, Any]]) -> Batch:
    """A batch of rows `{"input_ids", "labels"}`, padded on the left so that they end together.

    input_ids, attention_mask and position_ids are [rows, longest]; labels and shift_labels [rows, kept], for the
    logits_to_keep before the last token.
    """
    import torch

    longest = max(len(row["input_ids"]) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    labels = torch.full((len(rows), longest), IGNORED)
    for i, row in enumerate(rows):
        length = len(row["input_ids"])
        ids[i, longest - length :] = torch.tensor(row["input_ids"])
        mask[i, longest - length :] = 1
        labels[i, longest - length + 1 :] = torch.tensor(row["labels"][1:])
    trained = next((n for n in range(longest) if (labels[:, n] != IGNORED).any()), longest)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0),
        "logits_to_keep": torch.arange(trained - 1, longest - 1),
        **_targets(rows, labels[:, trained:]),
    }


def _targets(rows: Sequence[dict[str, Any]], labels: Any) -> Batch:
    import torch

    tokens = torch.tensor([sum(len(row["input_ids"]) for row in rows if row != BLANK)])
    return {"labels": labels, "shift_labels": labels, "num_tokens": tokens}


def micro_batch(batch_size: int, rows: Sequence[dict[str, Any]], vocabulary: int, at_once: int = 0) -> int:
    """How many rows go through the model at once: the largest divisor of `batch_size` that memory bears.

    Not more than `at_once`, where that is not 0. The rest of a batch follows by gradient accumulation.
    """
    trained = max(sum(label != IGNORED for label in row["labels"]) for row in rows)
    longest = max(len(row["input_ids"]) for row in rows)
    most = min(
        LOGITS_BYTES // (trained * vocabulary * BYTES_PER_LOGIT), TOKENS // longest, at_once or batch_size
    )
    return max(size for size in range(1, batch_size + 1) if batch_size % size == 0 and size <= max(1, most))


class EvenOrder:
    """A sampler: every epoch a new order, in which the rows of each group are spread evenly.

    With few rows a batch of chance holds one tool alone every so often, and the model swings to it; here each batch
    is as mixed as the whole. The order depends on the seed and the epoch alone. It is filled up to a multiple of `fill`
    with the number after the last row: several processes must get equally many, and no row twice.
    """

    def __init__(self, groups: Sequence[str], seed: int, fill: int = 1):
        self.groups = groups
        self.seed = seed
        self.blanks = [len(groups)] * (-len(groups) % fill)
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.groups) + len(self.blanks)

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        chance = random.Random(f"{self.seed} {self.epoch}")
        members: dict[str, list[int]] = {}
        for row, group in enumerate(self.groups):
            members.setdefault(group, []).append(row)
        places: list[tuple[float, float, int]] = []
        for rows in members.values():
            chance.shuffle(rows)
            places += [((n + 0.5) / len(rows), chance.random(), row) for n, row in enumerate(rows)]
        return iter([row for _, _, row in sorted(places)] + self.blanks)
