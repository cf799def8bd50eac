"""A full disk and too little memory: a sentence, nothing kept is lost, and the run goes on once there is room."""

import contextlib
import os
import resource
import shutil
import subprocess
import time

import psutil
import pytest
import tiny_model
from small_runs import wait

from core.jobs import failures, local, queue
from core.settings import Settings
from core.store import metrics, open_store, projects, runs
from core.training import checkpoints
from core.training.recipe import RunConfig

MORE = 1 << 30  # bytes above what a tiny training needs: the larger model can be loaded, and not be trained


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 40 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def copied(settings: Settings, home) -> Settings:
    """The store of `settings` with its project, elsewhere."""
    other = Settings.load(home)
    other.home.mkdir(parents=True)
    with open_store(settings) as db:
        db.conn.execute("VACUUM INTO ?", (str(other.database),))
    return other


def filled(disk, leave: int):
    """A file that takes all but `leave` bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(disk).free - leave)))
    return ballast


def filled_up(disk):
    """A file that takes the last byte, whoever else writes meanwhile."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 16)):
            pass
    return ballast


def filled_between_checkpoints(disk, folder, worker: psutil.Process):
    """A file that leaves half of what a checkpoint takes, made while none is being written."""
    for _ in range(500):
        worker.suspend()
        try:
            whole = checkpoints.listed(folder)
            if whole and len(whole) == len(list(folder.glob("checkpoint-*"))):
                needed = sum(file.stat().st_size for file in whole[-1].folder.iterdir())
                return filled(disk, needed // 2)
        finally:
            worker.resume()
        time.sleep(0.01)
    pytest.fail("a checkpoint was being written each time")


def test_a_disk_that_fills_while_a_run_trains(
    settings, db, project, small_disk, tmp_path, faults, record_property
):
    model = str(tiny_model.make(tmp_path / "tiny"))
    there = copied(settings, small_disk / "home")
    config = RunConfig(epochs=100, batch_size=1, dtype="float32")
    run = queue.enqueue(there, project.id, model, config)
    folder = local.checkpoints_of(there, run.id)
    wait(there, run.id, lambda run: checkpoints.listed(folder), pause=0.02)
    # Metrics still fit, a checkpoint does not.
    worker = psutil.Process(wait(there, run.id, lambda run: run.pid).pid)
    ballast = filled_between_checkpoints(small_disk, folder, worker)
    seen = wait(there, run.id, lambda run: "without a checkpoint" in run.doing or run.ended)
    assert seen.working and "lacks" in seen.doing
    # Now nothing fits.
    ballast.unlink()
    ballast = filled_up(small_disk)
    with open_store(there) as opened:
        before = {(m.step, m.name): m.value for m in metrics.listed(opened, run.id)}
    deadline = time.monotonic() + 60
    while seen.owner.alive and time.monotonic() < deadline:
        time.sleep(0.1)
    with open_store(there) as opened:  # can be read still
        now = {(m.step, m.name): m.value for m in metrics.listed(opened, run.id)}
    assert not seen.owner.alive and before.items() <= now.items()
    before = now
    ballast.unlink()
    dead = wait(there, run.id, lambda run: run.ended)
    assert dead.state == "failed" and "disk is full" in dead.error["message"] and dead.error["hint"]
    newest = checkpoints.newest(folder)
    assert newest
    queue.resume(there, run.id)
    again = wait(there, run.id, lambda run: run.ended)
    assert again.state == "finished" and again.step == again.steps
    with open_store(there) as opened:
        kept = {(m.step, m.name): m.value for m in metrics.listed(opened, run.id)}
        assert opened.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert before.keys() <= kept.keys()
    record_property(
        "counts",
        f"checkpoint without room: told, training went on; then no byte free: {dead.state}, {len(before)} metric rows "
        f"kept, 0 lost; with room again resumed from step {newest.step} to the end",
    )


def test_too_little_memory_is_a_sentence_with_a_remedy(
    settings, db, project, tmp_path, faults, record_property
):
    """The worker may not have more address space than a tiny training needs."""
    config = RunConfig(epochs=30, batch_size=2, dtype="float32")
    run = queue.enqueue(settings, project.id, str(tiny_model.make(tmp_path / "tiny")), config)
    most = 0
    while not wait(settings, run.id, lambda run: True).ended:
        try:
            most = max(
                most, psutil.Process(wait(settings, run.id, lambda run: run.pid).pid).memory_info().vms
            )
        except psutil.NoSuchProcess:
            continue
        time.sleep(0.05)
    large = str(tiny_model.make(tmp_path / "large", width=1536, layers=6))
    run = queue.enqueue(settings, project.id, large, config)
    resource.prlimit(runs.find(db, run.id).pid, resource.RLIMIT_AS, (most + MORE, most + MORE))
    run = wait(settings, run.id, lambda run: run.ended)
    assert run.state == "failed" and run.error["where"] == failures.MEMORY, run.error
    assert "not enough memory" in run.error["message"] and run.error["hint"]
    field, mended = failures.remedy(run.error["where"], RunConfig.from_json(run.recipe))
    assert (field, mended.rows_at_once) == ("rows_at_once", 1)
    with open_store(settings) as opened:
        assert projects.examples(opened, project.id), "the rest of the studio goes on"
    record_property(
        "counts", f"address space of a tiny training + 1 GB: {run.error['message']} Remedy: {field}"
    )
