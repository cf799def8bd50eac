"""What was said before the answer, turn by turn: its fields, its place in the order, what may be added."""

import gradio as gr

from studio.editors import example_draft as draft_of
from studio.editors import turns as turns_of
from studio.editors.call_fields import Change, Fields, tell
from studio.editors.example_draft import Draft
from studio.editors.turns import Turns
from studio.text import t
from studio.views.pieces import h


def draw(fields: Fields, turns: Turns) -> None:
    """The conversation as a list."""
    with gr.Column(elem_classes="cw-turns", min_width=0):
        _offers(fields, "before", turns_of.offered_before(turns))
        for place in range(len(turns)):
            _turn(fields, turns, place)
        _offers(fields, "after", turns_of.offered_after(turns))


def _offers(fields: Fields, where: str, offers: list[str]) -> None:
    with gr.Row(elem_classes="cw-links"):
        gr.HTML(f'<span class="sub">{h(t(f"turn.add_{where}"))}</span>')
        for what in offers:
            if what != "calls" or fields.tools:
                fields.button(_adding(what, fields), t(f"turn.add.{what}"))


def _adding(what: str, fields: Fields) -> Change:
    return lambda now: draft_of.turn_added(now, what, fields.tools)


def _turn(fields: Fields, turns: Turns, place: int) -> None:
    turn = turns[place]
    uid = turn["uid"]
    asks = turn is turns_of.last_said(turns)
    classes = ["cw-turn", f"cw-turn-{turn['role']}", *fields.at(uid)]
    classes += [f"at-{draft_of.FIRST}"] if asks else []
    kind = "calls" if turn["calls"] else turn["role"]
    name = t("example.says") if asks else t(f"turn.{kind}", name=turn["name"])
    wrong = fields.problem_at(uid)
    with gr.Column(elem_classes=classes, min_width=0):
        with gr.Row(elem_classes="cw-bar-row"):
            gr.HTML(f'<p class="cw-turn-name">{h(name)}</p>')
            with gr.Row(elem_classes="cw-row-buttons"):
                _order(fields, turns, place)
        if wrong:
            tell(wrong, alert=True)
        for n, call in enumerate(turn["calls"]):
            label = t("example.and_then") if n else name
            fields.call(call, label, alone=len(turn["calls"]) < 2, none=False, named=bool(n))
        if turn["content"] or not turn["calls"]:
            _words(fields, turn, t("turn.beside") if turn["calls"] else name)
        if turn["calls"]:
            _below_calls(fields, turns, place)


def _order(fields: Fields, turns: Turns, place: int) -> None:
    uid = turns[place]["uid"]
    for what, by in (("up", -1), ("down", 1)):
        if turns_of.movable(turns, uid, by):
            text = t(f"turn.{what}", n=place + 1)
            fields.button(_moving(uid, by), text, "cw-icon", f"cw-icon-{what}")
    if len(turns) > 1:
        text = t("turn.remove", n=place + 1)
        fields.button(lambda now: draft_of.turn_removed(now, uid), text, "cw-icon", "cw-icon-remove")


def _moving(uid: str, by: int) -> Change:
    return lambda now: draft_of.turn_moved(now, uid, by)


def _words(fields: Fields, turn: Draft, label: str) -> None:
    hints = {"tool": "turn.result_hint", "system": "turn.system_hint"}
    beside = bool(turn["calls"])
    box = gr.Textbox(
        turn["content"],
        label=label,
        show_label=beside,
        container=beside,
        interactive=True,
        lines=2,
        max_lines=8,
        placeholder=t(hints[turn["role"]]) if turn["role"] in hints else None,
        elem_classes="mono" if turn["role"] == "tool" else None,
    )
    fields.field(turn["uid"], "content", box)


def _below_calls(fields: Fields, turns: Turns, place: int) -> None:
    uid, missing = turns[place]["uid"], turns_of.lacking(turns, place)
    with gr.Row(elem_classes="cw-links"):
        if fields.tools:
            fields.button(lambda now: draft_of.call_added(now, uid, fields.tools), t("example.add_call"))
        if missing:
            text = t("turn.add.results", n=len(missing))
            fields.button(lambda now: draft_of.results_added(now, uid), text)
