"""The verb that takes the results of a run away: results."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.evaluation import report
from core.export import results as export
from core.settings import Settings
from core.store import asked, open_store, runs


def results(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`results`: the answers before and after a run, row by row, as CSV, JSONL or one HTML page."""
    with open_store(settings) as db:
        run = runs.find(db, options.run)
        before, after = asked.of_run(db, run)
        if after is None:
            raise StudioError(f"{run.name} has no results.", "Its model was not asked yet.", f"run {run.id}")
        found = report.read(db, before, after)
        text = export.text(db, found, options.to, ("Before", "After"), f"Results of {run.name}")
    try:
        Path(options.out).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StudioError(
            f"The file cannot be written: {reason}.", "Choose another place.", options.out
        ) from error
    answer = {"run": run.id, "to": options.to, "file": options.out, **export.summary(found)}
    return answer, f"{answer['rows']} rows are in {options.out}."
