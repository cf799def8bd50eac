"""The Train tab: one button, and the run it starts."""

from typing import Any

import gradio as gr

from core.doctor.findings import blocks
from core.errors import StudioError
from core.jobs import need, queue
from core.jobs.checkup import checkup
from core.models import catalog, seen
from core.prompt.gate import Refusal
from core.schema.example import SPLITS
from core.store import claims, open_store, projects, runs
from core.training.recipe import LIMITS, RunConfig
from studio.events import PRIVATE, acted, html, shown
from studio.panels import lens as lens_panel
from studio.panels import recipe as recipe_panel
from studio.panels import run as run_panel
from studio.panels.ask_any import names_of
from studio.panels.lens import limit_of
from studio.panels.recipe import DEFAULT, config_of, whole
from studio.shell import Panel, Shell, run_of
from studio.text import t
from studio.views import lens as lens_view
from studio.views import train as view
from studio.views.asked import at_work
from studio.views.examples import health_pill
from studio.views.pieces import h


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
            shown_run = run_panel.build(shell)
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

    def on_waiting(project: str, event: gr.EventData) -> None:
        """Take a waiting run out of the queue, or change its place among those of this project."""
        done = acted(event)
        id = run_panel.found(shell, project, done.get("id", "")).id
        if done.get("do") in ("cancel", "stop"):
            run_panel.stop(shell, project, id)
            return
        with open_store(shell.settings) as db:
            order = claims.waiting(db)
            ours = [one for one in order if run_of(db, project, one)]
            if id in ours:
                place = ours.index(id) + (-1 if done.get("do") == "sooner" else 1)
                neighbour = ours[min(max(place, 0), len(ours) - 1)]
                claims.move(db, id, order.index(neighbour) - order.index(id))

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
    waiting.act(shown(on_waiting), [shell.project], None, **PRIVATE)
    brought = again.change(shown(on_again), [shell.project, again], [model, *fields.values()], **PRIVATE)
    brought.then(shown(on_about), inputs, lefts, **PRIVATE)
    named.input(shown(recipe_panel.on_named), [named, *fields.values()], [*fields.values()], **PRIVATE).then(
        shown(on_about), inputs, lefts, **PRIVATE
    )

    def fresh(project: str) -> list[Any]:
        start_values = [catalog.STARTER, *(getattr(DEFAULT, name) for name in fields)]
        return [*on_about(project, *start_values), *start_values, lens.choices(project)]

    def live(project: str, id: str) -> list[Any]:
        """The run that is shown, and what waits; the page sends on only what has changed."""
        with open_store(shell.settings) as db:
            busy = runs.listed(db, states=("queued", *runs.WORKING), kind=None)
            order = claims.waiting(db)
            names = names_of(db, project)
        queued = sorted((one for one in busy if one.id in order), key=lambda one: order.index(one.id))
        ours = [one for one in busy if one.project == project]
        return [
            *shown_run.live(project, id),
            gr.update(value=t("train.queue") if busy else t("train.start")),
            at_work([one for one in ours if one.working and one.kind == "evaluate"], names)
            + view.queue([one for one in queued if one.project == project], names),
        ]

    places = [*shown_run.live_outputs, start, waiting]
    return Panel([*lefts, model, *fields.values(), lens.which], fresh, places, live)
