"""Dividing the examples anew into those to learn from and those to test with, seen before it is done."""

from typing import Any

import gradio as gr

from core.doctor.split import division, split
from core.errors import StudioError
from core.schema import Example
from core.store import changes, open_store, projects, selection
from core.store.selection import Selection
from studio.events import PRIVATE, html, shown
from studio.shell import Shell
from studio.text import t
from studio.views import division as view
from studio.views.pieces import h


def build(shell: Shell, open_button: gr.Button) -> gr.Column:
    """The panel, opened by a button of the tab."""
    with gr.Column(visible=False, elem_classes=["cw-panel", "cw-bring"]) as panel:
        gr.HTML(f'<h2>{h(t("divide.title"))}</h2><p class="sub">{h(t("divide.lead"))}</p>')
        with gr.Row():
            share = gr.Slider(
                0, 90, 50, step=5, label=t("divide.share"), info=t("divide.share_hint"), scale=2
            )
            seed = gr.Number(0, label=t("divide.seed"), info=t("divide.seed_hint"), precision=0, scale=1)
        counts = html()
        with gr.Row(elem_classes="cw-foot"):
            leave = gr.Button(t("bring.leave"), elem_classes="cw-quiet")
            apply = gr.Button(t("divide.apply"))

    def divided(project: str, percent: Any, number: Any) -> tuple[str, list[Example], list[Example]]:
        try:
            part, start = float(percent) / 100, int(number)
        except (TypeError, ValueError, OverflowError):
            raise StudioError(t("divide.numbers"), where=t("divide.share")) from None
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            now = projects.examples(db, found)
        return found, now, split(now, part, start)

    def on_look(project: str, percent: Any, number: Any) -> str:
        found, now, then = divided(project, percent, number)
        with open_store(shell.settings) as db:
            tools = projects.tools(db, found)
        moved = sum(a.split != b.split for a, b in zip(now, then, strict=True))
        return view.table(division(tools, now), division(tools, then), moved)

    def on_open(project: str, percent: Any, number: Any) -> tuple[Any, str]:
        return gr.Column(visible=True), on_look(project, percent, number)

    def on_apply(project: str, percent: Any, number: Any, version: int) -> tuple[Any, int]:
        found, now, then = divided(project, percent, number)
        moved = {part: _ids(now, then, part) for part in ("train", "test")}
        n = sum(map(len, moved.values()))
        told = t("divide.did", n=n, share=round(float(percent)), seed=int(number))
        with open_store(shell.settings) as db, changes.recorded(db, found, told):
            for part, ids in moved.items():
                selection.move(db, found, Selection(ids=ids), part)
        gr.Info(told)
        return gr.Column(visible=False), version + 1

    inputs = [shell.project, share, seed]
    open_button.click(shown(on_open), inputs, [panel, counts], **PRIVATE)
    gr.on(
        [share.change, seed.change],
        shown(on_look),
        inputs,
        [counts],
        trigger_mode="always_last",
        **PRIVATE,
    )
    leave.click(lambda: gr.Column(visible=False), None, [panel], **PRIVATE)
    apply.click(shown(on_apply), [*inputs, shell.changed], [panel, shell.changed], **PRIVATE)
    return panel


def _ids(now: list[Example], then: list[Example], part: str) -> tuple[int, ...]:
    """The examples that come into a part."""
    pairs = zip(now, then, strict=True)
    return tuple(b.id for a, b in pairs if b.split == part != a.split and b.id is not None)
