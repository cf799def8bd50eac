"""The Tools tab: what the model may call."""

from typing import Any

import gradio as gr

from core.errors import StudioError
from core.store import open_store, projects
from studio.editors import tool as editor
from studio.editors import tool_draft as draft_of
from studio.editors import tool_saving
from studio.events import PRIVATE, acted, asking, html, lamp, shown
from studio.panels import bring_tools, undo
from studio.shell import Panel, Shell
from studio.text import t
from studio.views import tools as view
from studio.views.pieces import head


def build(shell: Shell, wanted: gr.State) -> Panel:
    """The tab; `wanted` takes the filter that a card of examples asks for."""
    draft, lit = gr.State(draft_of.closed()), lamp()
    with gr.Row(elem_classes="cw-head"):
        gr.HTML(head(t("tools.title"), t("tools.lead")))
        with gr.Row(elem_classes="cw-actions"):
            bring = gr.Button(t("tools.bring"))
            add = gr.Button(t("tools.add"), variant="primary", elem_classes="cw-leaves")
    bringing, saved = bring_tools.build(shell, bring)
    undo_bar = undo.build(shell)
    with gr.Row(elem_classes="cw-tools"):
        with gr.Column(scale=3, min_width=250):
            cards = html()
        with gr.Column(scale=7, min_width=300, elem_classes=["cw-panel", "cw-editor"]):
            editor.build(shell, draft, lit)

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
        return opened(project, data.get("name", "")), gr.skip(), gr.skip()

    def opened(project: str, name: str) -> draft_of.Draft:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            tool = next((tool for tool in projects.tools(db, found) if tool.name == name), None)
            if tool is None:
                raise StudioError(t("tools.gone", name=name), t("tools.gone_hint"))
            examples = view.counts_by_tool(projects.tool_counts(db, found)).get(name, 0)
            return draft_of.opened(tool, examples, tool_saving.guessed(db, found, tool))

    gr.on([draft.change, shell.changed.change], shown(on_cards), [shell.project, draft], [cards], **PRIVATE)
    cards.act(shown(on_card), [shell.project], [draft, wanted, shell.tabs], **asking(lit))
    add.click(lambda: draft_of.opened(None), None, [draft], **asking(lit))
    saved.change(
        shown(lambda project, name: opened(project, name) if name else gr.skip()),
        [shell.project, saved],
        [draft],
        **PRIVATE,
    )

    def fresh(project: str) -> list[Any]:
        with open_store(shell.settings) as db:
            tools = projects.tools(db, project)
        return [
            opened(project, tools[0].name) if tools else draft_of.closed(),
            gr.Column(visible=False),
            undo.line(shell, project),
        ]

    return Panel([draft, bringing, undo_bar], fresh)
