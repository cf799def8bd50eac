"""A run that was stopped goes on; its best checkpoint stays, and one that gets no better ends early."""

import shutil
from pathlib import Path

import pytest
import tiny_model
from small_runs import LONG, begin, wait
from small_runs import model as model

from core.errors import StudioError
from core.jobs import local, queue
from core.store import evaluations, metrics, runs
from core.training import checkpoints


def times(db, id):
    """When the loss of each step was written."""
    return db.conn.execute("SELECT step, time FROM metrics WHERE run = ? AND name = 'loss'", (id,)).fetchall()


def test_a_stopped_run_goes_on_from_its_last_step_and_keeps_what_it_had(settings, db, project, model):
    run = begin(settings, project, model, **LONG)
    wait(settings, run.id, lambda run: run.step >= 10)
    queue.stop(settings, run.id)
    stopped = wait(settings, run.id, lambda run: run.ended)
    before = evaluations.find(db, run.id, "before").id
    learned = dict(times(db, run.id))
    queue.resume(settings, run.id)
    ended = wait(settings, run.id, lambda run: run.ended)
    assert (ended.state, ended.step, ended.attempt) == ("finished", ended.steps, 2)
    words = local.log_file(settings, run.id).read_text()
    assert f"Going on from step {stopped.step}." in words, "within an epoch too"
    assert learned.items() <= dict(times(db, run.id)).items(), "no step is done again"
    assert evaluations.find(db, run.id, "before").id == before, "the untouched model is not asked again"
    assert ended.train_seconds > stopped.train_seconds
    assert [(one.attempt, one.state) for one in runs.attempts(db, run.id)] == [
        (1, "cancelled"),
        (2, "finished"),
    ]
    with pytest.raises(StudioError, match="nothing to resume"):
        queue.resume(settings, run.id)


def test_a_run_does_not_go_on_over_other_weights_or_none(settings, db, project, model, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(model, place)
    run = begin(settings, project, str(place), **LONG)
    wait(settings, run.id, lambda run: run.step >= 2)
    queue.stop(settings, run.id)
    wait(settings, run.id, lambda run: run.ended)
    weights = place / "model.safetensors"
    other = tiny_model.make(tmp_path / "other", seed=8) / "model.safetensors"
    for change, words in (
        (lambda: shutil.copyfile(other, weights), "was changed on the disk"),
        (weights.unlink, "weights"),
        (lambda: shutil.rmtree(place), "copy"),
    ):
        change()
        queue.resume(settings, run.id)
        failed = wait(settings, run.id, lambda run: run.ended)
        assert failed.state == "failed" and words in str(failed.error) and failed.error["hint"], failed.error
    shutil.copytree(model, place)
    queue.resume(settings, run.id)
    assert wait(settings, run.id, lambda run: run.ended).state == "finished", "and nothing was lost meanwhile"


def test_the_best_checkpoint_stays_and_can_be_made_a_run_of_its_own(settings, db, project, model):
    run = begin(settings, project, model, epochs=6, learning_rate=1e-2)
    run = wait(settings, run.id, lambda run: run.ended)
    right = {m.step: m.value for m in metrics.listed(db, run.id, ("right_tool",)) if m.step}
    best = max(right, key=lambda step: (right[step], step))
    kept = checkpoints.listed(local.checkpoints_of(settings, run.id))
    assert [(one.step, one.resumable) for one in kept] == [(best, False)]
    with pytest.raises(StudioError, match="no checkpoint of step 999"):
        queue.take_checkpoint(settings, run.id, 999)
    taken = queue.take_checkpoint(settings, run.id, best)
    taken = wait(settings, taken.id, lambda run: run.ended)
    assert (taken.state, taken.name, taken.steps) == ("finished", f"Run 1, step {best}", 0), taken.error
    untouched = [evaluations.find(db, one.id, "before").summary for one in (run, taken)]
    assert untouched[0] == untouched[1]
    from safetensors.torch import load_file

    made = load_file(Path(taken.folder) / "model.safetensors")
    weights = load_file(kept[0].folder / "model.safetensors")
    trained = set(weights) - {"model.embed_tokens.words", "lm_head.words"}
    assert trained and all(made[name].equal(weights[name]) for name in trained)


def test_a_training_that_gets_no_better_stops_early_with_the_best_weights(settings, db, project, model):
    """So small a rate changes nothing, so the first epoch stays the best."""
    run = begin(settings, project, model, epochs=50, learning_rate=1e-7, patience=2, watch="right_tool")
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "finished" and run.step == 3 * 2, "one epoch, and two that were no better"
    assert run.step < run.steps


def test_a_training_that_stopped_early_has_the_weights_of_its_best_epoch(settings, db, project, model):
    """So large a rate makes the loss on the test examples grow sooner or later."""
    run = begin(
        settings,
        project,
        model,
        epochs=60,
        learning_rate=1e-2,
        vocabulary="all",
        patience=2,
        watch="eval_loss",
    )
    run = wait(settings, run.id, lambda run: run.ended)
    losses = {m.step: m.value for m in metrics.listed(db, run.id, ("eval_loss",))}
    best = min(losses, key=lambda step: (losses[step], -step))
    assert run.state == "finished" and run.step == best + 2 * 2 < run.steps
    from safetensors.torch import load_file

    kept = load_file(local.checkpoints_of(settings, run.id) / f"checkpoint-{best}" / "model.safetensors")
    made = load_file(Path(run.folder) / "model.safetensors")
    assert all(made[name].equal(kept[name]) for name in kept)
