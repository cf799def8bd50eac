"""`python tests/faults/writers.py HOME RUN COUNT`: writers of metrics, forked one after the other and each killed.

A writer takes the run's next attempt, writes loss after loss, and tells of each once it stands in the store. It is
killed at a random moment. Prints what was told, as JSON: one list of steps for each writer.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from core import processes
from core.errors import StudioError
from core.settings import Settings
from core.store import claims, metrics, open_store, runs


def write(settings: Settings, run: str, first: int, tell: int) -> None:
    """Write from `first` on until killed."""
    with open_store(settings) as db:
        claimed = claims.claim(db, run)
        assert claimed
        runs.own(db, run, claimed.attempt, processes.this())
    step = first
    while True:
        with open_store(settings) as db:
            metrics.add(db, run, claimed.attempt, step, {"loss": step / 2, "grad_norm": 1.0}, step=step)
        os.write(tell, f"{step}\n".encode())
        step += 1


def main(home: str, run: str, count: int) -> None:
    settings, chance, told = Settings.load(home), random.Random(1), []
    for _ in range(count):
        hear, tell = os.pipe()
        child = os.fork()
        if not child:
            os.close(hear)
            write(settings, run, told[-1][-1] + 1 if told and told[-1] else 1, tell)
        os.close(tell)
        time.sleep(chance.uniform(0.02, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(hear) as heard:
            steps = [int(line) for line in heard.read().split()]
        told.append(steps or (told[-1:] and told[-1]))
        again(settings, run)
    print(json.dumps(told))


def again(settings: Settings, run: str) -> None:
    """What the page does when it sees that the process is gone, and the user who resumes."""
    with open_store(settings) as db:
        found = runs.find(db, run)
        if found.working:
            assert found.owner and not found.owner.alive
            runs.end(db, run, found.attempt, "interrupted", error=StudioError("gone"))
            claims.resume(db, run)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
