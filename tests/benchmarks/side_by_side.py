"""Several ways of training side by side: each in its own process, one at work at a time, a step each in turn."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from training_way import WAYS

from core.models import hardware
from core.prompt import Row

SMALLEST_SHARE = 150  # seconds that every way may use, however little is left
# Bytes that a 270M model needs on a processor, measured at 123 x 4 and 600 x 2: between its steps (ours keeps what it
# once had),
BETWEEN = {
    "guide": 4.6e9,
    "guide-bf16": 3.3e9,
    "trl": 4.6e9,
    "padded": 7.0e9,
    "ours": 7.0e9,
    "recommended": 5.0e9,
}
GRADIENTS = 1.8e9  # during a step, and TRL's sum of those of the head
# and, on the safe side, for each token of a row and each pair of its tokens (18 layers, 4 heads).
EACH_TOKEN = {"float32": 2.0e6, "bfloat16": 1.4e6}
EACH_PAIR = {"guide": 18 * 4 * 12, "guide-bf16": 18 * 4 * 12, "trl": 0}


@dataclass(slots=True)
class Way:
    """One way of training: its process once it is begun, and what each step took."""

    name: str
    spec: dict[str, Any]
    steps: list[dict[str, Any]] = field(default_factory=list)
    threads: int = 0
    failure: str = ""
    process: "subprocess.Popen[str] | None" = None

    def step(self) -> None:
        """One step; the first loads the model. A process that dies leaves its last words in `failure`."""
        if self.process is None:
            self._begin()
        assert self.process and self.process.stdin
        if not self.failure:
            with suppress(BrokenPipeError):  # it died while it waited
                self.process.stdin.write("step\n")
                self.process.stdin.flush()
            if answer := self._answer():
                self.steps.append(answer)

    def end(self) -> None:
        assert self.process and self.process.stdin
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()

    def _begin(self) -> None:
        scratch = Path(self.spec["scratch"])
        scratch.mkdir(parents=True)
        (scratch / "spec.json").write_text(json.dumps(self.spec), encoding="utf-8")
        script = Path(__file__).with_name("training_way.py")
        with (scratch / "words.txt").open("w") as words:
            self.process = subprocess.Popen(
                [sys.executable, str(script), str(scratch / "spec.json")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
            )
        if answer := self._answer():
            self.threads = answer["threads"]

    def _answer(self) -> dict[str, Any]:
        assert self.process and self.process.stdout
        if line := self.process.stdout.readline():
            return json.loads(line)
        code = self.process.wait()
        words = (Path(self.spec["scratch"]) / "words.txt").read_text("utf-8", "replace").strip()
        out_of_memory = "killed, most likely for want of memory" if code == -9 else ""
        self.failure = out_of_memory or (words.splitlines() or [f"exit code {code}"])[-1]
        return {}


def compare(
    names: Sequence[str],
    rows: Sequence[Row],
    batch: int,
    dtype: str,
    folder: Path,
    scratch: Path,
    steps: int,
    seconds: float | None,
) -> dict[str, dict[str, Any]]:
    """What `steps` timed steps of each way took, after one that is not timed.

    With `seconds`, each way takes part for an equal share of them: a slow one does fewer steps, but one at least, and
    where there is time for one only, that one counts. Where memory does not bear all ways at once, they follow each
    other.
    """
    longest = max(len(row.input_ids) for row in rows)
    card = hardware.describe().device_memory
    memory = card or psutil.virtual_memory().available
    ways = []
    for name in names:
        spec = {
            "way": name,
            "folder": str(folder),
            "rows": [(row.input_ids, row.prompt_length) for row in rows],
            "batch": batch,
            "rows_at_once": rows_at_once(name, batch, longest, dtype, memory),
            "dtype": dtype,
            "scratch": str(scratch / name),
        }
        ways.append(Way(name, spec))
    share = float("inf") if seconds is None else max(seconds / len(ways), SMALLEST_SHARE)
    needed = [way.spec["rows_at_once"] * bytes_of_row(way.name, longest, dtype) for way in ways]
    at_work = sum(needed) if card else max(needed)  # torch gives nothing back to a card
    together = sum(BETWEEN[name] for name in names) + GRADIENTS + at_work < memory
    for group in [ways] if together else [[way] for way in ways]:
        _take_turns(group, steps, share)
    tokens = sum(len(row.input_ids) for row in rows) / len(rows) * batch
    return {way.name: _summary(way, batch, tokens) | {"in_turn": together} for way in ways}


def _take_turns(ways: list[Way], steps: int, share: float) -> None:
    working = list(ways)
    while working:
        for way in list(working):
            way.step()
            print(way.name, way.failure or json.dumps(way.steps[-1]), file=sys.stderr, flush=True)
            if _finished(way, steps, share):
                way.end()
                working.remove(way)


def rows_at_once(name: str, batch: int, longest: int, dtype: str, memory: float) -> int:
    """The rows TRL takes through a 270M model at once: the largest part of a batch that `memory` (bytes) bears."""
    if name not in EACH_PAIR:
        return batch  # the trainer of the studio decides for itself
    most = (memory - BETWEEN[name] - GRADIENTS) / bytes_of_row(name, longest, dtype)
    return max(size for size in range(1, batch + 1) if batch % size == 0 and size <= max(1, most))


def bytes_of_row(name: str, longest: int, dtype: str) -> float:
    """What a row of TRL's needs during a step, beside what the model always needs; zero for ours, which keeps it."""
    return longest * EACH_TOKEN[dtype] + longest**2 * EACH_PAIR[name] if name in EACH_PAIR else 0


def _finished(way: Way, steps: int, share: float) -> bool:
    if way.failure or len(way.steps) > steps:
        return True
    spent = sum(step["seconds"] for step in way.steps)
    return spent + way.steps[-1]["seconds"] > share


def _summary(way: Way, batch: int, tokens: float) -> dict[str, Any]:
    if not way.steps:
        return {"words": WAYS[way.name][0], "failure": way.failure}
    timed = way.steps[1:] or way.steps
    seconds = statistics.median(step["seconds"] for step in timed)
    flop = way.steps[0]["flop"]
    return {
        "words": WAYS[way.name][0],
        "failure": way.failure,
        "rows_at_once": way.spec["rows_at_once"],
        "threads": way.threads,
        "warmed_up": len(way.steps) > 1,
        "first_step_seconds": way.steps[0]["seconds"],
        "step_seconds": [step["seconds"] for step in timed],
        "median_seconds": seconds,
        "median_cpu_seconds": statistics.median(step["cpu_seconds"] for step in timed),
        "rows_per_second": batch / seconds,
        "tokens_per_second": tokens / seconds,  # of the plain rows, whatever was computed
        "peak_bytes": max(step["peak"] for step in way.steps),
        "gflop": flop / 1e9,
        "gflop_per_second": flop / 1e9 / seconds,
    }
