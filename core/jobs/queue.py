"""Asking for a run: checked, frozen, put in the queue, and started where nothing else is at work."""

from core.doctor.findings import blocks, examine
from core.errors import StudioError
from core.jobs import local
from core.models import catalog
from core.settings import Settings
from core.store import immediate, open_store, projects, runs
from core.store.runs import Run
from core.training.recipe import RunConfig


def enqueue(settings: Settings, project: str, model: str, config: RunConfig) -> Run:
    """A new run of a project's tools and examples as they stand now.

    Raises StudioError where the model cannot be named, a setting is out of range, or the examples would train wrongly.
    """
    for field, problem in config.problems().items():
        raise StudioError(problem, where=field)
    catalog.check_name(model)
    with open_store(settings) as db, immediate(db):
        snapshot = projects.freeze(db, project)
        for finding in blocks(examine(list(snapshot.tools), list(snapshot.examples))):
            raise StudioError(finding.message, finding.remedy, finding.kind)
        run = runs.create(db, project, model, config.to_json(), snapshot.hash)
    local.advance(settings)
    return run


def stop(settings: Settings, run: str) -> Run:
    """Ask a run to stop: a waiting one is cancelled, a working one ends after its step and keeps what it learned."""
    with open_store(settings) as db:
        return runs.request_stop(db, run)
