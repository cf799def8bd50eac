"""`python -m core.jobs.worker RUN ATTEMPT`: one attempt at a run in a process of its own, to a final state."""

import logging
import os
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace

from core import disk, processes
from core.errors import StudioError
from core.jobs import failures, local
from core.jobs.asking import Asking
from core.jobs.attempt import Attempt, Stopped
from core.jobs.work import Work
from core.settings import Settings
from core.store import open_store, runs
from core.store.runs import Fenced, Run
from core.training.callbacks import peak_memory

HEARTBEAT_SECONDS = 5
ELSEWHERE = (
    "TRACKIO_SPACE_ID",
    "TRACKIO_SERVER_URL",
    "TRACKIO_BUCKET_ID",
)  # what is reported stays on this computer
log = logging.getLogger("callwright.worker")


def main(run_id: str, attempt: int) -> None:
    """Do the run, and whatever happens leave it in a final state; then start the next one that waits.

    Leaves at once where this attempt at it was given up on, or another has begun.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    processes.give_way()
    settings = Settings.load()
    with open_store(settings) as db:
        run = replace(runs.find(db, run_id), attempt=attempt)
        try:
            runs.own(db, run.id, attempt, processes.this())
        except Fenced:
            log.info("This attempt was given up on before it began; leaving.")
            return
    done = threading.Event()
    threading.Thread(target=_heartbeat, args=(settings, run, done), daemon=True).start()
    work: Attempt = Work(settings, run) if run.kind == "train" else Asking(settings, run)
    state: runs.State = "finished"
    error: StudioError | None = None
    try:
        state = work.run_all()
    except Fenced:
        log.info("This run was ended from elsewhere; leaving.")
        return
    except Stopped:
        state = "cancelled"
    except StudioError as problem:
        log.error("%s", problem.sentence())
        state, error = "failed", problem
    except Exception as problem:
        traceback.print_exc()
        state, error = "failed", failures.explain(problem, run.kind)
    finally:
        done.set()
    try:
        _end(settings, run, state, error, work)
    except StudioError:  # the disk is full to the last byte
        disk.use_room(settings.home)
        _end(settings, run, state, error, work)
    log.info("The run is %s.", state)
    local.advance(settings)


def _end(settings: Settings, run: Run, state: runs.State, error: StudioError | None, work: Attempt) -> None:
    with open_store(settings) as db, suppress(Fenced):
        runs.report(db, run.id, run.attempt, memory=peak_memory())
        runs.end(
            db,
            run.id,
            run.attempt,
            state,
            error=error,
            train_seconds=work.train_seconds,
            seconds=round(time.monotonic() - work.begun, 2),
        )


def _heartbeat(settings: Settings, run: Run, done: threading.Event) -> None:
    while not done.wait(HEARTBEAT_SECONDS):
        try:
            with open_store(settings) as db:
                runs.report(db, run.id, run.attempt, memory=peak_memory())
        except Fenced:
            return
        except StudioError as error:
            log.warning("Heartbeat not written: %s", error.sentence())


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    for name in ELSEWHERE:
        os.environ.pop(name, None)
    main(sys.argv[1], int(sys.argv[2]))
