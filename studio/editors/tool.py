"""The editor of one tool: a form, the same tool as JSON, and what the model sees of it.

The draft is one gr.State. Buttons read every field at once and write a new draft, so typing needs no round trips and
two events can never overwrite each other; the editor is drawn anew only when its shape changes.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.prompt import lens
from core.schema import Example
from core.store import open_store, projects
from studio.editors import tool_draft as draft_of
from studio.editors.tool_draft import Draft
from studio.events import PRIVATE, shown
from studio.shell import Shell
from studio.text import t
from studio.views import tool_form
from studio.views.pieces import draft_mark, empty, h
from studio.views.tool_form import Row
from studio.views.tools import declaration


def build(shell: Shell, draft: gr.State) -> None:
    """Draw the draft wherever this is called."""

    @gr.render(inputs=[draft], triggers=[draft.change], show_progress="hidden")
    def editor(now: Draft) -> None:
        if not now or now["view"] == "none":
            gr.HTML(empty(t("tool.none_title"), t("tool.none_body")))
            return
        _Editor(shell, draft, now).draw()


class _Editor:
    """One drawing of a draft: its fields, and the buttons that read them."""

    def __init__(self, shell: Shell, draft: gr.State, now: Draft):
        self.shell, self.draft, self.now = shell, draft, now
        self.fields: dict[Any, tuple[str, str]] = {}  # component -> (row's uid or "", name of the value)

    def draw(self) -> None:
        self._head()
        problem = self.now["problem"]
        if problem:
            gr.HTML(f'<div class="cw-problem" role="alert">{h(problem["text"])}</div>')
        {"form": self._form, "json": self._json, "sees": self._sees}[self.now["view"]]()
        self._foot()
        for button, change in self.buttons:
            button.click(self._handler(change), {self.draft, *self.fields}, [self.draft], **PRIVATE)
        for kind, uid in self.kinds:
            kind.select(
                self._handler(lambda draft, value, uid=uid: draft_of.rekinded(draft, uid, value), kind),
                {self.draft, *self.fields},
                [self.draft],
                **PRIVATE,
            )

    def _head(self) -> None:
        self.buttons: list[tuple[gr.Button, Callable[..., Draft]]] = []
        self.kinds: list[tuple[gr.Dropdown, str]] = []
        with gr.Row(elem_classes="cw-bar-row"):
            name = self.now["original"] or t("tool.new")
            look = "mono" if self.now["original"] else ""
            mark = draft_mark(self.now["revision"], draft_of.unsaved(self.now))
            gr.HTML(f'<h2 class="{look}">{h(name)}</h2>{mark}')
            with gr.Row(elem_classes="cw-segments"):
                for view in draft_of.VIEWS:
                    classes = ["cw-segment", "on"] if view == self.now["view"] else ["cw-segment"]
                    button = gr.Button(t(f"tool.view.{view}"), size="sm", elem_classes=classes)
                    self.buttons.append((button, lambda draft, view=view: draft_of.turned(draft, view)))

    def _form(self) -> None:
        with gr.Row(elem_classes="cw-two"):
            self._text("", "name", lines=1, max_lines=1, scale=1, elem_classes="mono", label=t("tool.name"))
            self._text(
                "",
                "description",
                lines=2,
                scale=2,
                label=t("tool.description"),
                placeholder=t("tool.description_hint"),
            )
        gr.HTML(f"<h2>{h(t('tool.parameters'))}</h2>")
        rows = draft_of.rows_in(self.now)
        if rows:
            with gr.Column(elem_classes="cw-params"):
                for row in rows:
                    self._row(row)
        else:
            gr.HTML(f'<p class="sub">{h(t("tool.no_parameters"))}</p>')
        add = gr.Button(t("tool.add_parameter"), size="sm", elem_classes="cw-fit")
        self.buttons.append(
            (add, lambda draft: draft_of.with_rows(draft, tool_form.added(draft_of.rows_in(draft))))
        )

    def _row(self, row: Row) -> None:
        wrong = self.now["problem"] and self.now["problem"]["where"] == row.uid
        classes = ["cw-param", f"depth-{min(row.depth, 5)}", *(["wrong"] if wrong else [])]
        with gr.Column(elem_classes=classes):
            with gr.Row(elem_classes="cw-param-line"):
                self._text(
                    row.uid,
                    "name",
                    value=row.name,
                    label=t("tool.row.name"),
                    max_lines=1,
                    min_width=110,
                    scale=4,
                    elem_classes="mono",
                )
                kinds = [
                    (t(f"kind.{kind}"), kind)
                    for kind in tool_form.KINDS
                    if kind != "other" or row.kind == "other"
                ]
                kind = gr.Dropdown(
                    kinds,
                    value=row.kind,
                    interactive=True,
                    label=t("tool.row.kind"),
                    min_width=140,
                    scale=4,
                    filterable=False,
                )
                self.fields[kind] = (row.uid, "kind")
                self.kinds.append((kind, row.uid))
                if row.kind in tool_form.ALLOWED:
                    label = (
                        t("tool.row.allowed")
                        if row.kind in ("choice", "list_choice")
                        else t("tool.row.allowed_any")
                    )
                    hint = t("tool.row.allowed_hint")
                    options = {"placeholder": hint, "lines": 1, "max_lines": 1 + 5 * ("\n" in row.allowed)}
                    self._text(
                        row.uid, "allowed", value=row.allowed, label=label, min_width=140, scale=6, **options
                    )
                required = gr.Checkbox(
                    row.required,
                    interactive=True,
                    label=t("tool.row.required"),
                    min_width=80,
                    scale=1,
                    elem_classes="cw-check",
                )
                self.fields[required] = (row.uid, "required")
                with gr.Row(elem_classes="cw-row-buttons"):
                    if row.kind in tool_form.INSIDE and row.depth < tool_form.MAX_DEPTH:
                        self._row_button(
                            "inside", row, lambda rows, uid: tool_form.added(rows, uid, inside=True)
                        )
                    self._row_button("up", row, lambda rows, uid: tool_form.moved(rows, uid, up=True))
                    self._row_button("down", row, lambda rows, uid: tool_form.moved(rows, uid, up=False))
                    self._row_button("remove", row, tool_form.removed)
            self._text(
                row.uid, "description", value=row.description, label=t("tool.row.description"), max_lines=1
            )

    def _row_button(self, what: str, row: Row, change: Callable[[list[Row], str], list[Row]]) -> None:
        # The name is for a screen reader; the stylesheet shows the sign in front of it.
        button = gr.Button(t(f"tool.row.{what}"), size="sm", elem_classes=["cw-icon", f"cw-icon-{what}"])
        self.buttons.append(
            (button, lambda draft: draft_of.with_rows(draft, change(draft_of.rows_in(draft), row.uid)))
        )

    def _text(self, uid: str, name: str, **options: Any) -> None:
        if not uid:
            options["value"] = self.now[name]
        self.fields[gr.Textbox(interactive=True, **options)] = (uid, name)

    def _json(self) -> None:
        code = gr.Code(
            self.now["json"],
            interactive=True,
            language="json",
            label=t("tool.json"),
            lines=16,
            buttons=["copy"],
        )
        self.fields[code] = ("", "json")
        gr.HTML(f'<p class="sub">{h(t("tool.json_hint"))}</p>')

    def _sees(self) -> None:
        try:
            tool, _ = draft_of.tool_in({**self.now, "view": "form"})
        except StudioError as error:
            gr.HTML(f'<p class="cw-wrong">{h(error.sentence())}</p>')
            return
        pieces = lens.look(Example.single("…"), [tool])
        gr.HTML(declaration("".join(piece.text for piece in pieces if piece.kind == "declaration")))

    def _foot(self) -> None:
        if self.now["confirm"]:
            told = t("tool.confirm", name=self.now["original"], n=self.now["examples"])
            gr.HTML(f'<div class="cw-problem" role="alert">{h(told)}</div>')
        with gr.Row(elem_classes="cw-foot"):
            if self.now["confirm"]:
                keep = gr.Button(t("tool.keep"), size="md")
                self.buttons.append((keep, lambda draft: draft_of.changed(draft)))
                delete = gr.Button(t("tool.delete_now"), variant="stop", size="md")
                inputs = [self.draft, self.shell.project, self.shell.changed]
                delete.click(shown(self._on_delete), inputs, [self.draft, self.shell.changed], **PRIVATE)
                return
            if self.now["original"]:
                delete = gr.Button(t("tool.delete"), size="md", elem_classes="cw-quiet")
                self.buttons.append((delete, lambda draft: draft_of.changed(draft, confirm=True)))
            save = gr.Button(t("tool.save"), size="md", elem_classes="cw-save")
        everything = {self.draft, self.shell.project, self.shell.changed, *self.fields}
        save.click(shown(self._on_save), everything, [self.draft, self.shell.changed], **PRIVATE)

    def _typed(self, data: dict[Any, Any]) -> Draft:
        """The draft with what stands in the fields now."""
        draft = dict(data[self.draft])
        rows = {row["uid"]: dict(row) for row in draft["rows"]}
        for component, (uid, name) in self.fields.items():
            value = data[component]
            value = bool(value) if name == "required" else str(value or "")
            if not uid:
                draft[name] = value
            elif uid in rows and (name != "kind" or value in tool_form.KINDS):
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

    def _on_save(self, data: dict[Any, Any]) -> tuple[Draft, Any]:
        draft = self._typed(data)
        if draft["view"] == "sees":
            draft["view"] = "form"
        try:
            tool, notes = draft_of.tool_in(draft)
            with open_store(self.shell.settings) as db:
                project = projects.find(db, data[self.shell.project]).id
                followed = projects.save_tool(db, project, tool, draft["original"])
        except StudioError as error:
            return draft_of.with_problem(draft, error), gr.skip()
        gr.Info(
            h(t("tool.saved", name=tool.name) + (" " + t("tool.followed", n=followed) if followed else ""))
        )
        if notes:
            gr.Warning(h(" ".join(notes)), duration=15)
        return {
            **draft_of.opened(tool, draft["examples"]),
            "view": self.now["view"],
            "json": draft_of.pretty(tool),
        }, data[self.shell.changed] + 1

    def _on_delete(self, draft: Draft, project: str, version: int) -> tuple[Draft, int]:
        with open_store(self.shell.settings) as db:
            found = projects.find(db, project).id
            projects.delete_tool(db, found, draft["original"])
            left = projects.tools(db, found)
        gr.Info(h(t("tool.deleted", name=draft["original"])))
        return (draft_of.opened(left[0]) if left else draft_of.closed()), version + 1
