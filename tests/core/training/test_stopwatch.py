"""The seconds from the start of a process to its first training step."""

import logging
import subprocess
import sys
import time
from pathlib import Path

from core.training.stopwatch import Stopwatch, age

ROOT = Path(__file__).parents[3]


def test_the_age_of_a_process_counts_what_came_before_the_first_line():
    program = "import time; time.sleep(0.7); from core.training.stopwatch import age; print(age())"
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert 0.7 < float(done.stdout) <= time.monotonic() - begun + 0.02


def test_the_first_step_is_told_once_with_the_seconds_of_each_part(caplog):
    watch = Stopwatch()
    callback = watch.callback("trainer")
    watch.lap("program")
    time.sleep(0.3)
    watch.lap("model")
    time.sleep(0.4)
    watch.skip()
    time.sleep(0.1)
    with caplog.at_level(logging.INFO, "callwright.worker"):
        for _ in range(2):
            callback.on_step_begin(None, None, None)
    [told] = caplog.messages
    assert told == str(watch) and told.startswith("First step after ")
    assert list(watch.parts) == ["program", "model", "trainer"]
    assert watch.parts["model"] >= 0.3 and watch.parts["trainer"] >= 0.1
    assert sum(watch.parts.values()) <= age() - 0.38, "what was skipped does not count"
