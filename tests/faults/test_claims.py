"""A run is started once, whoever races for it; a worker that was given up on writes nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core import processes
from core.jobs import local
from core.store import claims, immediate, metrics, projects, runs

HERE = Path(__file__).parent
RUNS, PROCESSES = 1000, 32


def queued(db, project, count: int = 1) -> list[runs.Run]:
    snapshot = projects.freeze(db, project.id).hash
    return [runs.create(db, project.id, "starter", {}, snapshot) for _ in range(count)]


def test_of_a_thousand_runs_none_is_claimed_twice(settings, db, project, faults, record_property):
    count = RUNS * faults
    queued(db, project, count)
    command = [sys.executable, str(HERE / "claimers.py"), str(settings.home), str(PROCESSES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    took = [run for taken in json.loads(done.stdout) for run, attempt in taken]
    assert Counter(took).most_common(1)[0][1] == 1 and len(took) == count
    local.reconcile(db, settings)
    states = Counter(run.state for run in runs.listed(db))
    assert states["finished"] + states["interrupted"] == count and states["interrupted"] > 0
    record_property(
        "counts",
        f"{count} runs, {PROCESSES} processes at once: {len(took)} claims, 0 twice, "
        f"{states['finished']} finished, {states['interrupted']} claimers died and were seen",
    )


@pytest.fixture
def writer(settings, db, project):
    """A worker at work, in a process of its own."""
    [run] = queued(db, project)
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]; import writers; from core.settings import Settings;"
        "writers.write(Settings.load(sys.argv[3]), sys.argv[4], 1, 1)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(HERE), str(HERE.parents[1]), str(settings.home), run.id],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not metrics.listed(db, run.id) and time.monotonic() < deadline:
        time.sleep(0.02)
    yield runs.find(db, run.id), process
    process.kill()
    process.wait()
    process.stderr.close()


def test_a_paused_worker_is_shown_as_stalled_and_fenced_when_it_comes_back(
    settings, db, writer, monkeypatch, faults, record_property
):
    monkeypatch.setattr(local, "STALLED_SECONDS", 1)
    run, process = writer
    watch = local.Watch()
    assert not watch.stalled(run)
    with immediate(db):  # not while it writes, or nobody else could
        os.kill(process.pid, signal.SIGSTOP)
    time.sleep(0.2)
    run = runs.find(db, run.id)
    watch.stalled(run)
    time.sleep(1.2)
    assert watch.stalled(runs.find(db, run.id))
    local.reconcile(db, settings)
    assert runs.find(db, run.id).working, "a live process is not declared dead"
    # Given up on, and another attempt begins.
    runs.end(db, run.id, run.attempt, "interrupted")
    claims.resume(db, run.id)
    again = claims.claim(db, run.id)
    assert again.attempt == run.attempt + 1
    before = metrics.listed(db, run.id)
    os.kill(process.pid, signal.SIGCONT)
    assert process.wait(30) != 0 and b"Fenced" in process.stderr.read()
    assert metrics.listed(db, run.id) == before, "nothing of the old attempt came after"
    record_property(
        "counts",
        "SIGSTOP longer than the limit: shown as stalled, not as dead; fenced when it came back, 0 rows written",
    )


def test_ending_at_once_ends_a_paused_process_too(settings, db, writer, monkeypatch):
    monkeypatch.setattr(processes, "END_SECONDS", 1)
    run, process = writer
    os.kill(process.pid, signal.SIGSTOP)
    local.end_now(settings, run.id)
    assert not run.owner.alive
    assert runs.find(db, run.id).state == "interrupted"
    assert claims.resume(db, run.id).state == "queued"


def test_forged_pids_boots_and_hosts_fool_nobody(settings, db, project, faults, record_property):
    me = processes.this()
    forged = {
        "the pid of a stranger": replace(me, started=me.started - 60),
        "a pid that is gone": replace(me, pid=2**22 - 1),
        "before a reboot": replace(me, boot="another"),
    }
    for owner in forged.values():
        [run] = queued(db, project)
        claims.claim(db, run.id)
        runs.own(db, run.id, 1, owner)
        local.reconcile(db, settings)
        assert runs.find(db, run.id).state == "interrupted"
    for owner in (me, replace(me, host="another computer", pid=2**22 - 1)):
        [run] = queued(db, project)
        claims.claim(db, run.id)
        runs.own(db, run.id, 1, owner)
        db.conn.execute("UPDATE runs SET heartbeat = '1999-01-01T00:00:00+00:00'")  # clocks say nothing
        local.reconcile(db, settings)
        assert runs.find(db, run.id).working
        runs.end(db, run.id, 1, "cancelled")
    record_property(
        "counts", f"{len(forged)} forged owners seen as gone, 2 living or out of sight left alone"
    )
