"""Workers on this machine: one process a run, in its own session, its log in a file.

A process is known by pid, start time and boot together; a pid alone may belong to a stranger by tomorrow.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

from core.settings import Settings
from core.store import Database, immediate, open_store, runs
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
    if run.boot != boot():
        return False
    try:
        process = psutil.Process(run.pid)
        same = abs(process.create_time() - (run.pid_started or 0)) < 1
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def reconcile(db: Database, settings: Settings) -> None:
    """Mark working runs whose process is gone as interrupted."""
    for run in runs.listed(db, states=runs.WORKING):
        if alive(run):
            continue
        error = runs.StudioError(
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
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "core.jobs.worker", run.id],
                cwd=Path(__file__).parents[2],
                env={**os.environ, "CALLWRIGHT_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        problem = runs.StudioError(f"The training process could not be started: {error}.", where=str(log))
        runs.end(db, run.id, run.attempt, "failed", error=problem)
        return
    with immediate(db):
        runs.own(db, run.id, run.attempt, process.pid, psutil.Process(process.pid).create_time(), boot())
    _children.append(process)
    _reap()


# Popen objects of this process, polled so that a finished worker does not stay as a zombie.
_children: list[subprocess.Popen] = []


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]
