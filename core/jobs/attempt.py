"""One attempt at a run, in its own process: what it says of itself, and how it hears that it should stop."""

import logging
import time
from typing import Any

from core.settings import Settings
from core.store import open_store, runs
from core.store.runs import Run

log = logging.getLogger("callwright.worker")


class Stopped(Exception):
    """The user asked to stop before there was anything to keep, or what there is was kept already."""


class Attempt:
    """What trainings and evaluations have in common. Every word is fenced: it raises Fenced once it was given up on."""

    def __init__(self, settings: Settings, run: Run):
        self.settings = settings
        self.run = run
        self.begun = time.monotonic()
        self.train_seconds: float | None = None

    def run_all(self) -> runs.State:
        """The final state, "finished" or "cancelled". Raises StudioError, Stopped, Fenced."""
        raise NotImplementedError

    def stop_requested(self) -> bool:
        with open_store(self.settings) as db:
            return runs.stop_requested(db, self.run.id)

    def loading_progress(self, text: str, fraction: float | None = None) -> None:
        self.say(text if fraction is None else f"{text} ({fraction:.0%})")
        if self.stop_requested():
            raise Stopped

    def say(self, doing: str) -> None:
        log.info("%s", doing)
        self.report(doing=doing)

    def report(self, **values: Any) -> None:
        with open_store(self.settings) as db:
            runs.report(db, self.run.id, self.run.attempt, **values)

    def enter(self, state: runs.State, doing: str) -> None:
        log.info("%s", doing)
        with open_store(self.settings) as db:
            runs.enter(db, self.run.id, self.run.attempt, state, doing)
