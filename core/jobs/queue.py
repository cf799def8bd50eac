"""Asking for a run: checked, frozen, put in the queue, and started where nothing else is at work."""

from importlib.util import find_spec

from core.doctor.findings import blocks
from core.errors import StudioError
from core.evaluation import endpoint
from core.evaluation.request import EvaluationConfig
from core.jobs import local, need
from core.jobs.asking import checkpoint_of
from core.jobs.checkup import examined
from core.models import catalog, known
from core.models.seen import all_known_good, early_refusals
from core.settings import Settings
from core.store import claims, open_store, projects, runs, shelf
from core.store.runs import Run
from core.training import checkpoints
from core.training.recipe import RunConfig


def enqueue(settings: Settings, project: str, model: str, config: RunConfig) -> Run:
    """A new run of a project's tools and examples as they stand now.

    Raises StudioError where the model cannot be named, a setting is out of range, the examples would train wrongly, or
    the machine has too little memory, as far as that is known at once: the run itself checks every row once more, with
    the model's own tokenizer.
    """
    for field, problem in config.problems().items():
        raise StudioError(problem, where=field)
    catalog.check_name(model)
    if config.report_to != "none" and not find_spec(config.report_to):
        raise StudioError(
            f"The package {config.report_to} is not installed.",
            f"pip install {config.report_to}",
            "report_to",
        )
    with open_store(settings) as db:
        snapshot = projects.freeze(db, project)
    for finding in blocks(examined(settings, project)):
        raise StudioError(finding.message, finding.remedy, finding.kind)
    limit = config.max_length
    if not all_known_good(settings, snapshot.hash, model, limit):
        for refusal in early_refusals(settings, snapshot.tools, snapshot.examples, model, limit):
            raise refusal.error()
    train = snapshot.split("train")
    need.check(need.of(settings, snapshot.tools, train, model, config, busy=True))
    with open_store(settings) as db:
        run = runs.create(db, project, model, config.to_json(), snapshot.hash)
    local.advance(settings)
    return run


def take_checkpoint(settings: Settings, run: str, step: int) -> Run:
    """A new run whose model is a checkpoint of another one, asked about the same test examples.

    Raises StudioError where that run or checkpoint is not there.
    """
    with open_store(settings) as db:
        other = runs.find(db, run)
        kept = {one.step for one in checkpoints.listed(local.checkpoints_of(settings, other.id))}
        if step not in kept:
            raise StudioError(
                f"{other.name} has no checkpoint of step {step}.",
                f"It has those of {', '.join(map(str, sorted(kept)))}." if kept else "It has none.",
                "step",
            )
        made = runs.create(db, other.project, other.model, other.recipe, other.snapshot, f"{other.id}/{step}")
        shelf.describe(db, made.id, f"{other.name}, step {step}", "")
    local.advance(settings)
    return made


def evaluate(
    settings: Settings, project: str, model: str, config: EvaluationConfig, snapshot: str = ""
) -> Run:
    """A run that asks a model: any that `core.models.known` names, a checkpoint RUN/STEP, or "https://host/v1 name".

    About the tools and examples of a project as they stand now, or as they stood in a snapshot. Raises StudioError
    where the model cannot be named, or there is nothing to ask.
    """
    for field, problem in config.problems(model).items():
        raise StudioError(problem, where=field)
    name = model.strip()
    with open_store(settings) as db:
        if endpoint.is_address(name):
            endpoint.read(name, config.key_variable)
        elif checkpoint_of(db, settings, name) is None:
            known.check(db, name)
        asked = projects.snapshot(db, snapshot) if snapshot else projects.freeze(db, project)
        if not asked.split(config.split):
            raise StudioError(
                "There are no such examples to ask about.", "Add some on the Examples tab.", "examples"
            )
        run = runs.create(db, project, name, config.to_json(), asked.hash, kind="evaluate")
    local.advance(settings)
    return run


def stop(settings: Settings, run: str) -> Run:
    """Ask a run to stop: a waiting one is cancelled, a working one ends after its step and keeps what it learned."""
    with open_store(settings) as db:
        return runs.request_stop(db, run)


def resume(settings: Settings, run: str) -> Run:
    """Let a run that ended early go on from its newest checkpoint, or from the beginning where it has none.

    Raises StudioError for a run that has nothing to go on with.
    """
    with open_store(settings) as db:
        waiting = claims.resume(db, run)
    local.advance(settings)
    return waiting
