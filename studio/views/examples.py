"""Examples as a paged table, what is wrong with them, and what was understood of a file."""

from core.doctor.findings import Finding
from core.doctor.prompts import asked
from core.importers.outcome import Reject
from core.schema import Example, Tool
from studio.text import t
from studio.views.pieces import act, empty, h, pill, short

PAGE = 50


def chips(train: int, test: int, *, chosen: str) -> str:
    """The filter by part."""
    counts = {"all": train + test, "train": train, "test": test}
    buttons = "".join(
        act(
            f"{h(t(f'part.{name}'))} <em>{n}</em>",
            "part",
            classes="cw-chip",
            pressed=name == chosen,
            name=name,
        )
        for name, n in counts.items()
    )
    return f'<div class="cw-chips" role="group" aria-label="{h(t("examples.parts"))}">{buttons}</div>'


Leaks = set[tuple[object, ...]]


def leaks(examples: list[Example]) -> Leaks:
    """What is asked both in train and in test."""
    train = {asked(example) for example in examples if example.split == "train"}
    return train & {asked(example) for example in examples if example.split == "test"}


def table(
    examples: list[Example], tools: list[Tool], chosen: int | None, leaked: Leaks, page: int, total: int
) -> str:
    """One page of examples; `total` is how many the filter finds."""
    if not examples:
        return empty(t("examples.nothing_title"), t("examples.nothing_body"))
    known = {tool.name for tool in tools}
    body = "".join(_row(example, known, example.id == chosen, leaked) for example in examples)
    columns = "".join(f"<th>{h(t(f'examples.{name}'))}</th>" for name in ("prompt", "call", "part"))
    return (
        f'<div class="cw-scroll" data-scroll="1" data-key="examples-table"><table class="cw-table cw-pick">'
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>{pager(page, total)}"
    )


def _row(example: Example, known: set[str], on: bool, leaked: Leaks) -> str:
    other = "test" if example.split == "train" else "train"
    mark = f" {pill(t(f'examples.also_{other}'), 'warn')}" if asked(example) in leaked else ""
    names = list(dict.fromkeys(call.name for call in example.calls))
    calls = "<br>".join(
        f'<span class="mono{"" if name in known else " cw-wrong"}">{h(name)}</span>' for name in names
    )
    prompt = h(short(example.prompt)) or f'<span class="sub">{h(t("examples.no_prompt"))}</span>'
    button = act(prompt, "example", classes="cw-row", pressed=on, id=example.id, leaves=1)
    none = f'<span class="sub">{h(t("call.none"))}</span>'
    return (
        f'<tr class="{"on" if on else ""}"><td>{button}{mark}</td><td>{calls or none}</td>'
        f'<td class="sub">{h(t(f"part.{example.split}"))}</td></tr>'
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


def health(findings: list[Finding], examples: int) -> str:
    """Findings of core.doctor as sentences; a click shows the first row of one."""
    title = f"<h2>{h(t('health.title'))}</h2>"
    if not examples:
        return title + f'<p class="sub">{h(t("health.empty"))}</p>'
    if not findings:
        return title + f"<p>{pill(t('health.good'), 'good')} {h(t('health.good_body'))}</p>"
    return title + "".join(_finding(finding, place) for place, finding in enumerate(findings))


KINDS = {"block": "bad", "warn": "warn", "hint": "plain"}


def _finding(finding: Finding, place: int) -> str:
    mark = pill(t(f"health.{finding.severity}"), KINDS.get(finding.severity, "plain"))
    remedy = f'<span class="sub">{h(finding.remedy)}</span>' if finding.remedy else ""
    rows = (
        act(h(t("health.show", n=len(finding.rows))), "finding", classes="cw-link", n=place, leaves=1)
        if finding.rows
        else ""
    )
    return f'<p class="cw-finding">{mark} {h(finding.message)} {remedy} {rows}</p>'


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


def preview(name: str, kept: list[Example], rejected: list[Reject], notes: list[str], already: int) -> str:
    """What was understood of a file: every row of it is either kept or named with its reason."""
    n, bad = len(kept), len(rejected)
    train = sum(example.split == "train" for example in kept)
    parts = [
        f"<p><b>{h(t('bring.counts', name=name, rows=n + bad, kept=n, rejected=bad))}</b></p>",
        f'<p class="sub">{h(t("bring.split", train=train, test=n - train))}</p>',
    ]
    parts += [f'<p class="sub">{h(note)}</p>' for note in notes]
    if already:
        parts.append(f"<p>{pill(t('bring.already', n=already), 'warn')}</p>")
    if kept:
        rows = "".join(
            f"<tr><td>{h(short(e.prompt, 90))}</td>"
            f"<td class='mono'>{h(', '.join(c.name for c in e.calls)) or h(t('call.none'))}</td>"
            f"<td class='sub'>{h(t(f'part.{e.split}'))}</td></tr>"
            for e in kept[:5]
        )
        more = f'<p class="sub">{h(t("bring.more", n=n - 5))}</p>' if n > 5 else ""
        parts.append(
            f'<div class="cw-scroll"><table class="cw-table"><tbody>{rows}</tbody></table></div>{more}'
        )
    if rejected:
        items = "".join(
            f"<li>{h(t('bring.row', row=reject.row))} {h(reject.reason)}</li>" for reject in rejected[:50]
        )
        more = f"<li>{h(t('bring.more_rejects', n=bad - 50))}</li>" if bad > 50 else ""
        parts.append(
            f'<div class="cw-problem"><b>{h(t("bring.rejected", n=bad))}</b><ul>{items}{more}</ul></div>'
        )
    return "".join(parts)
