"""How long a run takes from the start of its process to its first training step, part by part."""

import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil

log = logging.getLogger("callwright.worker")


def age() -> float:
    """Seconds since this process was started."""
    if sys.platform == "linux":  # where psutil knows the time of booting to the second only
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - psutil.Process().create_time()


class Stopwatch:
    """Counts the seconds of each part of the start, beginning with the start of this process."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.last = time.monotonic() - age()

    def lap(self, part: str) -> None:
        """The time since the last lap was spent on `part`."""
        now = time.monotonic()
        self.parts[part] = self.parts.get(part, 0.0) + now - self.last
        self.last = now

    def skip(self) -> None:
        """The time since the last lap was no part of the start."""
        self.last = time.monotonic()

    def callback(self, part: str) -> Any:
        """A TrainerCallback that spends the last lap on `part` and tells the log when the first step begins."""
        from transformers import TrainerCallback

        stopwatch = self

        class FirstStep(TrainerCallback):
            begun = False

            def on_step_begin(self, args, state, control, **kwargs):
                if not self.begun:
                    self.begun = True
                    stopwatch.lap(part)
                    log.info("%s", stopwatch)

        return FirstStep()

    def __str__(self) -> str:
        parts = ", ".join(f"{part} {seconds:.1f}" for part, seconds in self.parts.items())
        return f"First step after {sum(self.parts.values()):.1f} s ({parts})"
