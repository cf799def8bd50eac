"""Examples as a paged table, what is wrong with them, and what was understood of a file."""

from core.doctor.findings import Finding
from core.schema import Example
from core.schema.example import SPLITS
from studio.text import t
from studio.views.pieces import act, empty, h, pill, short

PAGE = 50


def chips(train: int, test: int, chosen: str, finding: Finding | None = None) -> str:
    """The filter by part, and the finding whose rows are shown."""
    counts = {"all": train + test, "train": train, "test": test}
    buttons = "".join(
        act(
            f"{h(t(f'part.{name}'))} <em>{n:,}</em>",
            "part",
            classes="cw-chip",
            pressed=name == chosen,
            name=name,
        )
        for name, n in counts.items()
    )
    if finding:
        told = f"{h(short(t(f'finding.{finding.kind}'), 40))} ✕"
        buttons += act(told, "unfind", classes="cw-chip", pressed=True, label=t("examples.unfind"))
    return f'<div class="cw-chips" role="group" aria-label="{h(t("examples.parts"))}">{buttons}</div>'


def bulk(ticked: int, total: int) -> str:
    """What can be done to the ticked examples; nothing is shown while none is."""
    if not ticked:
        return ""
    buttons = [
        act(h(t("examples.move", part=t(f"part.{part}"))), "move", classes="cw-chip", name=part, leaves=1)
        for part in SPLITS
    ]
    buttons.append(act(h(t("examples.delete_ticked")), "delete", classes="cw-chip", leaves=1))
    if ticked < total:
        buttons.append(act(h(t("examples.pick_all", n=total)), "pick_all", classes="cw-link"))
    buttons.append(act(h(t("examples.clear")), "clear", classes="cw-link"))
    told = f"<b>{h(t('examples.ticked', n=ticked))}</b>"
    label = h(t("examples.bulk"))
    return f'<div class="cw-chips cw-bulk" role="group" aria-label="{label}">{told}{"".join(buttons)}</div>'


Marks = dict[int, str]


def marks(findings: list[Finding]) -> Marks:
    """The kind of the gravest finding of each row, those that are only hints left out."""
    found: Marks = {}
    for finding in findings:
        if finding.severity != "hint":
            for row in finding.rows:
                found.setdefault(row, finding.kind)
    return found


def table(
    examples: list[Example],
    known: set[str],
    chosen: int | None,
    marked: Marks,
    page: int,
    total: int,
    ticked: set[int],
) -> str:
    """One page of examples; `total` is how many the filter finds, `known` are the tools that exist."""
    if not examples:
        return empty(t("examples.nothing_title"), t("examples.nothing_body"))
    body = "".join(
        _row(e, known, e.id == chosen, marked.get(e.id or 0, ""), e.id in ticked) for e in examples
    )
    every = _tick("pick_page", t("examples.pick_page"), all(e.id in ticked for e in examples))
    columns = "".join(f"<th>{h(t(f'examples.{name}'))}</th>" for name in ("prompt", "call", "part"))
    return (
        f'<div class="cw-scroll" data-scroll="1" data-key="examples-table"><table class="cw-table cw-pick">'
        f'<thead><tr><th class="cw-tick">{every}</th>{columns}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{pager(page, total)}"
    )


def _tick(do: str, label: str, on: bool, id: object = "") -> str:
    # A button: a checkbox that was clicked keeps its own state, whatever is drawn in its place.
    return (
        f'<button type="button" role="checkbox" class="cw-box" aria-checked="{str(on).lower()}" data-do="{do}" '
        f'data-id="{h(id)}" data-key="{do}-{h(id)}" aria-label="{h(label)}"></button>'
    )


def _row(example: Example, known: set[str], on: bool, mark: str, ticked: bool) -> str:
    told = f" {pill(t(f'finding.{mark}'), 'warn')}" if mark else ""
    names = list(dict.fromkeys(call.name for call in example.calls))
    calls = "<br>".join(
        f'<span class="mono{"" if name in known else " cw-wrong"}">{h(name)}</span>' for name in names
    )
    prompt = h(short(example.prompt)) or f'<span class="sub">{h(t("examples.no_prompt"))}</span>'
    button = act(prompt, "example", classes="cw-row", pressed=on, id=example.id, leaves=1)
    none = f'<span class="sub">{h(t("call.none"))}</span>'
    tick = _tick("pick", t("examples.pick", id=example.id), ticked, example.id)
    return (
        f'<tr class="{"on" if on else ""}"><td class="cw-tick">{tick}</td><td>{button}{told}</td>'
        f'<td>{calls or none}</td><td class="sub">{h(t(f"part.{example.split}"))}</td></tr>'
    )


def pager(page: int, total: int) -> str:
    """Which rows are shown, and buttons to the pages beside."""
    first, last = page * PAGE + 1, min(total, (page + 1) * PAGE)
    text = h(t("examples.range", first=first, last=last, total=total))
    buttons = ""
    if page > 0:
        buttons += act("‹", "page", classes="cw-chip", label=t("examples.previous"), n=page - 1)
    if last < total:
        buttons += act("›", "page", classes="cw-chip", label=t("examples.next"), n=page + 1)
    return f'<div class="cw-pager sub"><span>{text}</span><span>{buttons}</span></div>'


def health(findings: list[Finding], examples: int, current: bool = True) -> str:
    """Findings of core.doctor as sentences; a click shows the rows of one, another mends it."""
    title = f"<h2>{h(t('health.title'))}</h2>"
    if not current:
        title += f'<p class="cw-doing"><span class="cw-dot"></span>{h(t("health.checking", n=examples))}</p>'
    if not examples:
        return title + f'<p class="sub">{h(t("health.empty"))}</p>'
    if not findings:
        good = f"<p>{pill(t('health.good'), 'good')} {h(t('health.good_body'))}</p>"
        return title + (good if current else "")
    return title + "".join(_finding(finding, place) for place, finding in enumerate(findings))


KINDS = {"block": "bad", "warn": "warn", "hint": "plain"}


def _finding(finding: Finding, place: int) -> str:
    mark = pill(t(f"health.{finding.severity}"), KINDS.get(finding.severity, "plain"))
    remedy = f'<span class="sub">{h(finding.remedy)}</span>' if finding.remedy else ""
    shown = h(t("health.show", n=len(finding.rows)))
    buttons = ""
    if finding.rows:
        buttons += act(shown, "finding", classes="cw-link", n=place, kind=finding.kind, leaves=1)
    if finding.fix:
        buttons += act(h(finding.fix), "fix", classes="cw-chip", n=place, kind=finding.kind, leaves=1)
    line = f'<span class="cw-finding-do">{buttons}</span>' if buttons else ""
    return f'<div class="cw-finding"><p>{mark} {h(finding.message)} {remedy}</p>{line}</div>'


def health_pill(findings: list[Finding]) -> str:
    """The findings in one line for the Train tab."""
    n = {severity: sum(f.severity == severity for f in findings) for severity in KINDS}
    if n["block"]:
        first = next(finding for finding in findings if finding.severity == "block")
        mark = pill(t("health.blocked"), "bad")
        return f'<p>{mark} {h(first.message)} <span class="sub">{h(first.remedy)}</span></p>'
    mark = pill(t("health.findings", n=n["warn"]), "warn") if n["warn"] else pill(t("health.healthy"), "good")
    hints = f' <span class="sub">{h(t("health.hints", n=n["hint"]))}</span>' if n["hint"] else ""
    return f"<p>{mark}{hints}</p>"
