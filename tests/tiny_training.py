"""Trainings of tiny models, followed step by step; as a program, one process of several that train together."""

import random
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tiny_families
import tiny_model

from core.prompt.rows import Row
from core.training import batches, trainer
from core.training.recipe import RunConfig

CONFIG = RunConfig(
    epochs=1, batch_size=4, learning_rate=1e-3, schedule="constant", vocabulary="all", dtype="float32"
)
CONTROL = [4, 17, 5]  # words


def rows(count: int, seed: int = 0) -> list[Row]:
    """Rows with the same declarations, prompts and answers of unlike length."""
    chance = random.Random(seed)

    def words(n: int) -> list[int]:
        return [chance.randrange(3, tiny_families.WORDS) for _ in range(n)]

    shared, made = words(15), []
    for _ in range(count):
        prompt = shared + words(chance.randrange(2, 9))
        made.append(Row(prompt + words(chance.randrange(1, 7)), len(prompt)))
    return made


def taught(some: list[Row]) -> int:
    return sum(len(row.input_ids) - row.prompt_length for row in some)


@dataclass
class Followed:
    """A training that is over: its model, what it logged, and the weights before each step."""

    model: Any
    logs: list[dict[str, float]] = field(default_factory=list)
    weights: list[dict[str, Any]] = field(default_factory=list)
    trained: Any = None

    def all(self, name: str) -> list[float]:
        return [log[name] for log in self.logs if name in log and "train_runtime" not in log]


def micro(size: int, some: list[Row], monkeypatch: Any = None) -> None:
    """Let memory bear `size` of these rows at once."""
    longest = max(len(row.input_ids) - row.prompt_length for row in some)
    memory = size * longest * tiny_families.WORDS * batches.BYTES_PER_LOGIT
    if monkeypatch:
        monkeypatch.setattr(batches, "LOGITS_BYTES", memory)
    else:
        batches.LOGITS_BYTES = memory


def follow(
    model: Any,
    some: list[Row],
    folder: Path,
    *,
    shared: bool = True,
    test: list[Row] | None = None,
    resume: Path | None = None,
    config: RunConfig = CONFIG,
    callbacks: Any = (),
    more: dict[str, Any] | None = None,
    **settings: Any,
) -> Followed:
    """Train; `settings` replace those of the config, `more` those of SFTConfig."""
    from transformers import TrainerCallback

    followed = Followed(model)

    class Follow(TrainerCallback):
        def on_step_begin(self, args, state, control, model=None, **kwargs):
            followed.weights.append(weights(model))

        def on_log(self, args, state, control, logs=None, **kwargs):
            followed.logs.append(dict(logs))

    followed.trained = trainer.train(
        model,
        tiny_model.tokenizer(),
        some,
        ["a" if n % 2 else "b" for n in range(len(some))],
        test or [],
        CONTROL,
        replace(config, **settings),
        folder,
        [Follow(), *callbacks],
        shared=shared,
        resume=resume,
        **(more or {}),
    )
    return followed


def mean_loss(model: Any, rows: list[Row]) -> Any:
    """Over all trained tokens of the rows, by nothing but the model and the definition."""
    import torch

    total, count = torch.zeros(()), 0
    for row in rows:
        chance = model(torch.tensor([row.input_ids]), use_cache=False).logits[0].log_softmax(-1)
        for n in range(row.prompt_length, len(row.input_ids)):
            total, count = total - chance[n - 1, row.input_ids[n]], count + 1
    return total / count


def weights(model: Any) -> dict[str, Any]:
    """A copy of what is trained."""
    return {
        name.removeprefix("module."): weight.detach().clone()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }


def apart(one: dict[str, Any], other: dict[str, Any], start: dict[str, Any]) -> float:
    """How far two trainings from one start are apart: the worst parameter, as a share of the way it went."""
    assert one.keys() == other.keys() == start.keys()
    went = [name for name in start if (one[name] != start[name]).any() or (other[name] != start[name]).any()]
    return max(float((one[name] - other[name]).norm() / (other[name] - start[name]).norm()) for name in went)


def stop_after(step: int) -> Any:
    """A TrainerCallback that interrupts a training."""
    from transformers import TrainerCallback

    class StopAfter(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            control.should_training_stop = state.global_step == step

    return StopAfter()


def together(folder: Path) -> None:
    """Train as one of several processes; each leaves its weights and what it logged."""
    import json
    import os

    from safetensors.torch import save_file

    rank = os.environ["RANK"]
    for name, shared, size, count, vocabulary, lora_rank in CASES:
        some = rows(count)
        micro(size, some)
        followed = follow(
            tiny_families.make("gemma3"),
            some,
            folder / name,
            shared=shared,
            test=some[:3],
            epochs=2,
            vocabulary=vocabulary,
            lora_rank=lora_rank,
        )
        save_file(weights(followed.model), folder / f"{name}-{rank}.safetensors")
        kept = [followed.all("loss"), followed.all("num_tokens"), followed.all("eval_loss")]
        (folder / f"{name}-{rank}.json").write_text(json.dumps(kept))

    some, stop = rows(10), 4  # within the second epoch
    more = {"save_strategy": "steps", "save_steps": stop}
    for resume in (None, folder / "resumed" / f"checkpoint-{stop}"):
        followed = follow(
            tiny_families.make("gemma3"),
            some,
            folder / "resumed",
            epochs=2,
            average=3,
            more=more,
            resume=resume,
            callbacks=[] if resume else [stop_after(stop)],
        )
    save_file(weights(followed.model), folder / f"resumed-{rank}.safetensors")


# Name, shared, rows that memory bears at once, rows, vocabulary, rank of LoRA; in two processes with a batch of 4.
CASES = (
    ("even", True, 4, 8, "all", 0),
    ("ragged", True, 4, 9, "all", 0),  # in the last step of an epoch one process has no row
    ("accumulated", True, 1, 10, "all", 0),
    ("padded", False, 4, 9, "all", 0),
    ("few words", True, 1, 9, "calls", 0),
    ("adapters", True, 4, 9, "calls", 4),
)

if __name__ == "__main__":
    together(Path(sys.argv[1]))
