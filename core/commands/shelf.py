"""Verbs on runs that are there: rename, archive, delete, restore, move, metrics."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.jobs import local
from core.settings import Settings
from core.store import claims, metrics, open_store, runs, shelf

Answer = tuple[dict[str, Any], str]


def rename(options: Namespace, settings: Settings) -> Answer:
    """`rename`: give a run a name, and a note where one is said; an empty name is none."""
    with open_store(settings) as db:
        run = runs.find(db, options.run)
        note = run.note if options.note is None else options.note
        shelf.describe(db, run.id, options.name, note)
        run = runs.find(db, run.id)
    return {"run": run.id, "name": run.name, "note": run.note}, f"{run.id} is called {run.name} now."


def archive(options: Namespace, settings: Settings) -> Answer:
    """`archive`: put a run out of the lists; nothing of it is lost."""
    with open_store(settings) as db:
        shelf.archive(db, options.run, True)
        run = runs.find(db, options.run)
    return {
        "run": run.id,
        "archived": run.archived,
    }, f"{run.name} is in the archive. `restore {run.id}` brings it back."


def delete(options: Namespace, settings: Settings) -> Answer:
    """`delete`: delete a run with its files, a while later or at once."""
    with open_store(settings) as db:
        run = runs.find(db, options.run)
        shelf.delete(db, run.id)
    if options.now:
        local.forget_now(settings, run.id)
        return {"run": run.id, "gone": True}, f"{run.name} and its files are gone."
    minutes = local.UNDO_SECONDS // 60
    told = f"{run.name} is deleted. `restore {run.id}` brings it back; its files go after {minutes} minutes."
    return {"run": run.id, "gone": False}, told


def restore(options: Namespace, settings: Settings) -> Answer:
    """`restore`: bring back a run that was archived, or deleted not long ago."""
    with open_store(settings) as db:
        run = shelf.restore(db, options.run)
        shelf.archive(db, run.id, False)
    return {"run": run.id, "state": run.state}, f"{run.name} is back."


def move(options: Namespace, settings: Settings) -> Answer:
    """`move`: move a waiting run so many places on in the queue, or forward where negative."""
    with open_store(settings) as db:
        run = runs.find(db, options.run)
        claims.move(db, run.id, options.places)
        order = claims.waiting(db)
    place = order.index(run.id) + 1
    return {"run": run.id, "queue": order}, f"{run.name} is number {place} of {len(order)} that wait."


def save_metrics(options: Namespace, settings: Settings) -> Answer:
    """`metrics`: write every metric of a run to a CSV file with the columns step, name, value."""
    with open_store(settings) as db:
        run = runs.find(db, options.run)
        text = metrics.as_csv(db, run.id)
    try:
        Path(options.out).write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StudioError(
            f"The file cannot be written: {reason}.", "Choose another place.", options.out
        ) from error
    rows = text.count("\n") - 1
    return {"run": run.id, "rows": rows, "file": options.out}, f"{rows} rows are in {options.out}."
