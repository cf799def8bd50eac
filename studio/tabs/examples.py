"""The Examples tab: what people say, and the call it should become."""

import time
from typing import Any, Literal

import gradio as gr

from core.errors import StudioError
from core.jobs.checkup import checkup
from core.schema import Example
from core.store import open_store, projects, selection
from studio.editors import example as editor
from studio.editors import example_draft as draft_of
from studio.events import PRIVATE, asking, lamp, shown
from studio.panels import bring_examples, divide, health, listing, undo
from studio.panels.listing import ANY, FILTER, NOBODY, NONE
from studio.shell import Panel, Shell
from studio.text import t
from studio.views.pieces import head


def build(shell: Shell, wanted: gr.State, sight: gr.State) -> Panel:
    """The tab; `wanted` brings the tool whose examples are asked for, `sight` takes the example to show as tokens."""
    draft, lit = gr.State(draft_of.closed()), lamp()

    def neighbour(
        project: str, id: int, direction: Literal[-1, 1], now: dict[str, Any], words: str
    ) -> Example | None:
        """The example before or after this one in the list as it is filtered."""
        chosen = listing.selection_of(now, words, checkup(shell.settings, project).findings)
        with open_store(shell.settings) as db:
            project = projects.find(db, project).id
            beside = selection.neighbour(db, project, chosen, id, direction)
            return projects.example(db, project, beside) if beside else None

    with gr.Row(elem_classes="cw-head"):
        gr.HTML(head(t("examples.title"), t("examples.lead")))
        with gr.Row(elem_classes="cw-actions"):
            part = gr.Button(t("divide.open"))
            bring = gr.Button(t("examples.bring"))
            add = gr.Button(t("examples.add"), variant="primary", elem_classes="cw-leaves")
    bringing = bring_examples.build(shell, bring)
    dividing = divide.build(shell, part)
    undo_bar = undo.build(shell)
    with gr.Row(elem_classes="cw-examples"):
        with gr.Column(scale=7, min_width=300, elem_classes="cw-panel"):
            found = listing.build(shell, draft, lit)
        with gr.Column(scale=5, min_width=300):
            with gr.Column(elem_classes=["cw-panel", "cw-editor"]):
                steps = editor.Steps(neighbour, [found.chosen, found.search])
                editor.build(
                    shell, draft, lit, steps, lambda project, id: listing.said_of(shell, project, id)
                )
            look = gr.Button(t("examples.look"), size="sm", elem_classes=["cw-fit", "cw-quiet", "cw-leaves"])
            with gr.Column(elem_classes="cw-panel"):
                checked = health.build(shell, found, draft)

    def on_tools(project: str, now: dict[str, Any]) -> Any:
        with open_store(shell.settings) as db:
            id = projects.find(db, project).id
            tools, labels = projects.tools(db, id), projects.tool_counts(db, id)
        called = [name for label in labels if label for name in label.split(", ")]
        names = list(dict.fromkeys([*(tool.name for tool in tools), *called]))
        choices = [(t("examples.any_tool"), ANY), *((name, name) for name in names), (t("call.none"), NONE)]
        return gr.Dropdown(choices, value=now["tool"] if now["tool"] in (*names, NONE) else ANY)

    def on_add(project: str, now: dict[str, Any]) -> draft_of.Draft:
        with open_store(shell.settings) as db:
            tools = projects.tools(db, projects.find(db, project).id)
        return draft_of.opened(
            None, tools, split=now["part"] if now["part"] in ("train", "test") else "train"
        )

    def on_look(one: draft_of.Draft) -> tuple[Any, Any]:
        if one.get("id") is None:
            raise StudioError(t("examples.look_none"), t("examples.look_none_hint"))
        return {"id": one["id"], "at": time.time()}, gr.Tabs(selected="train")

    def on_wanted(ask: dict[str, str]) -> tuple[Any, Any]:
        if not ask:
            return gr.skip(), gr.skip()
        name = ask["tool"] or NONE
        return {**FILTER, "tool": name}, gr.Dropdown(value=name)

    def on_changed(project: str, one: draft_of.Draft) -> Any:
        """The opened example as it is now, where something else than its editor changed it."""
        if one.get("id") is None:
            return gr.skip()
        try:
            now = listing.opened(shell, project, one["id"])
        except StudioError:
            return draft_of.closed()
        return gr.skip() if now["stored"] == one["stored"] else now

    gr.on(
        [shell.changed.change, shell.mark.change],
        shown(on_tools),
        [shell.project, found.chosen],
        [found.tool],
        **PRIVATE,
    )
    shell.changed.change(shown(on_changed), [shell.project, draft], [draft], **PRIVATE)
    look.click(shown(on_look), [draft], [sight, shell.tabs], **PRIVATE)
    wanted.change(on_wanted, [wanted], [found.chosen, found.tool], **PRIVATE)
    add.click(shown(on_add), [shell.project, found.chosen], [draft], **asking(lit))

    def fresh(project: str) -> list[Any]:
        with open_store(shell.settings) as db:
            first = projects.examples(db, project, limit=1)
        one = listing.opened(shell, project, first[0].id or 0) if first else draft_of.closed()
        hidden = gr.Column(visible=False)
        return [
            *(one, dict(FILTER), "", dict(NOBODY), hidden, hidden, undo.line(shell, project)),
            *listing.drawn(shell, project, FILTER, "", one.get("id"), NOBODY),
            health.drawn(shell, project),
            on_tools(project, FILTER),
        ]

    drawn = [draft, found.chosen, found.search, found.picked, bringing, dividing, undo_bar, *found.drawn]

    def live(project: str, run: str) -> list[Any]:
        """A check of many examples goes on in the background; its findings come with the timer."""
        return [health.drawn(shell, project)]

    return Panel([*drawn, checked, found.tool], fresh, [checked], live)
