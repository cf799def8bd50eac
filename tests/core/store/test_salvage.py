"""What comes back from a damaged database, and what the check at the start does with it."""

import json
import multiprocessing
import random
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import StudioError
from core.settings import Settings
from core.store import backups, open_store, pages, projects, repair, salvage
from core.store.database import sqlite3
from core.store.pages import Pages, Tree
from tests.faults import damage, filling

NEWEST = len(filling.names())


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    path = tmp_path_factory.mktemp("filled") / "filled.db"
    filling.make(path, NEWEST, rows=250)
    return path


@pytest.fixture
def home(filled, tmp_path) -> Settings:
    """Settings of a home with the filled database."""
    filling.copy(filled, tmp_path / "home")
    return Settings.load(tmp_path / "home")


def _root(path, name) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]


def _zero(path, number) -> None:
    with path.open("r+b") as file:
        file.seek((number - 1) * pages.SIZE)
        file.write(b"\0" * pages.SIZE)


def _leaf_with(path, table, words) -> int:
    """The page of a table that holds a text."""
    source, tree = Pages(path), Tree()
    list(source.rows(_root(path, table), pages.LEAF_TABLE, lambda values: True, tree))
    leaves = [number for number in sorted(tree.claimed) if source.page(number)[0] == pages.LEAF_TABLE]
    return next(number for number in leaves if words.encode() in source.page(number))


@pytest.mark.parametrize("version", range(1, NEWEST + 1))
def test_a_whole_database_of_any_version_is_rebuilt_as_it_was(version, tmp_path):
    path = tmp_path / "old.db"
    filling.make(path, version, rows=200, seed=version)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM examples WHERE id % 2")  # what was deleted stays away
        connection.commit()
    done = salvage.rebuild(path, tmp_path / "old.db-wal", None, tmp_path / "new.db")
    assert filling.content(tmp_path / "new.db") == filling.content(path)
    assert filling.shape(tmp_path / "new.db") == filling.shape(path)
    assert all(table.whole and not table.dropped and not table.stood_in for table in done)


def test_rows_are_found_though_the_first_page_is_gone(home, filled):
    _zero(home.database, 1)
    assert repair.check(home).problems == ["file is not a database"]
    assert filling.content(home.database) == filling.content(filled)


def test_an_index_that_disagrees_with_its_table_is_damage(home, filled):
    """What asks by the index would miss a row that is there."""
    number = _root(home.database, "sqlite_autoindex_projects_2")
    page = Pages(home.database).page(number)
    with home.database.open("r+b") as file:
        file.seek((number - 1) * pages.SIZE)
        file.write(page.replace(b"name 2", b"nameX2"))
    assert any("index" in problem for problem in repair.check(home).problems)
    assert filling.content(home.database) == filling.content(filled)


@pytest.mark.parametrize("table", ["examples", "metrics", "predictions"])
def test_rows_are_found_though_the_way_to_them_is_gone(table, home, tmp_path):
    with closing(sqlite3.connect(home.database)) as connection:
        key = {"examples": "id", "metrics": "step", "predictions": "evaluation"}[table]
        connection.execute(
            f"DELETE FROM {table} WHERE {key} < 20"
        )  # their pages are free, their bytes still there
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(home.database, tmp_path / "before.db")
    root = _root(home.database, table)
    assert Pages(home.database).page(root)[0] in (pages.INNER_TABLE, pages.INNER_INDEX)
    _zero(home.database, root)
    repair.check(home)
    # Pages of an index hold rows between their ways too; these are lost with the page.
    elsewhere = {row for row, on in damage.row_pages(tmp_path / "before.db")[table].items() if root not in on}
    assert filling.content(home.database)[table] == elsewhere
    assert len(elsewhere) > 100


def test_what_a_lost_project_and_a_lost_run_had_is_kept(home, filled):
    before = filling.content(filled)
    _zero(home.database, _root(home.database, "projects"))
    lost = _leaf_with(home.database, "runs", "id 20")
    _zero(home.database, lost)
    done = {table.table: table for table in repair.check(home).tables}
    after = filling.content(home.database)
    assert done["projects"].stood_in == 3
    assert done["runs"].stood_in > 0
    for table in ("examples", "tools", "metrics", "evaluations", "predictions"):
        assert after[table] == before[table], table
    with open_store(home) as db:
        assert projects.listed(db)[0].name.startswith("Recovered id ")


