"""Verbs on runs: train, runs, run, stop."""

import time
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from core.commands import say
from core.errors import StudioError
from core.jobs import local, need, queue
from core.settings import Settings
from core.store import evaluations, metrics, open_store, projects, runs
from core.store.runs import Run
from core.training import checkpoints
from core.training.recipe import configure

LOOK_SECONDS = 0.5


def train(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`train`: queue a run and, unless detached, follow it to its end.

    Raises StudioError with the run's own error where it failed.
    """
    config = configure(options.recipe, dict(options.set))
    with open_store(settings) as db:
        project = projects.find(db, options.project)
    needed = need.of_project(settings, project.id, options.model, config)
    run = queue.enqueue(settings, project.id, options.model, config)
    if needed:
        say(need.sentence(needed))
    return _followed(options, settings, run)


def resume(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`resume`: let a run that was stopped, interrupted or failed go on, and follow it as `train` does."""
    local.advance(settings)  # it may have died without anybody having looked
    return _followed(options, settings, queue.resume(settings, options.run))


def take(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`take`: a new run whose model is a checkpoint of another one."""
    return _followed(options, settings, queue.take_checkpoint(settings, options.run, options.step))


def _followed(options: Namespace, settings: Settings, run: Run) -> tuple[dict[str, Any], str]:
    if options.detach:
        answer = {"run": run.id, "state": run.state}
        return answer, f"{run.name} is waiting; `run {run.id}` shows it."
    try:
        run = follow(settings, run)
    except KeyboardInterrupt:
        say(f"Training goes on in the background. `stop {run.id}` ends it.")
        raise
    if run.error:
        raise StudioError(**run.error)
    answer = _result(settings, run)
    return answer, _result_text(run, answer)


def follow(settings: Settings, run: Run) -> Run:
    """The run once it has ended, every step of it said on the way."""
    seen = ("", -1)
    while not run.ended:
        time.sleep(LOOK_SECONDS)
        local.advance(settings)
        with open_store(settings) as db:
            run = runs.find(db, run.id)
        if (run.doing, run.step) != seen:
            seen = (run.doing, run.step)
            say(_progress(run))
    return run


def _progress(run: Run) -> str:
    if run.state == "queued":
        return "Waiting for the run before it"
    if run.state == "evaluating" and run.kind == "evaluate":
        return f"{run.doing}: {run.step} of {run.steps}"
    if run.state != "training" or not run.step:
        return run.doing
    left = f", {run.seconds_left:.0f} s left" if run.seconds_left is not None else ""
    return f"Step {run.step} of {run.steps}{left}"


def _result(settings: Settings, run: Run) -> dict[str, Any]:
    with open_store(settings) as db:
        before, after = (evaluations.find(db, run.id, phase) for phase in ("before", "after"))
    return {
        "run": run.id,
        "state": run.state,
        "steps": run.step,
        "train_seconds": run.train_seconds,
        "seconds": run.seconds,
        "before": before and before.summary,
        "after": after and after.summary,
        "model": run.folder,
        "device": run.device,
        "memory": run.memory,
    }


def _result_text(run: Run, answer: dict[str, Any]) -> str:
    lines = [f"{run.name} is {run.state}: {run.step} steps, {answer['seconds']:.0f} seconds"]
    for name in ("before", "after"):
        s = answer[name]
        if s:
            lines.append(f"  {name:>6}: {s['right']} of {s['n']} name the right tool, {s['exact']} exactly")
    if answer["model"]:
        lines.append(f"  model: {answer['model']}")
    return "\n".join(lines)


def listed(options: Namespace, settings: Settings) -> tuple[list[dict[str, Any]], str]:
    """`runs`: all runs, the newest first."""
    local.advance(settings)
    with open_store(settings) as db:
        found = runs.listed(db)
        names = {project.id: project.name for project in projects.listed(db)}
    rows = [{**_row(run), "project": names[run.project]} for run in found]
    lines = [
        f"{row['run']}  {row['state']:<11} {row['step']:>5} of {row['steps']:<5} {row['project']}"
        for row in rows
    ]
    return rows, "\n".join(lines) or "No runs yet."


def _row(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "name": run.name,
        "note": run.note,
        "archived": run.archived,
        "state": run.state,
        "attempt": run.attempt,
        "pid": run.pid,
        "step": run.step,
        "steps": run.steps,
        "error": run.error,
        "resumable": run.resumable,
    }


def show(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`run`: one run with its metrics."""
    local.advance(settings)
    with open_store(settings) as db:
        run = runs.find(db, options.run)
        found = metrics.listed(db, run.id)
        before = runs.attempts(db, run.id)
    kept = checkpoints.listed(local.checkpoints_of(settings, run.id))
    answer = {
        **_row(run),
        "doing": run.doing,
        "metrics": [{"step": m.step, "name": m.name, "value": _finite(m.value)} for m in found],
        "log": str(local.log_file(settings, run.id)),
        "model": run.folder,
        "attempts": [asdict(one) for one in before],
        "checkpoints": [{"step": one.step, "resumable": one.resumable} for one in kept],
    }
    shown = [m for m in found if m.name in ("loss", "eval_loss", "right_tool")]
    lines = [f"{run.name} is {run.state}, step {run.step} of {run.steps}. {run.doing}".strip()]
    lines += [StudioError(**run.error).sentence()] if run.error else []
    lines += [f"  step {m.step}: {m.name} {m.value:.4g}" for m in shown]
    return answer, "\n".join(lines)


def _finite(value: float) -> float | str:
    """JSON has no word for a diverged loss, so it is text there."""
    return value if value - value == 0 else str(value)


def stop(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`stop`: end a run after its present step; what was learned is kept. With `--now` its process is ended."""
    if options.now:
        local.end_now(settings, options.run)
    run = queue.stop(settings, options.run)
    words = "will stop after this step" if run.working else f"is {run.state}"
    return {"run": run.id, "state": run.state}, f"{run.name} {words}."
