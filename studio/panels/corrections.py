"""Answers become examples: right ones as they are, wrong ones through the form of their tool."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from core.doctor.repeats import standing
from core.errors import StudioError
from core.schema import Example, Tool
from core.schema.example import Split
from core.store import Database, changes, feedback, open_store, projects, runs
from core.store.feedback import Feedback, Verdict
from core.store.runs import Run
from studio.editors import call_draft
from studio.editors import example as editor
from studio.editors import example_draft as draft_of
from studio.editors.example_draft import Draft
from studio.events import PRIVATE, html, lamp, shown
from studio.shell import Shell
from studio.text import t
from studio.views import playground as view
from studio.views.chat import Said
from studio.views.pieces import h
from studio.views.runs import model_name


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with all that is kept of it: the row it would become, the model, and the tools it was shown."""

    said: Said
    example: Example
    model: str
    name: str  # of the model, for people
    tools: list[Tool]


def keep(db: Database, project: str, answer: Answer, verdict: Verdict) -> int:
    """Note what was said of an answer; the id of the note. What was said of it before is replaced."""
    said = answer.said
    noted = Feedback(
        answer.model,
        verdict,
        [turn.to_json() for turn in answer.example.turns],
        [tool.name for tool in answer.tools],
        said.text,
        [call.to_json() for call in said.calls],
        answer.name,
        id=said.feedback,
    )
    if noted.id is not None:
        feedback.change(db, project, noted)
        return noted.id
    return feedback.add(db, project, noted)


def become(
    db: Database, project: str, example: Example, noted: int, known: list[Example] | None = None
) -> int:
    """Add the row that an answer became, as one change that can be undone; its id.

    `known` are the examples there are, where they were read already. Raises StudioError where one of them asks the
    same, in the other part above all, and where the answer that was noted is gone.
    """
    check_new(example, projects.examples(db, project) if known is None else known)
    kept = feedback.find_or_none(db, project, noted)
    if kept is None:
        raise StudioError(t("play.gone"), t("play.gone_hint"))
    with changes.recorded(db, project, t(f"play.did_{kept.verdict}")):
        id = projects.add_examples(db, project, [replace(example, id=None)])[0]
        corrected = {
            "calls": [call.to_json() for call in example.calls],
            "reply": example.reply,
            "split": example.split,
        }
        feedback.change(db, project, replace(kept, corrected=corrected, example=id))
    return id


def check_new(example: Example, examples: Iterable[Example]) -> None:
    """Raises StudioError where an example asks the same already."""
    there = standing(example, list(examples))
    if there is None:
        return
    if there.split == example.split:
        raise StudioError(t("play.stands_same", id=there.id), t("play.stands_same_hint"), "split")
    part = t(f"part.{there.split}")
    raise StudioError(t("play.stands_other", id=there.id, part=part), t("play.stands_other_hint"), "split")


def opened(answer: Answer, noted: int, tools: list[Tool], origin: dict[str, Any]) -> Draft:
    """The form with the answer as the model gave it; `origin` says where the page shows it."""
    example = replace(answer.example, reply=answer.example.reply if _after_result(answer.example) else "")
    draft = draft_of.opened(example, tools, origin={**origin, "noted": noted})
    if answer.said.malformed and tools:  # it tried to call something
        draft["calls"] = [call_draft.new(tools[0])]
    return {**draft, "focus": draft_of.FIRST}


def _after_result(example: Example) -> bool:
    return example.turns[-1].role == "tool"


def build(shell: Shell, draft: gr.State) -> None:
    """The panel with the form, shown by the stylesheet while there is one: while something is corrected.

    Once a row is saved, `draft` holds its origin with `example` and `split` under "saved".
    """
    lit = lamp()

    def save(db: Database, project: str, example: Example, now: Draft) -> Draft:
        origin = now["origin"]
        id = become(db, project, example, int(origin["noted"]))
        gr.Info(h(t("play.saved", id=id, part=t(f"part.{example.split}"))))
        return {**draft_of.closed(), "saved": {**origin, "example": id, "split": example.split}}

    with gr.Column(elem_classes=["cw-panel", "cw-bring", "cw-editor", "cw-correction"]):
        with gr.Row(elem_classes="cw-bar-row"):
            gr.HTML(f'<p class="sub">{h(t("play.stands_lead"))}</p>')
            leave = gr.Button(t("play.leave"), size="sm", elem_classes=["cw-quiet", "cw-fit"])
        editor.build(shell, draft, lit, saving=editor.Saving(t("play.stands_title"), save))
    leave.click(draft_of.closed, None, [draft], **PRIVATE)


# How many there are since the last training


def line(shell: Shell, again: gr.State) -> list[Any]:
    """The sentence and the button to train again; the tab redraws them with `drawn`."""
    with gr.Column(visible=False, elem_classes="cw-panel") as panel, gr.Row(elem_classes="cw-bar-row"):
        told = html()
        train = gr.Button(t("play.train_again"), elem_classes="cw-fit")

    def on_train(project: str) -> tuple[Any, Any]:
        with open_store(shell.settings) as db:
            run = newest(db, projects.find(db, project).id)
        return {"id": run.id, "at": time.time()} if run else gr.skip(), gr.Tabs(selected="train")

    train.click(shown(on_train), [shell.project], [again, shell.tabs], **PRIVATE)
    return [panel, told, train]


def drawn(shell: Shell, project: str) -> list[Any]:
    """The panel, its sentence and its button."""
    with open_store(shell.settings) as db:
        found = projects.find(db, project).id
        run = newest(db, found)
        counts = feedback.since(db, found, run.created if run else "")
    told = view.corrections(counts["wrong"], counts["right"], run.name if run else "")
    return [gr.Column(visible=bool(told)), told, t("play.train_again" if run else "play.train")]


def newest(db: Database, project: str) -> Run | None:
    """The newest training that may have learned something; one that is made of a checkpoint read older rows."""
    return next((run for run in runs.listed(db, project) if run.state != "failed" and not run.source), None)


def origin_of(db: Database, project: str, example: int) -> str:
    """The sentence on where a row came from, where it came from an answer."""
    kept = feedback.origin(db, project, example)
    return t(f"play.origin.{kept.verdict}", model=kept.run or model_name(kept.model)) if kept else ""


def part_of(text: str) -> Split:
    """The part that a button named."""
    return "test" if text == "test" else "train"