def test_a_backup_gives_what_is_missing_and_only_that(home, filled):
    with open_store(home) as db:
        backups.make(home)
        db.conn.execute("DELETE FROM changes")  # after the backup, in a table that stays whole
        db.conn.execute("DELETE FROM metrics WHERE step = 7")
    _zero(home.database, _leaf_with(home.database, "examples", "tool_1"))
    done = repair.check(home)
    after = filling.content(home.database)
    assert after["examples"] == filling.content(filled)["examples"]
    assert after["changes"] == set()
    assert not [row for row in after["metrics"] if 7 in row[2:3]]
    assert {table.table for table in done.tables if table.from_backup} == {"examples"}
    assert "came from the backup of 20" in done.notice().message


def test_the_newest_rows_come_from_the_log(filled, tmp_path):
    own = damage.with_log(filled, tmp_path / "own")
    complete = filling.content(filling.copy(own, tmp_path / "whole"))
    settings = Settings.load(tmp_path / "home")
    path = filling.copy(own, settings.home)
    _zero(path, _root(filled, "tools"))
    repair.check(settings)
    after = filling.content(settings.database)
    assert {**after, "tools": set()} == {**complete, "tools": set()}


def test_the_damaged_file_is_kept_and_the_user_told_until_the_notice_is_dismissed(home):
    damage.flip(home.database, random.Random(3))
    hurt = home.database.read_bytes()
    told = repair.check_at_start(home)
    assert told.message.startswith("The database was damaged and has been repaired: ")
    assert repair.notice(home) == told
    assert (home.home / "damaged").joinpath(told.where, "callwright.db").read_bytes() == hurt
    assert repair.check_at_start(home) is None
    assert repair.notice(home) == told
    repair.dismiss(home)
    assert repair.notice(home) is None


def test_a_start_backs_up_once_a_day(home):
    assert repair.check_at_start(home) is None
    first = backups.newest(home)
    assert first
    assert repair.check_at_start(home) is None
    assert backups.listed(home) == [first]


def test_a_first_start_has_nothing_to_check(settings):
    assert repair.check_at_start(settings) is None
    assert not settings.home.exists()


def test_an_emptied_file_is_not_taken_for_a_new_one(home, filled):
    with open_store(home):
        backups.make(home)
    home.database.write_bytes(b"")
    assert repair.check(home).problems == ["the file is empty"]
    assert filling.content(home.database) == filling.content(filled)


def test_an_open_page_says_how_to_bring_a_damaged_database_back(home):
    _zero(home.database, 1)
    with pytest.raises(StudioError, match="database is damaged") as caught, open_store(home):
        pass
    assert "Start Callwright again" in caught.value.hint


def _hold_open(home, opened, done) -> None:
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("SELECT count(*) FROM projects").fetchone()
        opened.set()
        done.wait(60)


def test_what_another_process_has_open_is_left_alone(home, monkeypatch):
    with open_store(home) as db:  # so that it is in write-ahead logging, as every store in use
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _zero(home.database, _leaf_with(home.database, "examples", "tool_1"))
    hurt = home.database.read_bytes()
    monkeypatch.setattr(repair, "WAIT_SECONDS", 0.2)
    context = multiprocessing.get_context("fork")
    opened, done = context.Event(), context.Event()
    other = context.Process(target=_hold_open, args=(home, opened, done))
    other.start()
    opened.wait(60)
    told = repair.check_at_start(home)
    assert told.message == "The database is damaged, and another process is using it."
    assert home.database.read_bytes() == hurt
    done.set()
    other.join(60)
    assert repair.check(home) is not None


def test_the_command_line_says_what_was_repaired(home, capsys):
    from core.__main__ import main

    assert main(["check", "--home", str(home.home)]) == 0
    assert capsys.readouterr().out == "The database is whole.\n"
    _zero(home.database, _leaf_with(home.database, "examples", "tool_1"))
    assert main(["check", "--json", "--home", str(home.home)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["state"] == "repaired" and answer["problems"]
    rows = {table["table"]: table for table in answer["tables"]}
    assert 0 < rows["examples"]["read"] < 250 and rows["metrics"]["read"] == 250
    assert Path(answer["kept"], "callwright.db").exists()
    assert main(["check", "--json", "--home", str(home.home)]) == 0
    assert json.loads(capsys.readouterr().out) == {"state": "ok", "database": str(home.database)}


def test_without_room_for_the_repair_nothing_is_changed(home, monkeypatch):
    _zero(home.database, 1)
    hurt = home.database.read_bytes()
    usage = shutil.disk_usage(home.home)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    told = repair.check_at_start(home)
    assert "no room to repair it" in told.message
    assert home.database.read_bytes() == hurt
