"""Evaluations and every prediction they were counted from."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlite_utils import Database

from core.schema.call import dumps
from core.store.database import immediate, now

Phase = Literal["before", "after", "alone"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model answered to one example, and how that was judged."""

    example: int  # id of the example in the snapshot
    prompt: str
    expected: list[dict[str, Any]]  # calls as {"name", "arguments"}; empty where none must be made
    text: str  # as produced, with its control tokens
    calls: list[dict[str, Any]]
    verdict: str  # one of core.evaluation.score.VERDICTS
    right: bool
    exact: bool
    reason: str = ""  # why the text could not be read, where it could not
    tokens: int = 0
    ladder: dict[str, Any] = field(default_factory=dict)  # core.evaluation.ladder.Ladder as JSON
    seconds: float = 0.0  # where rows are asked together, its part of the time

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Evaluation:
    id: int
    run: str | None
    phase: Phase
    model: str
    snapshot: str
    split: str
    summary: dict[str, Any]
    job: str | None = None  # the run that asked, of an evaluation that was asked for
    variant: str = ""  # how the rows were changed, one of core.evaluation.robustness.variants.VARIANTS


COLUMNS = "id, run, phase, model, snapshot, split, summary, job, variant"


def save(
    db: Database,
    *,
    run: str | None,
    phase: Phase,
    model: str,
    snapshot: str,
    split: str,
    summary: dict[str, Any],
    predictions: list[Prediction],
    job: str | None = None,
    variant: str = "",
) -> int:
    """Keep an evaluation with its predictions, in the place of an earlier one of the same run and phase.

    One that was asked for has a `job` instead of a run, and is in the place of an earlier one of the same variant.
    """
    with immediate(db):
        db.conn.execute(
            "DELETE FROM evaluations WHERE (run = ? AND phase = ?) OR (job = ? AND variant = ?)",
            (run, phase, job, variant),
        )
        id = (
            db.conn.execute(
                "INSERT INTO evaluations (run, phase, model, snapshot, split, summary, created, job, variant) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (run, phase, model, snapshot, split, dumps(summary), now(), job, variant),
            ).lastrowid
            or 0
        )
        db.conn.executemany(
            "INSERT INTO predictions VALUES (?, ?, ?)",
            [(id, p.example, dumps(p.to_json())) for p in predictions],
        )
    return id


def copy(db: Database, run: str, other: str, phase: Phase) -> None:
    """Give `other` the evaluation of a run, where there is one: of the same model on the same examples."""
    found = find(db, run, phase)
    if found is None:
        return
    with immediate(db):
        save(
            db,
            run=other,
            phase=phase,
            model=found.model,
            snapshot=found.snapshot,
            split=found.split,
            summary=found.summary,
            predictions=predictions(db, found.id),
        )


def find(db: Database, run: str, phase: Phase) -> Evaluation | None:
    sql = f"SELECT {COLUMNS} FROM evaluations WHERE run = ? AND phase = ?"
    row = db.conn.execute(sql, (run, phase)).fetchone()
    return _of_row(row) if row else None


def of_job(db: Database, job: str) -> dict[str, Evaluation]:
    """What an evaluation that was asked for has asked so far, by variant in the order of asking."""
    sql = f"SELECT {COLUMNS} FROM evaluations WHERE job = ? ORDER BY id"
    return {found.variant: found for found in map(_of_row, db.conn.execute(sql, (job,)))}


def _of_row(row: tuple[Any, ...]) -> Evaluation:
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    return Evaluation(**{**values, "summary": json.loads(values["summary"])})


def summaries(db: Database, ids: Sequence[str]) -> dict[tuple[str, Phase], dict[str, Any]]:
    """What the evaluations of these runs counted, by run and phase, where there are any."""
    rows = db.conn.execute(
        "SELECT run, phase, summary FROM evaluations WHERE run IN (SELECT value FROM json_each(?))",
        (dumps(ids),),
    )
    return {(run, phase): json.loads(summary) for run, phase, summary in rows}


def predictions(db: Database, evaluation: int) -> list[Prediction]:
    """The predictions of an evaluation in the order of the examples."""
    rows = db.conn.execute(
        "SELECT record FROM predictions WHERE evaluation = ? ORDER BY example", (evaluation,)
    )
    return [Prediction(**json.loads(record)) for (record,) in rows]
