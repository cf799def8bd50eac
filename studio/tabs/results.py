"""The Results tab: two models on the same rows, whether one is better, and the rows behind every number."""

from typing import Any

import gradio as gr

from core.errors import StudioError
from core.evaluation import report as reports
from core.evaluation.report import Report
from core.export import results as export
from core.store import Database, asked, frozen, open_store
from core.store.asked import Asked
from core.store.runs import Run
from studio.events import PRIVATE, SAVE_FILE, acted, html, in_turn, shown, to_save
from studio.panels import ask_any, robustness
from studio.shell import Panel, Shell, run_of, together
from studio.text import t
from studio.views import result_counts as counts
from studio.views import result_filters as filters
from studio.views import result_rows as rows
from studio.views import results as view

# What is looked at: of which run, other evaluations than its own on either side, whose matrix, which rows, which page.
START: dict[str, Any] = {
    "run": "", "left": None, "right": None, "matrix": "right", "rows": filters.ALL, "page": 0,
}  # fmt: skip
FILES = {"csv": "text/csv", "jsonl": "application/jsonl", "html": "text/html"}
# A number stands above the rows that it opens.
TO_ROWS = """
() => {
  const panel = document.querySelector('#cw-result-rows');
  const top = panel && panel.querySelector('.cw-opened') && panel.getBoundingClientRect().top;
  if (top && top > window.innerHeight - 240) panel.scrollIntoView({behavior: 'smooth'});
}
"""


IN_TURN = in_turn("results")


