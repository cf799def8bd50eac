"""Metrics read for charts, lists and files: thinned with stable strides, the newest ones, as CSV."""

import csv
import io
import math
from itertools import pairwise

import pytest

from core.store import claims, metrics, projects, runs


@pytest.fixture
def run(db, project) -> runs.Run:
    made = runs.create(db, project.id, "starter", {"epochs": 1}, projects.freeze(db, project.id).hash)
    return claims.claim(db, made.id)


def write(db, run: runs.Run, name: str, values: dict[int, float]) -> None:
    for step, value in values.items():
        metrics.add(db, run.id, run.attempt, step, {name: value})


def steps_of(found: list[metrics.Metric], name: str) -> list[int]:
    return [one.step for one in found if one.name == name]


def test_a_short_line_is_read_whole(db, run):
    write(db, run, "loss", {step: 1 / step for step in range(1, 17)})
    assert metrics.thinned(db, run.id, ("loss",), 16) == metrics.listed(db, run.id, ("loss",))


@pytest.mark.parametrize("n", [17, 32, 33, 100, 257])
def test_a_long_line_keeps_its_ends_and_few_points(db, run, n):
    write(db, run, "loss", {7 * step: float(step) for step in range(1, n + 1)})
    found = metrics.thinned(db, run.id, ("loss",), 16)
    steps = steps_of(found, "loss")
    assert (steps[0], steps[-1]) == (7, 7 * n) and len(steps) <= 17
    assert steps == sorted(steps) and all(one.value == one.step / 7 for one in found)


def test_a_line_that_grows_keeps_its_points(db, run):
    kept: list[set[int]] = []
    for step in range(1, 130):
        write(db, run, "loss", {step: 1.0})
        kept.append(set(steps_of(metrics.thinned(db, run.id, ("loss",), 16), "loss")) - {step})
    went = [step for step, (before, after) in enumerate(pairwise(kept), 2) if not after >= before]
    assert went == [17, 33, 65, 129], "points go only where the stride doubles"


def test_each_line_has_a_stride_of_its_own(db, run):
    write(db, run, "loss", {step: 1.0 for step in range(1, 101)})
    write(db, run, "eval_loss", {step: 2.0 for step in range(20, 101, 20)})
    found = metrics.thinned(db, run.id, ("loss", "eval_loss"), 16)
    assert steps_of(found, "eval_loss") == [20, 40, 60, 80, 100]
    assert [one.step for one in found] == sorted(one.step for one in found)


def test_the_first_broken_number_is_never_thinned_away(db, run):
    write(db, run, "loss", {step: 1.0 if step < 38 else math.nan for step in range(1, 101)})
    found = metrics.thinned(db, run.id, ("loss",), 16)
    assert min(one.step for one in found if math.isnan(one.value)) == 38


def test_the_newest_values_of_many_runs_come_at_once(db, project, run):
    write(db, run, "loss", {1: 3.0, 2: 2.0, 10: math.inf})
    write(db, run, "eval_loss", {2: 1.5})
    other = runs.create(db, project.id, "starter", {}, run.snapshot)
    found = metrics.last(db, [run.id, other.id, "nowhere"], ["loss", "eval_loss"])
    assert found == {(run.id, "loss"): math.inf, (run.id, "eval_loss"): 1.5}


def test_a_file_has_every_metric(db, run):
    write(db, run, "loss", {1: 0.1 + 0.2, 2: math.nan})
    write(db, run, "right_tool", {2: 14.0})
    rows = list(csv.DictReader(io.StringIO(metrics.as_csv(db, run.id))))
    assert [(row["step"], row["name"]) for row in rows] == [("1", "loss"), ("2", "loss"), ("2", "right_tool")]
    assert float(rows[0]["value"]) == 0.1 + 0.2 and rows[1]["value"] == "nan"
