"""How fast a training step is: TRL as the guide uses it, TRL with prompt and completion, and Callwright, side by side.

`python tests/benchmarks/training_speed.py [--shapes 123x4 ...] [--dtypes ...] [--ways ...] [--steps N] [--budget MIN]`
measures the starter (or `--random`: its shape with random weights) on rows of random tokens and writes a JSON and a
Markdown file named for the kind of machine. What was measured before and is not measured again stays in them. Without
a budget every way does N timed steps, which takes hours on two cores; with one, slow ways do fewer, and the table says
how many.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import machine
import report
from side_by_side import compare
from training_way import WAYS
from workload import Shape, add_model_options, model_folder, random_rows

RESULTS = Path(__file__).with_name("results")
SHAPES = ("123x4", "123x16", "600x8", "2000x8", "123x4:apart")
DTYPES = ("float32", "bfloat16")
ROWS = "Rows of random tokens: a prefix (its length x rows), a question of 19 or 20 tokens, an answer of 20."
SHARED_WAYS = ("guide", "guide-bf16", "trl", "ours", "recommended")
APART_WAYS = ("padded", "ours")  # the question there: does looking for what is shared cost anything?


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shapes", nargs="+", type=Shape.read, default=[Shape.read(text) for text in SHAPES])
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=DTYPES)
    parser.add_argument("--ways", nargs="+", choices=WAYS, help="else those that fit the shape")
    parser.add_argument("--steps", type=int, default=5, help="timed steps of each way")
    parser.add_argument("--budget", type=float, help="minutes; slow ways do fewer steps")
    parser.add_argument("--json", type=Path, help="instead of the file in tests/benchmarks/results")
    add_model_options(parser)
    chosen = parser.parse_args()
    if chosen.tiny and not chosen.json:
        parser.error("--tiny measures nothing worth keeping: name another file with --json.")
    return chosen


def main() -> None:
    chosen = options()
    file = chosen.json or RESULTS / f"{machine.kind(machine.description())}-training.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    cells = [(shape, dtype) for dtype in chosen.dtypes for shape in chosen.shapes]
    end = time.monotonic() + chosen.budget * 60 if chosen.budget else None
    with tempfile.TemporaryDirectory() as scratch:
        model, folder = model_folder(chosen, Path(scratch))
        peaks = {dtype: machine.matmul_peak(dtype) for dtype in chosen.dtypes}
        for number, (shape, dtype) in enumerate(cells):
            ways = chosen.ways or (SHARED_WAYS if shape.shared else APART_WAYS)
            ways = [way for way in ways if dtype in WAYS[way][1]]
            seconds = (end - time.monotonic()) / (len(cells) - number) if end else None
            print(f"{shape} {dtype}", file=sys.stderr)
            cell: dict[str, Any] = {
                "shape": str(shape),
                "dtype": dtype,
                "model": model,
                "batch": shape.batch,
                "day": datetime.now(UTC).date().isoformat(),
                "load": os.getloadavg()[0],
                "libraries": machine.libraries(),
                "matmul_gflop_per_second": peaks[dtype] / 1e9,
            }
            rows = random_rows(shape, chosen.steps + 1, folder)
            place = Path(scratch) / str(number)
            cell["ways"] = compare(ways, rows, shape.batch, dtype, folder, place, chosen.steps, seconds)
            report.add(file, machine.description(), cell)  # at once: a later one may be interrupted
    found = json.loads(file.read_text("utf-8"))
    text = report.training_table(found, ROWS)
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
