"""A project's own documents, and which of them answer which example."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlite_utils import Database

from core.errors import StudioError
from core.schema.call import dumps
from core.store.database import immediate

MOST = 2000  # documents of a project
MOST_CHARACTERS = 20_000_000  # of all their texts; what is searched is held in memory
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Document:
    id: int
    title: str
    characters: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """A document that was deleted, with the examples it was marked for, so that it can be brought back."""

    title: str
    text: str
    examples: tuple[int, ...]


def add(db: Database, project: str, new: Iterable[tuple[str, str]]) -> list[int]:
    """Add documents, each a title and a text; their ids. One of a title that is there takes its place and marks.

    Raises StudioError, and adds none, where one has no text or the project would have more than MOST documents or
    MOST_CHARACTERS.
    """
    ids = []
    with immediate(db):
        for title, text in new:
            title = " ".join(title.split())[:LONGEST_TITLE]
            if not title:
                raise StudioError("A document needs a title.", where="title")
            if not text.strip():
                raise StudioError("The document holds no text.", "Choose one with text in it.", title)
            row = db.conn.execute(
                "INSERT INTO documents (project, title, text, created) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (project, title) DO UPDATE SET text = excluded.text, created = excluded.created "
                "RETURNING id",
                (project, title, text, _moment()),
            ).fetchone()
            ids.append(int(row[0]))
        _check_limits(db, project)
    return ids


def _moment() -> str:
    """The current time, so fine that no two transactions share it; `revision` tells by it that a text was replaced."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _check_limits(db: Database, project: str) -> None:
    n, characters = db.conn.execute(
        "SELECT count(*), total(length(text)) FROM documents WHERE project = ?", (project,)
    ).fetchone()
    if n > MOST:
        raise StudioError(
            f"The project would have {n:,} documents; {MOST:,} is the most.",
            "Add fewer, or delete some first.",
        )
    if characters > MOST_CHARACTERS:
        raise StudioError(
            f"The documents would have {characters / 1e6:,.1f} million characters; "
            f"{MOST_CHARACTERS / 1e6:.0f} million is the most.",
            "Add fewer, or delete some first.",
        )


def listed(db: Database, project: str) -> list[Document]:
    """All documents by title, without their texts."""
    rows = db.conn.execute(
        "SELECT id, title, length(text) FROM documents WHERE project = ? ORDER BY title COLLATE NOCASE, id",
        (project,),
    )
    return [Document(*row) for row in rows]


def texts(db: Database, project: str) -> list[tuple[int, str, str]]:
    """Id, title and text of every document."""
    rows = db.conn.execute("SELECT id, title, text FROM documents WHERE project = ? ORDER BY id", (project,))
    return [tuple(row) for row in rows]


def text(db: Database, project: str, id: int) -> str:
    """The text of a document. Raises StudioError where it is gone."""
    return _found(db, project, id)[1]


def with_title(db: Database, project: str, title: str) -> int:
    """The id of the document of this title. Raises StudioError where there is none."""
    row = db.conn.execute(
        "SELECT id FROM documents WHERE project = ? AND title = ?", (project, title)
    ).fetchone()
    if row is None:
        raise StudioError(f"There is no document {title!r}.", "`--list` shows the titles.", "document")
    return int(row[0])


def delete(db: Database, project: str, ids: Iterable[int]) -> list[Deleted]:
    """Delete documents with their marks. Raises StudioError, and deletes none, where one is gone."""
    deleted = []
    with immediate(db):
        for id in ids:
            title, text = _found(db, project, id)
            marks = db.conn.execute(
                "SELECT example FROM relevant WHERE project = ? AND document = ?", (project, id)
            )
            deleted.append(Deleted(title, text, tuple(example for (example,) in marks)))
            db.conn.execute("DELETE FROM documents WHERE project = ? AND id = ?", (project, id))
    return deleted


def restore(db: Database, project: str, deleted: Iterable[Deleted]) -> list[int]:
    """Bring deleted documents back with their marks; their new ids. Raises StudioError as `add` does."""
    every = list(deleted)
    with immediate(db):
        ids = add(db, project, [(one.title, one.text) for one in every])
        for id, one in zip(ids, every, strict=True):
            db.conn.executemany(
                "INSERT OR IGNORE INTO relevant VALUES (?, ?, ?)",
                [(project, example, id) for example in one.examples],
            )
    return ids


def revision(db: Database, project: str) -> str:
    """What is another text whenever a document was added, replaced or deleted."""
    rows = db.conn.execute("SELECT id, created FROM documents WHERE project = ? ORDER BY id", (project,))
    return hashlib.sha256(dumps(rows.fetchall()).encode()).hexdigest()


def _found(db: Database, project: str, id: int) -> tuple[str, str]:
    row = db.conn.execute(
        "SELECT title, text FROM documents WHERE project = ? AND id = ?", (project, id)
    ).fetchone()
    if row is None:
        raise StudioError("This document is no longer there.", "Choose another one.", f"document {id}")
    return row[0], row[1]


# Which documents answer an example


def mark(db: Database, project: str, example: int, document: int) -> None:
    """Say that a document answers an example. Raises StudioError where one of them is gone."""
    with immediate(db):
        _found(db, project, document)
        there = "SELECT 1 FROM examples WHERE project = ? AND id = ?"
        if db.conn.execute(there, (project, example)).fetchone() is None:
            raise StudioError("This example is no longer there.", "Choose another one.", f"example {example}")
        db.conn.execute("INSERT OR IGNORE INTO relevant VALUES (?, ?, ?)", (project, example, document))


def unmark(db: Database, project: str, example: int, document: int) -> None:
    """Take the mark away, where there is one."""
    with immediate(db):
        db.conn.execute(
            "DELETE FROM relevant WHERE project = ? AND example = ? AND document = ?",
            (project, example, document),
        )


def relevant(db: Database, project: str) -> dict[int, tuple[int, ...]]:
    """The ids of the documents that answer each example, for the examples that are there and have some.

    The marks of a deleted example stay, unseen, because undoing may bring it back.
    """
    rows = db.conn.execute(
        "SELECT relevant.example, relevant.document FROM relevant "
        "JOIN examples ON examples.id = relevant.example AND examples.project = relevant.project "
        "WHERE relevant.project = ? ORDER BY relevant.example, relevant.document",
        (project,),
    )
    found: dict[int, tuple[int, ...]] = {}
    for example, document in rows:
        found[example] = (*found.get(example, ()), document)
    return found


def forget(db: Database, project: str, first: int, last: int) -> None:
    """Remove marks of examples with the ids from `first` to `last`, which are given out anew.

    SQLite gives the highest ids again once their rows are deleted.
    """
    db.conn.execute(
        "DELETE FROM relevant WHERE project = ? AND example BETWEEN ? AND ?", (project, first, last)
    )
