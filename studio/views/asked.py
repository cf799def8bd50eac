"""Evaluations that were asked for as a person reads them: which model, how far, what came of it."""

from collections.abc import Mapping
from typing import Any

from core.evaluation.statistics import wilson
from core.store.evaluations import Evaluation
from core.store.runs import Run
from studio.text import t
from studio.views import runs
from studio.views.pieces import act, bar, clock, h, pill, short


def model_name(model: str, names: Mapping[str, str]) -> str:
    """A model in words: a run or a checkpoint by the name of its run, given by id; any other as it is called."""
    run, _, step = model.partition("/")
    if run not in names:
        return short(runs.model_name(model), 80)
    return t("asked.checkpoint", run=names[run], step=step) if step else names[run]


def progress(job: Run) -> str:
    """How far an evaluation is that waits or is at work, with the button that stops it."""
    stop = act(
        h(t("asked.stop")), "stop", classes="cw-link", label=f"{t('asked.stop')} {job.name}", id=job.id
    )
    if job.state == "queued":
        return f'<div class="cw-top"><span class="sub">{h(t("asked.waiting"))}</span>{stop}</div>'
    if job.stop_requested:
        stop = f'<span class="sub">{h(t("asked.stopping"))}</span>'
    said = job.doing or t("asked.loading")
    if job.state == "evaluating":
        said = t("asked.rows", done=job.step, total=job.steps)
        if job.seconds_left is not None:
            said = f"{said} · {t('asked.left', time=clock(job.seconds_left))}"
    line = bar(job.step / job.steps, t("asked.progress")) if job.steps else ""
    doing = f'<span class="cw-doing"><span class="cw-dot"></span>{h(said)}</span>'
    return f'<div class="cw-top">{doing}{stop}</div>{line}'


def ended_early(job: Run) -> str:
    """Why an evaluation is not whole, with the button that goes on; nothing where it is, or is still at work."""
    if not job.resumable:
        return ""
    again = act(h(t("asked.resume")), "resume", classes="cw-mend", id=job.id)
    if job.error is None:
        return f'<div class="cw-top"><span class="sub">{h(t("asked.stopped"))}</span>{again}</div>'
    said = f"<b>{h(job.error['message'])}</b> {h(job.error['hint'])}"
    return f'<div class="cw-problem">{said}<p>{again}</p></div>'


def listing(jobs: list[Run], found: Mapping[str, Evaluation], names: Mapping[str, str]) -> str:
    """Evaluations of unchanged rows, the newest first; `found` has what was counted, by the id of the run."""
    if not jobs:
        return f'<p class="sub cw-small">{h(t("any.none"))}</p>'
    return "".join(_item(job, found.get(job.id), names) for job in jobs)


def _item(job: Run, one: Evaluation | None, names: Mapping[str, str]) -> str:
    rows = t("any.train" if job.recipe.get("split") == "train" else "any.test")
    more = [t("any.held")] if job.recipe.get("constrained") else []
    what = " · ".join([model_name(job.model, names), rows, *more])
    told = f'{h(job.name)} <span class="sub cw-break">{h(what)}</span>'
    if one is None:
        end = progress(job) if not job.ended else ended_early(job)
        return f'<div class="cw-asked"><div class="cw-top"><span>{told}</span>{runs.state_pill(job)}</div>{end}</div>'
    label = f"{t('any.compare')} {job.name}"
    compare = act(h(t("any.compare")), "compare", classes="cw-link", label=label, id=job.id)
    scored = f"<span>{_score(one.summary)} {compare}</span>"
    return f'<div class="cw-asked"><div class="cw-top"><span>{told}</span>{scored}</div></div>'


def _score(summary: Mapping[str, Any]) -> str:
    low, high = wilson(summary["right"], summary["n"])
    sub = t("any.range", low=round(100 * low), high=round(100 * high))
    return f'{pill(t("any.right", right=summary["right"], n=summary["n"]))} <span class="sub cw-small">{h(sub)}</span>'


def at_work(jobs: list[Run], names: Mapping[str, str]) -> str:
    """The evaluations of a project that are at work, for the page of trainings; nothing where there are none."""
    if not jobs:
        return ""
    rows = "".join(
        f'<div class="cw-asked"><span>{h(job.name)} <span class="sub cw-break">'
        f"{h(t('asked.asks', model=model_name(job.model, names)))}</span></span>{progress(job)}</div>"
        for job in jobs
    )
    return f"<h2>{h(t('asked.at_work'))}</h2>{rows}"
