"""The rows behind a number: prompt, what was expected, both answers, and where these differ from what was expected."""

from collections.abc import Mapping, Sequence

from core.evaluation.comparison import Pair
from core.evaluation.marks import GOOD, Argument, Marked, marked
from core.schema import Example
from core.schema.example import Turn
from core.store.evaluations import Prediction
from studio.text import t
from studio.views.pieces import act, call_lines, fold, h, short, value_text
from studio.views.verdicts import verdict_pill

PAGE = 50
LONG = 160  # of a value; what is longer is told whole in the raw text
SIGNS = {"exact": "=", "normalised": "≈", "wording": "≈", "extra": "+", "unknown": "+", "missing": "−"}


def table(
    pairs: Sequence[Pair], names: tuple[str, str], page: int, total: int, talks: Mapping[int, Example]
) -> str:
    """One page of rows; `talks` are their examples, for what was said before the prompt."""
    if not pairs:
        return f'<p class="sub">{h(t("results.no_rows"))}</p>'
    both = any(pair.before for pair in pairs)
    columns = [t("results.prompt"), t("results.expected"), *((names[0],) if both else ()), names[1]]
    header = "".join(f"<th>{h(name)}</th>" for name in columns)
    body = "".join(_row(pair, columns, both, talks.get(pair.example)) for pair in pairs)
    return (
        f'<table class="cw-table cw-stack cw-answers"><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>'
        f"{_pager(page, total)}"
    )


def _pager(page: int, total: int) -> str:
    if total <= PAGE:
        return ""
    first, last = page * PAGE + 1, min(total, (page + 1) * PAGE)
    buttons = ""
    if page > 0:
        buttons += act("‹", "page", classes="cw-chip", label=t("examples.previous"), n=page - 1)
    if last < total:
        buttons += act("›", "page", classes="cw-chip", label=t("examples.next"), n=page + 1)
    text = h(t("examples.range", first=first, last=last, total=total))
    return f'<div class="cw-pager sub"><span>{text}</span><span>{buttons}</span></div>'


def _row(pair: Pair, columns: list[str], both: bool, talk: Example | None) -> str:
    one = pair.either
    cells = [
        _prompt(one, talk),
        call_lines(one.expected),
        *((_answer(pair.before, "left"),) if both else ()),
        _answer(pair.after, "right"),
    ]
    return (
        "<tr>"
        + "".join(
            f'<td data-name="{h(name)}"><div>{cell}</div></td>'
            for name, cell in zip(columns, cells, strict=True)
        )
        + "</tr>"
    )


def _prompt(one: Prediction, talk: Example | None) -> str:
    told = h(short(one.prompt, 400))
    if talk is None or len(talk.turns) < 2:
        return told
    turns = "".join(map(_turn, talk.turns))
    inside = f'<div class="cw-raw">{turns}</div>'
    return f"{told}{fold(f'talk-{one.example}', h(t('results.talk', n=len(talk.turns) - 1)), inside)}"


def _turn(turn: Turn) -> str:
    calls = call_lines([call.to_json() for call in turn.calls]) if turn.calls else ""
    who = turn.name or t(f"results.role.{turn.role}")
    return f'<p><span class="sub">{h(who)}</span> {h(short(turn.content, 2000))}{calls}</p>'


def _answer(prediction: Prediction | None, side: str) -> str:
    if prediction is None:
        return '<span class="sub">–</span>'
    reason = f'<span class="sub cw-reason">{h(prediction.reason)}</span>' if prediction.reason else ""
    calls = "" if prediction.verdict == "malformed" else "".join(map(_call, marked(prediction)))
    raw = f'<pre class="cw-raw mono">{h(prediction.text or t("results.nothing_said"))}</pre>'
    facts = [t("results.tokens", n=prediction.tokens)] if prediction.tokens else []
    facts += [t("results.took", seconds=f"{prediction.seconds:.2f}")] if prediction.seconds else []
    told = f'<p class="sub cw-small">{h(" · ".join(facts))}</p>' if facts else ""
    shown = fold(f"raw-{side}-{prediction.example}", h(t("results.raw")), raw + told)
    return f"{verdict_pill(prediction.verdict)}{calls}{reason}{shown}"


def _call(call: Marked) -> str:
    note = "" if call.kind == "matched" else f' <span class="sub">{h(t(f"results.call.{call.kind}"))}</span>'
    kind = {"matched": "", "surplus": " bad", "absent": " bad none"}[call.kind]
    arguments = "".join(_argument(one, call.kind == "matched") for one in call.arguments)
    return f'<span class="cw-call-line{kind}"><b class="mono">{h(call.name)}</b>{note}{arguments}</span>'


def _argument(one: Argument, matched: bool) -> str:
    good = one.judgement in GOOD
    value = one.expected if one.judgement == "missing" else one.value
    too_few = one.judgement == "wrong_value" and one.overlap
    words = t(
        f"results.judged.{'overlap' if too_few else one.judgement}", share=round(100 * (one.overlap or 0))
    )
    sign = SIGNS.get(one.judgement, "≠")
    kind = "same" if one.judgement == "exact" else "good" if good else "bad"
    told = "" if one.judgement == "exact" or not matched else f" <em>{h(words)}</em>"
    mark = f'<i title="{h(words)}" aria-hidden="true">{sign}</i>'
    text = f"{h(one.name)}: {h(short(value_text(value), LONG))}"
    inner = f"<s>{text}</s>" if one.judgement == "missing" else f"<span>{text}</span>"
    return f'<span class="cw-arg {kind}">{mark} {inner}{told}</span>'
