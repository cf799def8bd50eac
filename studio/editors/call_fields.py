"""The components for one call: which tool, and a field for each argument."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.schema import Tool
from studio.editors import example_draft as draft_of
from studio.editors.example_draft import Draft
from studio.text import t
from studio.views import call_form
from studio.views.call_form import Field
from studio.views.pieces import h

Change = Callable[[Draft], Draft]


class Fields:
    """What was drawn: each field with the place in the draft that it stands for, each button with its change."""

    def __init__(self, tools: list[Tool], problem: dict[str, str] | None):
        self.tools, self.problem = tools, problem
        self.by_name = {tool.name: tool for tool in tools}
        self.places: dict[Any, tuple[str, str]] = {}  # component -> (uid or "", path or name of the value)
        self.buttons: list[tuple[gr.Button, Change]] = []
        self.choices: list[gr.Dropdown] = []

    def problem_at(self, uid: str) -> str:
        """What is wrong at a place, or nothing."""
        return self.problem["text"] if self.problem and self.problem["where"] == uid else ""

    def at(self, uid: str) -> list[str]:
        """The classes by which a place is found, and seen to be wrong."""
        return [f"at-{uid}", *(["wrong", f"at-{draft_of.WRONG}"] if self.problem_at(uid) else [])]

    def field(self, uid: str, name: str, component: Any) -> None:
        self.places[component] = (uid, name)

    def button(self, change: Change, text: str, *classes: str) -> None:
        button = gr.Button(text, size="sm", elem_classes=["cw-quiet", *(classes or ["cw-fit", "cw-do"])])
        self.buttons.append((button, change))

    def which(self, uid: str, value: str, label: str, *, none: bool, named: bool = True) -> None:
        """The tool that is called; `none` offers to call nothing, `named` shows the label."""
        names = [tool.name for tool in self.tools]
        choices = [(t("example.call_tool", name=name), name) for name in names]
        if value not in (*names, draft_of.NO_CALL):
            choices.append((t("example.call_missing", name=value), value))
        if none:
            choices.append((t("example.no_call"), draft_of.NO_CALL))
        which = gr.Dropdown(
            choices,
            value=value,
            label=label,
            show_label=named,
            interactive=True,
            filterable=len(choices) > 8,
            elem_classes="cw-which",
        )
        self.field(uid, "tool", which)
        self.choices.append(which)

    def call(self, call: Draft, label: str, *, alone: bool, none: bool, named: bool = True) -> None:
        """One call: `alone` where it cannot be removed, `none` where no call may stand in its place."""
        uid, tool = call["uid"], self.by_name.get(call["tool"])
        problem = self.problem_at(uid)
        with gr.Column(elem_classes=["cw-call-form", *self.at(uid)], min_width=0):
            if problem or call["told"]:
                tell(problem or call["told"], alert=bool(problem))
            self.which(uid, call["tool"], label, none=none, named=named)
            if call["mode"] == "json" or tool is None:
                code = gr.Code(
                    call["json"],
                    language="json",
                    interactive=True,
                    label=t("example.arguments_json"),
                    lines=4,
                )
                self.field(uid, "json", code)
            else:
                for field in call_form.fields_of(tool.parameters, call["raw"]):
                    self._argument(uid, field)
                if not tool.properties:
                    gr.HTML(f'<p class="sub">{h(t("example.no_parameters"))}</p>')
            with gr.Row(elem_classes="cw-links"):
                if tool is not None and (tool.properties or call["mode"] == "json"):
                    other = "form" if call["mode"] == "json" else "json"
                    self.button(
                        lambda now: draft_of.call_turned(now, uid, self.tools), t(f"example.as_{other}")
                    )
                if not alone:
                    self.button(lambda now: draft_of.call_removed(now, uid), t("example.remove_call"))

    def _argument(self, uid: str, field: Field) -> None:
        need = t("field.required") if field.required else t("field.optional")
        label = f"{field.name} ({t(f'field.{field.kind}')}, {need})"
        depth = f"depth-{min(field.depth, 5)}"
        if field.kind == "json" and field.description:
            gr.HTML(f'<p class="sub">{h(field.description)}</p>', elem_classes=depth)
        if field.kind not in ("group", "list_group"):
            options = {"label": label, "info": field.description or None, "elem_classes": [depth]}
            self.field(uid, field.path, component_of(field, {"interactive": True, **options}))
            return
        text = f"{field.name} {field.n}" if field.kind == "group" and field.n else label
        told = f'<span class="sub">{h(field.description)}</span>' if field.description else ""
        with gr.Row(elem_classes=["cw-group-head", depth]):
            gr.HTML(f'<p class="cw-group">{h(text)}</p>{told}')
            if field.kind == "list_group":
                more = t("example.add_group", name=field.name)
                self.button(lambda now: draft_of.group_changed(now, uid, field.path, True), more)
            elif field.n:
                less = t("example.remove_group", name=field.name, n=field.n)
                self.button(lambda now: draft_of.group_changed(now, uid, field.path, False), less)


def tell(text: str, *, alert: bool) -> None:
    """A sentence about what stands below it: an alert after something was tried, a remark otherwise."""
    classes, role = ("cw-problem", ' role="alert"') if alert else ("cw-told", "")
    gr.HTML(f'<div class="{classes}"{role}>{h(text)}</div>')


def component_of(field: Field, options: dict[str, Any]) -> Any:
    """The input that fits a field."""
    value = field.value
    if field.kind == "choice":
        left_out = not field.required or value in (None, call_form.LEFT_OUT)
        choices = [(t("field.left_out"), call_form.LEFT_OUT)] if left_out else []
        choices += [
            (str(choice) or t("field.no_text"), str(place)) for place, choice in enumerate(field.choices)
        ]
        return gr.Dropdown(choices, value=call_form.LEFT_OUT if value is None else value, **options)
    if field.kind == "yesno":
        choices = [(t("field.yes"), call_form.YES), (t("field.no"), call_form.NO)]
        known = value in (call_form.YES, call_form.NO)
        if not field.required or not known:
            choices.insert(0, (t("field.left_out"), call_form.LEFT_OUT))
        return gr.Radio(choices, value=value if known else call_form.LEFT_OUT, **options)
    if field.kind == "list_choice":
        choices = [
            (str(choice) or t("field.no_text"), str(place)) for place, choice in enumerate(field.choices)
        ]
        # Not a Dropdown with multiselect: drawn in the place of one, a plain Dropdown stays blank (Gradio 6.31).
        return gr.CheckboxGroup(choices, value=value or [], **options)
    if field.kind == "json":
        options.pop("info")  # gr.Code shows none
        return gr.Code(str(value or ""), language="json", lines=3, **options)
    text = "" if value is None else str(value)
    hint = t(f"field.empty_{'list' if field.kind.startswith('list_') else 'text'}")
    texts = field.kind in ("text", *call_form.LINES)
    lines = 3 if field.kind.startswith("list_") else 2 if "\n" in text else 1
    placeholder = hint if texts and not field.required else None
    return gr.Textbox(text, lines=lines, max_lines=8, placeholder=placeholder, **options)
