"""Results to take away: a table for a spreadsheet, everything for programs, one page to show to others."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import Environment, StrictUndefined
from sqlite_utils import Database

from core.evaluation import report as reports
from core.evaluation import statistics, wording
from core.evaluation.comparison import Pair, Transitions
from core.evaluation.marks import GOOD, marked
from core.evaluation.report import MEASURES, RIGHT, Measure, Report
from core.importers.staging import harmless
from core.schema import Example
from core.schema.call import dumps
from core.store import frozen
from core.store.evaluations import Prediction

Kind = Literal["csv", "jsonl", "html"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TEMPLATE = Path(__file__).with_name("results.jinja")
CHANGES = ("fixed", "broke", "still_wrong", "still_right")
ANSWER = ("answer", "verdict", "right_tool", "right_call", "reason", "tokens", "seconds", "text")


def text(db: Database, report: Report, kind: Kind, names: tuple[str, str], title: str) -> str:
    """The rows of a report that both sides answered, in the form asked for; `names` are those of the sides."""
    if kind == "csv":
        return as_csv(report)
    ids = [pair.example for pair in report.both]
    talks = frozen.examples(db, report.right.snapshot, ids)
    return as_jsonl(report, talks) if kind == "jsonl" else as_html(report, talks, names, title)


def as_csv(report: Report) -> str:
    """A line for each row, with a mark of its encoding for spreadsheets, and no cell that they take for a formula."""
    sides = ("before", "after") if report.left else ("after",)
    written = io.StringIO()
    table = csv.writer(written)
    changes = MEASURES if report.left else ()
    table.writerow(
        [
            *("example", "prompt", "expected"),
            *(f"change_{measure}" for measure in changes),
            *(f"{side}_{name}" for side in sides for name in ANSWER),
        ]
    )
    for pair in report.both:
        cells = [pair.example, pair.either.prompt, dumps(pair.either.expected)]
        cells += [_change(pair, measure) for measure in changes]
        for side in sides:
            cells += _cells(getattr(pair, side))
        table.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return "\ufeff" + written.getvalue()


def _cells(one: Prediction) -> list[Any]:
    right = (int(RIGHT[measure](one)) for measure in MEASURES)
    return [dumps(one.calls), one.verdict, *right, one.reason, one.tokens, one.seconds, one.text]


def _change(pair: Pair, measure: Measure) -> str | None:
    """What became of a row; None where one side was not asked."""
    if not pair.before or not pair.after:
        return None
    before, after = (RIGHT[measure](one) for one in (pair.before, pair.after))
    return ("still_right" if after else "broke") if before else "fixed" if after else "still_wrong"


def as_jsonl(report: Report, talks: Mapping[int, Example]) -> str:
    """An object for each row: `before` and `after` are whole predictions, `turns` the conversation up to the answer."""
    lines = [
        {
            "example": pair.example,
            "prompt": pair.either.prompt,
            "turns": [turn.to_json() for turn in talks[pair.example].turns] if pair.example in talks else [],
            "expected": pair.either.expected,
            "before": pair.before.to_json() if pair.before else None,
            "after": pair.after.to_json() if pair.after else None,
            **{f"change_{measure}": _change(pair, measure) for measure in MEASURES},
        }
        for pair in report.both
    ]
    return "".join(dumps(line) + "\n" for line in lines)


def as_html(report: Report, talks: Mapping[int, Example], names: tuple[str, str], title: str) -> str:
    """One page that needs nothing else and runs nothing: numbers, intervals, matrix, all rows."""
    environment = Environment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )  # fmt: skip
    environment.filters["value"] = lambda value: value if isinstance(value, str) else dumps(value)
    sides = [("left", names[0], report.left), ("right", names[1], report.right)]
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(
        title=title,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        report=report,
        sides=[side for side in sides if side[2]],
        measures=[(measure, _numbers(report, measure)) for measure in MEASURES],
        talks=talks,
        marked=marked,
        change=_change,
        good=GOOD,
        accepted=round(100 * wording.ACCEPTED),
        interval=_interval,
        count_rows=lambda ids: len(set(ids)),
    )


def _numbers(report: Report, measure: Measure) -> dict[str, Any]:
    """What is said of one measure; "better" and "worse" only where the exact p is below 0.05."""
    n = len(report.both)
    counts = {side: len(report.right_ids(side, measure)) for side in ("left", "right")}
    changed = report.changed(measure)
    return {
        "n": n,
        "counts": counts,
        "changed": changed if report.left else None,
        "luck": _luck(changed),
    }


def _interval(right: int, n: int) -> str:
    low, high = statistics.wilson(right, n)
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def _luck(changed: Transitions) -> str:
    if changed.verdict != "open":
        return f"Luck alone would do this less than once in {reports.tries(changed.p):,} tries."
    return (
        f"About {reports.about(changed.further):,} more test examples would tell." if changed.further else ""
    )


def summary(report: Report) -> dict[str, Any]:
    """The numbers of a report as JSON: of each measure how many are right, and what changed."""
    found: dict[str, Any] = {"rows": len(report.both)}
    for measure in MEASURES:
        changed = report.changed(measure)
        found[measure] = {"after": len(report.right_ids("right", measure))}
        if report.left:
            found[measure] |= {
                "before": len(report.right_ids("left", measure)),
                **{name: len(getattr(changed, name)) for name in CHANGES},
                "p": changed.p,
                "verdict": changed.verdict,
                "further": changed.further,
            }
    return found
