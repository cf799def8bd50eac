"""Changes that can be undone: what tools and examples were before, noted by the database while a change is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlite_utils import Database

from core.errors import StudioError
from core.store.database import immediate, now

KEPT = 20  # changes of a project that can still be undone

COLUMNS = {
    "tools": ("project", "name", "position", "record"),
    "examples": ("project", "split", "prompt", "tool", "record"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a user; `what` says it in words."""

    id: int
    what: str
    created: str


@contextmanager
def recorded(db: Database, project: str, what: str) -> Iterator[None]:
    """One transaction whose writes to tools and examples can be undone together; inside another one it joins it."""
    with immediate(db):
        if _recording(db):
            yield
            return
        change = _begun(db, project, what)
        for name, statement in _watchers(change).items():
            db.conn.execute(f"CREATE TEMP TRIGGER {name} {statement}")
        try:
            yield
        finally:
            for name in _watchers(change):
                db.conn.execute(f"DROP TRIGGER temp.{name}")
        _finished(db, project, change)


def record_added(db: Database, project: str, what: str, first: int, last: int) -> None:
    """Note examples that were added with the ids from `first` to `last`, so that undoing deletes them."""
    with recorded(db, project, what):
        db.conn.execute(
            "UPDATE changes SET first_added = ?, last_added = ? "
            "WHERE id = (SELECT max(id) FROM changes WHERE project = ?)",
            (first, last, project),
        )


def last(db: Database, project: str) -> Change | None:
    """The newest change that can be undone."""
    row = db.conn.execute(
        "SELECT id, what, created FROM changes WHERE project = ? ORDER BY id DESC LIMIT 1", (project,)
    ).fetchone()
    return Change(*row) if row else None


def undo(db: Database, project: str, id: int | None = None) -> Change:
    """Take back the newest change. Raises StudioError where there is none, or where it is not the one of this id."""
    with immediate(db):
        change = last(db, project)
        if change is None:
            raise StudioError("There is nothing to undo.")
        if id is not None and change.id != id:
            raise StudioError("Something else was changed since.", f"Undo that first: {change.what}.", "undo")
        db.conn.execute(
            "DELETE FROM examples WHERE project = ? AND id BETWEEN "
            "(SELECT first_added FROM changes WHERE id = ?) AND (SELECT last_added FROM changes WHERE id = ?)",
            (project, change.id, change.id),
        )
        for noun, columns in COLUMNS.items():
            db.conn.execute(
                f"DELETE FROM {noun} WHERE id IN (SELECT id FROM change_rows WHERE change = ? AND noun = ?)",
                (change.id, noun),
            )
            values = ", ".join(f"json_extract(before, '$[{place}]')" for place in range(len(columns)))
            db.conn.execute(
                f"INSERT INTO {noun} (id, {', '.join(columns)}) SELECT id, {values} FROM change_rows "
                "WHERE change = ? AND noun = ? AND before IS NOT NULL",
                (change.id, noun),
            )
        db.conn.execute("DELETE FROM changes WHERE id = ?", (change.id,))
    return change


def _watchers(change: int) -> dict[str, str]:
    """Temporary triggers; the first note of a row counts, which is how it was before the change."""
    note = f"INSERT OR IGNORE INTO change_rows VALUES ({change}"
    found: dict[str, str] = {}
    for noun, columns in COLUMNS.items():
        before = "json_array({})".format(", ".join(f"OLD.{column}" for column in columns))
        for event in ("UPDATE", "DELETE"):
            found[f"recorded_{noun}_{event}"] = (
                f"BEFORE {event} ON main.{noun} BEGIN {note}, '{noun}', OLD.id, {before}); END"
            )
        found[f"recorded_{noun}_INSERT"] = (
            f"AFTER INSERT ON main.{noun} BEGIN {note}, '{noun}', NEW.id, NULL); END"
        )
    return found


def _recording(db: Database) -> bool:
    row = db.conn.execute("SELECT 1 FROM sqlite_temp_master WHERE name LIKE 'recorded!_%' ESCAPE '!'")
    return row.fetchone() is not None


def _begun(db: Database, project: str, what: str) -> int:
    values = (project, what, now())
    return int(
        db.conn.execute("INSERT INTO changes (project, what, created) VALUES (?, ?, ?)", values).lastrowid
        or 0
    )


def _finished(db: Database, project: str, change: int) -> None:
    """A change that changed nothing is not kept, nor are those that are older than the newest ones."""
    db.conn.execute(
        "DELETE FROM changes WHERE id = ? AND first_added IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM change_rows WHERE change = changes.id)",
        (change,),
    )
    db.conn.execute(
        "DELETE FROM changes WHERE project = ? AND id NOT IN "
        "(SELECT id FROM changes WHERE project = ? ORDER BY id DESC LIMIT ?)",
        (project, project, KEPT),
    )
