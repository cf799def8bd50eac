"""The Runs tab as the server sees it: whatever a browser sends is looked up before anything is done."""

from collections.abc import Callable

import gradio as gr
import pytest
from browser.seeded_runs import add_run, make_project, waiting_run

from core.settings import Settings
from core.store import claims, open_store, runs, shelf
from core.training.recipe import RunConfig
from studio.tabs.runs import START
from studio.ui import build


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(tmp_path / "home")


@pytest.fixture
def project(settings) -> str:
    """Six finished runs."""
    with open_store(settings) as db:
        project = make_project(db, "Runs")
        for _ in range(6):
            add_run(db, project, RunConfig().to_json(), 9, epochs=1)
    return project


@pytest.fixture
def ids(settings, project) -> list[str]:
    with open_store(settings) as db:
        return [run.id for run in shelf.listed(db, project)]


@pytest.fixture
def handlers(settings) -> dict[str, Callable]:
    """Those of this tab; others have handlers of the same names."""
    every = [one for one in build(settings).fns.values() if one.fn]
    return {one.name: one.fn for one in every if one.fn.__module__ == "studio.tabs.runs"}


@pytest.fixture
def press(handlers, project) -> Callable:
    """Press something in the list; the state of the list after it."""

    def press(now: dict, where: str = project, **data: object) -> dict:
        done = handlers["on_act"](where, "", now, gr.EventData(None, data))
        return next(value for value in done.values() if isinstance(value, dict) and "picked" in value)

    return press


@pytest.mark.parametrize(
    "what", ["open", "delete", "archive", "describe", "csv", "script", "again", "pick", "more"]
)
def test_a_run_of_another_project_is_not_there(settings, press, ids, what) -> None:
    with open_store(settings) as db:
        other = make_project(db, "Other")
    with pytest.raises(gr.Error, match="no such run"):
        press(START, other, do=what, id=ids[0])
    with pytest.raises(gr.Error, match="no such run"):
        press(START, do=what, id="../../etc")
    with open_store(settings) as db:
        assert not runs.find(db, ids[0]).deleted and not runs.find(db, ids[0]).archived


def test_files_are_removed_of_deleted_runs_only(settings, handlers, project, ids) -> None:
    folder = settings.run_folder(ids[0])
    folder.mkdir(parents=True)
    for id in (ids[0], "..", ""):
        with pytest.raises(gr.Error, match="no such run"):
            handlers["on_deleted"](project, gr.EventData(None, {"do": "forget", "id": id}))
    assert folder.exists() and settings.home.exists()


def test_a_run_at_work_is_not_deleted(settings, press, project) -> None:
    with open_store(settings) as db:
        run = waiting_run(db, project, RunConfig().to_json())
        claims.claim(db, run.id)
    with pytest.raises(gr.Error, match="Stop it first"):
        press(START, do="delete", id=run.id)
    with open_store(settings) as db:
        assert not runs.find(db, run.id).stop_requested


def test_four_runs_are_ticked_at_most_and_a_deleted_one_no_more(press, ids) -> None:
    now = START
    for id in ids[:4]:
        now = press(now, do="pick", id=id)
    with pytest.raises(gr.Error, match="Four runs"):
        press(now, do="pick", id=ids[4])
    now = press(now, do="pick", id=ids[1])
    assert now["picked"] == [ids[0], ids[2], ids[3]]
    assert press(now, do="delete", id=ids[2])["picked"] == [ids[0], ids[3]]
    assert press(now, do="clear")["picked"] == []


def test_strange_pages_and_shelves_are_no_harm(press, project, handlers) -> None:
    assert press(START, do="shelf", name="<b>") == START
    far = press(START, do="page", n="99999")
    drawn = handlers["on_draw"](project, "", far)
    assert "Run 6" in str(drawn)


def test_a_run_without_metrics_says_so(settings, press, project) -> None:
    with open_store(settings) as db:
        run = waiting_run(db, project, RunConfig().to_json())
    with pytest.raises(gr.Error, match="measured nothing"):
        press(START, do="csv", id=run.id)


def test_a_comparison_ends_when_its_runs_are_gone(settings, handlers, project, ids) -> None:
    now = {**START, "picked": ids[:2], "comparing": True}
    assert "cw-compare" in str(handlers["on_draw"](project, "", now))
    with open_store(settings) as db:
        shelf.delete(db, ids[0])
    drawn = str(handlers["on_draw"](project, "", now))
    assert "cw-compare" not in drawn and "cw-shelf" in drawn
