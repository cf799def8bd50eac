"""Imports in two steps: read into a spool and shown, then taken or forgotten."""

import csv
import json
import os
import time

import pytest

from core.errors import StudioError
from core.importers import open_examples, read_examples, staging
from core.importers.outcome import ColumnsUnclear, Kept
from core.importers.reading import Options
from core.schema import read_tool
from core.store import changes, projects
from tests.core.importers.test_row_tools import row, tool

FLAT = {"user_content": "our menu?", "tool_name": "search_docs", "tool_arguments": {"query": "menu"}}


@pytest.fixture
def file(tmp_path):
    """Writes JSON rows to a file and returns its path."""

    def write(*rows: dict):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


def stage(settings, project, path, **options):
    return staging.stage(settings, project, path, path.name, Options(**options))


def test_what_is_staged_can_be_looked_at_and_nothing_is_in_the_project_yet(settings, db, project, file):
    wrong = {**FLAT, "tool_name": "search_all"}
    known = {**FLAT, "user_content": "our VPN?", "split": "test"}
    staged = stage(settings, project.id, file(FLAT, wrong, known, {"user_content": "hi", "reply": "Hello."}))
    assert (staged.rows, staged.kept, staged.examples, staged.rejected) == (4, 3, 3, 1)
    assert staged.counts == {"search_docs": {"train": 1, "test": 1}, "": {"train": 1, "test": 0}}
    assert staged.already == 1, "our VPN? is a test row of the project"
    assert [e.prompt for e in staged.first_examples] == ["our menu?", "our VPN?", "hi"]
    assert [(r.row, r.reason) for r in staged.first_rejects] == [(2, "The tool search_all does not exist.")]
    assert {c.name: c.meaning for c in staged.columns}["tool_arguments"] == "tool_arguments"
    assert staged.columns[0].cells[0] == "our menu?" and staged.format == "rows"
    assert staging.staged(settings, staged.id) == staged
    assert projects.count_examples(db, project.id) == 5


def test_taking_adds_exactly_what_reading_gives(settings, db, project, file):
    path = file(
        FLAT, {**FLAT, "user_content": "é", "split": "test"}, {"user_content": "hi", "reply": "Hello."}
    )
    staged = stage(settings, project.id, path)
    taken = staging.take(settings, staged.id, project.id)
    other = projects.create(db, "other").id
    read = read_examples(path.read_bytes(), path.name, projects.tools(db, project.id)).examples
    projects.add_examples(db, other, read)
    sql = "SELECT split, prompt, tool, record FROM examples WHERE project = ? ORDER BY id"
    rows = [list(db.conn.execute(sql, (id,))) for id in (project.id, other)]
    assert rows[0][5:] == rows[1] and (taken.added, taken.tools_added) == (3, 0)
    ids = [e.id for e in projects.examples(db, project.id)][5:]
    assert ids == list(range(taken.first_id, taken.last_id + 1))


def test_an_import_is_taken_once_and_gone_then(settings, db, project, file):
    staged = stage(settings, project.id, file(FLAT))
    staging.take(settings, staged.id, project.id)
    with pytest.raises(StudioError, match="no longer there"):
        staging.take(settings, staged.id, project.id)
    assert projects.count_examples(db, project.id) == 6
    assert list((settings.home / "imports").iterdir()) == []


def test_tools_of_the_rows_are_taken_too_and_one_undo_takes_all_back(settings, db, project, file):
    staged = stage(settings, project.id, file(row(tool()), row(tool())))
    assert [t.name for t in staged.found_tools] == ["search"]
    taken = staging.take(settings, staged.id, project.id)
    assert (taken.added, taken.tools_added) == (2, 1)
    assert changes.last(db, project.id).what == "Import of rows.jsonl"
    changes.undo(db, project.id)
    assert len(projects.tools(db, project.id)) == 2 and projects.count_examples(db, project.id) == 5


def test_a_tool_that_was_changed_in_the_meantime_stops_the_taking(settings, db, project, file):
    staged = stage(settings, project.id, file(row(tool())))
    mine, _ = read_tool({"name": "search"})
    projects.save_tool(db, project.id, mine)
    with pytest.raises(StudioError, match="search was changed"):
        staging.take(settings, staged.id, project.id)
    assert projects.count_examples(db, project.id) == 5
    assert staging.staged(settings, staged.id), "it can be looked at still"


