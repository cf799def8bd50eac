"""The run that is shown: how far it is, its curves, its log, and what can be done about it."""

import re
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.jobs import failures, local, queue
from core.store import claims, metrics, open_store, runs
from core.store.runs import Run
from core.training import checkpoints
from core.training.recipe import RunConfig
from studio.events import PRIVATE, acted, html, shown
from studio.shell import Panel, Shell, run_of, summary_of
from studio.text import t
from studio.views.chart import loss_chart, right_chart
from studio.views.runs import Standing, run_card, run_head

LOG_BYTES = 16_000
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\n]*\r(?!\n)")  # colours, and lines that were written over
watch = local.Watch()  # one for all pages: what counts is when this process looked


def build(shell: Shell) -> Panel:
    """Its head with the button that stops it, and its card."""
    with gr.Row(elem_classes="cw-bar-row"):
        name = html()
        stop_it = gr.Button(t("train.stop"), size="sm", visible=False, elem_classes="cw-fit")
    card = html()

    def on_stop(project: str, id: str) -> None:
        stop(shell, project, id)

    def on_card(project: str, event: gr.EventData) -> str:
        """Resume the run that is shown, end it at once, or begin another with the setting that mends it."""
        done = acted(event)
        run = found(shell, project, done.get("id", ""))
        if done.get("do") == "resume":
            queue.resume(shell.settings, run.id)
            gr.Info(t("train.resumed", run=run.name))
        elif done.get("do") == "end_now":
            local.end_now(shell.settings, run.id)
            gr.Info(t("train.ended_now", run=run.name))
        elif done.get("do") == "take" and done.get("step", "").isdigit():
            made = queue.take_checkpoint(shell.settings, run.id, int(done["step"]))
            gr.Info(t("train.started", run=made.name))
            return made.id
        elif done.get("do") == "again" and (mended := remedy_of(run)):
            again = queue.enqueue(shell.settings, run.project, run.model, mended[1])
            gr.Info(t("train.started", run=again.name))
            return again.id
        return run.id

    stop_it.click(shown(on_stop), [shell.project, shell.run], None, **PRIVATE)
    card.act(shown(on_card), [shell.project], [shell.run], **PRIVATE)

    def live(project: str, id: str) -> list[Any]:
        """The run as it is now."""
        with open_store(shell.settings) as db:
            run = run_of(db, project, id)
            before, after = summary_of(db, run, "before"), summary_of(db, run, "after")
            points = metrics.thinned(db, run.id, ("loss", "eval_loss", "right_tool")) if run else []
            order = claims.waiting(db)
            attempts = tuple(runs.attempts(db, run.id)) if run else ()
        ahead = order.index(run.id) if run and run.id in order else 0
        chart = ""
        if run:
            kept = [one.step for one in checkpoints.listed(local.checkpoints_of(shell.settings, run.id))]
            chart = loss_chart(points, run.steps, kept)
            chart += right_chart(points, run.steps, before["n"] if before else 0)
        log = _log_tail(shell, run.id) if run else ""
        stalled = run is not None and watch.stalled(run)
        drawn = run_card(run, chart, log, before, after, ahead, _standing(shell, run, stalled, attempts))
        stoppable = run is not None and not run.ended and not run.stop_requested
        label = t("train.stop") if run and run.working else t("train.cancel_run")
        return [
            run_head(run, stalled),
            drawn,
            gr.update(visible=stoppable, value=label),
        ]

    return Panel(live_outputs=[name, card, stop_it], live=live)


def found(shell: Shell, project: str, id: str) -> Run:
    """A run of a project. Raises StudioError where it is gone."""
    with open_store(shell.settings) as db:
        run = run_of(db, project, id)
    if run is None:
        raise StudioError(t("train.gone"))
    return run


def stop(shell: Shell, project: str, id: str) -> None:
    """Ask a run to stop, and say so."""
    run = found(shell, project, id)
    queue.stop(shell.settings, run.id)
    gr.Info(t("train.stop_said", run=run.name))


def remedy_of(run: Run) -> tuple[str, RunConfig] | None:
    if run.kind != "train":
        return None
    where = run.error.get("where", "") if run.error else ""
    return failures.remedy(where, RunConfig.from_json(run.recipe))


def _standing(shell: Shell, run: Run | None, stalled: bool, attempts: tuple[runs.Attempt, ...]) -> Standing:
    if run is None:
        return Standing()
    remedy = remedy_of(run)
    kept = checkpoints.listed(local.checkpoints_of(shell.settings, run.id)) if run.ended else []
    return Standing(
        stalled_after=local.STALLED_SECONDS if stalled else 0,
        here=run.owner is None or run.owner.here,
        checkpoint=max((one.step for one in kept if one.resumable), default=0),
        attempts=attempts,
        kept=tuple(one.step for one in kept if run.state == "finished" and one.step < run.step),
        remedy=remedy[0] if remedy else "",
    )


def _log_tail(shell: Shell, run: str) -> str:
    """The end of a run's log, as plain text."""
    try:
        with local.log_file(shell.settings, run).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LOG_BYTES))
            return CONTROL.sub("", file.read().decode(errors="replace")).strip()
    except OSError:
        return ""
