"""Bringing tools: pasted, from a file, or from a running MCP server; read first, saved when that was seen."""

from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.importers.mcp_server import fetch_tools
from core.importers.outcome import ToolsRead
from core.importers.tools import read_tools
from core.schema import Tool
from core.store import changes, open_store, projects, tool_edits
from studio.events import PRIVATE, html, shown
from studio.guard import Rules
from studio.shell import Shell
from studio.text import t
from studio.views import bring as view
from studio.views.pieces import h

TYPES = [".json", ".yaml", ".yml", ".py", ".txt"]


def build(shell: Shell, open_button: gr.Button) -> tuple[gr.Column, gr.State]:
    """The panel, and a state that takes the name of the first tool that was saved."""
    read: gr.State = gr.State([])  # tools that wait to be confirmed
    saved = gr.State("")
    with gr.Column(visible=False, elem_classes=["cw-panel", "cw-bring"]) as panel:
        gr.HTML(f'<h2>{h(t("tools.bring_title"))}</h2><p class="sub">{h(t("tools.bring_lead"))}</p>')
        with gr.Row():
            pasted = gr.Textbox(label=t("tools.paste"), lines=7, max_lines=14, elem_classes="mono", scale=2)
            with gr.Column(scale=1, min_width=240):
                upload = gr.File(label=t("tools.file"), file_types=TYPES, height=120)
                server = gr.Textbox(
                    label=t("tools.server"),
                    placeholder="http://127.0.0.1:8000/mcp",
                    max_lines=1,
                    visible=Rules.load().local,
                )
        understood = html()
        with gr.Row(elem_classes="cw-foot"):
            leave = gr.Button(t("bring.leave"), elem_classes="cw-quiet")
            look = gr.Button(t("tools.read"))
            take = gr.Button(t("tools.take"), visible=False, elem_classes="cw-save")

    def on_look(project: str, text: str, file: str | None, address: str) -> tuple[Any, list[Tool], Any]:
        found = _read(text, file, address)
        with open_store(shell.settings) as db:
            id = projects.find(db, project).id
            names = {tool.name for tool in projects.tools(db, id)}
            have = {tool.name: tool_edits.callers(db, id, tool) for tool in found.tools if tool.name in names}
        n = len(found.tools)
        return view.tools(found, have), found.tools, gr.Button(t("tools.take_n", n=n), visible=bool(n))

    def on_take(project: str, tools: list[Tool], version: int) -> tuple[Any, ...]:
        told = t("tools.taken", n=len(tools))
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            with changes.recorded(db, found, told):
                have = {tool.name for tool in projects.tools(db, found)}
                for tool in tools:
                    projects.save_tool(db, found, tool, tool.name if tool.name in have else None)
        gr.Info(told)
        return gr.Column(visible=False), [], version + 1, tools[0].name if tools else ""

    def on_open() -> tuple[Any, ...]:
        return gr.Column(visible=True), "", None, "", "", gr.Button(visible=False)

    open_button.click(on_open, None, [panel, pasted, upload, server, understood, take], **PRIVATE)
    leave.click(lambda: gr.Column(visible=False), None, [panel], **PRIVATE)
    gr.on(
        [look.click, upload.upload, server.submit],
        shown(on_look),
        [shell.project, pasted, upload, server],
        [understood, read, take],
        **PRIVATE,
    )
    take.click(
        shown(on_take), [shell.project, read, shell.changed], [panel, read, shell.changed, saved], **PRIVATE
    )
    return panel, saved


def _read(text: str, file: str | None, address: str) -> ToolsRead:
    """What was brought in the one of the three ways that is filled. Raises StudioError."""
    ways = [bool((text or "").strip()), bool(file), bool((address or "").strip())]
    if sum(ways) > 1:
        raise StudioError(t("tools.several_brought"), t("tools.several_brought_hint"))
    if file:
        return read_tools(Path(file).read_bytes(), Path(file).name)
    if ways[2]:
        if not Rules.load().local:
            raise StudioError(t("tools.not_local"), t("tools.not_local_hint"))
        return fetch_tools(address.strip())
    if not ways[0]:
        raise StudioError(t("tools.nothing_brought"), t("tools.nothing_brought_hint"))
    return read_tools(text.encode(errors="replace"))
