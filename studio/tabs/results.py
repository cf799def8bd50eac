"""The Results tab: the untouched model against the tuned one, on rows that training never saw."""

from typing import Any

import gradio as gr

from core.store import evaluations, open_store
from core.store.evaluations import Evaluation, Phase
from core.store.runs import Run
from studio.events import PRIVATE, acted, html, shown
from studio.panels import ask_any, robustness
from studio.shell import Panel, Shell, run_of, together
from studio.text import t
from studio.views import results as view

PHASES: tuple[Phase, Phase] = ("before", "after")


def build(shell: Shell) -> Panel:
    chosen = gr.State("all")
    with gr.Row(elem_classes="cw-head"):
        title = html()
        with gr.Row(elem_classes="cw-actions"):
            try_it = gr.Button(t("results.try"), variant="primary", visible=False)
    nothing = html()
    with gr.Column(visible=False) as something:
        with gr.Row(elem_classes="cw-two-cards"):
            with gr.Column(elem_classes="cw-panel", min_width=300):
                numbers = html()
            with gr.Column(elem_classes="cw-panel", min_width=300):
                verdicts = html()
        with gr.Column(elem_classes="cw-panel"):
            filters = html()
            table = html()
    sides = gr.State({})
    parts = [robustness.build(shell, sides), ask_any.build(shell, sides)]

    def _found(project: str, id: str) -> tuple[Run | None, list[Evaluation | None], list[view.Pair]]:
        with open_store(shell.settings) as db:
            run = run_of(db, project, id)
            sides = [evaluations.find(db, run.id, phase) if run else None for phase in PHASES]
            rows = [evaluations.predictions(db, side.id) if side else [] for side in sides]
        return run, sides, view.pairs(*rows)

    def on_show(project: str, id: str, name: str) -> list[Any]:
        run, (before, after), rows = _found(project, id)
        if run is None or after is None:
            blank = ["", "", "", ""]
            return [
                view.title(run),
                gr.Button(visible=False),
                gr.HTML(view.waiting(run), visible=True),
                gr.Column(visible=False),
                *blank,
            ]
        first, second = before.summary if before else None, after.summary
        return [
            view.title(run),
            gr.Button(visible=bool(run.folder)),
            gr.HTML(visible=False),
            gr.Column(visible=True),
            view.summary_card(first, second, rows),
            view.verdict_table(first, second),
            view.filter_bar(rows, name),
            view.rows_table(rows, name),
        ]

    def on_filter(project: str, id: str, event: gr.EventData) -> tuple[str, str, str]:
        name = acted(event).get("name", "")
        name = name if name in view.FILTERS else "all"
        _, _, rows = _found(project, id)
        return name, view.filter_bar(rows, name), view.rows_table(rows, name)

    places = [title, try_it, nothing, something, numbers, verdicts, filters, table]
    gr.on(
        [shell.mark.change, shell.run.change],
        shown(on_show),
        [shell.project, shell.run, chosen],
        places,
        **PRIVATE,
    )
    filters.act(shown(on_filter), [shell.project, shell.run], [chosen, filters, table], **PRIVATE)
    try_it.click(lambda: gr.Tabs(selected="playground"), None, [shell.tabs], **PRIVATE)
    return together([Panel([chosen], lambda project: ["all"]), *parts])
