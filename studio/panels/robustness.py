"""The robustness card of the run that is shown: started, watched and stopped; its numbers open their rows."""

import time
from functools import lru_cache
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.evaluation.request import EvaluationConfig
from core.evaluation.robustness import card as cards
from core.evaluation.robustness.card import Card
from core.evaluation.robustness.variants import UNCHANGED
from core.jobs import queue
from core.settings import Settings
from core.store import Database, evaluations, open_store, runs
from core.store.runs import Run
from studio.events import PRIVATE, acted, html, shown
from studio.shell import Panel, Shell, run_of, summary_of
from studio.text import t
from studio.views import robustness as view

LOADING_SECONDS = 8.0  # of the starter, before the first row is asked
OPENED = {"right": "right_right", "broke": "broke", "fixed": "fixed"}  # a number, and the filter of its rows


def build(shell: Shell, sides: gr.State) -> Panel:
    """The card; `sides` takes the two evaluations whose rows are to be shown beside each other."""
    with gr.Column(visible=False, elem_classes="cw-panel") as panel:
        with gr.Row(elem_classes="cw-head"):
            title = html()
            with gr.Row(elem_classes="cw-actions"):
                start = gr.Button(t("robust.start"), visible=False)
        card = html(elem_classes="cw-hide-nothing")

    def on_start(project: str, id: str) -> None:
        with open_store(shell.settings) as db:
            run = run_of(db, project, id)
            if run is None:
                raise StudioError(t("train.gone"))
            job = cards.job_of(db, run)
        if job and job.state != "finished":
            raise StudioError(t("asked.started", run=job.name))
        config = EvaluationConfig(variants=cards.whole())
        job = queue.evaluate(shell.settings, run.project, run.id, config, run.snapshot)
        gr.Info(t("asked.started", run=job.name))

    def on_card(project: str, id: str, event: gr.EventData) -> Any:
        """Stop it, go on, or show the rows of a change beside the unchanged ones."""
        done = acted(event)
        with open_store(shell.settings) as db:
            job = _job(db, project, id)
            if job is None:
                raise StudioError(t("asked.gone"))
            asked = evaluations.of_job(db, job.id)
        if done.get("do") == "stop":
            queue.stop(shell.settings, job.id)
        elif done.get("do") == "resume":
            queue.resume(shell.settings, job.id)
        elif done.get("do") == "rows" and done.get("name", "") in OPENED and done.get("variant") in asked:
            one = asked[done["variant"]]
            left = asked[UNCHANGED].id if one.variant else None
            rows = {"kind": "change", "measure": "tool", "name": OPENED[done["name"]]}
            return {"left": left, "right": one.id, "rows": rows, "at": time.time()}
        return gr.skip()

    started = start.click(shown(on_start), [shell.project, shell.run], None, **PRIVATE)
    pressed = card.act(shown(on_card), [shell.project, shell.run], [sides], **PRIVATE)

    def live(project: str, id: str) -> list[Any]:
        with open_store(shell.settings) as db:
            run = run_of(db, project, id)
            after = summary_of(db, run, "after") if run and run.folder else None
            if run is None or after is None:
                return [gr.update(visible=False), "", gr.update(visible=False), ""]
            job = cards.job_of(db, run)
            ids = tuple(one.id for one in evaluations.of_job(db, job.id).values()) if job else ()
        found = _card(shell.settings, job.id, ids) if job else None
        seconds = None if job else LOADING_SECONDS + after["seconds"] * len(cards.whole())
        return [
            gr.update(visible=True),
            view.head(after["n"], seconds),
            gr.update(visible=job is None),
            view.card(job, found.readings, found.findings) if found else "",
        ]

    return Panel(live_outputs=[panel, title, start, card], live=live, hurries=[started, pressed])


def _job(db: Database, project: str, id: str) -> Run | None:
    run = run_of(db, project, id)
    return cards.job_of(db, run) if run else None


@lru_cache(64)  # every page that is open asks every few seconds, and what was asked does not change
def _card(settings: Settings, job: str, asked: tuple[int, ...]) -> Card:
    with open_store(settings) as db:
        return cards.of_job(db, runs.find(db, job))
