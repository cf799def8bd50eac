"""The Runs tab: every run of the project, what can be done to it, and two to four of them side by side."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.export import bundle
from core.jobs import local
from core.store import Database, evaluations, metrics, open_store, projects, runs, shelf
from core.store.runs import Run
from core.training.recipe import RunConfig
from studio.events import PRIVATE, SAVE_FILE, acted, html, in_turn, shown, to_save
from studio.panels import recipe as recipe_panel
from studio.shell import Panel, Shell, newest_of, run_of, tab_of
from studio.text import t
from studio.views import compare as compare_view
from studio.views import runs_table as view
from studio.views.pieces import h

LOSSES = ("loss", "eval_loss")
CURVES = (*LOSSES, "right_tool")
# What is looked at: which runs, which page, whose actions are open, which are ticked, whether those are compared.
START: dict[str, Any] = {"shelf": "current", "page": 0, "open": "", "picked": [], "comparing": False}


def build(shell: Shell, again: gr.State) -> Panel:
    """The tab; `again` takes the run whose model and settings the Train tab is to put into its form."""
    chosen, revision, editing = gr.State(START), gr.State(""), gr.State("")
    with gr.Row(elem_classes="cw-head"):
        title = html()
        with gr.Row(elem_classes="cw-actions"):
            back = gr.Button(t("shelf.back"), visible=False)
            compare = gr.Button(t("shelf.compare"), variant="primary", visible=False)
    deleted = html(elem_classes="cw-undo-bar")
    with gr.Column(visible=False, elem_classes="cw-panel") as form:
        heading = html()
        name = gr.Textbox(label=t("shelf.name"), max_length=60, max_lines=1)
        note = gr.Textbox(label=t("shelf.note"), info=t("shelf.note_info"), max_length=2000, lines=3)
        with gr.Row(elem_classes="cw-foot"):
            cancel = gr.Button(t("shelf.cancel"), elem_classes="cw-quiet")
            save = gr.Button(t("shelf.save"), elem_classes="cw-save")
    with gr.Column(elem_classes="cw-panel"):
        body = html()
    file = gr.Textbox(visible="hidden", label=t("shelf.csv"))

    def on_draw(project: str, shown_run: str, now: dict[str, Any]) -> list[Any]:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            sides = _sides(db, found, now["picked"]) if now["comparing"] else []
            gone = shelf.deleted(db, found)
            if len(sides) < 2:
                now = {**now, "comparing": False}
                drawn = _list(db, found, shown_run, now)
            else:
                drawn = compare_view.compare(sides)
        comparing = now["comparing"]
        return [
            compare_view.title() if comparing else view.title(),
            gr.Button(visible=comparing),
            gr.Button(visible=not comparing and len(now["picked"]) > 1),
            view.deleted_lines(gone, local.UNDO_SECONDS // 60),
            drawn,
        ]

    def on_look(now: dict[str, Any], data: dict[str, str]) -> dict[str, Any]:
        """Another look at the list; nothing that is stored changes."""
        id = data.get("id", "")
        match data.get("do"):
            case "shelf" if data.get("name") in view.SHELVES:
                return {**now, "shelf": data["name"], "page": 0, "open": ""}
            case "page" if data.get("n", "").isdigit():
                return {**now, "page": int(data["n"])}
            case "more":
                return {**now, "open": "" if now["open"] == id else id}
            case "clear":
                return {**now, "picked": []}
            case "pick":
                picked = [one for one in now["picked"] if one != id]
                if len(picked) == len(now["picked"]):
                    if len(picked) == view.MOST_COMPARED:
                        raise StudioError(t("shelf.too_many"), t("shelf.too_many_hint"))
                    picked.append(id)
                return {**now, "picked": picked}
        return now

    def on_act(project: str, shown_run: str, now: dict[str, Any], event: gr.EventData) -> dict[Any, Any]:
        """What was pressed in the list: another look at it, or something done to one run."""
        data = acted(event)
        what: dict[Any, Any] = {}
        with open_store(shell.settings) as db:
            run = run_of(db, project, data.get("id", ""))
            match data.get("do"):
                case "shelf" | "page" | "clear":
                    now = on_look(now, data)
                case _ if run is None:
                    raise StudioError(t("train.gone"))
                case "pick" | "more":
                    now = on_look(now, data)
                case "open":
                    what = {shell.run: run.id, shell.tabs: gr.Tabs(selected=tab_of(db, run))}
                case "again":
                    what = {again: {"id": run.id, "at": time.time()}, shell.tabs: gr.Tabs(selected="train")}
                    gr.Info(h(t("shelf.again_said", run=run.name)))
                case "csv":
                    what = {file: _metrics_file(db, run)}
                case "script":
                    what = {file: _script_file(shell, run)}
                case "describe":
                    what = opened(run)
                case "archive" | "bring_back" as done:
                    shelf.archive(db, run.id, done == "archive")
                    now = {**now, "open": ""}
                    gr.Info(h(t(f"shelf.{done}_said", run=run.name)))
                case "delete":
                    shelf.delete(db, run.id)
                    now = {**now, "open": "", "picked": [one for one in now["picked"] if one != run.id]}
                    if shown_run == run.id:
                        other = newest_of(db, run.project)
                        shown_run = other.id if other else ""
                        what = {shell.run: shown_run}
        return {chosen: now, **what, **dict(zip(drawn, on_draw(project, shown_run, now), strict=True))}

    def opened(run: Run) -> dict[Any, Any]:
        """The form for the name and note of a run."""
        info = t("shelf.name_info", run=replace(run, label="").name)
        return {
            form: gr.Column(visible=True),
            editing: run.id,
            heading: f"<h2>{h(t('shelf.describe_title', run=run.name))}</h2>",
            name: gr.Textbox(run.label, info=info, autofocus=True),
            note: run.note,
        }

    def on_save(project: str, id: str, label: str, words: str) -> Any:
        with open_store(shell.settings) as db:
            run = run_of(db, project, id)
            if run is None:
                raise StudioError(t("train.gone"))
            shelf.describe(db, run.id, label or "", words or "")
            gr.Info(h(t("shelf.saved", run=runs.find(db, run.id).name)))
        return gr.Column(visible=False)

    def on_deleted(project: str, event: gr.EventData) -> None:
        data = acted(event)
        with open_store(shell.settings) as db:
            gone = shelf.deleted(db, projects.find(db, project).id)
            run = next((one for one in gone if one.id == data.get("id")), None)
            if run is None:
                raise StudioError(t("train.gone"))
            if data.get("do") == "restore":
                shelf.restore(db, run.id)
                gr.Info(h(t("shelf.bring_back_said", run=run.name)))
                return
        local.forget_now(shell.settings, run.id)
        gr.Info(h(t("shelf.forgotten", run=run.name)))

    def _list(db: Database, project: str, shown_run: str, now: dict[str, Any]) -> str:
        """The chips, what is ticked, and one page of runs with all that is known of them."""
        archived = now["shelf"] == "archived"
        current, put_away = counts = shelf.counts(db, project)
        total = counts[archived]
        page = min(now["page"], max(0, (total - 1) // view.PAGE))
        found = shelf.listed(db, project, archived=archived, limit=view.PAGE, offset=page * view.PAGE)
        entries = _entries(db, found)
        if not current + put_away:
            return view.table([], "", "", [])
        return (
            view.chips(current, put_away, now["shelf"])
            + view.picked_bar(len(now["picked"]))
            + view.table(
                entries, shown_run, now["open"], now["picked"], archived=archived, page=page, total=total
            )
        )

    def fresh(project: str) -> list[Any]:
        return [dict(START), gr.Column(visible=False), *on_draw(project, "", START)]

    def live(project: str, run: str) -> list[Any]:
        with open_store(shell.settings) as db:
            return [f"{project}|{run}|{shelf.revision(db, project)}"]

    at, turn = [shell.project, shell.run, chosen], in_turn("runs")
    drawn = [title, back, compare, deleted, body]
    revision.change(shown(on_draw), at, drawn, **turn)
    outputs = [chosen, shell.run, shell.tabs, again, file, form, editing, heading, name, note, *drawn]
    pressed = body.act(shown(on_act), at, outputs, **turn)
    pressed.then(None, [file], None, js=SAVE_FILE, **PRIVATE)
    for button, on in ((compare, True), (back, False)):
        turned = button.click(lambda now, on=on: {**now, "comparing": on}, [chosen], [chosen], **turn)
        turned.then(shown(on_draw), at, drawn, **turn)
    saved = gr.on(
        [save.click, name.submit], shown(on_save), [shell.project, editing, name, note], [form], **PRIVATE
    )
    cancel.click(lambda: gr.Column(visible=False), None, [form], **PRIVATE)
    undone = deleted.act(shown(on_deleted), [shell.project], None, **PRIVATE)
    return Panel([chosen, form, *drawn], fresh, [revision], live, [pressed, saved, undone])


def _entries(db: Database, found: list[Run]) -> list[view.Entry]:
    """Runs with what was counted and measured of them, asked for all at once."""
    ids = [run.id for run in found]
    summaries = evaluations.summaries(db, ids)
    newest = metrics.last(db, ids, LOSSES)
    return [
        view.Entry(
            run,
            t("shelf.recipe_name", name=t(f"recipe.{recipe_panel.name_of(_recipe(run))}")),
            summaries.get((run.id, "before")),
            summaries.get((run.id, "after")),
            {metric: newest[run.id, metric] for metric in LOSSES if (run.id, metric) in newest},
        )
        for run in found
    ]


def _recipe(run: Run) -> dict[str, Any]:
    """Every setting of a run, those that its version did not know yet as they were then."""
    return RunConfig.from_json(run.recipe).to_json()


def _sides(db: Database, project: str, ids: list[str]) -> list[compare_view.Side]:
    found = [run for run in (run_of(db, project, id) for id in ids[: view.MOST_COMPARED]) if run]
    return [
        compare_view.Side(entry, _recipe(entry.run), metrics.thinned(db, entry.run.id, CURVES))
        for entry in _entries(db, found)
    ]


def _metrics_file(db: Database, run: Run) -> str:
    text = metrics.as_csv(db, run.id)
    if text.count("\n") < 2:
        raise StudioError(t("shelf.no_metrics", run=run.name))
    return to_save(f"run-{run.number}-metrics.csv", "text/csv", text.encode())


def _script_file(shell: Shell, run: Run) -> str:
    """The run as a script with its rows and all its settings."""
    with tempfile.TemporaryDirectory() as scratch:
        packed = bundle.pack(shell.settings, run.id, "script", Path(scratch))
        return to_save(f"run-{run.number}-script.zip", "application/zip", packed.read_bytes())
