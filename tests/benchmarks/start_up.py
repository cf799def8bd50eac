"""How many seconds pass from `train` to the first training step of the starter, cold and warm.

`python tests/benchmarks/start_up.py [--home HOME] [--times N] [--dtype DTYPE] [--json FILE]` trains the first starter
project in a store of its own. Warm is what a second run finds: checked rows kept, model files in the memory of the
system. Cold, the rows are gone and the model's files must come from the disk; the libraries stay warm in both. The
rows for testing are left out, so that nothing is asked before the training. CPU seconds tell what other programs on
the machine did not take.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.importers import starters
from core.models import hardware, starter
from core.settings import Settings
from core.store import open_store, projects, runs

ROOT = Path(__file__).parents[2]
FIRST_STEP = re.compile(r"First step after [\d.]+ s \((.*)\)")
PATIENCE = 300  # seconds


def prepared(settings: Settings, models: Path) -> str:
    """A project of the starter's training rows in a fresh store that shares the models of another."""
    settings.home.mkdir()
    settings.models.symlink_to(models)
    with open_store(settings) as db:
        project = starters.load(db, starters.IDS[0]).id
        asked = projects.examples(db, project, split="test")
        projects.delete_examples(db, project, [example.id for example in asked if example.id])
    return project


def evict(folder: Path) -> None:
    """Let the system forget the content of the files in a folder."""
    for file in folder.iterdir():
        handle = os.open(file, os.O_RDONLY)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def logs(settings: Settings) -> list[Path]:
    return sorted(settings.runs.glob("*/log.txt"))


def train(settings: Settings, project: str, dtype: str) -> dict[str, object]:
    """One run, stopped once its first step has begun."""
    environment = {**os.environ, "CALLWRIGHT_HOME": str(settings.home)}
    begun = time.perf_counter()
    command = [sys.executable, "-m", "core", "train", project, "--set", "epochs=1"]
    command += ["--set", f"dtype={dtype}"]
    with (settings.home / "train.txt").open("w") as words:
        asking = psutil.Popen(command, cwd=ROOT, env=environment, stdout=words, stderr=words)
    told = None
    while told is None:
        time.sleep(0.02)
        if asking.poll() is not None or time.perf_counter() - begun > PATIENCE:
            words = [
                file.read_text(encoding="utf-8") for file in (settings.home / "train.txt", *logs(settings))
            ]
            sys.exit("\n".join(["No first step.", *words]))
        for log in logs(settings):
            told = FIRST_STEP.search(log.read_text(encoding="utf-8", errors="replace"))
    seconds = time.perf_counter() - begun
    with open_store(settings) as db:
        [run] = runs.listed(db, states=runs.WORKING)
        times = asking.cpu_times(), psutil.Process(run.pid).cpu_times()
        runs.request_stop(db, run.id)
    asking.wait()
    shutil.rmtree(settings.run_folder(run.id))
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(sum(one.user + one.system for one in times), 2),
        "parts": {
            name: float(value) for name, value in (part.rsplit(" ", 1) for part in told[1].split(", "))
        },
    }


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--home", help="a store whose models are used (else CALLWRIGHT_HOME)")
    options.add_argument("--times", type=int, default=3)
    options.add_argument("--dtype", default="auto", choices=hardware.DTYPES)
    options.add_argument("--json", type=Path, help="also write the figures there")
    chosen = options.parse_args()
    home = Settings.load(chosen.home)
    model = starter.path(home, lambda text, share: print(text, file=sys.stderr))
    machine = hardware.describe()
    report: dict[str, object] = {"machine": machine.label, "dtype": chosen.dtype, "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(Path(folder) / "home")
        project = prepared(settings, home.models)
        for state in ("cold", "warm"):
            found = []
            for _ in range(chosen.times):
                if state == "cold":
                    shutil.rmtree(settings.home / "cache", ignore_errors=True)
                    evict(model)
                found.append(train(settings, project, chosen.dtype))
                print(state, json.dumps(found[-1]), file=sys.stderr)
            report[state] = {
                "median_seconds": statistics.median(one["seconds"] for one in found),
                "median_cpu_seconds": statistics.median(one["cpu_seconds"] for one in found),
                "runs": found,
            }
    text = json.dumps(report, indent=2)
    print(text)
    if chosen.json:
        chosen.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
