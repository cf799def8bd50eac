"""An open page asks the store the same few questions every few seconds, however many runs there are."""

from collections.abc import Callable

import pytest
from browser.seeded_runs import add_run, make_project

from core.settings import Settings
from core.store import database, open_store, runs, shelf
from core.training.recipe import RunConfig
from studio.ui import SIDE_RUNS, build


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(tmp_path / "home")


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Every statement that any connection runs."""
    statements: list[str] = []
    connect = database.sqlite3.connect

    def traced(*args, **options):
        connection = connect(*args, **options)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(database.sqlite3, "connect", traced)
    return statements


def handler(settings: Settings, name: str) -> Callable:
    return next(one.fn for one in build(settings).fns.values() if one.name == name)


def fill(settings: Settings, project: str, number: int) -> None:
    with open_store(settings) as db:
        for _ in range(number):
            add_run(db, project, RunConfig().to_json(), 9, epochs=1)


def test_a_tick_asks_as_much_with_many_runs_as_with_few(settings: Settings, asked: list[str]) -> None:
    with open_store(settings) as db:
        project = make_project(db, "Runs")
    fill(settings, project, 2)
    with open_store(settings) as db:
        run = shelf.listed(db, project)[0].id
    tick = handler(settings, "on_tick")
    tick(project, run, [])

    def statements() -> int:
        asked.clear()
        tick(project, run, [])
        return len(asked)

    few = statements()
    fill(settings, project, 30)
    assert 0 < few == statements()


def test_the_sidebar_has_the_newest_runs_and_none_of_the_archive(settings: Settings) -> None:
    with open_store(settings) as db:
        project = make_project(db, "Runs")
    fill(settings, project, SIDE_RUNS + 3)
    with open_store(settings) as db:
        newest = shelf.listed(db, project)[0]
        shelf.archive(db, newest.id, True)
        shelf.describe(db, newest.id, "Put away", "")
    sidebar = handler(settings, "on_tick")(project, "", [])[0]
    assert sidebar.count('class="cw-run"') == SIDE_RUNS and "Put away" not in sidebar
    assert sidebar.index(f"Run {newest.number - 1}<") < sidebar.index(f"Run {newest.number - 2}<")


def test_a_tick_tells_of_a_new_name_and_of_progress(settings: Settings) -> None:
    with open_store(settings) as db:
        project = make_project(db, "Runs")
    fill(settings, project, 1)
    tick = handler(settings, "on_tick")
    seen = tick(project, "", [])[-1]
    with open_store(settings) as db:
        [run] = runs.listed(db, project)
        shelf.describe(db, run.id, "Named", "")
    changed = [new for new, old in zip(tick(project, "", seen)[-1], seen, strict=True) if new != old]
    assert any("Named" in str(value) for value in changed)
    assert len(changed) >= 3, "the sidebar, the mark and the revision of the table"
