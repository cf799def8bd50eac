"""Before against after in two measures: the numbers, where the shares may lie, and whether it could be luck."""

from core.evaluation import statistics
from core.evaluation.comparison import Transitions
from core.evaluation.report import MEASURES, Measure, Report, Seeds, about, tries
from core.evaluation.wording import ACCEPTED
from core.store.asked import Asked
from core.store.runs import Run
from studio.text import t
from studio.views.asked import model_name
from studio.views.pieces import act, duration, empty, fold, h, head
from studio.views.result_filters import number

KINDS = {"better": "good", "worse": "bad", "open": ""}


def title(run: Run | None, compared: bool = False) -> str:
    if run is None:
        return head(t("results.title"), t("results.lead"))
    if compared:
        return head(t("results.title_two"), t("results.lead_two"))
    return head(t("results.title_run", run=run.name), t("results.lead"))


def waiting(run: Run | None) -> str:
    """What stands here while there is nothing to compare."""
    if run is None:
        return empty(t("results.empty_title"), t("results.empty_body"))
    if run.working or run.state == "queued":
        return empty(t("results.wait_title", run=run.name), t("results.wait_body"))
    return empty(t("results.nothing_title", run=run.name), t("results.nothing_body"))


def nothing_same() -> str:
    """Where two sides have no row in common."""
    return empty(t("results.nothing_same_title"), t("results.nothing_same_body"))


def exports() -> str:
    """The three kinds of files, each with what it is for."""
    lines = "".join(
        f'<p class="cw-next">{act(h(t(f"results.export.{kind}")), "export", classes="cw-mend", name=kind)} '
        f'<span class="sub">{h(t(f"results.export.{kind}.hint"))}</span></p>'
        for kind in ("html", "csv", "jsonl")
    )
    return f"<h2>{h(t('results.export_title'))}</h2>{lines}"


def side_name(one: Asked) -> str:
    """An evaluation as it is chosen: whose answers they are."""
    model = model_name(one.model, {one.trained.id: one.trained.name} if one.trained else {})
    if one.run is None:
        name = t("results.side.alone", model=model, day=one.created[:10])
    elif one.run.kind == "evaluate":
        name = t("results.side.asked", run=one.run.name, model=model)
    else:
        name = t(f"results.side.{one.phase}", run=one.run.name)
    if one.variant:
        name = f"{name}, {t(f'variant.{one.variant}')}"
    return f"{name}, {t(f'results.split.{one.split}')}" if one.split != "test" else name


def names(report: Report) -> tuple[str, str]:
    """What the two sides are called: before and after where they are those of one run."""
    left, right = report.left, report.right
    if left is None:
        return "", t("results.after") if right.phase == "after" else t("results.answers")
    ours = left.run and right.run and left.run.id == right.run.id
    if ours and (left.phase, right.phase) == ("before", "after"):
        return t("results.before"), t("results.after")
    if ours and left.variant != right.variant:
        return t(f"variant.{left.variant}"), t(f"variant.{right.variant}")
    return side_name(left), side_name(right)


def numbers(report: Report) -> str:
    """Both measures, each with its two numbers and one sentence; how arguments were compared; what is still wrong."""
    parts = [_measure(report, measure) for measure in MEASURES]
    if report.left_out:
        answered = len(report.both)
        parts.insert(0, f'<p class="cw-note">{h(t("results.left_out", n=answered, out=report.left_out))}</p>')
    return "".join(parts) + _dialogues(report) + _still_wrong(report) + _rules(report)


def _measure(report: Report, measure: Measure) -> str:
    before, after = names(report)
    n = len(report.both)
    sides = [_side(report, measure, "right", after, n)]
    if report.left:
        arrow = '<div class="cw-arrow" aria-hidden="true">→</div>'
        sides = [_side(report, measure, "left", before, n), arrow, *sides]
    told = f'<p class="cw-verdict">{sentence(report.changed(measure), measure)}</p>' if report.left else ""
    label, hint = t(f"results.measure.{measure}"), t(f"results.measure.{measure}.hint")
    heading = f'<h2>{h(label)} <span class="sub cw-light">{h(hint)}</span></h2>'
    return (
        f'<section class="cw-measure">{heading}<div class="cw-versus">{"".join(sides)}</div>{told}</section>'
    )


