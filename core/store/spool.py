"""Examples on their way into a project: a small database of its own for each import, so that nothing large is held
in memory, and one statement moves them all."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

from core.errors import StudioError
from core.schema import Example
from core.schema.call import dumps
from core.store import documents

# Rows one statement moves: what would undo a statement is held in memory until its end.
PIECE = 20_000

SHAPE = (
    "CREATE TABLE examples (id INTEGER PRIMARY KEY, split TEXT, prompt TEXT, tool TEXT, record TEXT) STRICT",
    "CREATE TABLE rejects (id INTEGER PRIMARY KEY, row INTEGER, reason TEXT, text TEXT) STRICT",
    "CREATE TABLE about (record TEXT, taken INTEGER) STRICT",
)


class Spool:
    """One spool that is open."""

    def __init__(self, connection: Any):
        self.connection = connection

    def add(self, examples: Iterable[Example], rejects: Iterable[tuple[int, str, str]] = ()) -> None:
        """Add examples, and rejects as row, reason and text."""
        rows = [(e.split, e.prompt, e.tools, dumps(e.to_json())) for e in examples]
        execute = self.connection.executemany
        execute("INSERT INTO examples (split, prompt, tool, record) VALUES (?, ?, ?, ?)", rows)
        execute("INSERT INTO rejects (row, reason, text) VALUES (?, ?, ?)", rejects)

    def examples(self) -> Iterator[Example]:
        """All examples, with their ids in the spool."""
        for id, record in self.connection.execute("SELECT id, record FROM examples ORDER BY id"):
            yield Example.from_json({**json.loads(record), "id": id})

    def rejects(self) -> Iterator[tuple[int, str, str]]:
        """All rejects as row, reason and text, in the order of the file."""
        yield from self.connection.execute("SELECT row, reason, text FROM rejects ORDER BY id")

    def save(self, changed: Iterable[Example]) -> None:
        """Write back examples that have another split now."""
        rows = [(e.split, dumps({**e.to_json(), "id": None}), e.id) for e in changed]
        self.connection.executemany("UPDATE examples SET split = ?, record = ? WHERE id = ?", rows)

    def tool_counts(self) -> dict[str, dict[str, int]]:
        """Examples per tool label and split, as `projects.tool_counts` gives them."""
        counts: dict[str, dict[str, int]] = {}
        # Counted here, since SQLite would sort all of them in memory.
        for (tool, split), n in Counter(self.connection.execute("SELECT tool, split FROM examples")).items():
            counts.setdefault(tool, {"train": 0, "test": 0})[split] = n
        return counts

    def describe(self, record: dict[str, Any]) -> None:
        """Keep what is to be known of the import."""
        self.connection.execute("DELETE FROM about")
        self.connection.execute("INSERT INTO about VALUES (?, 0)", (dumps(record),))

    def description(self) -> dict[str, Any]:
        return json.loads(self.connection.execute("SELECT record FROM about").fetchone()[0])


@contextmanager
def opened(path: Path) -> Iterator[Spool]:
    """The spool in a file, made where there is none; what is written stays if the block ends without an error.

    Raises StudioError where the disk is full or the file cannot be used.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            new = not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            # A spool that breaks is made again from the file it came from.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            for statement in SHAPE if new else ():
                connection.execute(statement)
            yield Spool(connection)
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise StudioError(
            f"The import cannot be kept for now: {error}.", "Free some space and import again."
        ) from error


@contextmanager
def attached(db: Database, path: Path) -> Iterator[None]:
    """Give a connection of the store the spool in a file too, outside any transaction."""
    db.conn.execute("ATTACH DATABASE ? AS spool", (str(path),))
    try:
        yield
    finally:
        db.conn.execute("DETACH DATABASE spool")


def count_known(db: Database, project: str) -> int:
    """How many examples of the attached spool ask what is asked in the same part of the project already."""
    row = db.conn.execute(
        "SELECT count(*) FROM spool.examples WHERE (prompt, split) IN "
        "(SELECT prompt, split FROM main.examples WHERE project = ?)",
        (project,),
    ).fetchone()
    return int(row[0])


def move(db: Database, project: str) -> tuple[int, int]:
    """Add the examples of the attached spool to a project, within a transaction; the first and the last new id.

    Raises StudioError where they were added before.
    """
    if not db.conn.execute("UPDATE spool.about SET taken = 1 WHERE taken = 0").rowcount:
        raise StudioError("These examples were added already.", where="import")
    before, there = (
        int(db.conn.execute(f"SELECT coalesce(max(id), 0) FROM {base}.examples").fetchone()[0])
        for base in ("main", "spool")
    )
    for start in range(0, there, PIECE):
        db.conn.execute(
            "INSERT INTO main.examples (project, split, prompt, tool, record) SELECT ?, split, prompt, tool, record "
            "FROM spool.examples WHERE id > ? AND id <= ? ORDER BY id",
            (project, start, start + PIECE),
        )
    documents.forget(db, project, before + 1, before + there)
    return before + 1, before + there
