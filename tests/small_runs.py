"""Runs of a tiny model in processes of their own, begun and waited for."""

import time

import pytest
import tiny_model

from core.jobs import local, queue
from core.store import open_store, runs
from core.training.recipe import RunConfig


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp("tiny") / "model"))


def wait(settings, id, until, seconds=120, pause=0.1):
    """The run once `until(run)` holds; fails the test where it does not come to that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        local.advance(settings)
        with open_store(settings) as db:
            run = runs.find(db, id)
        if until(run):
            return run
        time.sleep(pause)
    pytest.fail(f"{run}\n{local.log_file(settings, id).read_text()[-3000:]}")


def begin(settings, project, model, **values):
    config = RunConfig(**{"epochs": 2, "batch_size": 2, "dtype": "float32", **values})
    return queue.enqueue(settings, project.id, model, config)


LONG = {"epochs": 100, "batch_size": 1}
