"""Checkpoints: what a training can go on from, each with a mark that says it is whole.

A process may be killed while it writes one, and a disk may lose part of it later. So a checkpoint counts only with its
mark, a file written last that names every other file with its size and sha256, and only while these still agree.
"""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import disk

MARK = "complete.json"
SHARE = 0.1  # of the time of a training for its checkpoints, where they take longer than SHORT
SHORT = 0.5  # seconds
LATEST = 2  # kept to go on from: the one before the newest too, should the newest be damaged
FOR_GOING_ON = ("optimizer.pt", "scheduler.pt", "rng_state*.pth", "scaler.pt")
_NAME = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint; `resumable` while it holds the optimizer too, else its weights alone."""

    step: int
    folder: Path
    resumable: bool


def listed(folder: Path) -> list[Checkpoint]:
    """The checkpoints in `folder` that have their mark, the oldest first; their files are not read."""
    found = []
    for place in folder.glob("checkpoint-*"):
        name = _NAME.fullmatch(place.name)
        mark = _mark(place)
        if name and mark:
            found.append(Checkpoint(int(name[1]), place, mark["resumable"]))
    return sorted(found, key=lambda one: one.step)


def newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that a training can go on from, every byte of it checked; None where there is none."""
    whole = (one for one in reversed(listed(folder)) if one.resumable and intact(one.folder))
    return next(whole, None)


def intact(place: Path) -> bool:
    """Whether all files that the mark names are there as they were written."""
    mark = _mark(place)
    return bool(mark) and all(
        (place / name).is_file() and _state(place / name) == tuple(state)
        for name, state in mark["files"].items()
    )


def complete(place: Path, resumable: bool = True) -> None:
    """Mark a checkpoint whose files are all written: they are on the disk before the mark is."""
    files = sorted(file for file in place.iterdir() if file.name != MARK and file.is_file())
    for file in files:
        disk.sync(file)
    states = {file.name: _state(file) for file in files}
    _write_mark(place, {"resumable": resumable, "files": states})


def strip(place: Path) -> None:
    """Keep the weights of a checkpoint and drop what only going on needs."""
    mark = _mark(place)
    dropped = {file.name for pattern in FOR_GOING_ON for file in place.glob(pattern)}
    files = {name: state for name, state in mark["files"].items() if name not in dropped}
    _write_mark(place, {"resumable": False, "files": files})
    for name in dropped:
        (place / name).unlink()


def tidy(folder: Path, best: int, score: Mapping[int, float], latest: int = LATEST) -> None:
    """Keep the `latest` checkpoints whole and of the `best` ones by `score` (of a step) the weights; remove the rest.

    Of equal scores the later one is better. What was never completed goes too.
    """
    all_here = listed(folder)
    going_on = {one.step for one in all_here[len(all_here) - latest :]}
    scored = sorted(
        (one for one in all_here if one.step in score), key=lambda one: (score[one.step], one.step)
    )
    good = {one.step for one in scored[len(scored) - best :]}
    kept = {one.folder for one in all_here if one.step in going_on | good}
    for place in folder.glob("checkpoint-*"):
        if place not in kept:
            (place / MARK).unlink(missing_ok=True)  # first: half of it shall not count as whole
            shutil.rmtree(place)
    for one in all_here:
        if one.step in good - going_on and one.resumable:
            strip(one.folder)


def keeping(
    every: int, keep: Callable[[Path], None], lacking: Callable[[int], None], *, sparing: bool
) -> Any:
    """A TrainerCallback that saves a checkpoint after each `every` epochs and when the training ends.

    `keep` gets the folder of all checkpoints after each, to tidy it. Where the disk has no room for one, none is
    written and `lacking` gets the bytes that it needs. With `sparing`, those that take long are left out as often as is
    needed for all of them to take no more than SHARE of the time.
    """
    from transformers import TrainerCallback

    class Keeping(TrainerCallback):
        def __init__(self) -> None:
            self.last = self.begun = 0.0  # when the last one was there, and when this one was begun
            self.took = 0.0

        def on_epoch_end(self, args, state, control, model=None, **kwargs):
            """Also called where a training is stopped within an epoch."""
            due = round(state.epoch) % every == 0 and self.pays()
            control.should_save = (due or control.should_training_stop) and self.has_room(args, model)
            self.begun = time.monotonic()

        def on_evaluate(self, args, state, control, model=None, **kwargs):
            """Comes between the end of the epoch and the saving, and may take so long that the disk is full by then."""
            control.should_save = control.should_save and self.has_room(args, model)
            self.begun = time.monotonic()

        def pays(self) -> bool:
            since = time.monotonic() - self.last
            return not sparing or self.took < SHORT or self.took < SHARE * since

        def has_room(self, args, model) -> bool:
            needed = size(model)
            if shutil.disk_usage(args.output_dir).free >= needed:
                return True
            lacking(needed)
            return False

        def on_save(self, args, state, control, **kwargs):
            if state.is_world_process_zero:
                folder = Path(args.output_dir)
                complete(folder / f"checkpoint-{state.global_step}")
                keep(folder)
            self.last = time.monotonic()
            self.took = self.last - self.begun

    return Keeping()


def size(model: Any) -> int:
    """Bytes of a checkpoint: the weights that are trained, and twice as much for the optimizer; a tenth to spare."""
    trained = sum(one.numel() * one.element_size() for one in model.parameters() if one.requires_grad)
    return int(3.3 * trained)


def _mark(place: Path) -> dict[str, Any]:
    """What the mark says; empty where there is none that can be read."""
    try:
        return json.loads((place / MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _write_mark(place: Path, mark: dict[str, Any]) -> None:
    partial = place / (MARK + ".partial")
    partial.write_text(json.dumps(mark), encoding="utf-8")
    disk.sync(partial)
    partial.replace(place / MARK)
    for folder in (place, place.parent):
        disk.sync(folder)


def _state(file: Path) -> tuple[int, str]:
    with file.open("rb") as read:
        return file.stat().st_size, hashlib.file_digest(read, "sha256").hexdigest()
