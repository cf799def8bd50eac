"""How the model is used outside the studio: lines to copy, for the model and the tools of the open project."""

from pathlib import Path
from typing import Any

import gradio as gr

from core.models import catalog
from core.serving.snippets import snippets
from core.settings import Settings
from core.store import open_store, projects, runs
from core.store.runs import Run
from studio.events import PRIVATE, shown
from studio.shell import Panel, Shell, run_of
from studio.text import t
from studio.views.pieces import h
from studio.views.runs import model_name

LANGUAGES = ("openai", "curl", "transformers")


def build(shell: Shell) -> Panel:
    """A folded panel; the page redraws it when a project or another run is opened."""
    with (
        gr.Column(elem_classes="cw-panel"),
        gr.Accordion(t("use.title"), open=False, elem_classes="cw-fold"),
    ):
        lead = gr.HTML()
        gr.HTML(_step("use.serve", "use.serve_info"))
        serve = _code("shell", t("use.serve"))
        gr.HTML(_step("use.ask", "use.ask_info"))
        codes = []
        with gr.Tabs():
            for language in LANGUAGES:
                with gr.Tab(t(f"use.{language}")):
                    if language == "transformers":
                        gr.HTML(f'<p class="sub cw-small">{h(t("use.transformers_info"))}</p>')
                    codes.append(_code("shell" if language == "curl" else "python", t(f"use.{language}")))

    def drawn(project: str, run: str) -> list[str]:
        return lines(shell.settings, project, run)

    outputs = [lead, serve, *codes]
    gr.on(
        [shell.mark.change, shell.run.change, shell.changed.change],
        shown(drawn),
        [shell.project, shell.run],
        outputs,
        **PRIVATE,
    )
    return Panel(outputs, lambda project: drawn(project, ""))


def lines(settings: Settings, project: str, run: str) -> list[str]:
    """What is said of the model that is used, the lines that serve it, and those of each language."""
    with open_store(settings) as db:
        found = projects.find(db, project).id
        tuned = run_of(db, found, run) or _newest(runs.listed(db, found))
        tuned = tuned if tuned and tuned.folder else _newest(runs.listed(db, found))
        tools = list(projects.snapshot(db, tuned.snapshot).tools) if tuned else projects.tools(db, found)
        rows = projects.examples(db, found, split="test", limit=1) or projects.examples(db, found, limit=1)
    if not tools:
        return [f'<p class="sub">{h(t("use.no_tools"))}</p>', "", *[""] * len(LANGUAGES)]
    model = tuned.id if tuned else catalog.STARTER
    folder = Path(tuned.folder) if tuned and tuned.folder else settings.models / catalog.STARTER
    prompt = rows[0].prompt if rows else "Hello"
    made = snippets(model, folder, tools, prompt, settings)
    name = tuned.name if tuned else model_name(model)
    told = f'<p class="sub">{h(t("use.lead", model=name))}</p>'
    if not tuned:
        told += f'<p class="sub cw-small">{h(t("use.none_body"))}</p>'
    return [told, made.serve, *(getattr(made, language) for language in LANGUAGES)]


def _newest(found: list[Run]) -> Run | None:
    """The newest run that left a model."""
    return next((run for run in found if run.folder and run.ended), None)


def _step(title: str, info: str) -> str:
    return f'<h3 class="cw-use-step">{h(t(title))}</h3><p class="sub cw-small">{h(t(info))}</p>'


def _code(language: Any, label: str) -> gr.Code:
    return gr.Code(
        "",
        language=language,
        label=label,
        interactive=False,
        show_label=False,
        buttons=["copy"],
        lines=1,
        show_line_numbers=False,
        wrap_lines=True,
        max_lines=18,
    )
