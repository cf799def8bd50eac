"""The start of a run: what was checked once is not checked again, and nothing else changes by that."""

import time
from pathlib import Path

import pytest
import tiny_model

from core.errors import StudioError
from core.jobs import local, queue
from core.models import seen
from core.prompt import light, row_cache
from core.prompt.gate import check
from core.schema import Example, ToolCall
from core.store import metrics, open_store, projects, runs
from core.training.recipe import RunConfig

AGAIN = "The examples were checked before."


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp("tiny") / "model"))


def trained(settings, project, model, **values):
    """A run that has ended, its log and its losses."""
    config = RunConfig(**{"epochs": 1, "batch_size": 2, "dtype": "float32", **values})
    run = queue.enqueue(settings, project.id, model, config)
    return ended(settings, run)


def ended(settings, run):
    deadline = time.monotonic() + 120
    while not run.ended and time.monotonic() < deadline:
        time.sleep(0.1)
        local.advance(settings)
        with open_store(settings) as db:
            run = runs.find(db, run.id)
    with open_store(settings) as db:
        found = [m.value for m in metrics.listed(db, run.id, ("loss", "eval_loss"))]
    return run, local.log_file(settings, run.id).read_text(), found


def test_a_second_run_takes_the_rows_of_the_first_and_learns_the_same(settings, db, project, model):
    snapshot = projects.freeze(db, project.id).hash
    assert not seen.all_known_good(settings, snapshot, model, 2048)
    first, told, losses = trained(settings, project, model)
    assert first.state == "finished", told
    assert "Checking the examples" in told and AGAIN not in told
    assert told.count("First step after ") == 1
    second, told, again = trained(settings, project, model)
    assert second.state == "finished" and AGAIN in told and "Checking the examples" not in told
    assert losses and again == losses

    assert seen.all_known_good(settings, snapshot, model, 2048)
    assert not seen.all_known_good(settings, snapshot, model, 64)
    config = RunConfig(max_length=64, dtype="float32")
    with pytest.raises(StudioError, match="the limit is 64"):
        queue.enqueue(settings, project.id, model, config)
    lower, told, _ = ended(settings, runs.create(db, project.id, model, config.to_json(), snapshot))
    assert lower.state == "failed" and "the limit is 64" in lower.error["message"]

    projects.add_examples(db, project.id, [Example.single("more", ToolCall("search_web", {"query": "more"}))])
    assert not seen.all_known_good(settings, projects.freeze(db, project.id).hash, model, 2048)


def test_what_was_refused_is_not_kept(settings, db, project, model):
    snapshot = projects.freeze(db, project.id).hash
    recipe = RunConfig(max_length=64, dtype="float32").to_json()
    run, _, _ = ended(settings, runs.create(db, project.id, model, recipe, snapshot))
    assert run.state == "failed" and "the limit is 64" in run.error["message"]
    assert not seen.all_known_good(settings, snapshot, model, 10**6)


def test_a_run_does_without_a_folder_for_what_it_would_keep(settings, project, model):
    settings.home.mkdir(exist_ok=True)
    (settings.home / "cache").write_text("a file where the folder would be")
    run, told, _ = trained(settings, project, model)
    assert run.state == "finished" and "could not be kept" in told


def test_a_stop_is_heard_although_nothing_is_left_to_check(settings, db, project, model):
    test = projects.examples(db, project.id, split="test")
    projects.delete_examples(db, project.id, [example.id for example in test])
    snapshot = projects.freeze(db, project.id)
    tokenizer, family = light.load(Path(model))
    rows = check(snapshot.tools, snapshot.examples, family, tokenizer).rows
    row_cache.write(settings, row_cache.key_of(snapshot.hash, Path(model)), rows)

    recipe = RunConfig(epochs=1, dtype="float32").to_json()
    run = runs.create(db, project.id, model, recipe, snapshot.hash)
    local.advance(settings)
    runs.request_stop(db, run.id)
    run, told, losses = ended(settings, run)
    assert AGAIN in told and run.state == "cancelled" and losses == [] and run.folder is None
