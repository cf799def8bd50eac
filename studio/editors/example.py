"""The editor of one example: what is said, the calls it should become with a form for each, and its part.

As with tools, the draft is one gr.State and every button reads all fields at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.schema import DEFAULT_REPLY, Example, Tool
from core.store import Database, changes, open_store, projects
from studio.drawing import DRAWING
from studio.editors import conversation
from studio.editors import example_draft as draft_of
from studio.editors.call_fields import Change, Fields, tell
from studio.editors.example_draft import Draft
from studio.editors.keyboard import KEYS, focus_mark
from studio.events import asking, shown
from studio.shell import Shell
from studio.text import t
from studio.views.pieces import draft_mark, empty, h

Findings = Callable[[str, int], list[str]]
Save = Callable[[Database, str, Example, Draft], Draft]


@dataclass(frozen=True, slots=True)
class Steps:
    """The way to the neighbours: `of(project, id, direction, *values of inputs)`, -1 being the one before."""

    of: Callable[..., Example | None]
    inputs: list[Any]


@dataclass(frozen=True, slots=True)
class Saving:
    """How a new example is saved where more belongs to it: `save` gives the draft that is shown afterwards."""

    title: str
    save: Save


def build(
    shell: Shell,
    draft: gr.State,
    lit: gr.HTML,
    step: Steps | None = None,
    findings: Findings | None = None,
    saving: Saving | None = None,
) -> None:
    """Draw the draft wherever this is called, with its lamp.

    `findings(project, id)` gives the sentences about an example that the editor opens itself.
    """

    lit.render()

    @gr.render(inputs=[draft, shell.project], triggers=[draft.change], **DRAWING)
    def editor(now: Draft, project: str) -> None:
        if not now or not draft_of.is_open(now):
            gr.HTML(empty(t("example.none_title"), t("example.none_body")))
            return
        with open_store(shell.settings) as db:
            tools = projects.tools(db, project)
        with gr.Column(elem_classes="cw-example"):
            _Editor(shell, draft, lit, now, tools, step, findings, saving).draw()


class _Editor:
    """One drawing of a draft."""

    def __init__(
        self,
        shell: Shell,
        draft: gr.State,
        lit: gr.HTML,
        now: Draft,
        tools: list[Tool],
        step: Steps | None,
        findings: Findings | None,
        saving: Saving | None,
    ):
        self.shell, self.draft, self.now, self.tools = shell, draft, now, tools
        self.step, self.findings, self.saving = step, findings, saving
        self.asking = asking(lit)
        self.fields = Fields(tools, now["problem"])

    def draw(self) -> None:
        now = self.now
        self._head()
        if draft_of.is_simple(now):
            self._said(now["turns"][0])
        else:
            conversation.draw(self.fields, now["turns"])
        self._answer()
        parts = [(t(f"part.{name}_long"), name) for name in ("train", "test")]
        part = gr.Radio(parts, interactive=True, value=now["split"], label=t("example.part"))
        self.fields.field("", "split", part)
        self._foot()
        inputs = {self.draft, *self.fields.places}
        for button, change in self.fields.buttons:
            button.click(self._handler(change), inputs, [self.draft], **self.asking)
        # A choice made with the keyboard raises no .select (Gradio 6.31); the keyboard's script presses this instead.
        chosen = gr.Button(visible="hidden", elem_classes="cw-chosen")
        for choice in (chosen.click, *(which.select for which in self.fields.choices)):
            choice(shown(self._on_tool), inputs, [self.draft], **self.asking)

    def _head(self) -> None:
        now = self.now
        new = self.saving.title if self.saving else t("example.new")
        title = t("example.title", id=now["id"]) if now["id"] is not None else new
        mark = draft_mark(now["revision"], draft_of.unsaved(now, self.tools))
        focus = focus_mark(f".at-{now['focus']}" if now["focus"] else "")
        with gr.Row(elem_classes="cw-bar-row"):
            gr.HTML(f"<h2>{h(title)}</h2>{mark}{focus}", js_on_load=KEYS)
            if self.step and now["id"] is not None:
                with gr.Row(elem_classes="cw-row-buttons"):
                    for name, direction in (("previous", -1), ("next", 1)):
                        self._neighbour(name, direction)
        for sentence in now["findings"]:
            tell(sentence, alert=False)
        problem = now["problem"]
        if problem and problem["where"] not in draft_of.places(now):
            tell(problem["text"], alert=True)

    def _neighbour(self, name: str, direction: int) -> None:
        classes = ["cw-icon", f"cw-icon-{'up' if direction < 0 else 'down'}", f"cw-{name}", "cw-leaves"]
        button = gr.Button(t(f"example.{name}"), size="sm", elem_classes=classes)

        def on_step(project: str, now: Draft, *place: Any) -> Any:
            with open_store(self.shell.settings) as db:
                found = projects.find(db, project).id
                tools = projects.tools(db, found)
            neighbour = self.step.of(found, int(now["id"]), direction, *place) if self.step else None
            if neighbour is None:
                gr.Info(t(f"example.no_{name}"))
                return gr.skip()
            return self._opened(found, neighbour, tools, focus=draft_of.FIRST)

        inputs = [self.shell.project, self.draft, *(self.step.inputs if self.step else [])]
        button.click(shown(on_step), inputs, [self.draft], **self.asking)

    def _opened(self, project: str, example: Example, tools: list[Tool], **more: Any) -> Draft:
        told = self.findings(project, example.id) if self.findings and example.id is not None else []
        return draft_of.opened(example, tools, findings=told, **more)

    # What was said

    def _said(self, turn: Draft) -> None:
        wrong = self.fields.problem_at(turn["uid"])
        if wrong:
            tell(wrong, alert=True)
        self.fields.button(lambda now: draft_of.changed(now, whole=True), t("example.what_before"))
        box = gr.Textbox(
            turn["content"],
            label=t("example.says"),
            interactive=True,
            lines=2,
            max_lines=8,
            elem_classes=[f"at-{draft_of.FIRST}", *self.fields.at(turn["uid"])],
        )
        self.fields.field(turn["uid"], "content", box)

    # The answer that is taught

    def _answer(self) -> None:
        now = self.now
        for place, call in enumerate(now["calls"]):
            label = t("example.and_then") if place else t("example.should")
            alone = len(now["calls"]) < 2
            self.fields.call(call, label, alone=alone, none=alone)
        if not now["calls"]:
            self._reply()
            return
        with gr.Row(elem_classes="cw-links"):
            if self.tools:
                self.fields.button(
                    lambda now: draft_of.call_added(now, "", self.tools), t("example.add_call")
                )
            if now["id"] is not None:
                self.fields.button(
                    lambda now: draft_of.continued(now, self.tools),
                    t("example.continue", n=len(now["calls"])),
                    *("cw-fit", "cw-do", "cw-leaves"),
                )

    def _reply(self) -> None:
        after = draft_of.after_result(self.now)
        wrong = self.fields.problem_at("reply")
        with gr.Column(elem_classes=["cw-call-form", *self.fields.at("reply")], min_width=0):
            if wrong:
                tell(wrong, alert=True)
            self.fields.which("", draft_of.NO_CALL, t("example.should"), none=True)
            reply = gr.Textbox(
                self.now["reply"],
                interactive=True,
                label=t("example.reply_after") if after else t("example.reply"),
                placeholder=None if after else DEFAULT_REPLY,
                lines=2,
                max_lines=8,
            )
            self.fields.field("", "reply", reply)

    # Saving, copying, deleting

    def _foot(self) -> None:
        with gr.Row(elem_classes="cw-foot"):
            if self.now["id"] is not None:
                copy = gr.Button(t("example.duplicate"), size="md", elem_classes="cw-quiet")
                self.fields.buttons.append((copy, draft_of.duplicated))
                delete = gr.Button(t("example.delete"), size="md", elem_classes=["cw-quiet", "cw-leaves"])
                inputs = [self.draft, self.shell.project, self.shell.changed]
                inputs += self.step.inputs if self.step else []
                delete.click(shown(self._on_delete), inputs, [self.draft, self.shell.changed], **self.asking)
            save = gr.Button(t("example.save"), size="md", elem_classes="cw-save")
        everything = {self.draft, self.shell.project, self.shell.changed, *self.fields.places}
        save.click(shown(self._on_save), everything, [self.draft, self.shell.changed], **self.asking)

    def _typed(self, data: dict[Any, Any]) -> Draft:
        """The draft with what stands in the fields now."""
        values = [(uid, name, data[component]) for component, (uid, name) in self.fields.places.items()]
        return draft_of.typed(data[self.draft], values, self.tools)

    def _handler(self, change: Change) -> Callable[[dict[Any, Any]], Draft]:
        def on_change(data: dict[Any, Any]) -> Draft:
            typed = self._typed(data)
            try:
                return change(typed)
            except StudioError as error:
                return draft_of.with_problem(typed, error)

        return shown(on_change)

    def _on_tool(self, data: dict[Any, Any]) -> Any:
        """The form of the tool that was chosen, where it is another one."""
        typed = self._typed(data)
        same = draft_of.tools_called(typed) == draft_of.tools_called(data[self.draft])
        return gr.skip() if same else draft_of.changed(typed)

    def _on_save(self, data: dict[Any, Any]) -> tuple[Draft, Any]:
        draft = self._typed(data)
        try:
            with open_store(self.shell.settings) as db:
                project = projects.find(db, data[self.shell.project]).id
                tools = projects.tools(db, project)
                example = draft_of.example_in(draft, tools)
                if self.saving:
                    return self.saving.save(db, project, example, draft), data[self.shell.changed] + 1
                example = self._saved(db, project, example)
        except StudioError as error:
            return draft_of.with_problem(draft, error), gr.skip()
        gr.Info(t("example.saved", id=example.id))
        return self._opened(project, example, tools), data[self.shell.changed] + 1

    def _saved(self, db: Database, project: str, example: Example) -> Example:
        if example.id is None:
            with changes.recorded(db, project, t("example.did_add")):
                return projects.example(db, project, projects.add_examples(db, project, [example])[0])
        with changes.recorded(db, project, t("example.did_change", id=example.id)):
            projects.save_example(db, project, example)
        return example

    def _on_delete(self, draft: Draft, project: str, version: int, *place: Any) -> tuple[Draft, int]:
        """The neighbour is opened in its place, where there is one."""
        id = int(draft["id"])
        with open_store(self.shell.settings) as db:
            found = projects.find(db, project).id
            tools = projects.tools(db, found)
            beside = (self.step.of(found, id, way, *place) for way in (1, -1)) if self.step else ()
            neighbour = next((one for one in beside if one), None)
            with changes.recorded(db, found, t("example.did_delete", id=id)):
                projects.delete_examples(db, found, [id])
        gr.Info(t("example.deleted", id=id))
        if neighbour is None:
            return draft_of.closed(), version + 1
        return self._opened(found, neighbour, tools, focus=draft_of.FIRST), version + 1
