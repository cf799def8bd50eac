"""The Tools tab: what the model may call."""

from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.importers.tools import read_tools
from core.schema import Tool
from core.store import immediate, open_store, projects
from studio.editors import tool as editor
from studio.editors import tool_draft as draft_of
from studio.events import PRIVATE, acted, html, shown
from studio.shell import Panel, Shell
from studio.text import t
from studio.views import tools as view
from studio.views.pieces import h, head

TITLE = "tools"


def build(shell: Shell, wanted: gr.State) -> Panel:
    """The tab; `wanted` takes the filter that a card of examples asks for."""
    draft = gr.State(draft_of.closed())
    read = gr.State([])  # tools that were brought and wait to be confirmed
    with gr.Row(elem_classes="cw-head"):
        gr.HTML(head(t("tools.title"), t("tools.lead")))
        with gr.Row(elem_classes="cw-actions"):
            bring = gr.Button(t("tools.bring"))
            add = gr.Button(t("tools.add"), variant="primary", elem_classes="cw-leaves")
    with gr.Column(visible=False, elem_classes=["cw-panel", "cw-bring"]) as bringing:
        gr.HTML(f'<h2>{h(t("tools.bring_title"))}</h2><p class="sub">{h(t("tools.bring_lead"))}</p>')
        with gr.Row():
            pasted = gr.Textbox(label=t("tools.paste"), lines=6, max_lines=14, elem_classes="mono", scale=2)
            upload = gr.File(label=t("tools.file"), file_types=[".json"], height=150, scale=1)
        understood = html()
        with gr.Row(elem_classes="cw-foot"):
            leave = gr.Button(t("bring.leave"), elem_classes="cw-quiet")
            look = gr.Button(t("tools.read"))
            take = gr.Button(t("tools.take"), visible=False)
    with gr.Row(elem_classes="cw-tools"):
        with gr.Column(scale=3, min_width=250):
            cards = html()
        with gr.Column(scale=7, min_width=300, elem_classes=["cw-panel", "cw-editor"]):
            editor.build(shell, draft)

    def on_cards(project: str, now: draft_of.Draft) -> str:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            return view.cards(projects.tools(db, found), projects.tool_counts(db, found), now.get("original"))

    def on_card(project: str, event: gr.EventData) -> tuple[Any, Any, Any]:
        data = acted(event)
        if data.get("do") in ("examples", "missing"):
            return (
                gr.skip(),
                {"tool": "" if data.get("name") == view.NO_TOOL else data.get("name", "")},
                gr.Tabs(selected="examples"),
            )
        return _opened(project, data.get("name", "")), gr.skip(), gr.skip()

    def _opened(project: str, name: str) -> draft_of.Draft:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            tool = next((tool for tool in projects.tools(db, found) if tool.name == name), None)
            if tool is None:
                raise StudioError(t("tools.gone", name=name), t("tools.gone_hint"))
            return draft_of.opened(tool, view.counts_by_tool(projects.tool_counts(db, found)).get(name, 0))

    def on_look(project: str, text: str, file: str | None) -> tuple[Any, list[Tool], Any]:
        data = Path(file).read_bytes() if file else (text or "").encode()
        if not data.strip():
            raise StudioError(t("tools.nothing_brought"), t("tools.nothing_brought_hint"))
        found = read_tools(data)
        with open_store(shell.settings) as db:
            have = {tool.name for tool in projects.tools(db, projects.find(db, project).id)}
        new = [tool.name for tool in found.tools if tool.name not in have]
        old = [tool.name for tool in found.tools if tool.name in have]
        rejected = [f"{t('bring.definition', row=reject.row)} {reject.reason}" for reject in found.rejected]
        return (
            view.brought(new, old, found.notes, rejected),
            found.tools,
            gr.Button(visible=bool(found.tools)),
        )

    def on_take(project: str, tools: list[Tool], version: int) -> tuple[Any, ...]:
        with open_store(shell.settings) as db, immediate(db):
            found = projects.find(db, project).id
            for tool in tools:
                projects.save_tool(db, found, tool, tool.name)
        gr.Info(t("tools.taken", n=len(tools)))
        return (
            gr.Column(visible=False),
            [],
            version + 1,
            _opened(project, tools[0].name) if tools else gr.skip(),
        )

    def on_bring() -> tuple[Any, ...]:
        return gr.Column(visible=True), "", None, "", gr.Button(visible=False)

    gr.on([draft.change, shell.changed.change], shown(on_cards), [shell.project, draft], [cards], **PRIVATE)
    cards.act(shown(on_card), [shell.project], [draft, wanted, shell.tabs], **PRIVATE)
    add.click(lambda: draft_of.opened(None), None, [draft], **PRIVATE)
    bring.click(on_bring, None, [bringing, pasted, upload, understood, take], **PRIVATE)
    leave.click(lambda: gr.Column(visible=False), None, [bringing], **PRIVATE)
    gr.on(
        [look.click, upload.upload],
        shown(on_look),
        [shell.project, pasted, upload],
        [understood, read, take],
        **PRIVATE,
    )
    take.click(
        shown(on_take),
        [shell.project, read, shell.changed],
        [bringing, read, shell.changed, draft],
        **PRIVATE,
    )

    def fresh(project: str) -> list[Any]:
        with open_store(shell.settings) as db:
            tools = projects.tools(db, project)
        return [_opened(project, tools[0].name) if tools else draft_of.closed(), gr.Column(visible=False)]

    return Panel([draft, bringing], fresh)
