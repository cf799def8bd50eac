"""Metrics of runs: one narrow row for each name and step, written before the step counts as logged."""

import math
from dataclasses import dataclass

from sqlite_utils import Database

from core.store import runs
from core.store.database import immediate, now


@dataclass(frozen=True, slots=True)
class Metric:
    step: int
    name: str
    value: float  # may be nan or inf: a diverged loss must be seen


def add(db: Database, run: str, attempt: int, at: int, values: dict[str, float], **report: object) -> None:
    """Write the metrics at one step, and the progress of the run with them, in one transaction. Raises Fenced."""
    rows = [
        (
            run,
            name,
            at,
            value if math.isfinite(value) else None,
            None if math.isfinite(value) else str(value),
            now(),
        )
        for name, value in values.items()
    ]
    with immediate(db):
        runs.report(db, run, attempt, **report)
        db.conn.executemany("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)


def listed(db: Database, run: str, names: tuple[str, ...] = ()) -> list[Metric]:
    """Metrics of a run by step, of some names or of all."""
    chosen = f" AND name IN ({', '.join('?' * len(names))})" if names else ""
    rows = db.conn.execute(
        f"SELECT step, name, value, nonfinite FROM metrics WHERE run = ?{chosen} ORDER BY step, name",
        (run, *names),
    )
    return [
        Metric(step, name, float(nonfinite) if value is None else value)
        for step, name, value, nonfinite in rows
    ]
