"""Runs: claimed once, fenced by their attempt, ended for good; metrics as they were."""

import math
import multiprocessing

import pytest

from core.errors import StudioError
from core.settings import Settings
from core.store import claims, evaluations, metrics, open_store, projects, runs, shelf
from core.store.database import sqlite3
from core.store.evaluations import Prediction


@pytest.fixture
def run(db, project) -> runs.Run:
    return runs.create(db, project.id, "starter", {"epochs": 1}, projects.freeze(db, project.id).hash)


def test_runs_are_numbered_within_their_project(db, project, run):
    again = runs.create(db, project.id, "starter", {}, run.snapshot)
    other = projects.create(db, "Other")
    assert (run.number, again.number) == (1, 2)
    assert runs.create(db, other.id, "starter", {}, run.snapshot).number == 1
    assert [r.id for r in runs.listed(db, project.id)] == [again.id, run.id]


def test_a_run_is_claimed_once_and_alone(db, project, run):
    second = runs.create(db, project.id, "starter", {}, run.snapshot)
    claimed = claims.claim(db, run.id)
    assert claimed.state == "starting" and claimed.attempt == 1
    assert claims.claim(db, run.id) is None
    assert claims.claim(db, second.id) is None, "one is at work"
    runs.end(db, run.id, 1, "finished")
    assert claims.waiting(db) == [second.id]
    assert claims.claim(db, second.id)


def test_what_waits_can_change_places_and_what_is_resumed_waits_last(db, project, run):
    more = [runs.create(db, project.id, "starter", {}, run.snapshot).id for _ in range(3)]
    assert claims.waiting(db) == [run.id, *more]
    claims.move(db, more[2], -2)
    assert claims.waiting(db) == [run.id, more[2], more[0], more[1]]
    claims.move(db, run.id, 99)
    assert claims.waiting(db) == [more[2], more[0], more[1], run.id]
    runs.request_stop(db, more[2])
    with pytest.raises(StudioError, match="does not wait"):
        claims.move(db, more[2], 1)
    claims.resume(db, more[2])
    assert claims.waiting(db) == [more[0], more[1], run.id, more[2]]


def test_each_device_has_one_run_at_a_time(db, project, run):
    more = [runs.create(db, project.id, "starter", {}, run.snapshot).id for _ in range(2)]
    slots = ("0", "1")
    assert [claims.claim(db, id, slots).slot for id in (run.id, more[0])] == ["0", "1"]
    assert claims.claim(db, more[1], slots) is None
    runs.end(db, run.id, 1, "finished")
    assert claims.claim(db, more[1], slots).slot == "0"


def _claim(home, id, out):
    with open_store(Settings.load(home)) as db:
        out.put(claims.claim(db, id) is not None)


def test_of_many_processes_one_gets_the_run(settings, db, run):
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    claimers = [context.Process(target=_claim, args=(str(settings.home), run.id, out)) for _ in range(6)]
    for claimer in claimers:
        claimer.start()
    assert sorted(out.get(timeout=60) for _ in claimers) == [False] * 5 + [True]
    for claimer in claimers:
        claimer.join()


def test_a_worker_that_was_given_up_on_can_write_nothing(db, run):
    claims.claim(db, run.id)
    for write in (
        lambda: runs.report(db, run.id, 99, step=3),
        lambda: runs.enter(db, run.id, 99, "training", ""),
        lambda: metrics.add(db, run.id, 99, 1, {"loss": 1.0}),
        lambda: runs.end(db, run.id, 99, "finished"),
    ):
        with pytest.raises(runs.Fenced):
            write()
    assert metrics.listed(db, run.id) == []
    assert runs.find(db, run.id).state == "starting"


def test_an_end_is_an_end(db, run):
    claims.claim(db, run.id)
    runs.end(db, run.id, 1, "interrupted", error=StudioError("gone", "again", "here"))
    with pytest.raises(runs.Fenced):
        runs.end(db, run.id, 1, "finished")
    with pytest.raises(sqlite3.IntegrityError, match="has ended"):
        db.conn.execute("UPDATE runs SET state = 'training' WHERE id = ?", (run.id,))
    ended = runs.find(db, run.id)
    assert ended.ended and ended.error == {"message": "gone", "hint": "again", "where": "here"}


def test_stop_cancels_what_waits_and_asks_what_works(db, project, run):
    waiting = runs.create(db, project.id, "starter", {}, run.snapshot)
    claims.claim(db, run.id)
    assert runs.request_stop(db, waiting.id).state == "cancelled"
    assert not runs.stop_requested(db, run.id)
    assert runs.request_stop(db, run.id).state == "starting"
    assert runs.stop_requested(db, run.id)


def test_metrics_come_back_even_where_they_diverged(db, run):
    claims.claim(db, run.id)
    metrics.add(db, run.id, 1, 1, {"loss": 2.5, "grad_norm": math.inf}, step=1, steps=4)
    metrics.add(db, run.id, 1, 2, {"loss": math.nan}, step=2)
    found = {(m.step, m.name): m.value for m in metrics.listed(db, run.id)}
    assert found[1, "loss"] == 2.5 and math.isinf(found[1, "grad_norm"]) and math.isnan(found[2, "loss"])
    assert [m.step for m in metrics.listed(db, run.id, ("loss",))] == [1, 2]
    assert (runs.find(db, run.id).step, runs.find(db, run.id).steps) == (2, 4)


def test_predictions_come_back_and_a_second_evaluation_takes_the_place_of_the_first(db, run):
    def save(verdict):
        prediction = Prediction(
            4, "our VPN?", [], "text", [], verdict, verdict == "exact", verdict == "exact"
        )
        return evaluations.save(
            db, run=run.id, phase="after", model="m", snapshot=run.snapshot, split="test",
            summary={"n": 1}, predictions=[prediction],
        )  # fmt: skip

    save("malformed")
    id = save("exact")
    found = evaluations.find(db, run.id, "after")
    assert found.id == id and found.summary == {"n": 1}
    assert [p.verdict for p in evaluations.predictions(db, id)] == ["exact"]
    assert evaluations.find(db, run.id, "before") is None
    assert db.conn.execute("SELECT count(*) FROM predictions").fetchone() == (1,)


def test_an_evaluation_is_a_run_of_its_own_kind_and_takes_no_number_of_a_training(db, project):
    snapshot = projects.freeze(db, project.id)
    first = runs.create(db, project.id, "starter", {}, snapshot.hash)
    asked = runs.create(db, project.id, "starter", {"split": "test"}, snapshot.hash, kind="evaluate")
    other = runs.create(db, project.id, "starter", {"split": "test"}, snapshot.hash, kind="evaluate")
    second = runs.create(db, project.id, "starter", {}, snapshot.hash)
    assert [run.number for run in (first, asked, other, second)] == [1, -1, -2, 2]
    assert [run.name for run in (second, other)] == ["Run 2", "Evaluation 2"]
    assert {run.id for run in runs.listed(db)} == {first.id, second.id}
    assert len(runs.listed(db, kind=None)) == 4 and len(runs.listed(db, kind="evaluate")) == 2
    assert claims.waiting(db) == [first.id, asked.id, other.id, second.id]
    assert {run.id for run in shelf.listed(db, project.id)} == {first.id, second.id}
    assert shelf.counts(db, project.id) == (2, 0)
