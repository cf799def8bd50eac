"""What a worker was told to be written stays written, whenever it is killed."""

import json
import subprocess
import sys
from pathlib import Path

from core.store import metrics, projects, runs

WRITERS = Path(__file__).with_name("writers.py")
KILLS = 200


def test_no_acknowledged_row_is_lost_when_writers_are_killed(settings, db, project, faults, record_property):
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    count = KILLS * faults
    command = [sys.executable, str(WRITERS), str(settings.home), run.id, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    told = {step for writer in json.loads(done.stdout) for step in writer}
    kept = {m.step: m.value for m in metrics.listed(db, run.id, ("loss",))}
    assert len(told) > count, "they wrote more than a row each"
    assert told <= kept.keys() and all(value == step / 2 for step, value in kept.items())
    assert sorted(kept) == list(range(1, max(kept) + 1)), "no gaps"
    assert {m.step for m in metrics.listed(db, run.id, ("grad_norm",))} == kept.keys(), "no half of a step"
    assert db.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    ends = runs.attempts(db, run.id)
    assert {one.state for one in ends} == {"interrupted"}
    record_property(
        "counts",
        f"{count} kills, {len(told)} rows acknowledged, {len(told - kept.keys())} lost, {len(ends)} attempts",
    )
