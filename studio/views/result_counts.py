"""Which tools are mixed up, how each of them does, and which arguments go wrong; every number opens its rows."""

from core.evaluation.breakdown import (
    FAULTS,
    NO_CALL,
    UNKNOWN,
    UNPARSABLE,
    ArgumentCount,
    Confusion,
    ToolCount,
)
from core.evaluation.report import Report
from studio.text import t
from studio.views.pieces import act, h
from studio.views.result_filters import column, number
from studio.views.results import interval

MOST_ARGUMENTS = 10


def matrix(report: Report, side: str, names: tuple[str, str]) -> str:
    """Asked for against called, of one side; a switch where there are two."""
    found = report.confusion(side)
    switch = ""
    if report.left:
        switch = "".join(
            act(h(name), "side", classes="cw-chip", pressed=one == side, name=one)
            for one, name in zip(("left", "right"), names, strict=True)
        )
        switch = (
            f'<div class="cw-chips" role="group" aria-label="{h(t("results.matrix.side"))}">{switch}</div>'
        )
    top = f'<div class="cw-top"><h2>{h(t("results.matrix"))}</h2>{switch}</div>'
    return f"{top}{_cells(found, side)}"


def _cells(found: Confusion, side: str) -> str:
    """The tools that were asked for, against those that were called; no call, unknown and unreadable always."""
    asked = {row for row, _ in found.cells}
    called = {name for _, name in found.cells}
    rows = [row for row in found.rows if row in asked]
    columns = [
        name
        for name in found.columns
        if name in called or name in (NO_CALL, UNPARSABLE) or (name in asked and name != UNKNOWN)
    ]
    heads = "".join(f'<th scope="col" class="{_look(name)}">{h(column(name))}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row" class="{_look(row)}">{h(column(row))}</th>'
        + "".join(f"<td>{_cell(found, row, name, side)}</td>" for name in columns)
        + "</tr>"
        for row in rows
    )
    caption = f'<caption class="cw-unseen">{h(t("results.matrix.caption"))}</caption>'
    return (
        f'<div class="cw-wide-table" data-scroll="1" data-key="matrix-{h(side)}">'
        f'<table class="cw-table cw-matrix">{caption}<thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
        f'</div><p class="sub cw-small">{h(t("results.matrix.hint"))}</p>'
    )


def _look(name: str) -> str:
    return "sub" if name.startswith("(") else "mono"


def _cell(found: Confusion, asked: str, called: str, side: str) -> str:
    ids = found.cells.get((asked, called), ())
    said = t("results.matrix.cell", asked=column(asked), called=column(called))
    kind = "good" if asked == called else "bad"
    return number(
        len(ids),
        ids,
        classes=f"cw-count {kind}" if ids else "cw-count",
        said=said,
        kind="cell",
        side=side,
        asked=asked,
        called=called,
    )


def tools(report: Report, names: tuple[str, str]) -> str:
    """For each tool how many rows ask for it and how many of them are right, on both sides."""
    sides = (["left"] if report.left else []) + ["right"]
    found = {side: {one.tool: one for one in report.per_tool(side)} for side in sides}
    rows = [name for name, one in found["right"].items() if one.examples]
    heads = f'<th class="num">{h(t("results.per_tool.examples"))}</th>'
    for measure in ("tool", "call"):
        for side in sides:
            name = names[0] if side == "left" else names[1]
            label = f"{h(t(f'results.measure.{measure}'))}<br><span>{h(name)}</span>"
            heads += f'<th class="num">{label}</th>'
    body = "".join(_tool(name, {side: found[side][name] for side in sides}, names) for name in rows)
    return (
        f'<h2>{h(t("results.per_tool"))}</h2><div class="cw-wide-table" data-scroll="1" data-key="per-tool">'
        f'<table class="cw-table"><thead><tr><th>{h(t("results.tool"))}</th>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _tool(name: str, counts: dict[str, ToolCount], names: tuple[str, str]) -> str:
    shown = h(column(name))
    cells = [_tool_number(counts["right"], "right", "examples", shown)]
    cells += [
        _tool_number(one, side, what, names[0] if side == "left" else names[1])
        for what in ("right", "accepted")
        for side, one in counts.items()
    ]
    numbers = "".join(f'<td class="num">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row" class="{_look(name)}">{shown}</th>{numbers}</tr>'


def _tool_number(count: ToolCount, side: str, what: str, of: str) -> str:
    ids = getattr(count, what)
    said = f"{column(count.tool)}, {t(f'results.per_tool.{what}')}, {of}"
    drawn = number(len(ids), ids, said=said, kind="tool", side=side, tool=count.tool, name=what)
    if what == "examples":
        return drawn
    share = interval(len(ids), len(count.examples), "results.interval.short")
    return f'{drawn}<span class="sub cw-below">{share}</span>'


def arguments(report: Report) -> str:
    """The parameters that go wrong most often on the right side, by what is wrong with them."""
    found = report.arguments("right")
    head = f"<h2>{h(t('results.arguments'))}</h2>"
    if not found:
        return f'{head}<p class="sub">{h(t("results.arguments.unknown"))}</p>'
    worst = [one for one in found if one.faults][:MOST_ARGUMENTS]
    if not worst:
        return f'{head}<p class="sub">{h(t("results.arguments.none"))}</p>'
    faults = [name for name in FAULTS if any(one.wrong.get(name) for one in worst)]
    heads = "".join(
        f'<th class="num">{h(t(f"results.argument.{name}"))}</th>' for name in ("expected", *faults)
    )
    body = "".join(_argument(one, faults) for one in worst)
    return (
        f'{head}<div class="cw-wide-table" data-scroll="1" data-key="arguments"><table class="cw-table"><thead><tr>'
        f"<th>{h(t('results.argument'))}</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _argument(one: ArgumentCount, faults: list[str]) -> str:
    cells = "".join(f'<td class="num">{_argument_number(one, name)}</td>' for name in ("expected", *faults))
    rule = t(f"results.compared.{one.rule}") if one.rule else ""
    if one.overlap is not None:
        rule = t("results.compared.overlap", share=round(100 * one.overlap))
    told = f'<span class="sub cw-below">{h(rule)}</span>' if rule else ""
    name = f'<span class="mono">{h(one.path)}</span> <span class="sub">{h(one.tool)}</span>'
    return f'<tr><th scope="row" class="cw-break">{name}{told}</th>{cells}</tr>'


def _argument_number(one: ArgumentCount, name: str) -> str:
    ids = one.expected if name == "expected" else one.wrong.get(name, ())
    said = f"{one.path}, {one.tool}, {t(f'results.argument.{name}')}"
    kind = "cw-number" if name == "expected" or not ids else "cw-number bad"
    opened = {"kind": "argument", "side": "right", "tool": one.tool, "argument": one.path, "name": name}
    return number(len(ids), ids, classes=kind, said=said, **opened)
