"""Workers on this machine: one process a run, known by pid, start time and boot together."""

from datetime import UTC, datetime
from pathlib import Path

import psutil

from core import processes
from core.errors import StudioError
from core.settings import Settings
from core.store import Database, open_store, runs
from core.store.runs import Run

BOOT_ID = Path(
    "/proc/sys/kernel/random/boot_id"
)  # on Linux; unlike the time of booting, clocks do not move it
GRACE_SECONDS = 20  # from claiming a run to knowing its process


def boot() -> str:
    """A name for the time since this machine was started."""
    if BOOT_ID.exists():
        return BOOT_ID.read_text().strip()
    return f"{psutil.boot_time():.0f}"


def log_file(settings: Settings, run: str) -> Path:
    return settings.run_folder(run) / "log.txt"


def alive(run: Run) -> bool:
    """Whether the process of a working run is still there."""
    if run.pid is None:
        begun = datetime.fromisoformat(run.heartbeat or run.created)
        return (datetime.now(UTC) - begun).total_seconds() < GRACE_SECONDS
    return run.boot == boot() and processes.alive(run.pid, run.pid_started or 0)


def reconcile(db: Database, settings: Settings) -> None:
    """Mark working runs whose process is gone as interrupted."""
    for run in runs.listed(db, states=runs.WORKING):
        if alive(run):
            continue
        error = StudioError(
            "The process of this run ended without a word.",
            "Its log says how far it came. The machine may have run out of memory; train again, "
            "with a smaller batch size where that was the cause.",
            str(log_file(settings, run.id)),
        )
        try:
            runs.end(db, run.id, run.attempt, "interrupted", error=error)
        except runs.Fenced:
            continue  # it ended properly between our two looks


def advance(settings: Settings) -> None:
    """Mark what died, and start the next waiting run where none is at work. Safe to call from anywhere, often."""
    with open_store(settings) as db:
        reconcile(db, settings)
        waiting = runs.next_queued(db)
        claimed = runs.claim(db, waiting) if waiting else None
        if claimed:
            _spawn(db, settings, claimed)


def _spawn(db: Database, settings: Settings, run: Run) -> None:
    log = log_file(settings, run.id)
    try:
        process = processes.start(settings, log, "core.jobs.worker", run.id)
    except OSError as error:
        problem = StudioError(f"The training process could not be started: {error}.", where=str(log))
        runs.end(db, run.id, run.attempt, "failed", error=problem)
        return
    runs.own(db, run.id, run.attempt, process.pid, psutil.Process(process.pid).create_time(), boot())
