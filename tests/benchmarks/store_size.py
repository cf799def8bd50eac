"""How long the page's readings of the store take with many long runs in it.

    python tests/benchmarks/store_size.py [RUNS] [STEPS]

Prints one line of JSON: milliseconds, the middle of seven readings of each. What is read is what the page reads: the
runs in the sidebar and in the table with their scores and last losses, one chart, four charts over each other, and a
tick of an open page as a whole.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.seeded_runs import TESTS, make_project

from core.settings import Settings
from core.store import Database, evaluations, immediate, metrics, open_store, projects, runs, shelf
from core.training.recipe import RunConfig
from studio.ui import build
from studio.views.chart import loss_chart
from studio.views.runs_table import PAGE

CURVES = ("loss", "eval_loss", "right_tool")
READINGS = 7


def fill(db: Database, project: str, number: int, steps: int) -> list[str]:
    """So many finished runs with a loss at each step, all else once an epoch of a hundredth; their ids.

    The metrics are written in one statement a run: writing them as a trainer does would take an hour.
    """
    recipe, snapshot = RunConfig().to_json(), projects.freeze(db, project).hash
    ids = []
    for _ in range(number):
        with immediate(db):
            run = runs.create(db, project, "starter", recipe, snapshot)
            for name, every in (("loss", 1), ("eval_loss", steps // 100), ("right_tool", steps // 100)):
                rows = (
                    (run.id, name, step, 1 / step, None, run.created) for step in range(1, steps + 1, every)
                )
                db.conn.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
            db.conn.execute(
                "UPDATE runs SET state = 'finished', attempt = 1, step = ?, steps = ? WHERE id = ?",
                (steps, steps, run.id),
            )
        for phase in ("before", "after"):
            summary = {"n": TESTS, "right": 12, "exact": 6, "malformed": 2}
            evaluations.save(
                db, run=run.id, phase=phase, model="m", snapshot=snapshot, split="test", summary=summary, predictions=[]
            )  # fmt: skip
        ids.append(run.id)
    return ids


def milliseconds(read: Callable[[], object]) -> float:
    taken = []
    for _ in range(READINGS):
        start = time.perf_counter()
        read()
        taken.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(taken), 1)


def main(number: int, steps: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(Path(folder) / "home")
        with open_store(settings) as db:
            project = make_project(db, "Many runs")
            start = time.perf_counter()
            ids = fill(db, project, number, steps)
            filled = time.perf_counter() - start

            def table(found: list[runs.Run]) -> None:
                listed = [run.id for run in found]
                evaluations.summaries(db, listed)
                metrics.last(db, listed, CURVES[:2])

            def chart(id: str) -> str:
                return loss_chart(metrics.thinned(db, id, CURVES), steps)

            report = {
                "runs": number,
                "steps": steps,
                "megabytes": round(settings.database.stat().st_size / 1e6),
                "fill_seconds": round(filled, 1),
                "ms": {
                    "list_all": milliseconds(lambda: table(shelf.listed(db, project))),
                    "list_page": milliseconds(lambda: table(shelf.listed(db, project, limit=PAGE))),
                    "revision": milliseconds(lambda: shelf.revision(db, project)),
                    "chart": milliseconds(lambda: chart(ids[0])),
                    "chart_unthinned": milliseconds(
                        lambda: loss_chart(metrics.listed(db, ids[0], CURVES), steps)
                    ),
                    "four_charts": milliseconds(lambda: [chart(id) for id in ids[:4]]),
                    "tick": milliseconds(_tick(settings, project, ids[-1])),
                },
            }
    print(json.dumps(report))


def _tick(settings: Settings, project: str, run: str) -> Callable[[], object]:
    """What the server does every few seconds for each open page."""
    tick = next(one.fn for one in build(settings).fns.values() if one.name == "on_tick")
    return lambda: tick(project, run, [])


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[1:3]]
    main(*chosen, *(1000, 10_000)[len(chosen) :])
