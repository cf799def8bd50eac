"""`python tests/faults/claimers.py HOME PROCESSES`: processes that race for the runs that wait, as workers would.

Each takes what it can until nothing waits, and writes a metric as the worker of each run it took. One in twenty dies
between the claim and the start. Prints which runs each took, as JSON.
"""

import json
import os
import random
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.settings import Settings
from core.store import claims, metrics, open_store, runs

SLOTS = [str(n) for n in range(10_000)]  # enough devices for all, so that all may be claimed


def race(settings: Settings, chance: random.Random, tell: int) -> None:
    with open_store(settings) as db:
        while waiting := claims.waiting(db):
            claimed = claims.claim(db, chance.choice(waiting[:3]), SLOTS)  # the same few for all
            if claimed is None:
                continue
            os.write(tell, f"{claimed.id} {claimed.attempt}\n".encode())
            if chance.random() < 0.05:
                os.kill(os.getpid(), signal.SIGKILL)
            metrics.add(db, claimed.id, claimed.attempt, 1, {"loss": 1.0}, step=1)
            runs.end(db, claimed.id, claimed.attempt, "finished")


def main(home: str, count: int) -> None:
    settings, took, number = Settings.load(home), [], 0
    racing: dict[int, int] = {}
    while True:
        with open_store(settings) as db:
            left = len(claims.waiting(db))
        while left and len(racing) < count:  # the dead are replaced
            hear, tell = os.pipe()
            number += 1
            child = os.fork()
            if not child:
                os.close(hear)
                race(settings, random.Random(number), tell)
                os._exit(0)
            os.close(tell)
            racing[child] = hear
        if not racing:
            break
        child, _ = os.wait()
        with os.fdopen(racing.pop(child)) as heard:
            took.append([line.split() for line in heard.read().splitlines()])
    print(json.dumps(took))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
