"""The file itself: made once, kept safe, and honest sentences where it cannot be used."""

import multiprocessing
import shutil
import threading
from contextlib import closing
from types import SimpleNamespace

import psutil
import pytest

from core.errors import StudioError
from core.settings import Settings
from core.store import file_system, immediate, open_store, projects
from core.store.database import sqlite3


def test_the_sqlite_in_use_is_free_of_the_wal_bug():
    assert tuple(map(int, sqlite3.sqlite_version.split("."))) >= (3, 51, 3)


def _open_and_add(home, name):
    with open_store(Settings.load(home)) as db:
        projects.create(db, name)


def test_many_processes_can_open_a_new_store_at_once(settings):
    context = multiprocessing.get_context("spawn")
    names = [f"p{i}" for i in range(6)]
    workers = [context.Process(target=_open_and_add, args=(str(settings.home), name)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    with open_store(settings) as db:
        assert {project.name for project in projects.listed(db)} == set(names)
        assert db.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_failed_transaction_leaves_nothing(db, project):
    with pytest.raises(RuntimeError), immediate(db):
        projects.create(db, "half")
        raise RuntimeError
    assert projects.find_or_none(db, "half") is None


def test_a_damaged_file_is_a_sentence(settings):
    settings.home.mkdir(parents=True)
    settings.database.write_bytes(b"this is no database at all, but long enough to be read as one" * 100)
    with pytest.raises(StudioError, match="damaged") as caught, open_store(settings):
        pass
    assert caught.value.where == str(settings.database)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StudioError, match="cannot be written"),
        open_store(Settings.load(tmp_path / "file" / "x")),
    ):
        pass


def test_a_full_disk_is_a_sentence_and_loses_nothing_saved(settings, db, project):
    pages = db.conn.execute("PRAGMA page_count").fetchone()[0]
    with pytest.raises(StudioError, match="disk is full"), open_store(settings) as full:
        full.conn.execute(f"PRAGMA max_page_count = {pages}")
        from core.schema import Example

        projects.add_examples(full, project.id, [Example.single("x" * 1000) for _ in range(1000)])
    assert projects.count_examples(db, project.id) == 5


def _mounted_as(monkeypatch, settings, kind) -> None:
    """As if the home lay on a mount of this kind."""
    part = SimpleNamespace(mountpoint=str(settings.home.parent), fstype=kind)
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [part])
    file_system.distant.cache_clear()


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.s3fs", "9p"])
def test_on_a_network_mount_the_store_is_in_the_safe_mode(settings, monkeypatch, kind):
    with open_store(settings) as db:  # as it was on a local disk, its log not yet brought into the file
        projects.create(db, "from the log")
        shutil.copytree(settings.home, settings.home.parent / "moved")
    moved = Settings.load(settings.home.parent / "moved")
    _mounted_as(monkeypatch, moved, kind)
    with open_store(moved) as db, open_store(moved) as beside:
        assert db.conn.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.conn.execute("PRAGMA synchronous").fetchone() == (2,)
        projects.create(db, "one")
        projects.create(beside, "two")
        assert {one.name for one in projects.listed(db)} == {"from the log", "one", "two"}
    assert not list(moved.home.glob("*-wal"))
    _mounted_as(monkeypatch, moved, "ext4")
    with open_store(moved) as db:
        assert db.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file_system.distant.cache_clear()


def test_a_busy_answer_is_asked_again(settings, db, project):
    release = threading.Event()

    def read() -> None:
        with closing(sqlite3.connect(settings.database, isolation_level=None)) as reader:
            reader.execute("BEGIN IMMEDIATE")
            held.set()
            release.wait(20)
            reader.execute("ROLLBACK")

    held = threading.Event()
    holder = threading.Thread(target=read)
    holder.start()
    held.wait(20)
    threading.Timer(0.5, release.set).start()
    with open_store(settings) as other:
        other.conn.execute("PRAGMA busy_timeout = 0")  # SQLite itself gives up at once
        projects.rename(other, project.id, "patient")
    holder.join()
    assert projects.find_or_none(db, "patient")
