"""Bringing examples: a file or a Hub data set is read to its end first, and its rows are added when that was seen."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.importers import hub_dataset, staging
from core.importers.outcome import Column, ColumnsUnclear
from core.importers.reading import Options
from core.importers.staging import Staged
from core.schema import Tool
from core.schema.example import SPLITS
from core.store import open_store, projects
from studio.drawing import DRAWING
from studio.events import PRIVATE, html, shown
from studio.shell import Shell
from studio.text import t
from studio.views import bring as view
from studio.views.pieces import h

TYPES = [".csv", ".tsv", ".xlsx", ".jsonl", ".json", ".ndjson", ".parquet", ".txt"]
MAPPED = ("csv", "xlsx", "rows")  # forms whose columns may be given another meaning
LOOK_SECONDS = 0.4


def build(shell: Shell, open_button: gr.Button) -> gr.Column:
    """The panel, opened by a button of the tab."""
    staged: gr.State = gr.State([])  # ids of what was read and waits to be confirmed, one a file
    columns: gr.State = gr.State([])  # of a table, with their meanings
    mapping: gr.State = gr.State({})  # what the user said of them
    with gr.Column(visible=False, elem_classes=["cw-panel", "cw-bring"]) as panel:
        gr.HTML(f'<h2>{h(t("examples.bring_title"))}</h2><p class="sub">{h(t("examples.bring_lead"))}</p>')
        with gr.Row():
            upload = gr.File(label=t("examples.file"), file_types=TYPES, height=120, scale=1)
            with gr.Column(scale=1, min_width=260):
                parts = [(t(f"part.{part}_long"), part) for part in SPLITS]
                part = gr.Radio(parts, value="train", label=t("examples.default_part"))
                every = gr.Checkbox(False, label=t("bring.every"), info=t("bring.every_hint"))
        with gr.Accordion(t("bring.hub"), open=False, elem_classes="cw-fold"), gr.Row():
            hub = gr.Textbox(label=t("bring.hub_name"), placeholder="owner/name", max_lines=1, scale=3)
            fetch = gr.Button(t("bring.hub_fetch"), elem_classes="cw-fit")
        understood = html()
        with gr.Column(visible=False) as meanings:
            _meanings(shell, columns, mapping)
        with gr.Row(elem_classes="cw-foot"):
            leave = gr.Button(t("bring.leave"), elem_classes="cw-quiet")
            refused = gr.DownloadButton(t("bring.rejects_file"), visible=False, elem_classes="cw-quiet")
            take = gr.Button(t("examples.take"), visible=False, elem_classes="cw-save")

    drawn = [understood, staged, columns, meanings, refused, take]
    nothing: list[Any] = [
        "",
        [],
        [],
        gr.Column(visible=False),
        gr.DownloadButton(visible=False),
        gr.Button(visible=False),
    ]

    def on_read(
        project: str,
        file: str | None,
        name: str,
        default: str,
        all_answers: bool,
        said: dict[str, str],
        old: list[str],
    ) -> Iterator[list[Any]]:
        """Read everything in a thread of its own, telling how far it is."""
        for id in old:
            staging.discard(shell.settings, id)
        if default not in SPLITS:
            raise StudioError(t("example.no_part"))
        if not file and not (name or "").strip():
            yield nothing
            return
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
        stop = threading.Event()
        seen: tuple[float, int] = (0.0, 0)

        def note(fraction: float, rows: int) -> None:
            nonlocal seen
            seen = (fraction, rows)

        def work() -> list[Staged]:
            options = Options(None, "test" if default == "test" else "train", said or None, bool(all_answers))
            if file:
                return [
                    staging.stage(
                        shell.settings, found, Path(file), Path(file).name, options, note, stop.is_set
                    )
                ]
            return _from_hub(shell, found, name.strip(), options, note, stop.is_set)

        with ThreadPoolExecutor(1) as thread:
            task = thread.submit(work)
            try:
                while not task.done():
                    time.sleep(LOOK_SECONDS)
                    yield [view.progress(*seen), *[gr.skip()] * 5]
            finally:
                stop.set()
            yield _understood(task)

    def _understood(task: Future[list[Staged]]) -> list[Any]:
        try:
            read = task.result()
        except ColumnsUnclear as error:
            return [view.problem(error), [], _plain(error.columns), gr.Column(visible=True), *nothing[4:]]
        except StudioError as error:
            return [view.problem(error), *nothing[1:]]
        rejects = [_download(shell, one) for one in read if one.rejected]
        n = sum(one.examples for one in read)
        columns = _plain(read[0].columns) if read[0].format in MAPPED else []
        return [
            "".join(map(view.examples, read)),
            [one.id for one in read],
            columns,
            gr.Column(visible=bool(columns)),
            gr.DownloadButton(value=rejects[0] if rejects else None, visible=bool(rejects)),
            gr.Button(t("examples.take_n", n=n), visible=bool(n)),
        ]

    def on_take(project: str, ids: list[str], version: int) -> list[Any]:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
        n = sum(staging.take(shell.settings, id, found).added for id in ids)
        gr.Info(t("examples.taken", n=n))
        return [gr.Column(visible=False), version + 1, [], {}]

    def on_leave(ids: list[str]) -> list[Any]:
        for id in ids:
            staging.discard(shell.settings, id)
        return [gr.Column(visible=False), [], {}]

    inputs = [shell.project, upload, hub, part, every, mapping, staged]
    opening = [panel, upload, hub, mapping, *drawn]
    open_button.click(lambda: [gr.Column(visible=True), None, "", {}, *nothing], None, opening, **PRIVATE)
    reading = gr.on(
        [upload.upload, upload.clear, fetch.click, hub.submit, part.input, every.input, mapping.change],
        shown(on_read),
        inputs,
        drawn,
        concurrency_limit=4,
        **PRIVATE,
    )
    leave.click(shown(on_leave), [staged], [panel, staged, mapping], cancels=[reading], **PRIVATE)
    take.click(
        shown(on_take),
        [shell.project, staged, shell.changed],
        [panel, shell.changed, staged, mapping],
        **PRIVATE,
    )
    return panel


def _from_hub(
    shell: Shell,
    project: str,
    name: str,
    options: Options,
    note: Callable[[float, int], None],
    cancelled: Callable[[], bool],
) -> list[Staged]:
    """Every file of a data set; one that says its part by its name is for that part."""
    read: list[Staged] = []
    known: dict[str, Tool] = {}
    for path in hub_dataset.fetch(name, shell.settings, lambda text, share: note(share or 0.0, 0)):
        here = replace(options, default_split=hub_dataset.split_of(path) or options.default_split)
        tools = known.values()
        read.append(staging.stage(shell.settings, project, path, path.name, here, note, cancelled, tools))
        known |= {tool.name: tool for tool in read[-1].found_tools}
    return read


def _download(shell: Shell, staged: Staged) -> str:
    """The refused rows as a file that the page may hand out; those below the studio's own folder it may not."""
    place = Path(tempfile.mkdtemp()) / f"{Path(staged.filename).stem}-rejected.csv"
    return str(shutil.move(staging.rejects_csv(shell.settings, staged.id), place))


