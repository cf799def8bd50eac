"""The Playground tab: the same words to the untouched and to the tuned model, their answers side by side."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.models import catalog
from core.schema import Tool
from core.serving import client
from core.store import open_store, projects, runs
from core.store.runs import Run
from studio.events import PRIVATE, acted, html, shown
from studio.panels import documents
from studio.shell import Panel, Shell
from studio.text import t
from studio.views import playground as view
from studio.views.pieces import head
from studio.views.playground import Said, Turn
from studio.views.runs import model_name

CHIPS = 4
MOST_TURNS = 30


def build(shell: Shell) -> Panel:
    turns = gr.State([])
    with gr.Row(elem_classes="cw-head"):
        gr.HTML(head(t("play.title"), t("play.lead")))
        with gr.Row(elem_classes="cw-actions"):
            which = gr.Dropdown(
                [], label=t("play.run"), show_label=False, container=False, min_width=150, scale=0
            )
            new = gr.Button(t("play.new"))
    with gr.Row(elem_classes="cw-two-cards"):
        with gr.Column(elem_classes="cw-panel", min_width=280):
            base = html()
        with gr.Column(elem_classes="cw-panel", min_width=280):
            tuned = html()
    with gr.Column(elem_classes="cw-panel"):
        with gr.Row(elem_classes="cw-ask"):
            words = gr.Textbox(
                label=t("play.ask"),
                placeholder=t("play.ask"),
                show_label=False,
                container=False,
                lines=1,
                max_lines=4,
                scale=6,
            )
            send = gr.Button(t("play.send"), variant="primary", scale=1, min_width=90)
        chips = html()
        gr.HTML(f'<p class="sub cw-small">{t("play.fresh")}</p>')
    documents.build(shell)

    def _models(project: str, chosen: str | None) -> tuple[Run | None, list[Tool]]:
        """The run whose model is asked, where there is one, and the tools that both models are shown."""
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            run = next((one for one in _tunable(runs.listed(db, found)) if one.id == chosen), None)
            tools = list(projects.snapshot(db, run.snapshot).tools) if run else projects.tools(db, found)
        return run, tools

    def _columns(run: Run | None, tools: list[Tool], now: list[Turn]) -> tuple[str, str]:
        untouched = model_name(run.model if run else catalog.STARTER)
        nothing = "" if run else f"{t('play.no_run_title')}|{t('play.no_run_body')}"
        return (
            view.column(now, "base", t("play.base"), untouched, tools),
            view.column(now, "tuned", t("play.tuned"), run.name if run else "", tools, nothing),
        )

    def on_runs(project: str, shown_run: str, now: list[Turn]) -> tuple[Any, str, str]:
        """The runs to choose from; the one that is shown is chosen."""
        with open_store(shell.settings) as db:
            found = _tunable(runs.listed(db, projects.find(db, project).id))
        ids = [run.id for run in found]
        value = shown_run if shown_run in ids else ids[0] if ids else None
        choices = [(run.name, run.id) for run in found]
        return (
            gr.Dropdown(choices, value=value, visible=bool(found)),
            *_columns(*_models(project, value), now),
        )

    def on_which(project: str, chosen: str, now: list[Turn]) -> tuple[str, str]:
        return _columns(*_models(project, chosen), now)

    def on_send(project: str, chosen: str | None, prompt: str, now: list[Turn]) -> Iterator[tuple[Any, ...]]:
        prompt = (prompt or "").strip()
        if not prompt:
            raise StudioError(t("play.nothing"), t("play.nothing_hint"))
        run, tools = _models(project, chosen)
        if not tools:
            raise StudioError(t("play.no_tools"), t("play.no_tools_hint"))
        now = now[-MOST_TURNS:]
        asking, next_one = Said(waiting=t("play.asking")), Said(waiting=t("play.next"))
        turn = Turn(prompt, next_one, asking) if run else Turn(prompt, asking)
        yield (*_columns(run, tools, [*now, turn]), now, "", gr.Button(interactive=False))
        if run:  # the tuned model first: its answer is waited for, and an untouched one may ramble
            turn = Turn(prompt, asking, _ask(run.id, prompt, tools))
            yield (*_columns(run, tools, [*now, turn]), now, gr.skip(), gr.skip())
        turn = replace(turn, base=_ask(run.model if run else catalog.STARTER, prompt, tools))
        failed = all(said is None or said.error for said in (turn.base, turn.tuned))
        now = [*now, turn]
        yield (*_columns(run, tools, now), now, prompt if failed else gr.skip(), gr.Button(interactive=True))

    def _ask(model: str, prompt: str, tools: list[Tool]) -> Said:
        try:
            answer = client.ask(shell.settings, model, [{"role": "user", "content": prompt}], tools)
        except StudioError as error:
            return Said(error=f"{error.message} {error.hint}".strip())
        return Said(answer.text, tuple(answer.calls), answer.words, answer.malformed, answer.seconds)

    def _prompts(project: str) -> list[str]:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            rows = projects.examples(db, found, split="test") or projects.examples(db, found)
        return view.spread(rows, CHIPS)

    def on_chip(project: str, event: gr.EventData) -> str:
        place, prompts = acted(event).get("n", ""), _prompts(project)
        return prompts[int(place)] if place.isdigit() and int(place) < len(prompts) else ""

    def on_new(project: str, chosen: str | None) -> tuple[Any, ...]:
        return [], *_columns(*_models(project, chosen), []), ""

    answers = [base, tuned, turns, words, send]
    asked = {"concurrency_limit": 4, **PRIVATE}
    asking = gr.on(
        [send.click, words.submit], shown(on_send), [shell.project, which, words, turns], answers, **asked
    )
    asking.failure(lambda: gr.Button(interactive=True), None, [send], **PRIVATE)
    chips.act(shown(on_chip), [shell.project], [words], **PRIVATE).success(
        shown(on_send), [shell.project, which, words, turns], answers, **asked
    )
    new.click(shown(on_new), [shell.project, which], [turns, base, tuned, words], **PRIVATE)
    which.input(shown(on_which), [shell.project, which, turns], [base, tuned], **PRIVATE)
    gr.on(
        [shell.mark.change, shell.run.change],
        shown(on_runs),
        [shell.project, shell.run, turns],
        [which, base, tuned],
        **PRIVATE,
    )
    shell.changed.change(lambda project: view.chips(_prompts(project)), [shell.project], [chips], **PRIVATE)

    def fresh(project: str) -> list[Any]:
        return [[], view.chips(_prompts(project))]

    return Panel([turns, chips], fresh)


def _tunable(found: list[Run]) -> list[Run]:
    """The runs that left a model, the newest first."""
    return [run for run in found if run.folder and run.ended]