def _side(report: Report, measure: Measure, side: str, name: str, n: int) -> str:
    ids = report.right_ids(side, measure)
    verdict = report.changed(measure).verdict if report.left and side == "right" else "open"
    said = t("results.opened.right", side=name, measure=t(f"results.measure.{measure}"))
    big = number(
        t("score", right=len(ids), n=n),
        ids,
        classes=f"cw-big cw-number {KINDS[verdict]}".rstrip(),
        said=said,
        kind="change",
        measure=measure,
        name=f"{side}_right",
    )
    return (
        f'<div><span class="sub">{h(name)}</span>{big}<span class="sub">{interval(len(ids), n)}</span></div>'
    )


def interval(right: int, n: int, key: str = "results.interval") -> str:
    """Between which shares the true one lies, in words, with the term in the hint."""
    low, high = statistics.wilson(right, n)
    shares = {"low": round(100 * low), "high": round(100 * high)}
    return f'<abbr title="{h(t("results.interval.hint", **shares))}">{h(t(key, **shares))}</abbr>'


def sentence(changed: Transitions, measure: Measure) -> str:
    """What changed and whether it could be luck. Better and worse are said only where the exact p is below 0.05."""
    counts = ", ".join(
        number(
            t(f"results.count.{name}", n=len(ids)),
            ids,
            said=t(f"results.measure.{measure}"),
            kind="change",
            measure=measure,
            name=name,
        )
        for name, ids in (
            ("fixed", changed.fixed),
            ("broke", changed.broke),
            ("still_wrong", changed.still_wrong),
        )
    )
    kind = "good" if changed.verdict == "better" else "bad" if changed.verdict == "worse" else ""
    first, last = t(f"results.verdict.{_word(changed)}"), luck(changed)
    return f'<b class="cw-said {kind}">{h(first)}</b> {counts}. {last}'


def _word(changed: Transitions) -> str:
    if changed.verdict != "open":
        return changed.verdict
    if not changed.fixed and not changed.broke:
        return "same"
    return "even" if changed.further is None else "open"


def luck(changed: Transitions) -> str:
    """How rare such a difference is by luck alone, or how many more test examples would tell; HTML."""
    hint = h(t("results.p.hint", p=_p(changed.p), fixed=len(changed.fixed), broke=len(changed.broke)))
    if changed.verdict != "open":
        words = t("results.luck", tries=f"{tries(changed.p):,}")
    elif changed.further:
        words = t("results.further", n=about(changed.further))
    else:
        return ""
    return f'<abbr title="{hint}">{h(words)}</abbr>'


def _p(p: float) -> str:
    return "0.000001" if p < 1e-6 else f"{p:.2g}"


def _dialogues(report: Report) -> str:
    """How many conversations are right in every turn; nothing where none has several."""
    if not report.dialogues:
        return ""
    sides = [side for side in ("left", "right") if side == "right" or report.left]
    told = []
    for measure in MEASURES:
        label = t(f"results.measure.{measure}")
        numbers = " → ".join(
            number(
                len(found),
                [id for ids in found for id in ids],
                said=t("results.opened.dialogue", side=name, measure=label),
                kind="dialogue",
                side=side,
                measure=measure,
            )
            for side, name in zip(("left", "right"), names(report), strict=True)
            if side in sides
            for found in [report.right_dialogues(side, measure)]
        )
        told.append(f"{h(label)} {numbers}")
    lead = h(t("results.dialogues", n=len(report.dialogues)))
    return f'<p class="cw-mistakes">{lead} {", ".join(told)}.</p>'


def _still_wrong(report: Report) -> str:
    """The most frequent mistake of the right side and its worst parameter, each with its rows."""
    cells = report.confusion("right").cells
    wrong = {cell: ids for cell, ids in cells.items() if cell[0] != cell[1]}
    parts = []
    if wrong:
        (asked, called), ids = max(wrong.items(), key=lambda found: len(found[1]))
        told = t(f"results.mistake{_kind_of(asked, called)}", asked=asked, called=called)
        count = number(
            t("results.rows", n=len(ids)),
            ids,
            said=told,
            kind="cell",
            side="right",
            asked=asked,
            called=called,
        )
        parts.append(f'{h(told)} <span class="cw-rows-of">({count}).</span>')
    worst = next(iter(report.arguments("right")), None)
    if worst and worst.faults:
        told = t("results.mistake.argument", tool=worst.tool, path=worst.path)
        count = number(
            t("results.rows", n=len(worst.ids)),
            worst.ids,
            said=told,
            kind="argument",
            side="right",
            tool=worst.tool,
            argument=worst.path,
            name="ids",
        )
        parts.append(f'{h(told)} <span class="cw-rows-of">({count}).</span>')
    words = " ".join(parts) if parts else h(t("results.mistake.none"))
    return f'<p class="cw-mistakes"><b>{h(t("results.mistakes"))}</b> {words}</p>'


