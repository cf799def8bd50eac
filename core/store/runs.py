"""Runs: their states, their owner, and what they report.

Every write of a worker names its attempt, so that a worker which was given up on can write nothing more.
`core.store.claims` tells how an attempt begins.
"""

import json
import secrets
import time
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlite_utils import Database

from core.errors import StudioError
from core.processes import Owner
from core.schema.call import dumps
from core.store.database import immediate, now

State = Literal[
    "queued", "starting", "training", "evaluating", "finished", "failed", "cancelled", "interrupted"
]
Kind = Literal["train", "evaluate"]
WORKING: tuple[State, ...] = ("starting", "training", "evaluating")
ENDED: tuple[State, ...] = ("finished", "failed", "cancelled", "interrupted")


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the table, field for column; `recipe` and `error` are decoded."""

    id: str
    project: str
    number: int  # trainings are counted up from 1, evaluations down from -1
    state: State
    model: str
    recipe: dict[str, Any]
    snapshot: str
    created: str
    started: str | None
    finished: str | None
    attempt: int
    pid: int | None
    pid_started: float | None
    boot: str | None
    host: str | None
    heartbeat: str | None
    beat: int  # counted up with every sign of life
    stop_requested: int
    doing: str  # one plain sentence on what happens right now
    step: int
    steps: int
    seconds_left: float | None
    seconds_per_step: float | None
    memory: int | None  # bytes, resident memory of the worker at its highest
    device: str
    error: dict[str, str] | None
    folder: str | None  # of the saved model
    train_seconds: float | None
    seconds: float | None
    label: str  # a name that was given
    note: str
    position: float  # in the queue
    slot: str  # the device it has: "" where there is one, else the number of the card
    source: str | None  # "RUN/STEP" of the checkpoint it is made of instead of a training
    archived: str | None
    deleted: str | None  # since when; its files and its row go a while later
    kind: Kind  # an evaluation that was asked for is done like a run, and `recipe` says what is asked

    @property
    def name(self) -> str:
        return self.label or (f"Run {self.number}" if self.kind == "train" else f"Evaluation {-self.number}")

    @property
    def owner(self) -> Owner | None:
        """The process at work on it; none of a run that nobody claimed, or that an earlier version claimed."""
        if self.pid is None or self.pid_started is None or self.boot is None or self.host is None:
            return None
        return Owner(self.pid, self.pid_started, self.boot, self.host)

    @property
    def working(self) -> bool:
        return self.state in WORKING

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def resumable(self) -> bool:
        return self.ended and self.state != "finished" and not self.deleted


COLUMNS = ", ".join(field.name for field in fields(Run))
REPORTED = ("doing", "step", "steps", "seconds_left", "seconds_per_step", "memory", "device", "folder")


def of_row(row: tuple[Any, ...]) -> Run:
    """A run from a row with COLUMNS."""
    values = dict(zip((field.name for field in fields(Run)), row, strict=True))
    values["recipe"] = json.loads(values["recipe"])
    values["error"] = json.loads(values["error"]) if values["error"] else None
    return Run(**values)


def create(
    db: Database,
    project: str,
    model: str,
    recipe: dict[str, Any],
    snapshot: str,
    source: str | None = None,
    kind: Kind = "train",
) -> Run:
    """A queued run with the next number of its project. Raises StudioError for a project that is gone."""
    number = (
        "max(coalesce(max(number), 0), 0) + 1" if kind == "train" else "min(coalesce(min(number), 0), 0) - 1"
    )
    id = f"{time.strftime('%y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
    with immediate(db):
        known = db.conn.execute("SELECT 1 FROM projects WHERE id = ?", (project,)).fetchone()
        if not known:
            raise StudioError("This project is no longer there.", "Choose another one.", "project")
        db.conn.execute(
            "INSERT INTO runs (id, project, number, state, model, recipe, snapshot, created, source, kind, position) "
            f"VALUES (?, ?, (SELECT {number} FROM runs WHERE project = ?), 'queued', ?, ?, ?, ?, ?, ?, "
            "(SELECT coalesce(max(position), 0) + 1 FROM runs))",
            (id, project, project, model, dumps(recipe), snapshot, now(), source, kind),
        )
    return find(db, id)


def find(db: Database, id: str) -> Run:
    """The run of this id. Raises StudioError where there is none."""
    run = find_or_none(db, id)
    if run is None:
        raise StudioError(f"There is no run {id!r}.", "`runs` lists them.", "run")
    return run


def find_or_none(db: Database, id: str) -> Run | None:
    row = db.conn.execute(f"SELECT {COLUMNS} FROM runs WHERE id = ?", (id,)).fetchone()
    return of_row(row) if row else None


def listed(
    db: Database, project: str | None = None, states: tuple[str, ...] = (), kind: Kind | None = "train"
) -> list[Run]:
    """Runs that were not deleted, the newest first; trainings, where no other kind is asked for."""
    where: list[str] = ["deleted IS NULL"]
    values: list[str] = []
    if kind is not None:
        where.append("kind = ?")
        values.append(kind)
    if project is not None:
        where.append("project = ?")
        values.append(project)
    if states:
        where.append(f"state IN ({', '.join('?' * len(states))})")
        values += states
    sql = f"SELECT {COLUMNS} FROM runs WHERE {' AND '.join(where)} ORDER BY created DESC, rowid DESC"
    return [of_row(row) for row in db.conn.execute(sql, values)]


class Fenced(StudioError):
    """This worker was given up on; another attempt or an end stands in the store."""


def _write(db: Database, run: str, attempt: int, assignments: str, values: tuple[Any, ...]) -> None:
    with immediate(db):
        done = db.conn.execute(
            f"UPDATE runs SET {assignments} WHERE id = ? AND attempt = ? AND state IN {WORKING}",
            (*values, run, attempt),
        )
        if not done.rowcount:
            raise Fenced("This run was ended from elsewhere.", where=f"run {run}")


def own(db: Database, run: str, attempt: int, owner: Owner) -> None:
    """Write down which process works on the run. Raises Fenced."""
    values = (owner.pid, owner.started, owner.boot, owner.host)
    _write(db, run, attempt, "pid = ?, pid_started = ?, boot = ?, host = ?", values)


def report(db: Database, run: str, attempt: int, **values: Any) -> None:
    """Write progress (REPORTED columns) and a sign of life. Raises Fenced."""
    unknown = set(values) - set(REPORTED)
    if unknown:
        raise ValueError(f"not reported by workers: {unknown}")
    assignments = ", ".join(["heartbeat = ?", "beat = beat + 1", *(f"{name} = ?" for name in values)])
    _write(db, run, attempt, assignments, (now(), *values.values()))


def enter(db: Database, run: str, attempt: int, state: State, doing: str) -> None:
    """Go on to another working state. Raises Fenced."""
    _write(db, run, attempt, "state = ?, doing = ?, heartbeat = ?, beat = beat + 1", (state, doing, now()))


def end(
    db: Database,
    run: str,
    attempt: int,
    state: State,
    *,
    error: StudioError | None = None,
    train_seconds: float | None = None,
    seconds: float | None = None,
) -> None:
    """Go into a final state, which is kept for good as the end of this attempt. Raises Fenced."""
    record = dumps(error.to_json()) if error else None
    with immediate(db):
        _write(
            db,
            run,
            attempt,
            "state = ?, finished = ?, error = ?, train_seconds = ?, seconds = ?, seconds_left = NULL, doing = ''",
            (state, now(), record, train_seconds, seconds),
        )
        db.conn.execute(
            "INSERT INTO attempts (run, attempt, state, step, started, ended, error) "
            "SELECT id, attempt, state, step, started, finished, error FROM runs WHERE id = ?",
            (run,),
        )


def request_stop(db: Database, id: str) -> Run:
    """Ask a run to stop after its current step; one that still waits is cancelled at once."""
    with immediate(db):
        run = find(db, id)
        if run.state == "queued":
            db.conn.execute("UPDATE runs SET state = 'cancelled', finished = ? WHERE id = ?", (now(), id))
        elif run.working:
            db.conn.execute("UPDATE runs SET stop_requested = 1 WHERE id = ?", (id,))
        return find(db, id)


def stop_requested(db: Database, id: str) -> bool:
    return bool(db.conn.execute("SELECT stop_requested FROM runs WHERE id = ?", (id,)).fetchone()[0])


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt at a run ended."""

    attempt: int
    state: State
    step: int
    started: str | None
    ended: str
    error: dict[str, str] | None


def attempts(db: Database, id: str) -> list[Attempt]:
    """The attempts of a run that have ended, the first first."""
    sql = "SELECT attempt, state, step, started, ended, error FROM attempts WHERE run = ? ORDER BY attempt"
    return [
        Attempt(number, state, step, started, ended, json.loads(error) if error else None)
        for number, state, step, started, ended, error in db.conn.execute(sql, (id,))
    ]
