"""The Results tab as the server sees it: whatever a browser sends is looked up before anything is shown."""

import json
from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest
from answered import AFTER, BEFORE, keep, make_shop

from core.settings import Settings
from core.store import asked, evaluations, open_store, projects, runs, shelf
from studio.tabs.results import START
from studio.ui import build


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(tmp_path / "home")


def trained(settings: Settings, name: str) -> tuple[str, runs.Run]:
    """A project with one run that was asked before and after."""
    with open_store(settings) as db:
        project = make_shop(db, name)
        run = runs.create(db, project, "starter", {}, projects.freeze(db, project).hash)
        keep(db, run, "before", BEFORE)
        keep(db, run, "after", AFTER)
    return project, run


@pytest.fixture
def made(settings) -> tuple[str, runs.Run]:
    return trained(settings, "Shop")


@pytest.fixture
def handlers(settings) -> dict[str, Callable]:
    found = build(settings).fns.values()
    return {one.name: one.fn for one in found if getattr(one.fn, "__module__", "") == "studio.tabs.results"}


def text(done: dict) -> str:
    """All that is drawn."""
    return " ".join(str(getattr(value, "value", value)) for value in done.values())


@pytest.fixture
def press(handlers, made) -> Callable:
    """Press something; what is looked at after it, and all that is drawn."""

    def press(now: dict[str, Any] = START, where: tuple = (), **data: object) -> tuple[dict[str, Any], str]:
        project, run = where or made
        done = handlers["on_press"](project, run.id, now, gr.EventData(None, data))
        look = next(value for value in done.values() if isinstance(value, dict) and "rows" in value)
        return look, text(done)

    return press


CELL = {"do": "rows", "kind": "cell", "side": "right", "asked": "open_ticket", "called": "find_order"}


def test_a_number_opens_its_rows_and_another_run_is_looked_at_from_the_beginning(
    press, made, settings
) -> None:
    now, drawn = press(**CELL)
    assert drawn.count("came in pieces!") == 1 and "Where is parcel" not in drawn
    again, drawn = press(now, do="page", n="0")
    assert again == now and drawn.count("came in pieces!") == 1
    with open_store(settings) as db:
        other = runs.create(db, made[0], "starter", {}, made[1].snapshot)
        keep(db, other, "after", AFTER)
    fresh, drawn = press(now, (made[0], other), do="page", n="0")
    assert fresh["rows"] == START["rows"] and "Where is parcel A-1?" in drawn


def test_what_is_looked_at_outlives_a_new_drawing(handlers, press, made) -> None:
    now, _ = press(**CELL)
    drawn = handlers["on_show"](made[0], made[1].id, now)
    assert now in drawn.values()
    assert text(drawn).count("came in pieces!") == 1


@pytest.mark.parametrize(
    "data",
    [
        {"do": "rows"},
        {"do": "rows", "kind": "cell", "side": "<b>", "asked": "x", "called": "y"},
        {"do": "rows", "kind": "change", "measure": "tool", "name": "__class__"},
        {"do": "rows", "kind": {"a": 1}, "name": ["x"]},
        {"do": "page", "n": "9" * 30},
        {"do": "page", "n": "-1"},
        {"do": "side", "name": "both"},
        {"do": "open", "side": "middle", "id": "1"},
        {"do": "nothing"},
        {},
    ],
)
def test_strange_presses_are_no_harm(press, data) -> None:
    now, drawn = press(**data)
    assert "Where is parcel A-1?" in drawn
    again, drawn = press(now, do="clear")
    assert again["rows"] == START["rows"] and "Where is parcel A-1?" in drawn


def test_answers_of_another_project_are_not_shown(handlers, press, made, settings) -> None:
    project, run = trained(settings, "Secret")
    with open_store(settings) as db:
        theirs = asked.listed(db, project)[0].id
    for wanted in ({"left": None, "right": theirs}, {"left": theirs, "right": theirs}):
        with pytest.raises(gr.Error, match="no longer there"):
            handlers["on_sides"](made[0], made[1].id, wanted)
    with pytest.raises(gr.Error, match="no longer there"):
        handlers["on_choose"](made[0], made[1].id, START, str(theirs), str(theirs))
    with pytest.raises(gr.Error, match="no longer there"):
        press(do="open", side="right", id=str(theirs))
    with pytest.raises(gr.Error, match="no longer there"):
        press({**START, "run": made[1].id, "right": theirs}, do="clear")
    shown = text(handlers["on_show"](made[0], run.id, START))
    assert "Nothing to compare yet" in shown and "parcel" not in shown


@pytest.mark.parametrize("value", ["x", "1; DROP TABLE", None, "", "-1"])
def test_a_choice_that_is_none_changes_nothing(handlers, made, value) -> None:
    done = handlers["on_choose"](made[0], made[1].id, START, None, value)
    assert list(done.values()) == [START]


def test_the_choice_has_every_answer_of_the_project_by_name(handlers, made, settings) -> None:
    with open_store(settings) as db:
        evaluations.save(
            db, run=None, phase="alone", model="some/model", snapshot=made[1].snapshot, split="test", summary={},
            predictions=[],
        )  # fmt: skip
    _, left, right = handlers["on_compare"](made[0], made[1].id, START)
    names = [name for name, _ in left.choices]
    assert names[0].startswith("some/model, asked on") and names[1:] == ["Run 1, after", "Run 1, before"]
    assert (
        dict(left.choices)["Run 1, before"] == left.value
        and dict(right.choices)["Run 1, after"] == right.value
    )


def test_a_panel_may_open_two_sides_and_a_number_of_them(handlers, made, settings) -> None:
    with open_store(settings) as db:
        before, after = asked.of_run(db, made[1])
    wanted = {"left": after.id, "right": before.id, "at": 1.0}
    drawn = text(handlers["on_sides"](made[0], made[1].id, wanted))
    assert "Clearly worse." in drawn and "Two models side by side" in drawn
    opened = {**wanted, "rows": {"kind": "change", "measure": "tool", "name": "fixed"}}
    drawn = text(handlers["on_sides"](made[0], made[1].id, opened))
    assert "Thanks!" in drawn and "Where is parcel A-1?" not in drawn


@pytest.mark.parametrize("kind", ["csv", "jsonl", "html", "exe", "../../x"])
def test_files_of_three_kinds_are_made_and_no_others(handlers, made, kind) -> None:
    done = handlers["on_export"](
        made[0], made[1].id, START, gr.EventData(None, {"do": "export", "name": kind})
    )
    if kind in ("csv", "jsonl", "html"):
        assert json.loads(done)["name"] == f"results-run-1.{kind}"
    else:
        assert done == gr.skip()


def test_a_deleted_run_has_no_results(handlers, made, settings) -> None:
    with open_store(settings) as db:
        shelf.delete(db, made[1].id)
    assert "Nothing to compare yet" in text(handlers["on_show"](made[0], made[1].id, START))
    with open_store(settings) as db:
        assert asked.listed(db, made[0]) == []
