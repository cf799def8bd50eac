"""The robustness card: findings in words, and a table in which every number opens its rows."""

from collections.abc import Sequence

from core.evaluation.robustness.readings import Finding, Reading
from core.evaluation.statistics import wilson
from core.store.runs import Run
from studio.text import t
from studio.views.asked import ended_early, progress
from studio.views.pieces import about, act, h, pill

KINDS = {"good": "good", "bad": "bad", "open": "warn"}
VERDICTS = {"worse": "bad", "better": "good", "open": "warn"}


def head(n: int, seconds: float | None) -> str:
    """What the card is for; `seconds` as long as asking takes, where it was not asked and that is known."""
    time = f" {t('robust.time', time=about(seconds))}" if seconds is not None else ""
    return f'<h2>{h(t("robust.title"))}</h2><p class="sub cw-small">{h(t("robust.lead", n=n) + time)}</p>'


def card(job: Run | None, readings: Sequence[Reading], findings: Sequence[Finding]) -> str:
    """How far it is, what was found and what it was found from; nothing where nothing was asked."""
    if job is None:
        return ""
    running = progress(job) if not job.ended else ended_early(job)
    said = "".join(
        f'<li class="cw-found {KINDS[one.kind]}"><span class="cw-found-dot" aria-hidden="true"></span>'
        f"{h(one.sentence)}</li>"
        for one in findings
    )
    listed = f'<ul class="cw-found-list">{said}</ul>' if said else ""
    return f"{running}{listed}{table(readings)}"


def table(readings: Sequence[Reading]) -> str:
    if len(readings) < 2:
        return ""
    names = [t("robust.change"), t("robust.right"), t("robust.instead")]
    header = "".join(f"<th>{h(name)}</th>" for name in names)
    body = "".join(_row(one, names) for one in readings)
    notes = f'<p class="sub cw-small">{h(t("robust.opens"))} {h(t("robust.luck"))}</p>'
    return (
        f'<table class="cw-table cw-stack cw-robust"><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>'
        f"{notes}"
    )


def _row(one: Reading, names: Sequence[str]) -> str:
    name = t(f"variant.{one.variant}")
    shown = f'<span class="sub">{h(t("robust.tools", n=one.tools))}</span>' if one.tools else ""
    low, high = wilson(one.right, one.n)
    between = t("robust.range", low=round(100 * low), high=round(100 * high))
    label = t("robust.open_rows", variant=name, right=one.right, n=one.n)
    score = h(t("score", right=one.right, n=one.n))
    number = act(score, "rows", classes="cw-link", label=label, variant=one.variant, name="right")
    share = round(100 * one.right / one.n) if one.n else 0
    right = (
        f'<span class="cw-robust-right">{number}<span class="cw-bar" aria-hidden="true"><i style="width:{share}%"></i>'
        f'</span><span class="sub cw-small" title="{h(t("robust.range_hint"))}">{h(between)}</span></span>'
    )
    cells = [f"{h(name)} {shown}", right, _difference(one)]
    return (
        "<tr>"
        + "".join(
            f'<td data-name="{h(column)}"><div>{cell}</div></td>'
            for column, cell in zip(names, cells, strict=True)
        )
        + "</tr>"
    )


def _difference(one: Reading) -> str:
    if not one.variant:
        return '<span class="sub">–</span>'
    if not one.fixed and not one.broke:
        return f'<span class="sub">{h(t("robust.same"))}</span>'
    parts = [_number(one, name, n) for name, n in (("broke", one.broke), ("fixed", one.fixed)) if n]
    verdict = pill(t(f"robust.{one.verdict}"), VERDICTS[one.verdict])
    return f"{', '.join(parts)} {verdict}"


def _number(one: Reading, name: str, n: int) -> str:
    text = t(f"robust.{name}", n=n)
    label = t("robust.open_changed", variant=t(f"variant.{one.variant}"), what=text)
    return act(h(text), "rows", classes="cw-link", label=label, variant=one.variant, name=name)