def _kind_of(asked: str, called: str) -> str:
    """How a cell of the matrix is said in a sentence."""
    if asked.startswith("("):
        return (
            ".needless" if not called.startswith("(") else f".{called.strip('()').replace(' ', '_')}_needless"
        )
    return f".{called.strip('()').replace(' ', '_')}" if called.startswith("(") else ".other"


def _rules(report: Report) -> str:
    """By which rule each text was compared, and how the numbers are meant."""
    arguments = [one for one in report.arguments("right") if one.rule]
    free = sorted({f"{one.tool}.{one.path}" for one in arguments if one.rule == "free"})
    exact = sorted({f"{one.tool}.{one.path}" for one in arguments if one.rule != "free"})
    if not arguments:
        line = t("results.rule.none")
    elif free:
        line = t("results.rule.free", names=_some(free), share=round(100 * ACCEPTED))
    else:
        line = t("results.rule.exact")
    seconds = [
        t("results.seconds", side=name, n=one.summary["n"], time=duration(one.summary["seconds"]))
        for name, one in zip(names(report), (report.left, report.right), strict=True)
        if one and one.summary.get("seconds")
    ]
    more = [t("results.rule.where")] if arguments else []
    if exact and free:
        more.insert(0, t("results.rule.others", names=_some(exact)))
    terms = "".join(
        f"<p>{h(one)}</p>"
        for one in (
            *more,
            *(t(f"results.term.{name}") for name in ("interval", "luck", "greedy")),
            t("results.term.f1", share=ACCEPTED),
            *seconds,
        )
    )
    inside = f'<div class="sub cw-small cw-terms">{terms}</div>'
    return (
        f'<p class="sub cw-small cw-rule">{h(line)}</p>{fold("result-terms", h(t("results.terms")), inside)}'
    )


def _some(found: list[str], most: int = 6) -> str:
    more = t("results.more", n=len(found) - most) if len(found) > most else ""
    return ", ".join(found[:most]) + more


def seeds(found: Seeds | None) -> str:
    """The same training with other seeds: each run's numbers, their means, and what they tell together."""
    if found is None:
        return ""
    n = len(found.tool.examples)
    rows = ""
    for place in range(max(len(found.left), len(found.right))):
        cells = ""
        for name, side, tool, call in (
            ("left", found.left, found.tool.before, found.call.before),
            ("right", found.right, found.tool.after, found.call.after),
        ):
            if place >= len(side):
                cells += "<td></td><td></td><td></td>"
                continue
            one = side[place]
            button = act(h(side_name(one)), "open", classes="cw-link", side=name, id=one.id)
            shares = (f'<td class="num">{round(share[place] * n)}</td>' for share in (tool, call))
            cells += f"<td>{button}</td>{''.join(shares)}"
        rows += f"<tr>{cells}</tr>"
    means = "".join(
        f"<td><b>{h(t('results.seeds.mean'))}</b></td>"
        + "".join(f'<td class="num"><b>{n * sum(s) / len(s):.1f}</b></td>' for s in (tool, call))
        for tool, call in (
            (found.tool.before, found.call.before),
            (found.tool.after, found.call.after),
        )
    )
    heads = "".join(
        f'<th>{h(t(f"results.{side}"))}</th><th class="num">{h(t("results.measure.tool"))}</th>'
        f'<th class="num">{h(t("results.measure.call"))}</th>'
        for side in ("left", "right")
    )
    told = "".join(
        f"<p>{h(t(f'results.measure.{measure}'))}: "
        f'<abbr title="{h(t("results.seeds.hint", p=_p(one.p)))}">'
        f"<b>{h(t(f'results.seeds.{one.verdict}'))}</b></abbr></p>"
        for measure, one in (("tool", found.tool), ("call", found.call))
    )
    count = max(len(found.left), len(found.right))
    return (
        f'<h2>{h(t("results.seeds", n=count))}</h2><p class="sub cw-small">{h(t("results.seeds.lead", n=n))}</p>'
        f'<div class="cw-wide-table" data-scroll="1" data-key="seeds"><table class="cw-table"><thead><tr>{heads}</tr>'
        f"</thead><tbody>{rows}<tr>{means}</tr></tbody></table></div>{told}"
    )
