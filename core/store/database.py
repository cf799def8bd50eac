"""Connections and transactions.

Writes go through `immediate()`: sqlite-utils' own `atomic()` begins deferred, and a deferred transaction that
reads before it writes fails at once with "database is locked" when another process writes, whatever the timeout.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # pysqlite3 where it is installed: one SQLite library in the process

from core.errors import StudioError
from core.settings import Settings
from core.store.migrations import migrations

BUSY_SECONDS = 30


@contextmanager
def open_store(settings: Settings) -> Iterator[Database]:
    """A connection to the store of `settings`, made and migrated on first use, closed at the end.

    Raises StudioError where the file cannot be opened, is damaged, or the disk is full.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(settings.database, timeout=BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _explained(error, settings) from error
    try:
        db = Database(connection, execute_plugins=False)
        _prepare(db)
        yield db
    except sqlite3.DatabaseError as error:
        raise _explained(error, settings) from error
    finally:
        connection.close()


def _prepare(db: Database) -> None:
    db.conn.execute("PRAGMA foreign_keys = ON")
    db.conn.execute("PRAGMA synchronous = NORMAL")
    if migrations.pending(db):
        db.conn.execute("PRAGMA journal_mode = WAL")
        with immediate(db):
            migrations.apply(db)


@contextmanager
def immediate(db: Database) -> Iterator[Database]:
    """A write transaction that takes its lock at the beginning; inside another one it joins it."""
    if db.conn.in_transaction:
        yield db
        return
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield db
    except BaseException:
        db.rollback()
        raise
    db.conn.execute("COMMIT")


def now() -> str:
    """The current time as ISO 8601 text in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _explained(error: Exception, settings: Settings) -> StudioError:
    text = str(error)
    place = str(settings.database)
    if "full" in text or "disk I/O" in text:
        return StudioError(
            "The disk is full.", "Free some space and try again. Nothing saved was lost.", place
        )
    if "malformed" in text or "not a database" in text:
        return StudioError(
            "The database is damaged.", "Move it aside and start again, or restore a copy of it.", place
        )
    if "locked" in text:
        return StudioError("The database is busy.", "Try again in a moment.", place)
    if "readonly" in text or "unable to open" in text or isinstance(error, OSError):
        return StudioError(
            "The database cannot be written.", "Check that the folder exists and is yours to write.", place
        )
    return StudioError(f"The database refused: {text}.", "Please report this.", place)
