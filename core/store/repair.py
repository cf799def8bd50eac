"""The check of the database when Callwright starts, and its repair.

A repair can be ended at any moment. What is damaged is copied into a folder of its own, and a new database is built
beside it; only the finished folder gets its name. Then the new content is written over the old file, its first page
last, under the lock of SQLite itself; a file without its first page says that this has to be done again.
"""

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock
from sqlite_utils.utils import sqlite3

from core import disk
from core.errors import StudioError
from core.settings import Settings
from core.store import backups, database, file_system, integrity, pages, salvage
from core.store.salvage import Recovered

LOCK_PLACE, LOCK_LENGTH = 0x40000000, 512  # the bytes of a file that SQLite locks
WAIT_SECONDS = 10
EMPTY_SECONDS = 0.5
BUILT = "repaired.db"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the database that its user has to know."""

    message: str
    hint: str
    where: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What was found, and what came of it."""

    problems: list[str]
    tables: list[Recovered]
    kept: Path  # the folder of the damaged file
    backup: Path | None  # where rows that were missing came from

    def notice(self) -> Notice:
        read, filled, dropped = (
            sum(getattr(table, name) for table in self.tables) for name in ("read", "from_backup", "dropped")
        )
        told = [f"{read} rows could be read"]
        told += [f"{filled} came from the backup of {_day(self.backup)}"] if self.backup and filled else []
        told += [f"{dropped} belonged to something that is gone"] if dropped else []
        return Notice(
            f"The database was damaged and has been repaired: {', '.join(told)}.",
            "Look whether something is missing. The damaged file is kept.",
            str(self.kept),
        )


def check_at_start(settings: Settings) -> Notice | None:
    """Check the database, repair it where it is damaged, back it up once a day; what the user has to know of it.

    To be called before this process opens the store for the first time. The notice stays until it is dismissed.
    """
    try:
        repair = check(settings)
        told = repair.notice() if repair else None
        _back_up(settings)
    except StudioError as error:
        told = Notice(error.message, error.hint, error.where)
    if told:
        with suppress(
            OSError
        ):  # where nothing can be written the notice cannot either; the page will say so itself
            _notice_file(settings).write_text(json.dumps(asdict(told)), encoding="utf-8")
    return told


def check(settings: Settings) -> Repair | None:
    """Check the database and repair it where it is damaged; None where it is whole, or not there yet.

    Raises StudioError where it cannot be checked, or not be repaired now.
    """
    if not settings.database.exists():
        return None
    try:
        with FileLock(settings.home / "check.lock"):
            _finish_interrupted(settings)
            found = problems(settings)
            return _repair(settings, found) if found else None
    except (OSError, sqlite3.Error) as error:
        raise database.explained(error, settings) from error


def _back_up(settings: Settings) -> None:
    if settings.database.exists() and backups.due(settings):
        try:
            backups.make(settings)
        except (OSError, sqlite3.Error) as error:
            raise database.explained(error, settings) from error


def problems(settings: Settings) -> list[str]:
    """What is wrong with the database as it stands, others at work or not. Raises sqlite3.Error."""
    if not settings.database.stat().st_size:
        time.sleep(EMPTY_SECONDS)  # another process may just be making it
        if not settings.database.stat().st_size:
            return ["the file is empty"]
    if file_system.distant(settings.home):
        try:
            with database.connected(settings) as db:
                return integrity.problems(db.conn)
        except sqlite3.DatabaseError as error:
            if integrity.is_damage(error):
                return [str(error)]
            raise
    # Read only: a connection that may write would bring a log of another file into this one when it closes.
    address = f"{settings.database.as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=database.BUSY_SECONDS)) as connection:
        return integrity.problems(connection)


