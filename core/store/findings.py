"""The newest check of each project: what was found, and in which state of its tools and examples."""

import json
from typing import Any

from sqlite_utils import Database

from core.schema.call import dumps
from core.store.database import immediate


def revision(db: Database, project: str) -> int:
    """A number that grows with every write to the project's tools and examples."""
    row = db.conn.execute("SELECT revision FROM projects WHERE id = ?", (project,)).fetchone()
    return row[0] if row else 0


def save(db: Database, project: str, revision: int, found: list[dict[str, Any]]) -> None:
    """Keep what a check of this revision found, unless a newer one is kept already."""
    with immediate(db):
        db.conn.execute(
            "INSERT INTO findings VALUES (?, ?, ?) ON CONFLICT (project) DO UPDATE "
            "SET revision = excluded.revision, record = excluded.record WHERE excluded.revision >= revision",
            (project, revision, dumps(found)),
        )


def latest(db: Database, project: str) -> tuple[int, list[dict[str, Any]]] | None:
    """The newest check that is kept: the revision it looked at, and what it found."""
    row = db.conn.execute("SELECT revision, record FROM findings WHERE project = ?", (project,)).fetchone()
    return (row[0], json.loads(row[1])) if row else None
