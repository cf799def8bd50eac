"""The estimate of a training's memory against the measured peak.

`python tests/benchmarks/memory.py [--model MODEL | --random] [SHAPE ...]` trains three steps of each shape in a process
of its own, in float32 and in bfloat16, without and with the average of the weights, and prints a table. `python
tests/benchmarks/memory.py one FOLDER SHAPE DTYPE VOCABULARY AVERAGE RANK` measures one and prints it as JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from workload import Shape, add_model_options, model_folder, random_rows

from core.jobs import need
from core.models import fit, hardware, loading, tree_attention
from core.prompt.family import family_of
from core.training import trainer
from core.training.callbacks import peak_memory
from core.training.recipe import RunConfig

SHAPES = ("123x4", "123x16", "600x8", "2000x8")
STEPS = 3  # the second is the first with the optimizer's memory


def one(
    folder: Path, shape: Shape, dtype: str, vocabulary: str, average: int, lora_rank: int
) -> dict[str, int]:
    """Train in this process, as the worker does, and compare its peak in bytes with the estimate."""
    hardware.tune()
    device = hardware.choose_device()
    model, tokenizer = loading.load(folder, "float32", device)
    rows = random_rows(shape, STEPS, folder)
    shared = tree_attention.exact(model, [row.input_ids for row in rows[:2]])
    config = RunConfig(
        epochs=1,
        batch_size=shape.batch,
        dtype=dtype,  # type: ignore[arg-type]
        vocabulary=vocabulary,  # type: ignore[arg-type]
        average=average,
        lora_rank=lora_rank,
    )
    groups, control = ["any"] * len(rows), family_of(tokenizer).control_ids(tokenizer)
    with tempfile.TemporaryDirectory() as scratch:
        trainer.train(model, tokenizer, rows, groups, [], control, config, Path(scratch), [], shared=shared)
    estimate = need.of_rows(folder, rows, config, device, shared)
    if estimate is None:
        sys.exit("This model is of an unusual build.")
    if device == "cuda":
        import torch

        return {"measured": torch.cuda.max_memory_allocated() + fit.CONTEXT, "estimate": estimate}
    return {"measured": peak_memory(), "estimate": estimate}


def table(folder: Path, shapes: list[Shape]) -> None:
    print("| shape | arithmetic | words trained | average | LoRA | measured GB | estimate GB | apart |")
    print("|---|---|---|---|---|---|---|---|")
    for shape in shapes:
        for dtype in ("float32", "bfloat16"):
            for vocabulary, average, rank in (
                ("calls", 1, 0),
                ("all", 1, 0),
                ("all", 10, 0),
                ("calls", 1, 16),
            ):
                asked = [
                    sys.executable,
                    __file__,
                    "one",
                    str(folder),
                    f"{shape.prefix}x{shape.batch}",
                    dtype,
                    vocabulary,
                    str(average),
                    str(rank),
                ]
                answer = subprocess.run(
                    asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
                )
                found = json.loads(answer.stdout.splitlines()[-1])
                measured, guess = found["measured"] / 1e9, found["estimate"] / 1e9
                apart = guess / measured - 1
                print(
                    f"| {shape} | {dtype} | {vocabulary} | {average} | {rank} "
                    f"| {measured:.2f} | {guess:.2f} | {apart:+.1%} |",
                    flush=True,
                )


def main() -> None:
    if sys.argv[1:2] == ["one"]:
        folder, shape, dtype, vocabulary, average, rank = sys.argv[2:]
        found = one(Path(folder), Shape.read(shape), dtype, vocabulary, int(average), int(rank))
        print(json.dumps(found))
        return
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model_options(options)
    options.add_argument("shapes", nargs="*", type=Shape.read, default=[Shape.read(text) for text in SHAPES])
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        name, folder = model_folder(chosen, Path(scratch))
        print(f"{name}, {hardware.describe().label}\n")
        table(folder, chosen.shapes)


if __name__ == "__main__":
    main()
