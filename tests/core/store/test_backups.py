"""Copies of the database: whole, known by a hash, kept in rotation."""

import os
import shutil
import time
from contextlib import closing
from types import SimpleNamespace

import pytest
from sqlite_utils import Database

from core.errors import StudioError
from core.store import backups, open_store
from core.store.database import sqlite3
from core.store.migrations import migrations


def _names(copy):
    with closing(sqlite3.connect(copy)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM projects")]


def _aged(settings, copy, stamp):
    """The same backup, as if made at another time."""
    older = copy.with_name(f"callwright-{stamp}.db")
    for ending in ("", ".sha256"):
        shutil.copyfile(f"{copy}{ending}", f"{older}{ending}")
    return older


def test_a_backup_holds_what_is_there_and_needs_no_other_file(settings, db, project):
    copy = backups.make(settings)
    assert _names(copy) == ["Where to look"]
    assert sorted(file.name for file in copy.parent.iterdir()) == [copy.name, copy.name + ".sha256"]
    assert backups.newest(settings) == copy


def test_a_backup_whose_hash_does_not_agree_is_passed_over(settings, db, project):
    copy = backups.make(settings)
    older = _aged(settings, copy, "20200101-000000")
    with copy.open("r+b") as file:
        file.seek(5000)
        file.write(b"?")
    assert backups.newest(settings) == older
    older.with_name(older.name + ".sha256").unlink()
    assert backups.newest(settings) is None


def test_the_newest_ones_are_kept(settings, db, project):
    first = backups.make(settings)
    for day in range(1, 10):
        _aged(settings, first, f"2020010{day}-000000")
    newest = backups.make(settings)
    kept = backups.listed(settings)
    assert len(kept) == backups.KEPT
    assert kept[-1] == newest
    assert {file.name.removesuffix(".sha256") for file in newest.parent.iterdir()} == {
        one.name for one in kept
    }


def test_one_is_due_when_the_newest_is_older_than_a_day(settings, db, project):
    assert backups.due(settings)
    copy = backups.make(settings)
    assert not backups.due(settings)
    for hours, due in ((-23, False), (-25, True), (+30, True)):  # one from the future says nothing
        at = time.time() + hours * 3600
        os.utime(copy, (at, at))
        assert backups.due(settings) is due


def test_a_damaged_database_is_never_a_backup(settings, db, project):
    """Damage that neither opening nor copying notices."""
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = settings.database.read_bytes()
    settings.database.write_bytes(data.replace(b"weather in Rome", b"weather in \xff\xff\xff\xff"))
    with pytest.raises(StudioError, match="The database is damaged: "):
        backups.make(settings)
    assert list(backups.folder(settings).iterdir()) == []


def test_without_room_there_is_a_sentence_and_migrations_go_on(settings, monkeypatch, caplog):
    settings.home.mkdir()
    with closing(sqlite3.connect(settings.database)) as connection:
        first = migrations.pending(Database(connection))
        migrations.apply(Database(connection), stop_before=[step.name for step in first[1:]])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with open_store(settings) as db:
        assert not migrations.pending(db)
        with pytest.raises(backups.NoRoom, match="There is no room for a backup"):
            backups.make(settings)
    assert "There is no room for a backup" in caplog.text
    assert backups.listed(settings) == []
