"""A checkpoint counts while every byte of it is as it was written; the best and the latest stay."""

import json
import random

import pytest

from core.training import checkpoints

FILES = ("model.safetensors", "optimizer.pt", "rng_state.pth", "scheduler.pt", "trainer_state.json")


def write(folder, step: int, *, marked: bool = True):
    place = folder / f"checkpoint-{step}"
    place.mkdir(parents=True)
    for name in FILES:
        (place / name).write_bytes(random.Random(f"{name} {step}").randbytes(1000))
    if marked:
        checkpoints.complete(place)
    return place


def steps(folder) -> list[int]:
    return [one.step for one in checkpoints.listed(folder)]


def test_without_its_mark_it_is_none(tmp_path):
    write(tmp_path, 4)
    write(tmp_path, 8, marked=False)
    assert steps(tmp_path) == [4] and checkpoints.newest(tmp_path).step == 4


def test_of_two_digits_and_three_the_larger_number_is_newer(tmp_path):
    for step in (9, 100, 20):
        write(tmp_path, step)
    assert steps(tmp_path) == [9, 20, 100] and checkpoints.newest(tmp_path).step == 100


def damages():
    def cut(file):
        file.write_bytes(file.read_bytes()[:-1])

    def empty(file):
        file.write_bytes(b"")

    def change(file):
        file.write_bytes(b"\0" + file.read_bytes()[1:])

    return {"removed": lambda file: file.unlink(), "cut": cut, "emptied": empty, "changed": change}


@pytest.mark.parametrize("damage", damages())
@pytest.mark.parametrize("name", [*FILES, checkpoints.MARK])
def test_a_damaged_file_makes_it_the_turn_of_the_one_before(tmp_path, name, damage):
    write(tmp_path, 4)
    newer = write(tmp_path, 8)
    assert checkpoints.newest(tmp_path).step == 8
    damages()[damage](newer / name)
    assert checkpoints.newest(tmp_path).step == 4


def test_nothing_whole_is_nothing(tmp_path):
    assert checkpoints.newest(tmp_path) is None
    (write(tmp_path, 4) / "optimizer.pt").unlink()
    assert checkpoints.newest(tmp_path) is None


def test_the_latest_stay_whole_and_the_best_keep_their_weights(tmp_path):
    for step in (4, 8, 12, 16, 20):
        write(tmp_path, step)
    write(tmp_path, 24, marked=False)
    checkpoints.tidy(tmp_path, best=1, score={4: 1.0, 8: 9.0, 12: 9.0, 16: 2.0, 20: 3.0})
    assert [(one.step, one.resumable) for one in checkpoints.listed(tmp_path)] == [
        (12, False),  # of equals the later
        (16, True),
        (20, True),
    ]
    assert (
        not (tmp_path / "checkpoint-24").exists() and not (tmp_path / "checkpoint-12/optimizer.pt").exists()
    )
    assert checkpoints.intact(tmp_path / "checkpoint-12"), "the mark names what is left"
    assert json.loads((tmp_path / "checkpoint-12" / checkpoints.MARK).read_text())["files"].keys() == {
        "model.safetensors",
        "trainer_state.json",
    }
    assert checkpoints.newest(tmp_path).step == 20


def test_when_a_run_is_over_only_the_best_stay(tmp_path):
    for step in (4, 8, 12):
        write(tmp_path, step)
    checkpoints.tidy(tmp_path, best=1, score={4: 1.0, 8: 9.0, 12: 3.0}, latest=0)
    assert [(one.step, one.resumable) for one in checkpoints.listed(tmp_path)] == [(8, False)]
    checkpoints.tidy(tmp_path, best=0, score={8: 9.0}, latest=0)
    assert steps(tmp_path) == []


def test_checkpoints_that_take_long_are_left_out_until_they_are_a_tenth_of_the_time(tmp_path, monkeypatch):
    """A clock of the test's own: an epoch takes ten seconds and a checkpoint four."""
    from types import SimpleNamespace

    from transformers import TrainerControl

    def kept(sparing: bool) -> list[int]:
        clock, saved = [1000.0], []
        monkeypatch.setattr(checkpoints.time, "monotonic", lambda: clock[0])
        follow = checkpoints.keeping(1, lambda folder: None, print, sparing=sparing)
        (tmp_path / str(sparing)).mkdir()
        args = SimpleNamespace(output_dir=str(tmp_path / str(sparing)))
        model = SimpleNamespace(parameters=list)
        for epoch in range(1, 13):
            clock[0] += 10
            state = SimpleNamespace(epoch=float(epoch), global_step=epoch, is_world_process_zero=True)
            control = TrainerControl(should_training_stop=epoch == 12)
            follow.on_epoch_end(args, state, control, model=model)
            clock[0] += 3
            follow.on_evaluate(args, state, control, model=model)  # which is no part of the checkpoint
            if control.should_save:
                clock[0] += 4
                write(tmp_path / str(sparing), epoch, marked=False)
                follow.on_save(args, state, control)
                saved.append(epoch)
        assert steps(tmp_path / str(sparing)) == saved, "each with its mark"
        return saved

    assert kept(sparing=False) == list(range(1, 13))
    assert kept(sparing=True) == [1, 5, 9, 12], "40 seconds apart, and the last"


def test_a_disk_that_fills_while_the_test_rows_are_asked_gets_no_half_checkpoint(tmp_path, monkeypatch):
    from types import SimpleNamespace

    import torch
    from transformers import TrainerControl

    free, said = [10_000], []
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free[0]))
    follow = checkpoints.keeping(1, lambda folder: None, said.append, sparing=False)
    args, state = SimpleNamespace(output_dir=str(tmp_path)), SimpleNamespace(epoch=1.0)
    model, control = torch.nn.Linear(10, 10), TrainerControl()
    follow.on_epoch_end(args, state, control, model=model)
    assert control.should_save and not said
    free[0] = 100
    follow.on_evaluate(args, state, control, model=model)
    assert not control.should_save and said == [checkpoints.size(model)]
