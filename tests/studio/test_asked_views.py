"""Evaluations and the robustness card as they are drawn: honest words, nothing of a model or a user as markup."""

from dataclasses import fields, replace

import pytest

from core.evaluation.robustness.readings import Finding, Reading, read
from core.evaluation.robustness.variants import VARIANTS
from core.store.evaluations import Evaluation
from core.store.runs import Run
from studio.text import t
from studio.views import asked, robustness, train
from tests.studio.test_views import NASTY, Read

EMPTY = dict.fromkeys(field.name for field in fields(Run))
JOB = Run(
    **{**EMPTY, "id": "j1", "project": "p", "number": -2, "state": "evaluating", "model": "r1", "kind": "evaluate",
       "recipe": {"variants": [""], "split": "test"}, "doing": "Asking", "step": 40, "steps": 180,
       "seconds_left": 65.0, "stop_requested": 0, "label": "", "created": "2026-01-01T00:00:00+00:00"}
)  # fmt: skip
SUMMARY = {"n": 20, "right": 18}


def one(job="j1", **values):
    return Evaluation(1, None, "alone", "m", "s", "test", {**SUMMARY, **values}, job)


def test_one_at_work_says_how_far_it_is_and_can_be_stopped():
    drawn = asked.progress(JOB)
    assert "40 of 180 rows · 1:05 left" in drawn and 'aria-valuenow="22"' in drawn
    assert 'data-do="stop"' in drawn and 'data-id="j1"' in drawn
    assert 'data-do="stop"' not in asked.progress(replace(JOB, stop_requested=1))
    waiting = asked.progress(replace(JOB, state="queued"))
    assert t("asked.waiting") in waiting and 'data-do="stop"' in waiting


def test_one_that_ended_early_says_why_and_can_go_on():
    assert asked.ended_early(JOB) == asked.ended_early(replace(JOB, state="finished")) == ""
    stopped = asked.ended_early(replace(JOB, state="cancelled"))
    assert t("asked.stopped") in stopped and 'data-do="resume"' in stopped
    failed = replace(JOB, state="failed", error={"message": "No memory.", "hint": "Close some.", "where": ""})
    assert "No memory." in asked.ended_early(failed) and 'data-do="resume"' in asked.ended_early(failed)


def test_models_are_called_as_people_know_them():
    names = {"r1": "Run 3"}
    assert asked.model_name("r1", names) == "Run 3"
    assert asked.model_name("r1/40", names) == "Run 3, step 40"
    assert asked.model_name("google/gemma", names) == "google/gemma"
    assert asked.model_name("https://host/v1 m", names) == "https://host/v1 m"


def test_a_list_shows_scores_with_their_interval_and_what_is_at_work():
    jobs = [replace(JOB, id="j2", number=-3), replace(JOB, state="finished")]
    drawn = asked.listing(jobs, {"j1": one()}, {"r1": "Run 3"})
    assert "18 of 20 right" in drawn and "70 to 97 % likely" in drawn and "Run 3" in drawn
    assert 'data-do="compare" data-key="compare-j1"' in drawn and "40 of 180 rows" in drawn
    assert t("any.none") in asked.listing([], {}, {})


def test_the_train_page_says_what_is_asked_and_what_waits():
    waiting = train.queue([replace(JOB, state="queued")], {"r1": "Run 3"})
    assert "asks Run 3" in waiting and "pass" not in waiting
    assert "asks Run 3" in asked.at_work([JOB], {"r1": "Run 3"}) and asked.at_work([], {}) == ""


def readings(**right):
    unchanged = Reading("", 2, 20, 18, 18, 0, 0)
    return [unchanged, *(Reading(name, 2, 20, n, 18, 0, 18 - n) for name, n in right.items())]


def test_the_card_shows_words_numbers_that_open_rows_and_what_is_luck():
    found = readings(shuffled=18, renamed=4, short=17)
    drawn = robustness.card(replace(JOB, state="finished"), found, read(found))
    assert "It learned the names" in drawn
    for variant in ("", "shuffled", "renamed", "short"):
        assert (
            f'data-do="rows" data-key="rows-{variant}-right" data-variant="{variant}" data-name="right"'
            in drawn
        )
        assert t(f"variant.{variant}") in drawn
    assert "14 broke" in drawn and "1 broke" in drawn and t("robust.same") in drawn
    assert drawn.count(t("robust.worse")) == 1 + drawn.count("gets worse")
    assert "70 to 97 %" in drawn and "asked" not in robustness.card(None, [], [])


def test_a_card_at_work_shows_what_it_has():
    drawn = robustness.card(JOB, readings(), [])
    assert "40 of 180 rows" in drawn and "<table" not in drawn
    assert "<table" in robustness.card(JOB, readings(shuffled=3), [])


def test_its_time_is_told_before_it_is_asked():
    assert "Takes about 3 minutes here." in robustness.head(20, 170.0)
    assert "Takes" not in robustness.head(20, None)


def test_every_change_has_a_name():
    assert all(t(f"variant.{name}") for name in VARIANTS)


@pytest.mark.parametrize("evil", NASTY)
def test_nothing_becomes_markup(evil):
    error = {"message": evil, "hint": evil, "where": evil}
    job = replace(JOB, model=evil, label=evil, doing=evil, state="failed", error=error)
    views = [
        asked.listing([job], {}, {}),
        asked.listing([replace(job, state="finished")], {"j1": one()}, {"r1": evil}),
        asked.at_work([replace(JOB, model=evil, state="starting", doing=evil)], {}),
        robustness.card(job, readings(short=2), [Finding("bad", evil)]),
        train.queue([job], {}),
    ]
    plain = [
        asked.listing([replace(JOB, state="failed", error=dict.fromkeys(error, "x"))], {}, {}),
        robustness.card(replace(JOB, state="failed", error=dict.fromkeys(error, "x")), readings(short=2), []),
    ]
    for drawn in views:
        page = Read(drawn)
        assert not {"script", "img", "svg"} & set(page.tags)
        assert not {name for name in page.names if name.startswith("on")}
        assert page.open == []
    assert all(Read(drawn).open == [] for drawn in plain)
