"""The editor of one tool: a form, the same tool as JSON, and what the model sees of it.

The draft is one gr.State. Buttons read every field at once and write a new draft, so typing needs no round trips and
two events can never overwrite each other; the editor is drawn anew only when its shape changes.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.prompt import lens
from core.prompt.budget import declaration_cost
from core.schema import Example
from core.store import open_store, projects
from core.training.recipe import RunConfig
from studio.drawing import DRAWING
from studio.editors import tool_draft as draft_of
from studio.editors import tool_fields, tool_preview, tool_saving
from studio.editors.keyboard import KEYS, focus_mark
from studio.editors.tool_draft import Draft, element
from studio.editors.tool_fields import Drawn
from studio.events import PRIVATE, asking, shown
from studio.shell import Shell
from studio.text import t
from studio.views.pieces import draft_mark, empty, h
from studio.views.tools import declaration


def build(shell: Shell, draft: gr.State, lit: gr.HTML) -> None:
    """Draw the draft wherever this is called, with its lamp."""
    lit.render()

    @gr.render(inputs=[draft], triggers=[draft.change], **DRAWING)
    def editor(now: Draft) -> None:
        if not now or now["view"] == "none":
            gr.HTML(empty(t("tool.none_title"), t("tool.none_body")))
            return
        _Editor(shell, draft, lit, now).draw()

    def on_changed(now: Draft, project: str) -> Any:
        """What is open stays as typed, unless the tool itself was changed: by an undo, say."""
        was = draft_of.stored(now) if now.get("stored") else None
        if was is None:
            return gr.skip()
        with open_store(shell.settings) as db:
            tools = projects.tools(db, project)
            if was in tools:
                return gr.skip()
            alike = [tool for tool in tools if tool.name == was.name]
            alike += [
                one for one in tools if was.parameters == one.parameters or was.description == one.description
            ]
            if not tools:
                return draft_of.closed()
            tool = [*alike, *tools][0]
            return draft_of.opened(tool, now["examples"], tool_saving.guessed(db, project, tool))

    shell.changed.change(shown(on_changed), [draft, shell.project], [draft], **PRIVATE)


class _Editor:
    """One drawing of a draft: its fields, and the buttons that read them."""

    def __init__(self, shell: Shell, draft: gr.State, lit: gr.HTML, now: Draft):
        self.shell, self.draft, self.now = shell, draft, now
        self.asking = asking(lit)
        self.drawn = Drawn()

    def draw(self) -> None:
        self._head()
        if self.now["problem"]:
            gr.HTML(f'<div class="cw-problem" role="alert">{h(self.now["problem"]["text"])}</div>')
        if self.now["notes"]:
            notes = "".join(f"<li>{h(note)}</li>" for note in self.now["notes"])
            gr.HTML(f'<div class="cw-notes"><p>{h(t("tool.notes"))}</p><ul>{notes}</ul></div>')
        if self.now["preview"]:
            self._preview()
            return
        {"form": self._form, "json": self._json, "sees": self._sees}[self.now["view"]]()
        self._foot()
        inputs = {self.draft, *self.drawn.fields}
        for button, change in self.drawn.buttons:
            button.click(self._handler(change), inputs, [self.draft], **self.asking)
        for kind, uid in self.drawn.kinds:
            change = self._handler(lambda draft, value, uid=uid: draft_of.rekinded(draft, uid, value), kind)
            kind.select(change, inputs, [self.draft], **self.asking)
        # A choice made with the keyboard raises no .select (Gradio 6.31); the keyboard's script presses this instead.
        chosen = gr.Button(visible="hidden", elem_classes="cw-chosen")
        chosen.click(self._handler(self._rekinded), inputs, [self.draft], **self.asking)

    def _rekinded(self, typed: Draft) -> Draft:
        before = {row["uid"]: row["kind"] for row in self.now["rows"]}
        for row in typed["rows"]:
            if row["kind"] != before[row["uid"]]:
                return draft_of.rekinded(typed, row["uid"], row["kind"])
        return typed

    def _head(self) -> None:
        with gr.Row(elem_classes="cw-bar-row"):
            name = self.now["original"] or t("tool.new")
            look = "mono" if self.now["original"] else ""
            mark = draft_mark(self.now["revision"], draft_of.unsaved(self.now))
            focus = focus_mark(f"#{self.now['focus']}" if self.now["focus"] else "")
            gr.HTML(f'<h2 class="{look}">{h(name)}</h2>{mark}{focus}', js_on_load=KEYS)
            if self.now["preview"]:
                return
            with gr.Row(elem_classes="cw-segments"):
                for view in draft_of.VIEWS:
                    classes = ["cw-segment", "on"] if view == self.now["view"] else ["cw-segment"]
                    button = gr.Button(
                        t(f"tool.view.{view}"), size="sm", elem_classes=classes, elem_id=element("view", view)
                    )
                    self.drawn.buttons.append((button, lambda draft, view=view: draft_of.turned(draft, view)))

    def _form(self) -> None:
        tool_fields.draw(self.now, self.drawn)
        gr.HTML(self._cost())

    def _cost(self) -> str:
        """What the declaration costs, as far as the draft is a tool yet."""
        try:
            cost = declaration_cost(draft_of.tool_in(self.now)[0])
        except StudioError:
            return ""
        key = "tool.cost_exact" if cost.exact else "tool.cost"
        told = t(key, n=cost.tokens, limit=RunConfig().max_length)
        return f'<p class="sub cw-small">{h(told)} {h(t("tool.cost_hint"))}</p>'

    def _json(self) -> None:
        code = gr.Code(
            self.now["json"],
            interactive=True,
            language="json",
            label=t("tool.json"),
            lines=16,
            buttons=["copy"],
        )
        self.drawn.fields[code] = ("", "json")
        gr.HTML(f'<p class="sub">{h(t("tool.json_hint"))}</p>')

    def _sees(self) -> None:
        try:
            tool, _ = draft_of.tool_in({**self.now, "view": "form"})
        except StudioError as error:
            gr.HTML(f'<p class="cw-wrong">{h(error.sentence())}</p>')
            return
        pieces = lens.look(Example.single("…"), [tool])
        gr.HTML(declaration("".join(piece.text for piece in pieces if piece.kind == "declaration")))
        gr.HTML(self._cost())

    def _foot(self) -> None:
        if self.now["confirm"]:
            told = t("tool.confirm", name=self.now["original"], n=self.now["examples"])
            gr.HTML(f'<div class="cw-problem" role="alert">{h(told)}</div>')
        with gr.Row(elem_classes="cw-foot"):
            if self.now["confirm"]:
                keep = gr.Button(t("tool.keep"), size="md", elem_id=element("", "keep"))
                focus = element("", "delete")
                self.drawn.buttons.append((keep, lambda draft: draft_of.changed(draft, focus=focus)))
                delete = gr.Button(t("tool.delete_now"), variant="stop", size="md")
                inputs = [self.draft, self.shell.project, self.shell.changed]
                delete.click(shown(self._on_delete), inputs, [self.draft, self.shell.changed], **self.asking)
                return
            if self.now["original"]:
                delete = gr.Button(
                    t("tool.delete"), size="md", elem_classes="cw-quiet", elem_id=element("", "delete")
                )
                focus = element("", "keep")
                self.drawn.buttons.append(
                    (delete, lambda draft: draft_of.changed(draft, confirm=True, focus=focus))
                )
            save = gr.Button(t("tool.save"), size="md", elem_classes="cw-save", elem_id=element("", "save"))
        everything = {self.draft, self.shell.project, self.shell.changed, *self.drawn.fields}

        def on_save(data: dict[Any, Any]) -> tuple[Draft, Any]:
            return self._saved(self._typed(data), data)

        save.click(shown(on_save), everything, [self.draft, self.shell.changed], **self.asking)

    def _preview(self) -> None:
        fields, back, save = tool_preview.draw(self.now)
        inputs = {self.draft, self.shell.project, self.shell.changed, *fields}

        def typed(data: dict[Any, Any]) -> Draft:
            draft = data[self.draft]
            fills = {path: str(data[one] or "") for one, (what, path) in fields.items() if what == "fill"}
            taken = [path for one, (what, path) in fields.items() if what == "taken" and data[one]]
            return {**draft, "preview": {**draft["preview"], "fills": fills, "taken": taken}}

        def on_taken(data: dict[Any, Any]) -> Draft:
            return tool_saving.previewed(self.shell.settings, data[self.shell.project], typed(data))

        def on_apply(data: dict[Any, Any]) -> tuple[Draft, Any]:
            return self._saved(typed(data), data)

        back.click(
            lambda draft: draft_of.changed(draft, preview=None, focus=element("", "save")),
            [self.draft],
            [self.draft],
            **self.asking,
        )
        save.click(shown(on_apply), inputs, [self.draft, self.shell.changed], **self.asking)
        for one, (what, _) in fields.items():
            if what == "taken":
                one.input(shown(on_taken), inputs, [self.draft], **self.asking)

    def _typed(self, data: dict[Any, Any]) -> Draft:
        """The draft with what stands in the fields now."""
        draft = dict(data[self.draft])
        rows = {row["uid"]: dict(row) for row in draft["rows"]}
        for component, (uid, name) in self.drawn.fields.items():
            value = data[component]
            value = bool(value) if name == "required" else str(value or "")
            if not uid:
                draft[name] = value
            elif uid in rows and value in tool_fields.ALLOWED.get(name, (value,)):
                rows[uid][name] = value
        return {**draft, "rows": list(rows.values())}

    def _handler(self, change: Callable[..., Draft], value: Any = None) -> Callable[[dict[Any, Any]], Draft]:
        def on_change(data: dict[Any, Any]) -> Draft:
            typed = self._typed(data)
            try:
                return change(typed, data[value]) if value is not None else change(typed)
            except StudioError as error:
                return draft_of.with_problem(typed, error)

        return shown(on_change)

    def _saved(self, draft: Draft, data: dict[Any, Any]) -> tuple[Draft, Any]:
        """Save, or show first what it does to the examples; the next draft and the count of changes."""
        try:
            after = tool_saving.saved(self.shell.settings, data[self.shell.project], draft)
        except StudioError as error:
            return draft_of.with_problem(draft, error), gr.skip()
        return after, gr.skip() if after["preview"] else data[self.shell.changed] + 1

    def _on_delete(self, draft: Draft, project: str, version: int) -> tuple[Draft, int]:
        return tool_saving.deleted(self.shell.settings, project, draft), version + 1
