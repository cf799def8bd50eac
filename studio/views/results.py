"""Before against after: two numbers, a sentence, and every row with both answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.store.evaluations import Prediction
from core.store.runs import Run
from studio.text import t
from studio.views.pieces import act, call_lines, empty, fold, h, head, short
from studio.views.verdicts import NAMES, verdict_pill, verdict_word


@dataclass(frozen=True, slots=True)
class Pair:
    """The answers of the untouched and of the tuned model to one example; either may be missing."""

    before: Prediction | None
    after: Prediction | None

    @property
    def either(self) -> Prediction:
        return self.after or self.before  # type: ignore[return-value]


FILTERS: dict[str, Callable[[Pair], bool]] = {
    "all": lambda pair: True,
    "fixed": lambda pair: bool(pair.after and pair.after.right and pair.before and not pair.before.right),
    "broke": lambda pair: bool(pair.after and not pair.after.right and pair.before and pair.before.right),
    "still_wrong": lambda pair: bool(
        pair.after and not pair.after.right and pair.before and not pair.before.right
    ),
    "still_right": lambda pair: bool(pair.after and pair.after.right and pair.before and pair.before.right),
    "arguments": lambda pair: bool(pair.after and pair.after.right and not pair.after.exact),
}


def pairs(before: list[Prediction], after: list[Prediction]) -> list[Pair]:
    """Both answers to each example, in the order of the examples."""
    first, second = ({p.example: p for p in side} for side in (before, after))
    return [Pair(first.get(example), second.get(example)) for example in sorted(first.keys() | second.keys())]


def title(run: Run | None) -> str:
    if run is None:
        return head(t("results.title"), t("results.lead"))
    return head(t("results.title_run", run=run.name), t("results.lead"))


def waiting(run: Run | None) -> str:
    """What stands here while there is nothing to compare."""
    if run is None:
        return empty(t("results.empty_title"), t("results.empty_body"))
    if run.working or run.state == "queued":
        return empty(t("results.wait_title", run=run.name), t("results.wait_body"))
    return empty(t("results.nothing_title", run=run.name), t("results.nothing_body"))


def summary_card(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, rows: list[Pair]) -> str:
    """The two numbers with one sentence under them."""
    sides = [_side(t("results.before"), before, False), '<div class="cw-arrow" aria-hidden="true">→</div>']
    sides.append(_side(t("results.after"), after, True))
    return f'<div class="cw-versus">{"".join(sides)}</div><p class="cw-verdict">{sentence(before, after, rows)}</p>'


def _side(label: str, summary: Mapping[str, Any] | None, tuned: bool) -> str:
    if summary is None:
        return f'<div><span class="sub">{h(label)}</span><span class="cw-big">–</span></div>'
    score = t("score", right=summary["right"], n=summary["n"])
    exact = t("results.exact", exact=summary["exact"])
    kind = " good" if tuned else ""
    return (
        f'<div><span class="sub">{h(label)}</span><span class="cw-big{kind}">{h(score)}</span>'
        f'<span class="sub">{h(t("results.right_tool"))}<br>{h(exact)}</span></div>'
    )


def sentence(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, rows: list[Pair]) -> str:
    """What changed, in words; only the direction is claimed, not that it could not be luck."""
    if not before or not after:
        return h(t("results.one_side"))
    count = {name: sum(map(test, rows)) for name, test in FILTERS.items()}
    change = after["right"] - before["right"]
    key = "results.more" if change > 0 else "results.fewer" if change < 0 else "results.same"
    first = f"<b>{h(t(key, n=abs(change)))}</b>"
    return f"{first} {h(t('results.counts', fixed=count['fixed'], broke=count['broke'], wrong=count['still_wrong']))}"


def verdict_table(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """How often each verdict was given, before and after."""
    body = ""
    for name in NAMES:
        counts = [_count(summary, name) for summary in (before, after)]
        if any(counts):
            cells = "".join(f'<td class="num">{"–" if n is None else n}</td>' for n in counts)
            hint = f"<span class='sub'>{h(t(f'verdict.{name}.hint'))}</span>"
            body += f"<tr><td>{verdict_pill(name)} {hint}</td>{cells}</tr>"
    columns = (
        f'<th></th><th class="num">{h(t("results.before"))}</th><th class="num">{h(t("results.after"))}</th>'
    )
    table = f'<table class="cw-table"><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>'
    return f"<h2>{h(t('results.how'))}</h2>{table}"


def _count(summary: Mapping[str, Any] | None, verdict: str) -> int | None:
    if summary is None:
        return None
    if verdict == "right":  # the summary counts right tools, exact ones included
        return summary["right"] - summary["exact"]
    return summary.get(verdict, 0)


def filter_bar(rows: list[Pair], chosen: str) -> str:
    buttons = "".join(
        act(
            f"{h(t(f'results.filter.{name}'))} <em>{sum(map(test, rows))}</em>",
            "filter",
            classes="cw-chip",
            pressed=name == chosen,
            name=name,
        )
        for name, test in FILTERS.items()
    )
    return f'<div class="cw-chips" role="group" aria-label="{h(t("results.filters"))}">{buttons}</div>'


def rows_table(rows: list[Pair], chosen: str) -> str:
    """The rows of one filter with what was expected and both answers."""
    kept = list(filter(FILTERS[chosen], rows))
    if not kept:
        return f'<p class="sub">{h(t(f"results.none.{chosen}"))}</p>'
    names = [t("results.prompt"), t("results.expected"), t("results.before"), t("results.after")]
    header = "".join(f"<th>{h(name)}</th>" for name in names)
    body = "".join(_row(pair, names) for pair in kept)
    return f'<table class="cw-table cw-stack"><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>'


def _row(pair: Pair, names: list[str]) -> str:
    one = pair.either
    cells = [
        h(short(one.prompt, 400)),
        call_lines(one.expected),
        _answer(pair.before, "before"),
        _answer(pair.after, "after"),
    ]
    return (
        "<tr>"
        + "".join(
            f'<td data-name="{h(name)}"><div>{cell}</div></td>'
            for name, cell in zip(names, cells, strict=True)
        )
        + "</tr>"
    )


def _answer(prediction: Prediction | None, side: str) -> str:
    if prediction is None:
        return '<span class="sub">–</span>'
    reason = f'<span class="sub cw-reason">{h(prediction.reason)}</span>' if prediction.reason else ""
    calls = call_lines(prediction.calls) if prediction.calls else ""
    raw = f'<pre class="cw-raw mono">{h(prediction.text or t("results.nothing_said"))}</pre>'
    shown = fold(f"raw-{side}-{prediction.example}", h(t("results.raw")), raw)
    return f"{verdict_pill(prediction.verdict)}{calls}{reason}{shown}"


__all__ = [
    "FILTERS",
    "Pair",
    "filter_bar",
    "pairs",
    "rows_table",
    "sentence",
    "summary_card",
    "title",
    "verdict_word",
]