def _plain(columns: list[Column]) -> list[dict[str, Any]]:
    return [asdict(column) for column in columns]


def _meanings(shell: Shell, columns: gr.State, mapping: gr.State) -> None:
    """A choice for each column of a table."""

    @gr.render(inputs=[columns, shell.project], triggers=[columns.change], show_progress="hidden", **DRAWING)
    def table(found: list[dict[str, Any]], project: str) -> None:
        if not found:
            return
        with open_store(shell.settings) as db:
            tools = projects.tools(db, projects.find(db, project).id)
        named = dict.fromkeys(name for tool in tools for name in tool.properties)
        choices = [(t(f"meaning.{name}"), name) for name in view.MEANINGS]
        choices += [(t("meaning.argument", name=name), f"argument:{name}") for name in named]
        known = {value for _, value in choices}
        gr.HTML(f'<h3>{h(t("bring.columns"))}</h3><p class="sub">{h(t("bring.columns_lead"))}</p>')
        fields: list[gr.Dropdown] = []
        with gr.Row(elem_classes="cw-columns"):
            for column in found:
                meaning = column["meaning"] if column["meaning"] in known else ""
                cells = " · ".join(cell for cell in column["cells"] if cell)[:80]
                fields.append(
                    gr.Dropdown(
                        choices,
                        value=meaning,
                        label=column["name"],
                        info=cells or None,
                        min_width=190,
                        interactive=True,
                    )
                )

        def on_choice(*values: str) -> dict[str, str]:
            pairs = zip(found, values, strict=True)
            return {column["name"]: value for column, value in pairs if value in known}

        for field in fields:
            field.input(shown(on_choice), fields, [mapping], **PRIVATE)
