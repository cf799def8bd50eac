"""The robustness card of a model: the newest evaluation that asked its rows in changed form, and what that showed."""

from dataclasses import dataclass

from core.evaluation.robustness.readings import Finding, Reading, compare, read
from core.evaluation.robustness.variants import UNCHANGED, VARIANTS
from core.store import Database, evaluations, runs
from core.store.runs import Run


@dataclass(frozen=True, slots=True)
class Card:
    """What was asked so far; `ids` are the evaluations by variant, whose predictions are the rows behind a reading."""

    job: Run
    readings: list[Reading]
    findings: list[Finding]
    ids: dict[str, int]


def whole() -> tuple[str, ...]:
    """What a card asks: the rows as they are, and in every changed form."""
    return tuple(VARIANTS)


def job_of(db: Database, run: Run) -> Run | None:
    """The newest evaluation of a run's model that changes rows, or the run itself where it is one."""
    if run.kind == "evaluate":
        return run if _changes(run) else None
    asked = runs.listed(db, run.project, kind="evaluate")
    return next((job for job in asked if job.model == run.id and _changes(job)), None)


def of_job(db: Database, job: Run) -> Card:
    """The card as far as it is asked."""
    asked = evaluations.of_job(db, job.id)
    predictions = {variant: evaluations.predictions(db, one.id) for variant, one in asked.items()}
    tools = {variant: one.summary.get("tools", 0) for variant, one in asked.items()}
    readings = compare(predictions, tools)
    return Card(job, readings, read(readings), {name: one.id for name, one in asked.items()})


def _changes(job: Run) -> bool:
    return any(variant != UNCHANGED for variant in job.recipe.get("variants", ()))
