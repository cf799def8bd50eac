"""The form of a tool: its name, its description, and a row of fields and buttons for each parameter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from core.evaluation.wording import ACCEPTED
from studio.editors import tool_draft as draft_of
from studio.editors.tool_draft import Draft, element
from studio.text import t
from studio.views import tool_form, tool_rows
from studio.views.pieces import h
from studio.views.tool_rows import Row

WORDINGS = ("", "exact", "free")
ALLOWED = {"kind": tool_rows.KINDS, "wording": WORDINGS}  # what may stand in a field of this name


@dataclass
class Drawn:
    """What was put on the page and has to be wired: fields by what they hold, buttons by what they do."""

    fields: dict[Any, tuple[str, str]] = field(default_factory=dict)  # component -> (row's uid or "", name)
    buttons: list[tuple[gr.Button, Callable[..., Draft]]] = field(default_factory=list)
    kinds: list[tuple[gr.Dropdown, str]] = field(default_factory=list)

    def text(self, uid: str, name: str, **options: Any) -> None:
        self.fields[gr.Textbox(interactive=True, elem_id=element(uid, name), **options)] = (uid, name)


def draw(now: Draft, drawn: Drawn) -> None:
    """The form of a draft."""
    with gr.Row(elem_classes="cw-two"):
        drawn.text(
            "",
            "name",
            value=now["name"],
            lines=1,
            max_lines=1,
            scale=1,
            elem_classes="mono",
            label=t("tool.name"),
        )
        drawn.text(
            "",
            "description",
            value=now["description"],
            lines=2,
            scale=2,
            label=t("tool.description"),
            placeholder=t("tool.description_hint"),
        )
    originals = (now["stored"] or {}).get("originals", {})
    if "" in originals:
        gr.HTML(f'<p class="sub cw-small">{h(t("tool.called", name=originals[""]))}</p>')
    gr.HTML(f"<h2>{h(t('tool.parameters'))}</h2>")
    rows = draft_of.rows_in(now)
    if rows:
        with gr.Column(elem_classes="cw-params", min_width=0):
            for row in rows:
                _Parameter(now, rows, row, drawn).draw()
    else:
        gr.HTML(f'<p class="sub">{h(t("tool.no_parameters"))}</p>')
    if any(row.kind in tool_rows.TEXTS for row in rows):
        gr.HTML(f'<p class="sub cw-small">{h(t("tool.wording.hint", percent=round(100 * ACCEPTED)))}</p>')
    add = gr.Button(t("tool.add_parameter"), size="sm", elem_classes="cw-fit", elem_id=element("", "add"))
    drawn.buttons.append((add, _added))


def _added(draft: Draft, group: str | None = None) -> Draft:
    """With one more parameter, at the end or in a group, and the keyboard in its name."""
    before = draft_of.rows_in(draft)
    rows = tool_rows.added(before, group, inside=group is not None)
    new = next(row for row in rows if row not in before)
    return draft_of.with_rows(draft, rows, element(new.uid, "name"))


def _removed(draft: Draft, uid: str) -> Draft:
    """Without a parameter, and the keyboard on what took its place."""
    rows = draft_of.rows_in(draft)
    place = next((i for i, row in enumerate(rows) if row.uid == uid), 0)
    left = tool_rows.removed(rows, uid)
    focus = element(left[min(place, len(left) - 1)].uid, "remove") if left else element("", "add")
    return draft_of.with_rows(draft, left, focus)


class _Parameter:
    """One row."""

    def __init__(self, now: Draft, rows: list[Row], row: Row, drawn: Drawn):
        self.now, self.rows, self.row, self.drawn = now, rows, row, drawn

    def draw(self) -> None:
        row = self.row
        wrong = self.now["problem"] and self.now["problem"]["where"] == row.uid
        classes = ["cw-param", f"depth-{min(row.depth, 5)}", *(["wrong"] if wrong else [])]
        with gr.Column(elem_classes=classes, min_width=0):
            with gr.Row(elem_classes="cw-param-line"):
                self.drawn.text(
                    row.uid,
                    "name",
                    value=row.name,
                    label=t("tool.row.name"),
                    max_lines=1,
                    min_width=110,
                    scale=4,
                    elem_classes="mono",
                )
                self._kind()
                if row.kind in tool_form.ALLOWED:
                    self._allowed()
                if row.kind in tool_rows.TEXTS:
                    self._wording()
            with gr.Row(elem_classes="cw-param-line"):
                label = t("tool.row.description")
                original = (self.now["stored"] or {}).get("originals", {}).get(row.origin)
                if row.origin and original:
                    label = f"{label} ({t('tool.row.called', name=original)})"
                self.drawn.text(
                    row.uid,
                    "description",
                    value=row.description,
                    label=label,
                    max_lines=3,
                    min_width=160,
                    scale=6,
                )
                required = gr.Checkbox(
                    row.required,
                    interactive=True,
                    label=t("tool.row.required"),
                    min_width=80,
                    scale=1,
                    elem_classes="cw-check",
                )
                self.drawn.fields[required] = (row.uid, "required")
                with gr.Row(elem_classes="cw-row-buttons"):
                    self._buttons()

    def _kind(self) -> None:
        row = self.row
        kinds = [
            (t(f"kind.{kind}"), kind) for kind in tool_rows.KINDS if kind != "other" or row.kind == "other"
        ]
        kind = gr.Dropdown(
            kinds,
            value=row.kind,
            interactive=True,
            label=t("tool.row.kind"),
            min_width=140,
            scale=4,
            filterable=False,
            elem_classes="cw-which",
        )
        self.drawn.fields[kind] = (row.uid, "kind")
        self.drawn.kinds.append((kind, row.uid))

    def _allowed(self) -> None:
        row = self.row
        must = row.kind in ("choice", "list_choice")
        self.drawn.text(
            row.uid,
            "allowed",
            value=row.allowed,
            label=t("tool.row.allowed"),
            min_width=140,
            scale=6,
            placeholder=t("tool.row.allowed_must" if must else "tool.row.allowed_hint"),
            lines=1,
            max_lines=1 + 5 * ("\n" in row.allowed),
        )

    def _wording(self) -> None:
        """How answers are compared; where nobody says it, what the examples let guess."""
        row = self.row
        guess = self.now["guessed"].get(row.origin, "none")
        choices = [(t(f"tool.wording.guess_{guess}"), "")]
        choices += [(t(f"tool.wording.{rule}"), rule) for rule in WORDINGS if rule]
        chosen = gr.Dropdown(
            choices,
            value=row.wording,
            interactive=True,
            label=t("tool.row.wording"),
            min_width=140,
            scale=4,
            filterable=False,
            elem_id=element(row.uid, "wording"),
            elem_classes="cw-which",
        )
        self.drawn.fields[chosen] = (row.uid, "wording")

    def _buttons(self) -> None:
        rows, row, uid = self.rows, self.row, self.row.uid
        if row.kind in tool_rows.INSIDE and row.depth < tool_rows.MAX_DEPTH:
            self._button("inside", lambda draft: _added(draft, uid))
        if any(tool_rows.may_indent(rows, one.uid) or one.depth for one in rows):
            if row.depth:
                self._change("outdent", lambda now: tool_rows.outdented(now, uid), True)
            self._change("indent", lambda now: tool_rows.indented(now, uid), tool_rows.may_indent(rows, uid))
        up, down = tool_rows.may_move(rows, uid, up=True), tool_rows.may_move(rows, uid, up=False)
        self._change("up", lambda now: tool_rows.moved(now, uid, up=True), up)
        self._change("down", lambda now: tool_rows.moved(now, uid, up=False), down)
        self._button("remove", lambda draft: _removed(draft, uid))

    def _change(self, what: str, change: Callable[[list[Row]], list[Row]], possible: bool) -> None:
        """A button that changes the list of rows and keeps the keyboard."""
        focus = element(self.row.uid, what)
        self._button(
            what,
            lambda draft: draft_of.with_rows(draft, change(draft_of.rows_in(draft)), focus),
            possible,
        )

    def _button(self, what: str, change: Callable[[Draft], Draft], possible: bool = True) -> None:
        # The name is for a screen reader; the stylesheet shows the sign in front of it.
        name = self.row.name.strip() or t("tool.row.unnamed")
        button = gr.Button(
            t(f"tool.row.{what}", name=name),
            size="sm",
            elem_classes=["cw-icon", f"cw-icon-{what}"],
            elem_id=element(self.row.uid, what),
            interactive=possible,
        )
        self.drawn.buttons.append((button, change))
