"""What the model will see of an example, for the model and the limit that are chosen beside it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.models import seen
from core.store import open_store, projects
from studio.events import PRIVATE, html, shown
from studio.shell import Shell
from studio.text import t
from studio.views import lens as view
from studio.views.pieces import short

CHOICES = 200
MAKING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Lens:
    """The panel's choice of an example, what it offers in a project, and what draws the panel anew."""

    which: gr.Dropdown
    choices: Callable[[str], Any]
    redraw: dict[str, Any]  # arguments of an event


def build(shell: Shell, model: gr.Dropdown, limit: gr.Number, wanted: gr.State) -> Lens:
    """The panel; `wanted` brings the id of an example that another place asked to see."""
    with (
        gr.Column(elem_classes=["cw-panel", "cw-see"]),
        gr.Accordion(t("train.lens"), open=False, elem_classes="cw-fold") as fold,
    ):
        which = gr.Dropdown([], label=t("train.lens_example"))
        text = html()
    looked = gr.State(False)  # a tokenizer is loaded when somebody looks, not before

    def on_choices(project: str, first: int | None = None) -> Any:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            rows = projects.examples(db, found, limit=CHOICES)
            if first is not None and all(row.id != first for row in rows):
                rows = [projects.example(db, found, first), *rows]
        choices = [(f"{row.id}: {short(row.prompt, 60)}", str(row.id)) for row in rows]
        return gr.Dropdown(choices, value=str(first) if first else choices[0][1] if choices else None)

    def on_wanted(project: str, ask: dict[str, int]) -> tuple[Any, Any, bool]:
        if not ask:
            return gr.skip(), gr.skip(), False
        return on_choices(project, ask["id"]), gr.Accordion(open=True), True

    def on_look(project: str, id: str | None, chosen: str, most: Any, looking: bool) -> Iterator[Any]:
        """The lens, and once more with tokens when the starter's tokenizer has been made."""
        if not looking:
            yield gr.skip()
            return
        if not id or not str(id).isdigit():
            yield view.nothing()
            return
        name = (chosen or "").strip()
        asked = (shell.settings, project, int(id), name, limit_of(most))
        found = seen.lens_of(*asked)
        yield view.lens(found, name)
        patience = time.monotonic() + MAKING_SECONDS
        while found.state == "making":
            if time.monotonic() > patience:
                raise StudioError(t("lens.still_making"))
            time.sleep(0.5)
            if seen.tokenizer_of(shell.settings, name):
                found = seen.lens_of(*asked)
                yield view.lens(found, name)

    redraw: dict[str, Any] = {
        "fn": shown(on_look),
        "inputs": [shell.project, which, model, limit, looked],
        "outputs": [text],
        "concurrency_limit": None,
        "trigger_mode": "always_last",
        **PRIVATE,
    }
    wanted.change(shown(on_wanted), [shell.project, wanted], [which, fold, looked], **PRIVATE).then(**redraw)
    # One after the other: an example that is no longer offered is refused by Gradio, with a message of its own.
    shell.changed.change(shown(on_choices), [shell.project], [which], **PRIVATE).then(**redraw)
    fold.expand(lambda: True, None, [looked], **PRIVATE).then(**redraw)
    fold.collapse(lambda: False, None, [looked], **PRIVATE)
    gr.on([which.change, model.input, limit.input], **redraw)
    return Lens(which, on_choices, redraw)


def limit_of(value: Any) -> int:
    """The limit that was typed, or the guide's while it is no number of tokens."""
    try:
        number = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return seen.LIMIT
    return number if 0 < number < 10**6 else seen.LIMIT