def test_every_reject_is_kept_and_written_without_formulas(settings, project, file):
    wrong = [{**FLAT, "user_content": "=1+1", "tool_name": f"=cmd|{n}"} for n in range(300)]
    path = file(FLAT, *wrong)
    path.write_text(path.read_text() + "-1\n")
    staged = stage(settings, project.id, path)
    assert (staged.rejected, len(staged.first_rejects)) == (301, 200)
    assert len(staging.all_rejects(settings, staged.id)) == 301
    with staging.rejects_csv(settings, staged.id).open(encoding="utf-8-sig", newline="") as written:
        rows = list(csv.reader(written))
    assert rows[0] == ["row", "reason", "text"] and [r[0] for r in rows[1:]] == [
        str(n) for n in range(2, 303)
    ]
    assert rows[-1][2] == "'-1"
    staging.discard(settings, staged.id)
    assert list((settings.home / "imports").iterdir()) == []


@pytest.mark.parametrize("id", ["", "../x", "0" * 15, "0" * 17, "G" * 16, "0" * 16 + "\n", "/etc/passwd"])
def test_only_our_own_ids_are_paths(settings, id):
    for ask in (staging.staged, staging.discard, staging.rejects_csv, staging.all_rejects):
        with pytest.raises(StudioError, match="no such import"):
            ask(settings, id)
    with pytest.raises(StudioError, match="no such import"):
        staging.take(settings, id, "x")


def test_an_id_that_is_gone_is_said_to_be(settings):
    with pytest.raises(StudioError, match="no longer there"):
        staging.staged(settings, "0" * 16)


def test_old_imports_are_removed_and_new_ones_kept(settings, project, file):
    old, new = (stage(settings, project.id, file(FLAT)).id for _ in range(2))
    yesterday = time.time() - 25 * 3600
    os.utime(settings.home / "imports" / f"{old}.db", (yesterday, yesterday))
    stage(settings, project.id, file(FLAT))
    left = {path.stem for path in (settings.home / "imports").iterdir()}
    assert old not in left and new in left


def test_reading_can_be_stopped_and_leaves_nothing(settings, project, file):
    seen = []
    with pytest.raises(staging.Cancelled):
        staging.stage(
            settings, project.id, file(*[FLAT] * 6000), "rows.jsonl",
            on_progress=lambda share, rows: seen.append((share, rows)),
            cancelled=lambda: len(seen) == 2,
        )  # fmt: skip
    assert [rows for _, rows in seen] == [2000, 4000] and 0 < seen[0][0] < seen[1][0] <= 1
    assert list((settings.home / "imports").iterdir()) == []


def test_a_file_that_cannot_be_used_leaves_nothing_and_names_its_columns(settings, project, file):
    with pytest.raises(ColumnsUnclear) as caught:
        stage(settings, project.id, file({"frage": "wo?", "wert": "x"}))
    assert [(c.name, c.cells) for c in caught.value.columns] == [("frage", ("wo?",)), ("wert", ("x",))]
    assert not list((settings.home / "imports").glob("*"))


def test_dividing_moves_only_what_is_staged(settings, db, project, file):
    rows = [{**FLAT, "user_content": f"question number {n}"} for n in range(10)]
    staged = stage(settings, project.id, file(*rows))
    divided = staging.divide(settings, staged.id, project.id, 0.5, 0)
    assert divided.counts == {"search_docs": {"train": 5, "test": 5}}
    assert staging.staged(settings, staged.id) == divided
    staging.take(settings, staged.id, project.id)
    assert projects.count_examples(db, project.id, split="test") == 7
    assert all(
        e.split == now for now in ("train", "test") for e in projects.examples(db, project.id, split=now)
    )


def test_a_file_may_be_staged_for_a_project_that_is_not_there_yet(settings, db, file):
    mine, _ = read_tool({"name": "other"})
    staged = staging.stage(settings, None, file(FLAT), "rows.jsonl", tools=[mine])
    assert staged.first_rejects[0].reason == "The tool search_docs does not exist."


def test_a_file_is_read_without_being_loaded_whole(tmp_path):
    path = tmp_path / "rows.jsonl"
    with path.open("w") as out:
        for n in range(20_000):
            out.write(json.dumps({**FLAT, "user_content": f"question {n} " + "x" * 500}) + "\n")
    reading = open_examples(path, path.name, [])
    shares = []
    for n, outcome in enumerate(reading):
        assert isinstance(outcome, Kept) and outcome.row == n + 1
        shares.append(reading.fraction)
    assert shares[1000] < 0.1 and abs(shares[10_000] - 0.5) < 0.02 and shares[-1] == 1
