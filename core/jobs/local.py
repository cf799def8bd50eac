"""Workers on this machine: one process a run, seen by whoever looks, ended with all that it started."""

import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from core import disk, processes
from core.errors import StudioError
from core.jobs import failures
from core.models import hardware
from core.settings import Settings
from core.store import Database, claims, open_store, runs, shelf
from core.store.runs import Run

STALLED_SECONDS = 30  # without a sign of life; a worker gives one every five
UNDO_SECONDS = 10 * 60  # a deleted run can be brought back for so long
KILLS = "memory_kills.txt"  # in a run's folder: how many processes the system had ended when the run began
ALMOST_ALL = 0.8  # of the memory
_KEPT = {
    "train": "What it had logged is there, and Resume goes on from its newest checkpoint.",
    "evaluate": "What it had asked whole is there, and Resume goes on with the rest.",
}


def log_file(settings: Settings, run: str) -> Path:
    return settings.run_folder(run) / "log.txt"


def checkpoints_of(settings: Settings, run: str) -> Path:
    """The folder of all checkpoints of a run."""
    return settings.run_folder(run) / "trainer"


class Watch:
    """How long runs have given no sign of life, by the clock of whoever looks: those of the day may be set."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int, float]] = {}

    def stalled(self, run: Run) -> bool:
        """Whether a working run has been silent for too long since it was first looked at."""
        now = time.monotonic()
        attempt, beat, since = self._seen.get(run.id, (run.attempt, -1, now))
        if (attempt, beat) != (run.attempt, run.beat):
            since = now
        self._seen[run.id] = (run.attempt, run.beat, since)
        return run.working and now - since > STALLED_SECONDS


def reconcile(db: Database, settings: Settings) -> None:
    """Mark working runs of this machine whose process is gone as interrupted.

    A run of another machine that uses the same folder is left alone: its process cannot be seen from here.
    """
    for run in runs.listed(db, states=runs.WORKING, kind=None):
        if run.owner is not None and (run.owner.alive or not run.owner.here):
            continue
        with suppress(runs.Fenced):  # it ended properly between our two looks
            runs.end(db, run.id, run.attempt, "interrupted", error=_gone(settings, run))


def _gone(settings: Settings, run: Run) -> StudioError:
    """Why a process may have ended without a word, as far as that can be known."""
    kept = _KEPT[run.kind]
    if run.owner is not None and run.owner.boot != processes.boot():
        return StudioError("The computer was restarted while this run was at work.", kept)
    total = hardware.describe().memory_total
    killed = hardware.memory_kills()
    before = settings.run_folder(run.id) / KILLS
    if killed is not None and before.exists() and killed > int(before.read_text()):
        return failures.no_memory("The system ended this run because the memory was used up.", run.kind)
    if run.memory and run.memory > ALMOST_ALL * total:
        return failures.no_memory(
            "This run ended without a word when it held nearly all of the memory.", run.kind
        )
    return StudioError("The process of this run ended without a word.", kept, str(log_file(settings, run.id)))


def advance(settings: Settings) -> None:
    """Mark what died, and start waiting runs on devices that are free. Safe to call from anywhere, often."""
    processes.reap()
    with open_store(settings) as db:
        reconcile(db, settings)
        slots = hardware.slots()
        for id in claims.waiting(db):
            if len(runs.listed(db, states=runs.WORKING, kind=None)) >= len(slots):
                break
            claimed = claims.claim(db, id, slots)
            if claimed:
                _spawn(db, settings, claimed)
        _forget(db, settings)


def _spawn(db: Database, settings: Settings, run: Run) -> None:
    log = log_file(settings, run.id)
    environment = {
        "TENSORBOARD_LOGGING_DIR": str(settings.home / "tensorboard" / run.id),
        "TRACKIO_DIR": str(settings.home / "trackio"),
    }
    if run.slot:
        environment["CUDA_VISIBLE_DEVICES"] = run.slot
    with suppress(runs.Fenced):  # it has ended already, or was given up on
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            kills = hardware.memory_kills()
            if kills is not None:
                (log.parent / KILLS).write_text(str(kills))
            disk.keep_room(settings.home)
            worker = processes.start(
                settings, log, "core.jobs.worker", run.id, str(run.attempt), **environment
            )
        except OSError as error:
            problem = failures.explain(error, run.kind)
            runs.end(db, run.id, run.attempt, "failed", error=problem)
            return
        runs.own(db, run.id, run.attempt, worker)


def end_now(settings: Settings, id: str) -> None:
    """End a working run at once, its process too where it is one of this machine. It can be resumed."""
    with open_store(settings) as db:
        run = runs.find(db, id)
    if not run.working:
        return
    if run.owner is not None:
        processes.end(
            run.owner
        )  # first: a process that is paused while it writes keeps all others from writing
    error = StudioError("This run was ended at once.", _KEPT[run.kind])
    with open_store(settings) as db, suppress(runs.Fenced):  # who looked meanwhile has marked it
        runs.end(db, run.id, run.attempt, "interrupted", error=error)


def forget_now(settings: Settings, id: str) -> None:
    """Remove a deleted run for good: its files, then what the store knows of it."""
    shutil.rmtree(settings.run_folder(id), ignore_errors=True)
    if settings.run_folder(id).exists():
        raise StudioError(
            "The files of this run could not be removed.",
            "Close what uses them.",
            str(settings.run_folder(id)),
        )
    with open_store(settings) as db:
        shelf.forget(db, id)


def _forget(db: Database, settings: Settings) -> None:
    for run in shelf.deleted(db):
        age = (datetime.now(UTC) - datetime.fromisoformat(run.deleted or "")).total_seconds()
        if age > UNDO_SECONDS:
            with suppress(StudioError):  # tried again at the next look
                forget_now(settings, run.id)
