"""Rows to padded batches, aligned at their ends so that the head is needed only for the last positions.

The head over a vocabulary of 262,144 words is 63 % of a forward pass of a 270M model; asking for the logits of the
answer alone (`logits_to_keep`) leaves loss and gradient as they are and halves the time on a CPU.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from core.prompt.rows import IGNORED


def collate(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A batch of rows `{"input_ids", "labels"}`, padded on the left.

    input_ids, attention_mask and position_ids are [rows, longest]; labels are [rows, longest trained end], those of
    the last positions only.
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
        labels[i, longest - length :] = torch.tensor(row["labels"])
    trained = int((labels != IGNORED).any(dim=0).nonzero()[0])
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0),
        "labels": labels[:, trained:],
    }


class EvenOrder:
    """A sampler: every epoch a new order, in which the rows of each group are spread evenly.

    With few rows a batch of chance holds one tool alone every so often, and the model swings to it; here each batch
    is as mixed as the whole. The order depends on the seed and the epoch alone.
    """

    def __init__(self, groups: Sequence[str], seed: int):
        self.groups = groups
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.groups)

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
        return iter([row for _, _, row in sorted(places)])
