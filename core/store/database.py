"""Connections and transactions.

The file is kept in write-ahead logging, except where that cannot work: on a network or bucket mount it is in the safe
mode, a rollback journal that is written through to the disk.

Writes go through `immediate()`: sqlite-utils' own `atomic()` begins deferred, and a deferred transaction that
reads before it writes fails at once with "database is locked" when another process writes, whatever the timeout.
"""

import errno
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # pysqlite3 where it is installed: one SQLite library in the process

from core.errors import StudioError
from core.settings import Settings
from core.store import backups, file_system, integrity
from core.store.migrations import migrations

log = logging.getLogger("callwright.store")

BUSY_SECONDS = 30
RETRY_SECONDS = 0.05
HOW_TO_REPAIR = "Start Callwright again: it keeps the damaged file and brings back what can be read."


@contextmanager
def open_store(settings: Settings) -> Iterator[Database]:
    """A connection to the store of `settings`, made and migrated on first use, closed at the end.

    Raises StudioError where the file cannot be opened, is damaged, or the disk is full.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explained(error, settings) from error
    try:
        with connected(settings) as db:
            if _pending(db):
                _migrate(db, settings)
            yield db
    except sqlite3.DatabaseError as error:
        raise explained(error, settings) from error


@contextmanager
def connected(settings: Settings) -> Iterator[Database]:
    """A connection as it comes, not migrated. Raises sqlite3.Error."""
    try:
        connection = _connect(settings)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_IOERR:
            raise
        # A full disk has no room for the memory that processes share. Alone with the file, it can still be read.
        connection = _connect(settings, alone=True)
    try:
        yield Database(connection, execute_plugins=False)
    finally:
        connection.close()


def _connect(settings: Settings, alone: bool = False) -> Any:
    connection = sqlite3.connect(settings.database, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        if alone:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        _choose_journal(connection, file_system.distant(settings.home))
    except BaseException:
        connection.close()
        raise
    return connection


def _pending(db: Database) -> bool:
    try:
        return bool(migrations.pending(db))
    except UnicodeDecodeError as error:  # a message of SQLite that cites damaged text
        raise sqlite3.DatabaseError("malformed") from error


def _migrate(db: Database, settings: Settings) -> None:
    with immediate(db):
        if migrations.applied(db) and migrations.pending(db):  # another process may have been first
            _back_up(settings)
        migrations.apply(db)


def _back_up(settings: Settings) -> None:
    try:
        backups.make(settings)
    except backups.NoRoom as error:
        log.warning("%s", error.sentence())
    except OSError as error:
        raise explained(error, settings) from error


def _choose_journal(connection: Any, distant: bool) -> None:
    """Write-ahead logging where it works; else the safe mode, into which a file with such a log is brought first."""
    if distant:
        # Without shared memory a write-ahead log can only be read by a connection that is alone with the file.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()  # gives the lock back
        mode = "delete"
    else:
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if mode != "wal":
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")


@contextmanager
def immediate(db: Database) -> Iterator[Database]:
    """A write transaction that takes its lock at the beginning; inside another one it joins it."""
    if db.conn.in_transaction:
        yield db
        return
    _patiently(db.conn, "BEGIN IMMEDIATE")
    try:
        yield db
        _patiently(db.conn, "COMMIT")
    except BaseException:
        db.rollback()
        raise


def _patiently(connection: Any, statement: str) -> None:
    """SQLite waits for other writers itself, but sometimes says at once that it is busy; then it is asked again."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > end:
                raise
        time.sleep(RETRY_SECONDS)


def now() -> str:
    """The current time as ISO 8601 text in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def explained(error: Exception, settings: Settings) -> StudioError:
    """An error of SQLite or of the system as a sentence."""
    text = str(error)
    place = str(settings.database)
    if "full" in text or "disk I/O" in text or getattr(error, "errno", None) == errno.ENOSPC:
        return StudioError(
            "The disk is full.", "Free some space and try again. Nothing saved was lost.", place
        )
    if integrity.is_damage(error):
        return StudioError("The database is damaged.", HOW_TO_REPAIR, place)
    if "locked" in text:
        return StudioError("The database is busy.", "Try again in a moment.", place)
    if "readonly" in text or "unable to open" in text or isinstance(error, OSError):
        return StudioError(
            "The database cannot be written.", "Check that the folder exists and is yours to write.", place
        )
    return StudioError(f"The database refused: {text}.", "Please report this.", place)