def build(shell: Shell) -> Panel:
    look = gr.State(START)
    # {"left": evaluation or None, "right": evaluation, "rows": one of result_filters, "at": a time} opens these, for
    # the panels at the end; "rows" may be left out.
    sides = gr.State({})
    with gr.Row(elem_classes="cw-head"):
        title = html()
        with gr.Row(elem_classes="cw-actions"):
            compare = gr.Button(t("results.compare"), visible=False)
            take = gr.Button(t("results.export"), visible=False)
            try_it = gr.Button(t("results.try"), variant="primary", visible=False)
    with gr.Column(visible=False, elem_classes="cw-panel") as choice:
        gr.HTML(
            f"<h2>{t('results.compare_title')}</h2><p class='sub cw-small'>{t('results.compare_lead')}</p>"
        )
        with gr.Row(elem_classes="cw-two"):
            left = gr.Dropdown([], label=t("results.left"))
            right = gr.Dropdown([], label=t("results.right"))
        with gr.Row(elem_classes="cw-foot"):
            back = gr.Button(t("results.compare_back"), elem_classes="cw-quiet")
            close = gr.Button(t("results.compare_close"))
    with gr.Column(visible=False, elem_classes="cw-panel") as files:
        kinds = html(view.exports())
    file = gr.Textbox(visible="hidden", label=t("results.file"))
    nothing = html()
    with gr.Column(visible=False) as something:
        with gr.Row(elem_classes="cw-two-cards"):
            with gr.Column(elem_classes="cw-panel", min_width=300):
                numbers = html()
            with gr.Column(elem_classes="cw-stacked", min_width=300):
                with gr.Column(elem_classes="cw-panel"):
                    matrix = html()
                with gr.Column(elem_classes="cw-panel"):
                    arguments = html()
        with gr.Column(elem_classes="cw-panel"):
            tools = html()
        with gr.Column(elem_classes="cw-panel cw-hide-empty"):
            seeds = html()
    panels = [robustness.build(shell, sides), ask_any.build(shell, sides)]
    with gr.Column(visible=False, elem_classes="cw-panel", elem_id="cw-result-rows") as below:
        chips = html()
        table = html()

    def sides_of(db: Database, run: Run | None, now: dict[str, Any]) -> tuple[Asked | None, Asked | None]:
        """What stands on either side: what was chosen, else before and after the run."""
        if run is None:
            return None, None
        if now["right"] is None:
            return asked.of_run(db, run)
        found = [asked.find(db, run.project, id) if id else None for id in (now["left"], now["right"])]
        if found[1] is None or (now["left"] and found[0] is None):
            raise StudioError(t("results.compare_gone"), t("results.compare_gone_hint"))
        return found[0], found[1]

    def read(db: Database, project: str, id: str, now: dict[str, Any]) -> tuple[Run | None, Report | None]:
        run = run_of(db, project, id)
        before, after = sides_of(db, run, now)
        return run, reports.read(db, before, after) if after else None

    def of_run(now: dict[str, Any], id: str) -> dict[str, Any]:
        """The look at this run: another run is looked at from the beginning."""
        return now if now["run"] == id else {**START, "run": id}

    def on_show(project: str, id: str, now: dict[str, Any]) -> dict[Any, Any]:
        now = of_run(now, id)
        with open_store(shell.settings) as db:
            run, found = read(db, project, id, now)
            if run is None or found is None:
                return {
                    look: now,
                    title: view.title(run),
                    **dict.fromkeys((compare, take, try_it), gr.Button(visible=False)),
                    **dict.fromkeys((choice, files, something, below), gr.Column(visible=False)),
                    nothing: gr.HTML(view.waiting(run), visible=True),
                    **dict.fromkeys((numbers, matrix, tools, arguments, seeds, chips, table), ""),
                }
            several = reports.seeds(db, asked.listed(db, project), found.left, found.right)
            drawn = rows_drawn(db, found, now)
        names = view.names(found)
        empty = not found.both
        return {
            look: now,
            title: view.title(run, compared=now["right"] is not None),
            compare: gr.Button(visible=True),
            take: gr.Button(visible=not empty),
            try_it: gr.Button(visible=bool(run.folder)),
            nothing: gr.HTML(view.nothing_same() if empty else "", visible=empty),
            something: gr.Column(visible=not empty),
            below: gr.Column(visible=not empty),
            numbers: view.numbers(found),
            matrix: counts.matrix(found, now["matrix"] if found.left else "right", names),
            tools: counts.tools(found, names),
            arguments: counts.arguments(found),
            seeds: view.seeds(several),
            **drawn,
        }

    def rows_drawn(db: Database, found: Report, now: dict[str, Any]) -> dict[Any, Any]:
        """The chips and one page of the rows that are opened."""
        ids = filters.rows(found, now["rows"])
        opened = now["rows"] if ids is not None else filters.ALL
        kept = set(filters.rows(found, filters.ALL) or () if ids is None else ids)
        pairs = [pair for pair in found.both if pair.example in kept]
        page = min(now["page"], max(0, (len(pairs) - 1) // rows.PAGE))
        part = pairs[page * rows.PAGE : (page + 1) * rows.PAGE]
        talks = frozen.examples(db, found.right.snapshot, [pair.example for pair in part])
        names = view.names(found)
        return {
            chips: filters.bar(found, opened) + filters.opened_chip(opened, names, len(pairs)),
            table: rows.table(part, names, page, len(pairs), talks),
        }

    def on_press(project: str, id: str, now: dict[str, Any], event: gr.EventData) -> dict[Any, Any]:
        """A number, a chip, a page, a side of the matrix, or another seed."""
        data = acted(event)
        now = of_run(now, id)
        match data.pop("do", ""):
            case "rows":
                now = {**now, "rows": {key: data[key] for key in filters.KEYS if key in data}, "page": 0}
            case "clear":
                now = {**now, "rows": filters.ALL, "page": 0}
            case "page" if data.get("n", "").isdigit():
                now = {**now, "page": int(data["n"])}
            case "side" if data.get("name") in filters.SIDES:
                now = {**now, "matrix": data["name"]}
            case "open" if data.get("side") in filters.SIDES and data.get("id", "").isdigit():
                with open_store(shell.settings) as db:
                    before, after = sides_of(db, run_of(db, project, id), now)
                ids = {"left": before.id if before else None, "right": after.id if after else None}
                return on_show(project, id, {**START, "run": id, **ids, data["side"]: int(data["id"])})
        with open_store(shell.settings) as db:
            _, found = read(db, project, id, now)
            if found is None:
                return {look: now}
            matrix_side = now["matrix"] if found.left else "right"
            return {
                look: now,
                matrix: counts.matrix(found, matrix_side, view.names(found)),
                **rows_drawn(db, found, now),
            }

    def on_compare(project: str, id: str, now: dict[str, Any]) -> list[Any]:
        with open_store(shell.settings) as db:
            before, after = sides_of(db, run_of(db, project, id), of_run(now, id))
            choices = [(view.side_name(one), str(one.id)) for one in asked.listed(db, project)]
        return [
            gr.Column(visible=True),
            gr.Dropdown(choices, value=str(before.id) if before else None),
            gr.Dropdown(choices, value=str(after.id) if after else None),
        ]

    def on_choose(project: str, id: str, now: dict[str, Any], first: Any, second: Any) -> dict[Any, Any]:
        """Other answers on the left or on the right."""
        if not str(second).isdigit() or (first and not str(first).isdigit()):
            return {look: now}
        chosen = {"left": int(first) if first else None, "right": int(second)}
        if (now["left"], now["right"]) == (chosen["left"], chosen["right"]):
            return {look: now}  # leaving the field is an input too
        return on_show(project, id, {**START, "run": id, **chosen})

    def on_sides(project: str, id: str, wanted: dict[str, Any]) -> dict[Any, Any]:
        if not wanted:
            return {look: START}
        chosen: dict[str, Any] = {key: wanted[key] for key in ("left", "right", "rows") if key in wanted}
        return on_show(project, id, {**START, "run": id, **chosen})

    def on_back(project: str, id: str) -> dict[Any, Any]:
        return {**on_show(project, id, {**START, "run": id}), choice: gr.Column(visible=False)}

    def on_export(project: str, id: str, now: dict[str, Any], event: gr.EventData) -> Any:
        kind = acted(event).get("name", "")
        if kind not in export.KINDS:
            return gr.skip()
        with open_store(shell.settings) as db:
            run, found = read(db, project, id, of_run(now, id))
            if run is None or found is None:
                raise StudioError(t("results.compare_gone"))
            names = view.names(found)
            heading = t("results.title_run", run=run.name)
            if now["right"] is not None:
                heading = t("results.title_export", left=names[0], right=names[1])
            text = export.text(db, found, kind, names, heading)
        return to_save(f"results-run-{run.number}.{kind}", FILES[kind], text.encode())

    parts = [numbers, matrix, tools, arguments, seeds, chips, table]
    places = [look, title, compare, take, try_it, choice, files, nothing, something, below, *parts]
    at = [shell.project, shell.run, look]
    gr.on([shell.mark.change, shell.run.change], shown(on_show), at, places, **IN_TURN)
    for place in parts:
        pressed = place.act(shown(on_press), at, places, **IN_TURN)
        if place not in (chips, table):
            pressed.then(None, None, None, js=TO_ROWS, **PRIVATE)
    compare.click(shown(on_compare), at, [choice, left, right], **PRIVATE)
    # Not .select, which a choice made with the keyboard does not raise (Gradio 6.31).
    gr.on([left.input, right.input], shown(on_choose), [*at, left, right], places, **IN_TURN)
    back.click(shown(on_back), at[:2], places, **IN_TURN)
    close.click(lambda: gr.Column(visible=False), None, [choice], **PRIVATE)
    sides.change(shown(on_sides), [*at[:2], sides], places, **IN_TURN)
    opened = gr.State(False)
    take.click(lambda on: (not on, gr.Column(visible=not on)), [opened], [opened, files], **PRIVATE)
    saved = kinds.act(shown(on_export), at, [file], **PRIVATE)
    saved.then(None, [file], None, js=SAVE_FILE, **PRIVATE)
    try_it.click(lambda: gr.Tabs(selected="playground"), None, [shell.tabs], **PRIVATE)

    def fresh(project: str) -> list[Any]:
        return [dict(START), gr.Column(visible=False), gr.Column(visible=False), False]

    return together([Panel([look, choice, files, opened], fresh), *panels])
