"""Metrics of runs: one narrow row for each name and step, written before the step counts as logged."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from core.schema.call import dumps
from core.store import runs
from core.store.database import immediate, now

MOST_POINTS = 256  # of one line in a chart


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
    return [Metric(step, name, _number(value, nonfinite)) for step, name, value, nonfinite in rows]


def _number(value: float | None, nonfinite: str | None) -> float:
    return value if value is not None else float(nonfinite or "nan")


def thinned(db: Database, run: str, names: Sequence[str], most: int = MOST_POINTS) -> list[Metric]:
    """Metrics of a run for a chart, by step: of each name at most about `most` points.

    Every second, fourth, eighth row is kept and so on, so that a line that grows keeps its points. The last point and
    the first one that is not finite are always there.
    """
    return sorted(
        (metric for name in dict.fromkeys(names) for metric in _thinned(db, run, name, most)),
        key=lambda metric: (metric.step, metric.name),
    )


def _thinned(db: Database, run: str, name: str, most: int) -> Iterator[Metric]:
    at = (run, name)
    n, last, broken = db.conn.execute(
        "SELECT count(*), max(step), min(CASE WHEN value IS NULL THEN step END) "
        "FROM metrics WHERE run = ? AND name = ?",
        at,
    ).fetchone()
    stride = 1
    while n / stride > most:
        stride *= 2
    rows = db.conn.execute(
        "WITH placed AS (SELECT step, value, nonfinite, row_number() OVER (ORDER BY step) - 1 AS place "
        "FROM metrics WHERE run = ? AND name = ?) "
        "SELECT step, value, nonfinite FROM placed WHERE place % ? = 0 OR step IN (?, ?)",
        (*at, stride, last, broken),
    )
    return (Metric(step, name, _number(value, nonfinite)) for step, value, nonfinite in rows)


def last(db: Database, ids: Sequence[str], names: Sequence[str]) -> dict[tuple[str, str], float]:
    """The newest value of each of these metrics of each of these runs, by run and name."""
    rows = db.conn.execute(
        "SELECT m.run, m.name, m.value, m.nonfinite "
        "FROM json_each(?) AS one CROSS JOIN json_each(?) AS noun CROSS JOIN metrics AS m "
        "WHERE m.run = one.value AND m.name = noun.value "
        "AND m.step = (SELECT max(step) FROM metrics WHERE run = one.value AND name = noun.value)",
        (dumps(ids), dumps(names)),
    )
    return {(run, name): _number(value, nonfinite) for run, name, value, nonfinite in rows}


def as_csv(db: Database, run: str) -> str:
    """All metrics of a run as CSV text: step, name, value. What is not finite is written as nan or inf."""
    lines = [f"{metric.step},{metric.name},{metric.value!r}\n" for metric in listed(db, run)]
    return "".join(["step,name,value\n", *lines])
