"""Who was asked which rows: the evaluations of a project with the runs they belong to, to compare any two of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from core.store import runs
from core.store.evaluations import Phase
from core.store.runs import Run

MOST = 200  # of the newest ones, where all of a project are listed


@dataclass(frozen=True, slots=True)
class Asked:
    """One evaluation: a model against the rows of one split of a snapshot.

    `run` is the training it belongs to, or the evaluation that was asked for; none where the command line asked.
    """

    id: int
    run: Run | None
    phase: Phase
    model: str
    snapshot: str
    split: str
    variant: str  # how the rows were changed; "" where they were not
    summary: dict[str, Any]
    created: str
    trained: Run | None = None  # the training whose model or checkpoint was asked for by hand


_FOUND = (
    "SELECT e.id, coalesce(e.run, e.job), e.phase, e.model, e.snapshot, e.split, e.variant, e.summary, e.created "
    "FROM evaluations AS e LEFT JOIN runs AS r ON r.id = coalesce(e.run, e.job) "
    # One from the command line belongs to no run: it is of each project that has a run on these very examples.
    "WHERE r.deleted IS NULL AND (r.project = ? OR (coalesce(e.run, e.job) IS NULL "
    "AND e.snapshot IN (SELECT snapshot FROM runs WHERE project = ? AND deleted IS NULL)))"
)


def listed(db: Database, project: str, most: int = MOST) -> list[Asked]:
    """The evaluations of a project on rows that were not changed, the newest first."""
    sql = f"{_FOUND} AND e.variant = '' ORDER BY e.id DESC LIMIT ?"
    return [_of_row(db, row) for row in db.conn.execute(sql, (project, project, most)).fetchall()]


def find(db: Database, project: str, id: int) -> Asked | None:
    """One evaluation of a project, also one on changed rows; None where it is not there or of another project."""
    row = db.conn.execute(f"{_FOUND} AND e.id = ?", (project, project, id)).fetchone()
    return _of_row(db, row) if row else None


def of_run(db: Database, run: Run) -> tuple[Asked | None, Asked | None]:
    """What stands on the left and on the right of a run: before and after, or nothing and what was asked for."""
    sql = "SELECT id, phase FROM evaluations WHERE run = ? OR (job = ? AND variant = '') ORDER BY created DESC, id DESC"
    ids: dict[str, int] = {}
    for id, phase in db.conn.execute(sql, (run.id, run.id)):
        ids.setdefault(phase, id)
    after = ids.get("after", ids.get("alone"))
    return tuple(find(db, run.project, id) if id else None for id in (ids.get("before"), after))  # type: ignore[return-value]


def siblings(found: Sequence[Asked], one: Asked) -> list[Asked]:
    """Those that differ from `one` by the seed of their training alone, itself among them, the oldest first."""
    if one.run is None or one.run.kind != "train":
        return [one]
    alike = [
        other
        for other in found
        if other.run
        and other.run.kind == "train"
        and (other.phase, other.snapshot, other.split, other.variant)
        == (one.phase, one.snapshot, one.split, one.variant)
        and other.run.model == one.run.model
        and other.run.source is None
        and _seedless(other.run) == _seedless(one.run)
    ]
    return sorted(alike, key=lambda other: other.id) if one in alike else [one]


def _seedless(run: Run) -> dict[str, Any]:
    return {name: value for name, value in run.recipe.items() if name != "seed"}


def _of_row(db: Database, row: tuple[Any, ...]) -> Asked:
    id, run, phase, model, snapshot, split, variant, summary, created = row
    owner = runs.find_or_none(db, run) if run else None
    trained = runs.find_or_none(db, model.partition("/")[0]) if phase == "alone" else None
    return Asked(id, owner, phase, model, snapshot, split, variant, json.loads(summary), created, trained)
