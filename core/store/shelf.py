"""What the user does with runs that are over: names, notes, the archive, and a deletion that can be taken back."""

import hashlib

from sqlite_utils import Database

from core.errors import StudioError
from core.schema.call import dumps
from core.store import runs
from core.store.database import immediate, now


def listed(
    db: Database, project: str, *, archived: bool = False, limit: int = -1, offset: int = 0
) -> list[runs.Run]:
    """The runs of a project that are in the archive, or that are not; the newest first, without the deleted ones."""
    sql = (
        f"SELECT {runs.COLUMNS} FROM runs "
        "WHERE project = ? AND kind = 'train' AND deleted IS NULL AND (archived IS NOT NULL) = ? "
        "ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?"
    )
    return [runs.of_row(row) for row in db.conn.execute(sql, (project, archived, limit, offset))]


def counts(db: Database, project: str) -> tuple[int, int]:
    """How many runs of a project are not in the archive, and how many are."""
    sql = (
        "SELECT count(*) - count(archived), count(archived) FROM runs "
        "WHERE project = ? AND kind = 'train' AND deleted IS NULL"
    )
    return db.conn.execute(sql, (project,)).fetchone()


def revision(db: Database, project: str) -> str:
    """A short text that is another one when a list of the project's runs would look different."""
    return _digest(db, project, "id, state, step, doing, label, note, archived, deleted")


def states(db: Database, project: str) -> str:
    """A short text that is another one when a run came, went, changed its state or its name."""
    return _digest(db, project, "id, state, label, deleted")


def _digest(db: Database, project: str, columns: str) -> str:
    rows = db.conn.execute(
        f"SELECT {columns} FROM runs WHERE project = ? ORDER BY rowid", (project,)
    ).fetchall()
    return hashlib.sha256(dumps(rows).encode()).hexdigest()[:16]


def describe(db: Database, id: str, label: str, note: str) -> None:
    """Give a run a name and a note of the user's own. Raises StudioError where they are too long."""
    for text, most, where in ((label, 60, "name"), (note, 2000, "note")):
        if len(text.strip()) > most:
            raise StudioError(f"This is longer than {most} characters.", "Shorten it.", where)
    with immediate(db):
        db.conn.execute(
            "UPDATE runs SET label = ?, note = ? WHERE id = ?",
            (" ".join(label.split()), note.strip(), runs.find(db, id).id),
        )


def archive(db: Database, id: str, archived: bool) -> None:
    """Put a run out of the lists, or back; nothing of it is lost."""
    with immediate(db):
        run = _at_rest(runs.find(db, id))
        db.conn.execute("UPDATE runs SET archived = ? WHERE id = ?", (now() if archived else None, run.id))


def delete(db: Database, id: str) -> None:
    """Mark a run as deleted; `restore` brings it back until `forget`. Raises StudioError while it is at work."""
    with immediate(db):
        run = _at_rest(runs.request_stop(db, id))
        db.conn.execute("UPDATE runs SET deleted = ? WHERE id = ? AND deleted IS NULL", (now(), run.id))


def _at_rest(run: runs.Run) -> runs.Run:
    if run.working:
        raise StudioError(f"{run.name} is at work.", "Stop it first.", f"run {run.id}")
    return run


def restore(db: Database, id: str) -> runs.Run:
    """Take a deletion back."""
    with immediate(db):
        db.conn.execute("UPDATE runs SET deleted = NULL WHERE id = ?", (runs.find(db, id).id,))
    return runs.find(db, id)


def deleted(db: Database, project: str | None = None) -> list[runs.Run]:
    """Runs that wait for being forgotten, those deleted last first."""
    chosen = "deleted IS NOT NULL AND project = coalesce(?, project)"
    sql = f"SELECT {runs.COLUMNS} FROM runs WHERE {chosen} ORDER BY deleted DESC"
    return [runs.of_row(row) for row in db.conn.execute(sql, (project,))]


def forget(db: Database, id: str) -> None:
    """Remove a deleted run with its metrics and evaluations; its files are gone already."""
    with immediate(db):
        db.conn.execute("DELETE FROM runs WHERE id = ? AND deleted IS NOT NULL", (id,))
