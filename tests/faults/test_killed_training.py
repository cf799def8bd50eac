"""Workers killed at any moment: what they logged is there, and going on ends with the same weights, bit for bit."""

import os
import random
import signal
import time
from pathlib import Path

from small_runs import model as model
from small_runs import wait

from core.jobs import local, queue
from core.store import metrics, open_store, runs
from core.training import checkpoints
from core.training.recipe import RunConfig

KILLS = 20
CONFIG = RunConfig(epochs=40, batch_size=2, dtype="float32", learning_rate=1e-3, average=3)


def times(db, id):
    """When the loss of each step was written."""
    return db.conn.execute("SELECT step, time FROM metrics WHERE run = ? AND name = 'loss'", (id,)).fetchall()


def test_a_training_that_is_killed_again_and_again_ends_with_the_same_weights(
    settings, project, model, faults, record_property
):
    chance = random.Random(5)
    whole = queue.enqueue(settings, project.id, model, CONFIG)
    whole = wait(settings, whole.id, lambda run: run.ended)
    assert whole.state == "finished"

    run = queue.enqueue(settings, project.id, model, CONFIG)
    logged: dict[tuple[int, str], float] = {}
    steps = sorted(chance.sample(range(1, whole.steps), KILLS * faults))
    could = reached_before = 0
    learned: dict[int, str] = {}
    for number, step in enumerate(steps, 1):
        seen = wait(
            settings,
            run.id,
            lambda run, step=step: run.state == "training" and run.step >= step,
            pause=0.01,
        )
        time.sleep(chance.random() * 0.02)
        os.kill(seen.pid, signal.SIGKILL)
        with open_store(settings) as db:
            now = {(one.step, one.name): one.value for one in metrics.listed(db, run.id)}
        assert logged.items() <= now.items(), "what was logged once stays as it was"
        logged = now
        begun = time.monotonic()
        dead = wait(settings, run.id, lambda run: run.ended, 30)
        assert dead.state == "interrupted" and time.monotonic() - begun < 30
        reached = max(step for step, name in now if name == "loss")
        assert sorted(step for step, name in now if name == "loss") == list(range(1, reached + 1))
        with open_store(settings) as db:
            done_again = {step for step, time in times(db, run.id) if learned.get(step, time) != time}
            learned = dict(times(db, run.id))
        assert all(step > reached_before for step in done_again), "what a checkpoint holds is not done again"
        newest = checkpoints.newest(local.checkpoints_of(settings, run.id))
        reached_before = newest.step if newest else 0
        could += newest is not None
        queue.resume(settings, run.id)
        with open_store(settings) as db:
            assert len(runs.attempts(db, run.id)) == number
    ended = wait(settings, run.id, lambda run: run.ended)
    assert ended.state == "finished" and ended.attempt == len(steps) + 1
    words = local.log_file(settings, run.id).read_text()
    went_back = words.count("Going on from step")
    with open_store(settings) as db:
        assert metrics.listed(db, run.id) == metrics.listed(db, whole.id), "every point of every curve"
    name = "model.safetensors"
    assert (Path(ended.folder) / name).read_bytes() == (Path(whole.folder) / name).read_bytes()
    record_property(
        "counts",
        f"{len(steps)} kills, {went_back} resumed from a checkpoint, {len(logged)} metric rows kept, 0 lost",
    )
    # The others came before the first checkpoint was whole, or were killed before they could say so.
    assert len(steps) // 2 < went_back <= could
