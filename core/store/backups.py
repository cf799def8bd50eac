"""Copies of the database, each with a hash beside it: a copy that was damaged itself is never taken for good."""

import hashlib
import os
import shutil
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils.utils import sqlite3

from core import disk
from core.errors import StudioError
from core.settings import Settings
from core.store import integrity

KEPT = 7
DAY_SECONDS = 24 * 3600
ROOM = 64 * 1024**2  # bytes that a backup leaves free on the disk


def folder(settings: Settings) -> Path:
    return settings.home / "backups"


class NoRoom(StudioError):
    """The disk lacks the space for a backup; everything else can go on."""


def make(settings: Settings) -> Path:
    """A copy of the database as it stands, safe while others write; the oldest ones above KEPT go.

    Raises NoRoom, StudioError where the database is damaged, sqlite3.Error and OSError where a file cannot be used.
    """
    place = folder(settings)
    place.mkdir(parents=True, exist_ok=True)
    need = sum(file.stat().st_size for file in (settings.database, _log_of(settings)) if file.exists())
    free = shutil.disk_usage(place).free
    if free < need + ROOM:
        raise NoRoom(
            f"There is no room for a backup of the database: {need / 1e6:.0f} MB are needed.",
            "Free some space; the next start makes it.",
            str(place),
        )
    part = place / f".{os.getpid()}-{time.monotonic_ns()}.part"
    try:
        _copy(settings.database, part)
        if found := integrity.problems_of_file(part):
            raise StudioError(f"The database is damaged: {found[0]}.", "Start Callwright again.", str(place))
        return _publish(place, part)
    finally:
        part.unlink(missing_ok=True)


def newest(settings: Settings) -> Path | None:
    """The newest backup whose hash agrees."""
    return next((copy for copy in reversed(listed(settings)) if _agrees(copy)), None)


def listed(settings: Settings) -> list[Path]:
    """All backups, the oldest first, unchecked."""
    return sorted(folder(settings).glob("callwright-*.db"))


def due(settings: Settings) -> bool:
    """Whether the newest backup is older than a day; one from the future, after a change of the clock, is none."""
    ages = [time.time() - copy.stat().st_mtime for copy in listed(settings)]
    return not any(0 <= age < DAY_SECONDS for age in ages)


def _log_of(settings: Settings) -> Path:
    return settings.database.with_name(settings.database.name + "-wal")


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source, timeout=30)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)  # in one step: one moment of the database, whoever writes meanwhile
        written.execute("PRAGMA journal_mode = DELETE")  # one file, complete without a log


def _publish(place: Path, part: Path) -> Path:
    """The hash first, then the copy under its name: a copy without its hash is none."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    copy = place / f"callwright-{stamp}.db"
    note = part.with_suffix(".hash")
    note.write_text(f"{_hash(part)}  {copy.name}\n", encoding="utf-8")
    for file in (note, part):
        disk.sync(file)
    os.replace(note, _hash_file(copy))
    os.replace(part, copy)
    disk.sync(place)
    for old in sorted(place.glob("callwright-*.db"))[:-KEPT]:
        old.unlink(missing_ok=True)
        _hash_file(old).unlink(missing_ok=True)
    return copy


def _hash_file(copy: Path) -> Path:
    return copy.with_name(copy.name + ".sha256")


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _agrees(copy: Path) -> bool:
    try:
        told = _hash_file(copy).read_text(encoding="ascii").split()[:1]
    except (OSError, UnicodeDecodeError):
        return False
    return told == [_hash(copy)]
