"""The queue: what waits in which order, and how a run begins another attempt, exactly once.

`claim` moves a run from queued to starting in one immediate transaction, counts the attempt and names the claiming
process as its owner, so that a claimer that dies before it has started a worker is seen to be gone.
"""

from collections.abc import Sequence

from sqlite_utils import Database

from core import processes
from core.errors import StudioError
from core.store.database import immediate, now
from core.store.runs import WORKING, Run, find


def claim(db: Database, id: str, slots: Sequence[str] = ("",)) -> Run | None:
    """Take a queued run for starting on the first of the slots that is free.

    None where it is not queued (any more), or a run is at work in each slot.
    """
    owner = processes.this()
    with immediate(db):
        taken = {slot for (slot,) in db.conn.execute(f"SELECT slot FROM runs WHERE state IN {WORKING}")}
        free = next((slot for slot in slots if slot not in taken), None)
        if free is None:
            return None
        done = db.conn.execute(
            "UPDATE runs SET state = 'starting', attempt = attempt + 1, started = ?, heartbeat = ?, beat = beat + 1, "
            "doing = 'Starting', slot = ?, pid = ?, pid_started = ?, boot = ?, host = ? "
            "WHERE id = ? AND state = 'queued' AND deleted IS NULL RETURNING id",
            (now(), now(), free, owner.pid, owner.started, owner.boot, owner.host, id),
        ).fetchone()
        return find(db, id) if done else None


def waiting(db: Database) -> list[str]:
    """The ids of the runs that wait, the next one first."""
    sql = "SELECT id FROM runs WHERE state = 'queued' AND deleted IS NULL ORDER BY position, created, rowid"
    return [id for (id,) in db.conn.execute(sql)]


def move(db: Database, id: str, places: int) -> None:
    """Move a waiting run so many places on in the queue, or forward where negative; no further than its end."""
    with immediate(db):
        order = waiting(db)
        if id not in order:
            raise StudioError("This run does not wait any more.", where=f"run {id}")
        at = order.index(id)
        order.insert(min(max(at + places, 0), len(order) - 1), order.pop(at))
        db.conn.executemany("UPDATE runs SET position = ? WHERE id = ?", list(enumerate(order)))


def resume(db: Database, id: str) -> Run:
    """Put a run that ended early at the end of the queue; it goes on from what it has kept.

    Raises StudioError for one that is finished, at work, waiting or deleted.
    """
    with immediate(db):
        run = find(db, id)
        if not run.resumable:
            how = "is deleted" if run.deleted else f"is {run.state}"
            raise StudioError(
                f"{run.name} {how}, so there is nothing to resume.",
                "Only a run that was stopped, interrupted or failed can go on.",
                f"run {id}",
            )
        db.conn.execute(
            "UPDATE runs SET state = 'queued', stop_requested = 0, finished = NULL, error = NULL, doing = '', "
            "position = (SELECT max(position) + 1 FROM runs) WHERE id = ?",
            (id,),
        )
        return find(db, id)
