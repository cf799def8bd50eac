"""Asking any model about the rows: which one, which rows, how far it is, and what came of it."""

import time
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.evaluation import endpoint
from core.evaluation.request import EvaluationConfig
from core.evaluation.robustness.variants import UNCHANGED
from core.jobs import local, queue
from core.models import catalog
from core.schema.example import SPLITS
from core.store import Database, evaluations, open_store, runs
from core.store.runs import Run
from core.training import checkpoints
from studio.events import PRIVATE, acted, html, shown
from studio.guard import Rules
from studio.shell import Panel, Shell, run_of
from studio.text import t
from studio.views import asked as view
from studio.views.pieces import h

SHOWN = 8  # evaluations in the list, and runs in the choice


def build(shell: Shell, sides: gr.State) -> Panel:
    """The panel; `sides` takes the two evaluations whose rows are to be shown beside each other."""
    here = Rules.load().local
    with gr.Column(elem_classes="cw-panel"):
        with gr.Accordion(t("any.title"), open=False, elem_classes="cw-fold"):
            gr.HTML(f'<p class="sub cw-small">{h(t("any.lead"))}</p>')
            with gr.Row(elem_classes="cw-two"):
                model = gr.Dropdown(
                    [],
                    allow_custom_value=True,
                    label=t("any.model"),
                    info=t("any.model_info_local" if here else "any.model_info"),
                )
                rows = gr.Radio(
                    [(t(f"any.{split}"), split) for split in reversed(SPLITS)],
                    value="test",
                    label=t("any.rows"),
                    elem_classes="cw-radio",
                )
            constrained = gr.Checkbox(
                False, label=t("any.constrained"), info=t("any.constrained_info"), elem_classes="cw-check"
            )
            if here:
                told = t("any.key", openai=endpoint.OPENAI, other=endpoint.OTHER)
                gr.HTML(f'<p class="sub cw-small">{h(told)}</p>')
            start = gr.Button(t("any.start"), elem_classes="cw-fit")
            listed = html()

    def choices(project: str) -> list[tuple[str, str]]:
        """What can be chosen by name: the base models, the trainings of the project, and their checkpoints."""
        with open_store(shell.settings) as db:
            done = [run for run in runs.listed(db, project) if run.folder][:SHOWN]
        found = [(choice.label, choice.id) for choice in catalog.choices(shell.settings)]
        for run in done:
            found.append((run.name, run.id))
            for one in checkpoints.listed(local.checkpoints_of(shell.settings, run.id)):
                if one.step < run.step:
                    name = t("asked.checkpoint", run=run.name, step=one.step)
                    found.append((name, f"{run.id}/{one.step}"))
        return found

    def on_start(project: str, id: str, chosen: Any, split: Any, held: Any) -> None:
        name = str(chosen or "").strip()
        if len(name) > 500 or split not in SPLITS:
            raise StudioError(t("asked.gone"))
        if endpoint.is_address(name) and not Rules.load().local:
            raise StudioError(t("any.remote"), t("any.remote_hint"))
        with open_store(shell.settings) as db:
            run = run_of(db, project, id)
        # The rows of the run that is shown, so that the answers can be compared with its own.
        snapshot = run.snapshot if run and run.ended else ""
        config = EvaluationConfig(split=split, constrained=bool(held))
        job = queue.evaluate(shell.settings, project, name, config, snapshot)
        gr.Info(t("asked.started", run=job.name))

    def on_list(project: str, id: str, event: gr.EventData) -> Any:
        done = acted(event)
        with open_store(shell.settings) as db:
            job = runs.find_or_none(db, done.get("id", ""))
            if job is None or job.project != project or job.kind != "evaluate":
                raise StudioError(t("asked.gone"))
            one = evaluations.of_job(db, job.id).get(UNCHANGED)
            run = run_of(db, project, id)
            own = evaluations.find(db, run.id, "after") if run else None
        if done.get("do") == "stop":
            queue.stop(shell.settings, job.id)
        elif done.get("do") == "resume":
            queue.resume(shell.settings, job.id)
        elif done.get("do") == "compare" and one:
            alike = own and own.split == one.split
            return {"left": own.id if own and alike else None, "right": one.id, "at": time.time()}
        return gr.skip()

    asked = [shell.project, shell.run, model, rows, constrained]
    started = start.click(shown(on_start), asked, None, **PRIVATE)
    pressed = listed.act(shown(on_list), [shell.project, shell.run], [sides], **PRIVATE)
    shell.mark.change(
        shown(lambda project: gr.Dropdown(choices(project))), [shell.project], [model], **PRIVATE
    )

    def fresh(project: str) -> list[Any]:
        return [gr.Dropdown(choices(project), value=catalog.STARTER), "test", False]

    def live(project: str, id: str) -> list[Any]:
        with open_store(shell.settings) as db:
            jobs = [job for job in runs.listed(db, project, kind="evaluate") if plain(job)][:SHOWN]
            found = {job.id: evaluations.of_job(db, job.id).get(UNCHANGED) for job in jobs}
            names = names_of(db, project)
        return [view.listing(jobs, {id: one for id, one in found.items() if one}, names)]

    return Panel([model, rows, constrained], fresh, [listed], live, [started, pressed])


def plain(job: Run) -> bool:
    """Whether it asks the rows as they are, and nothing else."""
    return job.recipe.get("variants") == [UNCHANGED]


def names_of(db: Database, project: str) -> dict[str, str]:
    """The names of the trainings of a project, by id."""
    return {run.id: run.name for run in runs.listed(db, project)}
