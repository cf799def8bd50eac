"""Damaged databases: never anything but a sentence or a repaired store, and what lies on whole pages comes back."""

import random
import shutil
from collections import Counter

import pytest

from core.errors import StudioError
from core.settings import Settings
from core.store import backups, evaluations, metrics, open_store, projects, repair, runs
from tests.faults import damage, filling

CASES = 45  # of each other kind of damage
HURT = 100  # files with flipped bytes, and so many that end too early


@pytest.fixture(scope="module")
def places(filled):
    return damage.row_pages(filled)


def _use(settings) -> None:
    """Read all that the page reads."""
    with open_store(settings) as db:
        for project in projects.listed(db):
            projects.tools(db, project.id)
            projects.examples(db, project.id)
            for run in runs.listed(db, project.id):
                metrics.listed(db, run.id)
                found = evaluations.find(db, run.id, "after")
                if found:
                    evaluations.predictions(db, found.id)
                    projects.snapshot(db, found.snapshot)
        projects.create(db, "written after the damage")


def _write_down(settings) -> str:
    """What becomes of a damaged home: the check, then use; "repaired", "unseen" (by the check) or "refused"."""
    repaired = repair.check(settings)
    assert repair.check(settings) is None, "a repaired database is whole"
    try:
        _use(settings)
    except StudioError:
        return "refused"
    return "repaired" if repaired else "unseen"


def _rows(path) -> dict:
    found = filling.content(path)
    found["projects"] = {row for row in found["projects"] if row[1] != "written after the damage"}
    return found


@pytest.mark.parametrize(
    ("kind", "cases"),
    [(damage.flip, HURT), (damage.truncate, HURT), (damage.zero_a_page, CASES)],
    ids=["flip", "truncate", "zero_a_page"],
)
def test_what_lies_on_whole_pages_comes_back(kind, cases, filled, places, tmp_path, faults, record_property):
    before = filling.content(filled)
    seen, back, safe = Counter(), 0, 0
    for case in range(cases * faults):
        settings = Settings.load(tmp_path / str(case))
        path = filling.copy(filled, settings.home)
        kind(path, random.Random(case))
        hurt = damage.damaged_pages(filled, path)
        end = _write_down(settings)
        after = _rows(path)
        seen[end if after != before or end != "unseen" else "unseen, nothing lost"] += 1
        for table, rows in places.items():
            whole = {row for row, on in rows.items() if not on & hurt}
            safe += len(whole)
            back += len(whole & after[table])
        shutil.rmtree(settings.home)
    record_property(
        "counts", f"{_told(seen)}; {back} of {safe} rows on whole pages came back ({back / safe:.2%})"
    )
    assert back >= 0.99 * safe
    assert not seen["refused"]


def test_a_log_that_is_damaged_or_of_another_file_costs_no_row_of_the_file(
    filled, tmp_path, faults, record_property
):
    own = damage.with_log(filled, tmp_path / "own")
    filling.make(tmp_path / "stranger.db", len(filling.names()), rows=300, seed=5)
    stranger = damage.with_log(tmp_path / "stranger.db", tmp_path / "strange")
    later = damage.grown(own, tmp_path / "later")
    file, with_log, grown = (
        filling.content(filling.copy(path, tmp_path / f"content {n}"))
        for n, path in enumerate((filled, own, later))
    )
    logs = {
        "without shared memory": own,
        "flipped": own,
        "of another file": stranger,
        "of an older state": own,
    }
    seen = Counter()
    for case in range(CASES * faults // 4):
        for kind, log in logs.items():
            settings = Settings.load(tmp_path / f"{kind} {case}")
            path = filling.copy(later if kind == "of an older state" else own, settings.home)
            shutil.copyfile(f"{log}-wal", f"{path}-wal")
            if kind != "without shared memory":
                shutil.copyfile(f"{log}-shm", f"{path}-shm")
            if kind == "flipped":
                damage.flip(path.with_name(path.name + "-wal"), random.Random(case))
            end = _write_down(settings)
            seen[f"log {kind}: {end}"] += 1
            assert end != "refused"
            after = _rows(path)
            match kind:
                case "without shared memory":
                    assert after == with_log
                case (
                    "flipped"
                ):  # what the log did not change is there, and what it changed in one form or the other
                    assert all(rows & with_log[table] <= after[table] for table, rows in file.items())
                case "of another file" if end == "repaired":
                    assert all(rows <= after[table] for table, rows in file.items())
                case "of an older state" if end == "repaired":
                    assert after == grown
            shutil.rmtree(settings.home)
    record_property("counts", _told(seen))


def test_what_a_backup_with_a_hash_adds(filled, tmp_path, faults, record_property):
    """Half of the files have a good backup; the backups are damaged too, and none that is hurt is ever used."""
    before = filling.content(filled)
    total = sum(map(len, before.values()))
    back = {"with": 0, "without": 0}
    refused = 0
    for case in range(CASES * faults // 2):
        settings = Settings.load(tmp_path / str(case))
        path = filling.copy(filled, settings.home)
        copy = backups.make(settings)
        if case % 2:
            damage.flip(copy, random.Random(case))
            refused += backups.newest(settings) is None
        damage.flip(path, random.Random(case))
        damage.zero_a_page(path, random.Random(case))
        repair.check(settings)
        after = _rows(path)
        back["without" if case % 2 else "with"] += sum(
            len(rows & after[table]) for table, rows in before.items()
        )
        shutil.rmtree(settings.home)
    half = CASES * faults // 4
    share = {how: n / half / total for how, n in back.items()}
    record_property(
        "counts",
        f"{refused} of {half} damaged backups refused; rows as they were: {share['with']:.2%} with a backup, "
        f"{share['without']:.2%} without",
    )
    assert refused == half
    assert share["with"] > share["without"]
    assert share["with"] > 0.995


def _told(seen: Counter) -> str:
    return ", ".join(f"{n} {kind}" for kind, n in sorted(seen.items()))
