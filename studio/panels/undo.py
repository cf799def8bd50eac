"""The last change to tools and examples, and the button that takes it back."""

import gradio as gr

from core.store import changes, open_store, projects
from studio.events import PRIVATE, acted, html, shown
from studio.shell import Shell
from studio.text import t
from studio.views.pieces import act, ago, h, short


def build(shell: Shell) -> gr.HTML:
    """A line that is there while there is something to undo; the tab redraws it with `line`."""
    bar = html(elem_classes="cw-undo-bar")

    def on_undo(project: str, version: int, event: gr.EventData) -> int:
        id = acted(event).get("id", "")
        with open_store(shell.settings) as db:
            undone = changes.undo(db, projects.find(db, project).id, int(id) if id.isdigit() else None)
        gr.Info(h(t("undo.done", what=undone.what)))
        return version + 1

    def on_changed(project: str) -> str:
        return line(shell, project)

    bar.act(shown(on_undo), [shell.project, shell.changed], [shell.changed], **PRIVATE)
    shell.changed.change(shown(on_changed), [shell.project], [bar], **PRIVATE)
    return bar


def line(shell: Shell, project: str) -> str:
    """What was done last, and the button."""
    with open_store(shell.settings) as db:
        change = changes.last(db, project)
    if change is None:
        return ""
    button = act(h(t("undo.button")), "undo", classes="cw-link", id=change.id, leaves=1)
    told = t("undo.line", what=short(change.what, 90), ago=ago(change.created))
    return f'<p class="cw-undo sub">{h(told)} {button}</p>'