def notice(settings: Settings) -> Notice | None:
    """The notice that was not dismissed yet."""
    file = _notice_file(settings)
    return Notice(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def dismiss(settings: Settings) -> None:
    """The user has read the notice."""
    _notice_file(settings).unlink(missing_ok=True)


def _notice_file(settings: Settings) -> Path:
    return settings.home / "notice.json"


def _folder(settings: Settings) -> Path:
    return settings.home / "damaged"


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _repair(settings: Settings, found: list[str]) -> Repair:
    with _alone(settings) as file:
        _make_room(settings)
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        part, kept = _folder(settings) / f"{stamp}.part", _folder(settings) / stamp
        part.mkdir(parents=True)
        copy = part / settings.database.name
        with copy.open("wb") as target:
            shutil.copyfileobj(
                file, target, 2**20
            )  # closing another handle of the file would give up the lock
        for ending in ("-wal", "-shm"):
            if _beside(settings.database, ending).exists():
                shutil.copyfile(_beside(settings.database, ending), _beside(copy, ending))
        backup = backups.newest(settings)
        tables = salvage.rebuild(copy, _beside(copy, "-wal"), backup, part / BUILT)
        if left := integrity.problems_of_file(part / BUILT):
            raise StudioError(
                f"The database could not be repaired: {left[0]}.", "Please report this.", str(part)
            )
        for one in sorted(part.iterdir()):
            disk.sync(one)
        part.rename(kept)
        disk.sync(_folder(settings))
        _install(settings, kept / BUILT, file)
    return Repair(found, tables, kept, backup)


def _make_room(settings: Settings) -> None:
    """Remove what an interrupted repair left (copies), and see that there is room for this one. Raises StudioError."""
    _folder(settings).mkdir(exist_ok=True)
    for part in _folder(settings).glob("*.part"):
        shutil.rmtree(part)
    log = _beside(settings.database, "-wal")
    need = 3 * (settings.database.stat().st_size + (log.stat().st_size if log.exists() else 0))
    if shutil.disk_usage(settings.home).free < need:
        raise StudioError(
            "The database is damaged, and there is no room to repair it.",
            f"Free {need / 1e6:.0f} MB and start Callwright again. Nothing was changed.",
            str(settings.home),
        )


@contextmanager
def _alone(settings: Settings) -> Iterator[BinaryIO]:
    """The database file, opened while no other process has it open; others wait until this is done.

    Raises StudioError where others keep it open.
    """
    end = time.monotonic() + WAIT_SECONDS
    with settings.database.open("r+b") as file:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_LENGTH, LOCK_PLACE)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                if time.monotonic() > end:
                    raise StudioError(
                        "The database is damaged, and another process is using it.",
                        "Close every other Callwright, wait for trainings to end, and start it again.",
                        str(settings.database),
                    ) from error
            time.sleep(0.05)
        yield file


def _install(settings: Settings, built: Path, file: BinaryIO) -> None:
    """Write the built database over the file, the first page last, and take the old log away.

    The file stays the same one: who waits for its lock now finds the new content, not a file that has lost its name.
    """
    _write(file, 0, b"\0" * pages.SIZE)
    for ending in ("-wal", "-shm"):
        _beside(settings.database, ending).unlink(missing_ok=True)
    disk.sync(settings.home)
    with built.open("rb") as source:
        first = source.read(pages.SIZE)
        file.seek(pages.SIZE)
        shutil.copyfileobj(source, file, 2**20)
        file.truncate(source.tell())
    file.flush()
    os.fsync(file.fileno())
    _write(file, 0, first)
    built.unlink()


def _write(file: BinaryIO, place: int, data: bytes) -> None:
    file.seek(place)
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _finish_interrupted(settings: Settings) -> None:
    """Install what was built and not installed to its end; a built database that never was begun with is left out."""
    for built in sorted(_folder(settings).glob(f"*/{BUILT}")):
        if built.parent.suffix == ".part":
            continue
        with _alone(settings) as file:
            if file.read(pages.SIZE).strip(b"\0"):
                built.unlink()
            else:
                _install(settings, built, file)


def _day(backup: Path | None) -> str:
    stamp = backup.stem.split("-")[1] if backup else ""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"


def report(repair: Repair) -> dict[str, Any]:
    """A repair as JSON: what was found, rows by table, the folder of the damaged file, the backup that was used."""
    return {
        "problems": repair.problems,
        "tables": [table.to_json() for table in repair.tables],
        "kept": str(repair.kept),
        "backup": str(repair.backup) if repair.backup else None,
    }
