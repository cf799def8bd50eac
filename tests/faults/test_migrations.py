"""Every earlier version becomes the newest one, with all its rows, and a kill on the way leaves the old or the new."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from core.settings import Settings
from core.store import backups, open_store
from core.store.database import sqlite3
from core.store.migrations import migrations
from tests.faults import filling

ROOT = Path(__file__).parents[2]
VERSIONS = range(1, len(filling.names()))
KILLS = 12  # of each version
MIGRATE = """
import sys
from core.settings import Settings
from core.store import open_store
print("ready", flush=True)
with open_store(Settings.load(sys.argv[1])):
    print("done", flush=True)
"""


@pytest.fixture(scope="session")
def newest(tmp_path_factory):
    """The shape of a fresh database."""
    settings = Settings.load(tmp_path_factory.mktemp("fresh"))
    with open_store(settings):
        pass
    return filling.shape(settings.database)


def _applied(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [step.name for step in migrations.applied(Database(connection))]


def _keys(path: Path) -> dict[str, set]:
    """The primary keys of all rows."""
    with closing(sqlite3.connect(path)) as connection:
        found = {}
        for table in filling.tables(connection):
            about = connection.execute(f"PRAGMA table_info({table})").fetchall()
            key = ", ".join(column[1] for column in about if column[5])
            found[table] = {tuple(row) for row in connection.execute(f"SELECT {key} FROM {table}")}
        return found


@pytest.mark.parametrize("version", VERSIONS)
def test_an_earlier_version_becomes_the_newest_and_keeps_every_row(
    version, newest, settings, record_property
):
    settings.home.mkdir()
    filling.make(settings.database, version, rows=300)
    before, rows = _keys(settings.database), filling.content(settings.database)
    with open_store(settings) as db:
        assert db.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert filling.shape(settings.database) == newest
    after = _keys(settings.database)
    assert {table: after[table] for table in before} == before
    copy = backups.newest(settings)
    assert copy and filling.content(copy) == rows, "the database as it was before is kept as a backup"
    assert _applied(copy) == filling.names()[:version]
    record_property("counts", f"{sum(map(len, rows.values()))} rows of version {version}, all kept")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kill_during_a_migration_leaves_the_old_or_the_new(
    version, newest, tmp_path, faults, record_property
):
    source = tmp_path / "old.db"
    filling.make(source, version, rows=6000)  # enough for the migration to take a while
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shape, rows = filling.shape(source), _keys(source)
    ends = {"before it began": 0, "on the way": 0, "after it": 0}
    took, took_after_backup = _migrate(source, tmp_path / "whole", None)
    rng = random.Random(version)
    for kill in range(KILLS * faults):
        home = tmp_path / str(kill)
        wait = rng.random()
        late = kill % 2 == 1  # half of the kills after the backup, where the migration itself is at work
        _migrate(
            source,
            home,
            lambda backed_up, wait=wait, late=late: (
                wait * (took_after_backup if late else took) if backed_up == late else 0
            ),
        )
        path = home / "callwright.db"
        applied = _applied(path)
        assert applied in (filling.names()[:version], filling.names())
        done = applied == filling.names()
        began = bool(backups.listed(Settings.load(home)))  # the backup is made first
        ends["after it" if done else "on the way" if began else "before it began"] += 1
        assert filling.shape(path) == (newest if done else shape)
        found = _keys(path)
        assert {table: found[table] for table in rows} == rows
        with open_store(Settings.load(home)):
            pass
        assert filling.shape(path) == newest
        shutil.rmtree(home)
    told = ", ".join(f"{n} {end}" for end, n in ends.items())
    record_property("counts", f"{KILLS * faults} kills from version {version}: {told}; old or new each time")
    assert ends["on the way"] + ends["before it began"], "some kills came before the end"


def _migrate(source: Path, home: Path, kill: Callable[[bool], float] | None) -> tuple[float, float]:
    """Migrate a copy of a database in a process of its own; how many seconds that took, and those after its backup.

    `kill` says how many seconds after the start it is killed, or after its backup is made (if given True).
    """
    filling.copy(source, home)
    with subprocess.Popen(
        [sys.executable, "-c", MIGRATE, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        if kill and (wait := kill(False)):
            time.sleep(wait)
            process.kill()
        while process.poll() is None and not backups.listed(Settings.load(home)):
            pass
        backed_up = time.monotonic()
        if kill and (wait := kill(True)):
            time.sleep(wait)
            process.kill()
        process.stdout.readline()  # it is done, or was killed
        return time.monotonic() - began, time.monotonic() - backed_up
