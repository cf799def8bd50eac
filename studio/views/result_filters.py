"""Which rows a number stands for: every number of the Results page is a button that opens exactly these."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.evaluation.breakdown import FAULTS, NO_CALL, UNKNOWN, UNPARSABLE
from core.evaluation.report import MEASURES, Report
from studio.text import t
from studio.views.pieces import act, h

Opened = Mapping[str, str]  # what was pressed, as the browser sends it: looked up again, whatever it says
# Not "path": Gradio takes an event with that key for a file, and refuses it.
KEYS = ("kind", "measure", "name", "side", "asked", "called", "tool", "argument")
ALL: dict[str, str] = {"kind": "change", "measure": "tool", "name": "all"}
CHIPS = ("all", "fixed", "broke", "still_wrong", "still_right", "arguments")
CHANGES = (*CHIPS, "left_right", "right_right")
SIDES = ("left", "right")
PLACES = {NO_CALL: "no_call", UNKNOWN: "unknown", UNPARSABLE: "unreadable"}


def number(
    inside: object, ids: Iterable[int], *, classes: str = "cw-number", said: str, **opened: Any
) -> str:
    """A number as a button that opens its rows, `said` with it for those who do not see the place; plain text for 0."""
    text = h(inside)
    if not set(ids):
        return f'<span class="{classes} none">{text}</span>'
    return act(text, "rows", classes=classes, label=f"{inside}: {said}", **opened)


def rows(report: Report, opened: Opened) -> tuple[int, ...] | None:
    """The examples behind a number; None where there is no such number (any more)."""
    name, measure, side = (opened.get(key, "") for key in ("name", "measure", "side"))
    match opened.get("kind"):
        case "change" if measure in MEASURES and name in CHANGES:
            return _changed(report, measure, name)
        case "cell" if side in SIDES:
            cells = report.confusion(side).cells
            return cells.get((opened.get("asked", ""), opened.get("called", "")))
        case "dialogue" if side in SIDES and measure in MEASURES:
            by = MEASURES[MEASURES.index(measure)]  # type: ignore[arg-type]
            return tuple(id for ids in report.right_dialogues(side, by) for id in ids)
        case "tool" if side in SIDES and name in ("examples", "right", "accepted"):
            tools = {one.tool: one for one in report.per_tool(side)}
            found = tools.get(opened.get("tool", ""))
            return getattr(found, name) if found else None
        case "argument" if side in SIDES:
            at = (opened.get("tool", ""), opened.get("argument", ""))
            argument = next((one for one in report.arguments(side) if (one.tool, one.path) == at), None)
            if argument and name in ("expected", "ids"):
                return getattr(argument, name)
            return argument.wrong.get(name) if argument and name in FAULTS else None
    return None


def _changed(report: Report, measure: str, name: str) -> tuple[int, ...]:
    by = MEASURES[MEASURES.index(measure)]  # type: ignore[arg-type]
    match name:
        case "all":
            return tuple(pair.example for pair in report.both)
        case "arguments":
            accepted = set(report.right_ids("right", "call"))
            return tuple(id for id in report.right_ids("right", "tool") if id not in accepted)
        case "left_right":
            return report.right_ids("left", by)
        case "right_right":
            return report.right_ids("right", by)
    return getattr(report.changed(by), name)


def label(opened: Opened, names: tuple[str, str]) -> str:
    """A filter in words; `names` are those of the sides."""
    side = names[1] if opened.get("side") != "left" else names[0]
    values = {key: opened.get(key, "") for key in ("tool", "argument", "name", "measure")}
    match opened.get("kind"):
        case "cell":
            asked, called = (column(opened.get(key, "")) for key in ("asked", "called"))
            return t("results.opened.cell", side=side, asked=asked, called=called)
        case "tool":
            what = t(f"results.per_tool.{values['name']}")
            return t("results.opened.tool", side=side, tool=column(values["tool"]), what=what)
        case "argument":
            what = t(f"results.argument.{values['name']}")
            return t(
                "results.opened.argument", side=side, what=what, tool=values["tool"], path=values["argument"]
            )
    measure = t(f"results.measure.{values['measure']}")
    if opened.get("kind") == "dialogue":
        return t("results.opened.dialogue", side=side, measure=measure)
    if values["name"] in ("left_right", "right_right"):
        of = names[0] if values["name"] == "left_right" else names[1]
        return t("results.opened.right", side=of, measure=measure)
    return t("results.opened.change", measure=measure, what=t(f"results.filter.{values['name']}"))


def column(name: str) -> str:
    """A tool, or what stands in the place of one, as the page says it."""
    return t(f"results.place.{PLACES[name]}") if name in PLACES else name


def bar(report: Report, opened: Opened) -> str:
    """The chips of what became of the rows, and the number whose rows are shown instead, which takes itself away."""
    counts = {name: len(_changed(report, "tool", name)) for name in CHIPS}
    if report.left is None:
        counts = {name: counts[name] for name in ("all", "arguments")}
    chosen = opened["name"] if opened["kind"] == "change" and opened["measure"] == "tool" else ""
    buttons = "".join(
        act(
            f"{h(t(f'results.filter.{name}'))} <em>{n:,}</em>",
            "rows",
            classes="cw-chip",
            pressed=name == chosen,
            kind="change",
            measure="tool",
            name=name,
        )
        for name, n in counts.items()
    )
    return f'<div class="cw-chips" role="group" aria-label="{h(t("results.filters"))}">{buttons}</div>'


def opened_chip(opened: Opened, names: tuple[str, str], n: int) -> str:
    """The filter that is on, where it is none of the chips."""
    if opened["kind"] == "change" and opened["measure"] == "tool" and opened["name"] in CHIPS:
        return ""
    told = h(t("results.opened", what=label(opened, names), n=n))
    chip = act(f"{told} ✕", "clear", classes="cw-chip", pressed=True, label=t("results.opened.clear"))
    return f'<div class="cw-chips cw-opened" role="status">{chip}</div>'
