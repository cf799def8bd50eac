"""The editor of one example: what is said, the calls it should become with a form for each, and its part.

As with tools, the draft is one gr.State and every button reads all fields at once.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.schema import DEFAULT_REPLY, Tool, Turn
from core.store import open_store, projects
from studio.editors import example_draft as draft_of
from studio.editors.example_draft import Draft
from studio.events import PRIVATE, shown
from studio.shell import Shell
from studio.text import t
from studio.views import call_form
from studio.views.call_form import Field
from studio.views.pieces import call_lines, draft_mark, empty, h


def build(shell: Shell, draft: gr.State) -> None:
    """Draw the draft wherever this is called."""

    @gr.render(inputs=[draft, shell.project], triggers=[draft.change], show_progress="hidden")
    def editor(now: Draft, project: str) -> None:
        if not now or "prompt" not in now:
            gr.HTML(empty(t("example.none_title"), t("example.none_body")))
            return
        with open_store(shell.settings) as db:
            tools = projects.tools(db, project)
        _Editor(shell, draft, now, tools).draw()


class _Editor:
    """One drawing of a draft."""

    def __init__(self, shell: Shell, draft: gr.State, now: Draft, tools: list[Tool]):
        self.shell, self.draft, self.now, self.tools = shell, draft, now, tools
        self.by_name = {tool.name: tool for tool in tools}
        self.fields: dict[
            Any, tuple[str, str]
        ] = {}  # component -> (call's uid or "", path or name of the value)
        self.buttons: list[tuple[gr.Button, Callable[[Draft], Draft]]] = []
        self.choices: list[tuple[gr.Dropdown, str]] = []

    def draw(self) -> None:
        now = self.now
        title = t("example.title", id=now["id"]) if now["id"] is not None else t("example.new")
        mark = draft_mark(now["revision"], draft_of.unsaved(now, self.tools))
        gr.HTML(f"<h2>{h(title)}</h2>{mark}{self._earlier()}")
        if now["problem"]:
            gr.HTML(f'<div class="cw-problem" role="alert">{h(now["problem"]["text"])}</div>')
        self._field(
            "",
            "prompt",
            gr.Textbox(now["prompt"], label=t("example.says"), interactive=True, lines=2, max_lines=8),
        )
        for place, call in enumerate(now["calls"]):
            self._call(place, call)
        if not now["calls"]:
            self._which("", draft_of.NO_CALL, t("example.should"))
            reply = gr.Textbox(
                now["reply"],
                interactive=True,
                label=t("example.reply"),
                placeholder=DEFAULT_REPLY,
                max_lines=6,
            )
            self._field("", "reply", reply)
        elif self.tools:
            more = gr.Button(t("example.add_call"), size="sm", elem_classes=["cw-fit", "cw-quiet"])
            self.buttons.append((more, lambda draft: draft_of.added(draft, self.tools)))
        parts = [(t(f"part.{name}_long"), name) for name in ("train", "test")]
        self._field(
            "", "split", gr.Radio(parts, interactive=True, value=now["split"], label=t("example.part"))
        )
        self._foot()
        inputs = {self.draft, *self.fields}
        for button, change in self.buttons:
            button.click(self._handler(change), inputs, [self.draft], **PRIVATE)
        for which, uid in self.choices:
            which.select(
                self._handler(partial(self._rechosen, uid)),
                inputs,
                [self.draft],
                **PRIVATE,
            )

    def _earlier(self) -> str:
        turns = [Turn.from_json(turn) for turn in self.now["turns"]]
        last = max((place for place, turn in enumerate(turns) if turn.role == "user"), default=-1)
        rest = [turn for place, turn in enumerate(turns) if place != last]
        lines = "".join(
            f'<p><span class="sub">{h(t(f"role.{turn.role}"))}</span> {h(turn.content)} '
            f"{call_lines(call.to_json() for call in turn.calls) if turn.calls else ''}</p>"
            for turn in rest
        )
        return (
            f'<details class="cw-earlier"><summary>{h(t("example.earlier", n=len(rest)))}</summary>{lines}</details>'
            if rest
            else ""
        )

    def _field(self, uid: str, name: str, component: Any) -> None:
        self.fields[component] = (uid, name)

    def _which(self, uid: str, value: str, label: str) -> None:
        names = [tool.name for tool in self.tools]
        choices = [(t("example.call_tool", name=name), name) for name in names]
        if value not in (*names, draft_of.NO_CALL):
            choices.append((t("example.call_missing", name=value), value))
        if len(self.now["calls"]) < 2:
            choices.append((t("example.no_call"), draft_of.NO_CALL))
        which = gr.Dropdown(choices, value=value, label=label, interactive=True, filterable=len(choices) > 8)
        self._field(uid, "tool", which)
        self.choices.append((which, uid))

    def _call(self, place: int, call: Draft) -> None:
        uid, tool = call["uid"], self.by_name.get(call["tool"])
        wrong = self.now["problem"] and self.now["problem"]["where"] == uid
        with gr.Column(elem_classes=["cw-call-form", *(["wrong"] if wrong else [])]):
            self._which(uid, call["tool"], t("example.should") if not place else t("example.and_then"))
            if call["mode"] == "json" or tool is None:
                code = gr.Code(
                    call["json"],
                    interactive=True,
                    language="json",
                    label=t("example.arguments_json"),
                    lines=4,
                )
                self._field(uid, "json", code)
            else:
                for field in call_form.fields_of(tool.parameters, call["raw"]):
                    self._argument(uid, field)
                if not tool.properties:
                    gr.HTML(f'<p class="sub">{h(t("example.no_parameters"))}</p>')
            with gr.Row(elem_classes="cw-links"):
                if tool is not None:
                    other = "form" if call["mode"] == "json" else "json"
                    turn = gr.Button(t(f"example.as_{other}"), size="sm", elem_classes="cw-quiet")
                    self.buttons.append((turn, lambda draft: draft_of.turned(draft, uid, self.tools)))
                if len(self.now["calls"]) > 1:
                    drop = gr.Button(t("example.remove_call"), size="sm", elem_classes="cw-quiet")
                    self.buttons.append(
                        (
                            drop,
                            lambda draft: draft_of.changed(
                                draft, calls=[c for c in draft["calls"] if c["uid"] != uid]
                            ),
                        )
                    )

    def _argument(self, uid: str, field: Field) -> None:
        need = t("field.required") if field.required else t("field.optional")
        label = f"{field.name} ({t(f'field.{field.kind}')}, {need})"
        options: dict[str, Any] = {"interactive": True, "label": label, "info": field.description or None}
        options["elem_classes"] = [f"depth-{min(field.depth, 5)}"]
        if field.kind == "group":
            text = f"{field.name} {field.n}" if field.n else f"{field.name} ({need})"
            gr.HTML(f'<p class="cw-group">{h(text)}</p>', elem_classes=options["elem_classes"])
            if field.n:
                self._group_button(uid, field, "remove_group")
            return
        if field.kind == "list_group":
            gr.HTML(f'<p class="cw-group">{h(label)}</p>', elem_classes=options["elem_classes"])
            self._group_button(uid, field, "add_group")
            return
        self._field(uid, field.path, _component(field, options))

    def _group_button(self, uid: str, field: Field, what: str) -> None:
        classes = ["cw-fit", "cw-quiet", f"depth-{min(field.depth, 5)}"]
        button = gr.Button(t(f"example.{what}", name=field.name, n=field.n), size="sm", elem_classes=classes)
        change = call_form.group_added if what == "add_group" else call_form.group_removed
        self.buttons.append(
            (
                button,
                lambda draft: draft_of.call_changed(
                    draft, uid, lambda call: {"raw": change(call["raw"], field.path)}
                ),
            )
        )

    def _foot(self) -> None:
        new = self.now["id"] is None
        if self.now["confirm"]:
            gr.HTML(f'<div class="cw-problem" role="alert">{h(t("example.confirm"))}</div>')
        with gr.Row(elem_classes="cw-foot"):
            if self.now["confirm"]:
                keep = gr.Button(t("example.keep"), size="md")
                self.buttons.append((keep, lambda draft: draft_of.changed(draft)))
                delete = gr.Button(t("example.delete_now"), variant="stop", size="md")
                inputs = [self.draft, self.shell.project, self.shell.changed]
                delete.click(shown(self._on_delete), inputs, [self.draft, self.shell.changed], **PRIVATE)
                return
            if not new:
                copy = gr.Button(t("example.duplicate"), size="md", elem_classes="cw-quiet")
                self.buttons.append((copy, lambda draft: draft_of.changed(draft, id=None)))
                delete = gr.Button(t("example.delete"), size="md", elem_classes="cw-quiet")
                self.buttons.append((delete, lambda draft: draft_of.changed(draft, confirm=True)))
            save = gr.Button(t("example.save"), size="md", elem_classes="cw-save")
        everything = {self.draft, self.shell.project, self.shell.changed, *self.fields}
        save.click(shown(self._on_save), everything, [self.draft, self.shell.changed], **PRIVATE)

    def _typed(self, data: dict[Any, Any]) -> Draft:
        """The draft with what stands in the fields now."""
        draft = dict(data[self.draft])
        calls = {call["uid"]: {**call, "raw": dict(call["raw"])} for call in draft["calls"]}
        for component, (uid, name) in self.fields.items():
            value = data[component]
            if not uid:
                draft[name] = str(value or "")
            elif uid in calls and name in ("tool", "json"):
                calls[uid][name] = str(value or "")
            elif uid in calls:
                calls[uid]["raw"][name] = value
        return {**draft, "calls": list(calls.values())}

    def _handler(self, change: Callable[[Draft], Draft]) -> Callable[[dict[Any, Any]], Draft]:
        def on_change(data: dict[Any, Any]) -> Draft:
            typed = self._typed(data)
            try:
                return change(typed)
            except StudioError as error:
                return draft_of.with_problem(typed, error)

        return shown(on_change)

    def _rechosen(self, uid: str, draft: Draft) -> Draft:
        return draft_of.rechosen(draft, uid, self.tools)

    def _on_save(self, data: dict[Any, Any]) -> tuple[Draft, Any]:
        draft = self._typed(data)
        try:
            with open_store(self.shell.settings) as db:
                project = projects.find(db, data[self.shell.project]).id
                tools = projects.tools(db, project)
                example = draft_of.example_in(draft, tools)
                if example.id is None:
                    example_id = projects.add_examples(db, project, [example])[0]
                    example = projects.example(db, project, example_id)
                else:
                    projects.save_example(db, project, example)
        except StudioError as error:
            return draft_of.with_problem(draft, error), gr.skip()
        gr.Info(t("example.saved", id=example.id))
        return draft_of.opened(example, tools), data[self.shell.changed] + 1

    def _on_delete(self, draft: Draft, project: str, version: int) -> tuple[Draft, int]:
        with open_store(self.shell.settings) as db:
            projects.delete_examples(db, projects.find(db, project).id, [int(draft["id"])])
        gr.Info(t("example.deleted"))
        return draft_of.closed(), version + 1


def _component(field: Field, options: dict[str, Any]) -> Any:
    """The input that fits a field."""
    value = field.value
    if field.kind == "choice":
        left_out = (
            [(t("field.left_out"), call_form.LEFT_OUT)]
            if not field.required or value in (None, call_form.LEFT_OUT)
            else []
        )
        choices = left_out + [(str(choice), str(place)) for place, choice in enumerate(field.choices)]
        return gr.Dropdown(choices, value=value if value is not None else call_form.LEFT_OUT, **options)
    if field.kind == "yesno":
        choices = [(t("field.yes"), call_form.YES), (t("field.no"), call_form.NO)]
        if not field.required or value not in (call_form.YES, call_form.NO):
            choices.insert(0, (t("field.left_out"), call_form.LEFT_OUT))
        known = value in (call_form.YES, call_form.NO)
        return gr.Radio(choices, value=value if known else call_form.LEFT_OUT, **options)
    if field.kind == "list_choice":
        choices = [(str(choice), str(place)) for place, choice in enumerate(field.choices)]
        # Not a Dropdown with multiselect: drawn in the place of one, a plain Dropdown stays blank (Gradio 6.31).
        return gr.CheckboxGroup(choices, value=value or [], **options)
    if field.kind in ("whole", "number") and (value in (None, "") or isinstance(value, int | float)):
        return gr.Number(value if value != "" else None, **options)
    if field.kind == "json":
        return gr.Code(str(value or ""), language="json", interactive=True, label=options["label"], lines=3)
    lines = 3 if field.kind.startswith("list_") else 1
    return gr.Textbox("" if value is None else str(value), lines=lines, max_lines=8, **options)
