"""The Train tab: one button, and the run it starts."""

import re
from typing import Any

import gradio as gr

from core.doctor.findings import blocks
from core.errors import StudioError
from core.jobs import failures, local, need, queue
from core.jobs.checkup import checkup
from core.models import catalog, seen
from core.prompt.gate import Refusal
from core.schema.example import SPLITS
from core.store import claims, metrics, open_store, projects, runs
from core.store.runs import Run
from core.training import checkpoints
from core.training.recipe import LIMITS, RunConfig
from studio.events import PRIVATE, acted, html, shown
from studio.panels import lens as lens_panel
from studio.panels import recipe as recipe_panel
from studio.panels.lens import limit_of
from studio.panels.recipe import DEFAULT, config_of, whole
from studio.shell import Panel, Shell, run_of, summary_of
from studio.text import t
from studio.views import lens as lens_view
from studio.views import train as view
from studio.views.chart import loss_chart, right_chart
from studio.views.examples import health_pill
from studio.views.pieces import h
from studio.views.runs import Standing, run_card, run_head

LOG_BYTES = 16_000
watch = local.Watch()  # one for all pages: what counts is when this process looked


def build(shell: Shell, sight: gr.State, again: gr.State) -> Panel:
    """The tab; `sight` brings the id of an example whose tokens another place asked to see, `again` that of a run whose
    model and settings are to be put into the form."""
    title = html()
    with gr.Row(elem_classes="cw-train"):
        with gr.Column(scale=4, min_width=290):
            with gr.Column(elem_classes="cw-panel"):
                gr.HTML(f"<h2>{h(t('train.new'))}</h2>")
                choices = [(choice.label, choice.id) for choice in catalog.choices(shell.settings)]
                model = gr.Dropdown(
                    choices,
                    value=catalog.STARTER,
                    allow_custom_value=True,
                    label=t("train.model"),
                    info=t("train.model_info"),
                )
                note = html()
                estimate = html()
                health = html()
                gate = html()
                start = gr.Button(t("train.start"), variant="primary")
                with gr.Accordion(t("train.settings"), open=False, elem_classes="cw-fold"):
                    named, fields = recipe_panel.build()
            with gr.Column(elem_classes=["cw-panel", "cw-hide-empty"]):
                waiting = html()
        with gr.Column(scale=7, min_width=300, elem_classes="cw-panel"):
            with gr.Row(elem_classes="cw-bar-row"):
                name = html()
                stop = gr.Button(t("train.stop"), size="sm", visible=False, elem_classes="cw-fit")
            card = html()
    lens = lens_panel.build(shell, model, fields["max_length"], sight)

    def on_about(project: str, chosen: str, *values: Any) -> tuple[str, str, str, str, str, str]:
        """Everything on the left that depends on the project, the model and the settings."""
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            train, test = (projects.count_examples(db, found, split=split) for split in SPLITS)
            measured = runs.listed(db)
        recipe = dict(zip(fields, values, strict=True))
        epochs, batch = (whole(recipe[name], getattr(DEFAULT, name)) for name in ("epochs", "batch_size"))
        pace = view.pace(measured, chosen, batch)
        known = {choice.id: choice for choice in catalog.choices(shell.settings)}
        refusals = known_refusals(found, chosen, recipe["max_length"])
        return (
            view.lead(train, test, epochs),
            view.choice_note(known.get(chosen)),
            view.estimate(train, epochs, batch, pace) + memory(found, chosen, recipe),
            "" if refusals else health_pill(checkup(shell.settings, found).findings),
            lens_view.gate(refusals),
            recipe_panel.name_of(recipe),
        )

    def memory(project: str, chosen: str, recipe: dict[str, Any]) -> str:
        """What the run needs of this computer's memory; nothing where that is not known yet."""
        try:
            config = config_of(recipe)
        except StudioError:
            return ""  # of a field that is being typed; the start says it
        found = need.of_project(shell.settings, project, chosen or "", config)
        if found is None:
            return ""
        return view.memory(
            found.peak,
            found.total,
            found.free,
            turns=found.one_at_once,
            batch=found.row_by_row,
            calls=found.calls_alone,
            average=found.without_average,
            lora=found.with_lora,
        )

    def known_refusals(project: str, chosen: str, limit: Any) -> list[Refusal]:
        """What is known without loading anything of what would keep a run from starting."""
        try:
            return seen.known_refusals(shell.settings, project, chosen or "", limit_of(limit))
        except StudioError:
            return []  # of the model itself; the start says it

    def on_refused(project: str, chosen: str, limit: Any) -> tuple[str, str]:
        """Beside the button, with its remedy, what the start has just refused."""
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            tools, rows = projects.tools(db, found), projects.examples(db, found)
        findings = checkup(shell.settings, found).findings
        if blocks(findings):
            return health_pill(findings), ""
        try:
            refusals = seen.early_refusals(shell.settings, tools, rows, chosen or "", limit_of(limit))
        except StudioError:
            refusals = []  # of the model itself, and said already
        return "" if refusals else health_pill(findings), lens_view.gate(refusals)

    def on_limit(event: gr.EventData) -> Any:
        wanted = acted(event).get("n", "")
        low, high = LIMITS["max_length"]
        if not wanted.isdigit() or not low <= int(wanted) <= high:
            return gr.skip()
        gr.Info(t("gate.raised", limit=f"{int(wanted):,}"))
        return int(wanted)

    def on_start(project: str, chosen: str, *values: Any) -> tuple[str, str]:
        config = config_of(dict(zip(fields, values, strict=True)))
        run = queue.enqueue(shell.settings, project, (chosen or "").strip(), config)
        gr.Info(t("train.started", run=run.name))
        return run.id, run.id

    def on_stop(project: str, id: str) -> None:
        with open_store(shell.settings) as db:
            run = run_of(db, project, id)
        if run is None:
            raise StudioError(t("train.gone"))
        queue.stop(shell.settings, run.id)
        gr.Info(t("train.stop_said", run=run.name))

    def on_waiting(project: str, event: gr.EventData) -> None:
        """Take a waiting run out of the queue, or change its place among those of this project."""
        done = acted(event)
        if done.get("do") == "cancel":
            return on_stop(project, done.get("id", ""))
        with open_store(shell.settings) as db:
            run = run_of(db, project, done.get("id", ""))
            if run is None:
                raise StudioError(t("train.gone"))
            claims.move(db, run.id, -1 if done.get("do") == "sooner" else 1)
        return None

    def on_card(project: str, event: gr.EventData) -> str:
        """Resume the run that is shown, end it at once, or begin another with the setting that mends it."""
        done = acted(event)
        with open_store(shell.settings) as db:
            run = run_of(db, project, done.get("id", ""))
        if run is None:
            raise StudioError(t("train.gone"))
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
        elif done.get("do") == "again" and (found := remedy_of(run)):
            again = queue.enqueue(shell.settings, run.project, run.model, found[1])
            gr.Info(t("train.started", run=again.name))
            return again.id
        return run.id

    def remedy_of(run: Run) -> tuple[str, RunConfig] | None:
        where = run.error.get("where", "") if run.error else ""
        return failures.remedy(where, RunConfig.from_json(run.recipe))

    def on_again(project: str, ask: dict[str, Any]) -> list[Any]:
        with open_store(shell.settings) as db:
            run = run_of(db, project, str(ask.get("id", "")))
        if run is None:
            return [gr.skip()] * (1 + len(fields))
        return [run.model, *recipe_panel.filled(RunConfig.from_json(run.recipe), fields)]

    inputs = [shell.project, model, *fields.values()]
    lefts = [title, note, estimate, health, gate, named]
    changes = [
        model.input,
        fields["epochs"].input,
        fields["batch_size"].input,
        fields["max_length"].input,
        fields["learning_rate"].input,
        fields["schedule"].select,
        fields["vocabulary"].select,
        fields["average"].input,
        fields["lora_rank"].input,
        fields["rows_at_once"].input,
        fields["dtype"].select,
        shell.changed.change,
        shell.mark.change,
    ]
    gr.on(changes, shown(on_about), inputs, lefts, **PRIVATE)
    started = start.click(shown(on_start), inputs, [shell.run, shell.mark], **PRIVATE)
    asked = [shell.project, model, fields["max_length"]]
    started.failure(shown(on_refused), asked, [health, gate], **PRIVATE)  # `.then` is silent after an error
    raised = gate.act(shown(on_limit), None, [fields["max_length"]], **PRIVATE)
    raised.then(shown(on_about), inputs, lefts, **PRIVATE)
    raised.then(**lens.redraw)
    stop.click(shown(on_stop), [shell.project, shell.run], None, **PRIVATE)
    waiting.act(shown(on_waiting), [shell.project], None, **PRIVATE)
    card.act(shown(on_card), [shell.project], [shell.run], **PRIVATE)
    brought = again.change(shown(on_again), [shell.project, again], [model, *fields.values()], **PRIVATE)
    brought.then(shown(on_about), inputs, lefts, **PRIVATE)
    named.input(shown(recipe_panel.on_named), [named, *fields.values()], [*fields.values()], **PRIVATE).then(
        shown(on_about), inputs, lefts, **PRIVATE
    )

    def fresh(project: str) -> list[Any]:
        start_values = [catalog.STARTER, *(getattr(DEFAULT, name) for name in fields)]
        return [*on_about(project, *start_values), *start_values, lens.choices(project)]

    def standing(run: Run | None, stalled: bool, attempts: tuple[runs.Attempt, ...]) -> Standing:
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

    def live(project: str, id: str) -> list[Any]:
        """The run that is shown, and what waits; the page sends on only what has changed."""
        with open_store(shell.settings) as db:
            run = run_of(db, project, id)
            before, after = summary_of(db, run, "before"), summary_of(db, run, "after")
            points = metrics.thinned(db, run.id, ("loss", "eval_loss", "right_tool")) if run else []
            busy = runs.listed(db, states=("queued", *runs.WORKING))
            order = claims.waiting(db)
            attempts = tuple(runs.attempts(db, run.id)) if run else ()
        queued = sorted((one for one in busy if one.id in order), key=lambda one: order.index(one.id))
        ahead = queued.index(run) if run in queued else 0
        chart = ""
        if run:
            chart = loss_chart(points, run.steps) + right_chart(
                points, run.steps, before["n"] if before else 0
            )
        log = log_tail(shell, run.id) if run else ""
        stalled = run is not None and watch.stalled(run)
        drawn = run_card(run, chart, log, before, after, ahead, standing(run, stalled, attempts))
        stoppable = run is not None and not run.ended and not run.stop_requested
        label = t("train.stop") if run and run.working else t("train.cancel_run")
        return [
            run_head(run, stalled),
            drawn,
            gr.update(visible=stoppable, value=label),
            gr.update(value=t("train.queue") if busy else t("train.start")),
            view.queue([one for one in queued if one.project == project]),
        ]

    return Panel(
        [*lefts, model, *fields.values(), lens.which], fresh, [name, card, stop, start, waiting], live
    )


CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\n]*\r(?!\n)")  # colours, and lines that were written over


def log_tail(shell: Shell, run: str) -> str:
    """The end of a run's log, as plain text."""
    try:
        with local.log_file(shell.settings, run).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LOG_BYTES))
            return CONTROL.sub("", file.read().decode(errors="replace")).strip()
    except OSError:
        return ""
