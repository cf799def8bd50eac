"""Runs named, archived, deleted, brought back, moved and measured from the command line."""

import csv
import json
import math

import pytest

from core.__main__ import main
from core.store import claims, metrics, projects, runs, shelf


@pytest.fixture
def made(db, project) -> list[runs.Run]:
    """Three runs: one that has measured something and is finished, two that wait."""
    snapshot = projects.freeze(db, project.id).hash
    made = [runs.create(db, project.id, "starter", {"epochs": 1}, snapshot) for _ in range(3)]
    claimed = claims.claim(db, made[0].id)
    metrics.add(db, claimed.id, 1, 1, {"loss": 0.5, "eval_loss": math.nan})
    runs.end(db, claimed.id, 1, "finished")
    return made


@pytest.fixture
def say(settings, capsys):
    """The object that a verb answers, or its error."""

    def say(*words, code=0):
        assert main([*map(str, words), "--json", "--home", str(settings.home)]) == code
        return json.loads(capsys.readouterr().out)

    return say


def test_a_run_gets_a_name_and_keeps_its_note(db, say, made):
    id = made[0].id
    assert say("rename", id, "Short", "--note", "why") == {"run": id, "name": "Short", "note": "why"}
    assert say("rename", id, "Shorter")["note"] == "why"
    assert say("rename", id, "", "--note", "")["name"] == "Run 1"
    assert "longer than 60" in say("rename", id, "x" * 61, code=1)["error"]["message"]


def test_a_run_goes_to_the_archive_and_comes_back(db, say, made, project):
    say("archive", made[0].id)
    assert shelf.counts(db, project.id) == (2, 1)
    say("restore", made[0].id)
    assert shelf.counts(db, project.id) == (3, 0)


def test_a_deleted_run_comes_back_until_its_files_are_removed(db, settings, say, made):
    id = made[0].id
    folder = settings.run_folder(id)
    folder.mkdir(parents=True)
    assert say("delete", id) == {"run": id, "gone": False}
    assert runs.find(db, id).deleted and folder.exists()
    assert say("restore", id)["state"] == "finished"
    assert not runs.find(db, id).deleted
    assert say("delete", id, "--now")["gone"]
    assert runs.find_or_none(db, id) is None and not folder.exists()
    assert "no run" in say("restore", id, code=1)["error"]["message"]


def test_a_run_at_work_is_neither_archived_nor_deleted(db, say, made):
    claims.claim(db, made[1].id)
    for verb in ("archive", "delete"):
        assert "Stop it first" in say(verb, made[1].id, code=1)["error"]["hint"]
    assert not runs.find(db, made[1].id).stop_requested


def test_a_waiting_run_is_moved(db, say, made):
    assert say("move", made[2].id, "-1")["queue"] == [made[2].id, made[1].id]
    assert say("move", made[2].id, 5)["queue"] == [made[1].id, made[2].id]
    assert "does not wait" in say("move", made[0].id, 1, code=1)["error"]["message"]


def test_metrics_are_written_as_a_table(say, made, tmp_path):
    file = tmp_path / "metrics.csv"
    assert say("metrics", made[0].id, "--out", file) == {"run": made[0].id, "rows": 2, "file": str(file)}
    rows = list(csv.reader(file.open()))
    assert rows == [["step", "name", "value"], ["1", "eval_loss", "nan"], ["1", "loss", "0.5"]]
    nowhere = tmp_path / "nowhere" / "metrics.csv"
    assert say("metrics", made[0].id, "--out", nowhere, code=1)["error"]["where"] == str(nowhere)
