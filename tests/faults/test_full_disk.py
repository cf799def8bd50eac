"""A small disk that is full: each kind of write fails with a sentence, and nothing that was saved is lost."""

import json
import os
import subprocess
from itertools import count

import pytest

from core.errors import StudioError
from core.schema import Example, read_tool
from core.settings import Settings
from core.store import (
    changes,
    claims,
    evaluations,
    findings,
    immediate,
    metrics,
    open_store,
    projects,
    runs,
    tool_edits,
)
from core.store.evaluations import Prediction

LONG = "x" * 30_000
MEGABYTES = 6


@pytest.fixture
def small_disk(tmp_path):
    """A home on a disk of its own of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"mounting a small disk is not allowed here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _tool(n: int):
    return read_tool({"name": f"tool_{n}", "description": LONG, "parameters": {"type": "object"}})[0]


def _prediction(n: int) -> Prediction:
    return Prediction(n, LONG, [], "", [], "no_call", False, False)


class _Writes:
    """Each kind of write that the store offers, each as large as what it writes can be."""

    def __init__(self, project: str, snapshot: str):
        self.project, self.snapshot = project, snapshot
        self.numbers, self.checks = count(1), count(1)

    def project_made(self, db) -> None:
        projects.create(db, f"project {next(self.numbers)}")

    def tool_saved(self, db) -> None:
        projects.save_tool(db, self.project, _tool(next(self.numbers)))

    def tool_edited(self, db) -> None:
        tool_edits.save(db, self.project, _tool(next(self.numbers)), None, {}, {}, "a tool")

    def examples_added(self, db) -> None:
        projects.add_examples(db, self.project, [Example.single(f"{next(self.numbers)} {LONG}")])

    def change_recorded(self, db) -> None:
        with changes.recorded(db, self.project, "examples"):
            projects.add_examples(db, self.project, [Example.single(f"{next(self.numbers)} {LONG}")])

    def snapshot_frozen(self, db) -> None:
        with immediate(db):
            projects.add_examples(db, self.project, [Example.single(f"{next(self.numbers)}")])
            projects.freeze(db, self.project)

    def run_queued(self, db) -> None:
        runs.create(db, self.project, LONG, {}, self.snapshot)

    def metrics_written(self, db) -> None:
        with immediate(db):
            run = claims.claim(db, runs.create(db, self.project, "m", {}, self.snapshot).id)
            values = {f"metric {n}": float(n) for n in range(300)}
            metrics.add(db, run.id, run.attempt, next(self.numbers), values, step=1)
            runs.end(db, run.id, run.attempt, "finished")

    def evaluation_saved(self, db) -> None:
        evaluations.save(
            db, run=None, phase="alone", model="m", snapshot=self.snapshot, split="test", summary={},
            predictions=[_prediction(next(self.numbers))],
        )  # fmt: skip

    def findings_saved(self, db) -> None:
        n = next(self.checks)  # each takes the place of the one before, so each is longer
        findings.save(db, self.project, n, [{"words": LONG * n}])


KINDS = [name for name in vars(_Writes) if not name.startswith("_")]


def _all_rows(settings) -> str:
    """All that the store holds, as text."""
    with open_store(settings) as db:
        return json.dumps({name: [list(row) for row in db.conn.execute(f"SELECT * FROM {name}")]
                           for name in sorted(db.table_names())}, default=str)  # fmt: skip


def test_each_kind_of_write_fails_with_a_sentence_and_loses_nothing(small_disk, record_property):
    settings = Settings.load(small_disk / "home")
    with open_store(settings) as db:
        project = projects.create(db, "kept").id
        writes = _Writes(project, projects.freeze(db, project).hash)
    acknowledged = 0
    for kind in KINDS:
        write = getattr(writes, kind)
        filler = small_disk / "filler"
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(b"\0" * max(0, free - 90_000))
        saved = _all_rows(settings)
        with pytest.raises(StudioError, match=r"The disk is full\.") as caught:
            while True:
                with open_store(settings) as db:
                    write(db)
                acknowledged += 1
                saved = _all_rows(settings)
        assert "Free some space" in caught.value.hint
        assert _all_rows(settings) == saved, f"{kind}: all that was saved can be read while the disk is full"
        filler.unlink()
        with open_store(settings) as db:
            write(db)
            assert db.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            db.conn.execute("DELETE FROM examples")
            db.conn.execute("DELETE FROM tools")
            db.conn.execute("DELETE FROM runs")
            db.conn.execute("DELETE FROM evaluations")
            db.conn.execute("VACUUM")
    record_property(
        "counts", f"{len(KINDS)} kinds of writes failed once each, {acknowledged} before them are all there"
    )


def test_what_is_saved_can_be_read_when_nothing_at_all_is_free(small_disk):
    settings = Settings.load(small_disk / "home")
    with open_store(settings) as db:
        projects.create(db, "kept")
    with (small_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="space"):
        while True:
            filler.write(b"\0" * 512)
    with open_store(settings) as db:
        assert [one.name for one in projects.listed(db)] == ["kept"]
    with pytest.raises(StudioError, match="disk is full"), open_store(settings) as db:
        projects.create(db, "lost")
