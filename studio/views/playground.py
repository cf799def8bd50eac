"""Answers side by side: each thing said with the call cards of one model, and what may be done with an answer."""

from itertools import zip_longest
from typing import Any

from core.schema import Example, Tool, ToolCall, check_call
from studio.text import t
from studio.views.chat import Exchange, Lane, Said
from studio.views.pieces import act, empty, fold, h, pill, short, value_text

SHOWN = 1500  # characters of an answer in words


def column(
    lane: Lane,
    title: str,
    model: str,
    tools: list[Tool],
    *,
    nothing: str = "",
    doing: str = "",
    growing: str = "",
    judged: bool = True,
) -> str:
    """The conversation with one model.

    `nothing` says why there is no model; `doing` what it is doing now, `growing` what it has said so far; `judged` is
    off where an answer that cannot be read needs no correction, because another model stands beside it.
    """
    top = f'<h2>{h(title)} <span class="sub">{h(model)}</span></h2>'
    if nothing:
        return top + empty(*nothing.split("|", 1))
    by_name = {tool.name: tool for tool in tools}
    last = len(lane.exchanges) - 1
    body = "".join(
        _exchange(exchange, by_name, last=place == last, idle=not doing, judged=judged)
        for place, exchange in enumerate(lane.exchanges)
    )
    body += _growing(doing, growing) if doing else ""
    if not body:
        return top + f'<p class="sub">{h(t("play.silent"))}</p>'
    busy = ' aria-busy="true"' if doing else ""
    return f'{top}<div class="cw-chat" aria-live="polite"{busy}>{body}</div>'


def _growing(doing: str, text: str) -> str:
    if text:
        return f'<pre class="cw-raw cw-growing mono">{h(text)}</pre>'
    return f'<p class="cw-doing" role="status"><i class="cw-dot"></i>{h(doing)}</p>'


def _exchange(exchange: Exchange, tools: dict[str, Tool], *, last: bool, idle: bool, judged: bool) -> str:
    parts = [f'<p class="cw-me">{h(exchange.prompt)}</p>']
    for place, said in enumerate(exchange.answers):
        newest = last and place == len(exchange.answers) - 1
        parts.append(_said(said, tools))
        parts.append(_returned(said))
        parts.append(_done(said, newest=newest and idle, judged=judged))
    if not last and not exchange.ended:
        why = "play.left_call" if exchange.answers and exchange.answers[-1].calls else "play.left_out"
        parts.append(f'<p class="sub cw-small">{h(t(why))}</p>')
    return "".join(parts)


def _said(said: Said, tools: dict[str, Tool]) -> str:
    if said.error:
        return f'<div class="cw-problem" role="alert">{h(said.error)}</div>'
    cost = f'<span class="sub">{h(_cost(said))}</span>'
    raw = fold(f"said-{said.uid}", h(t("results.raw")), f'<pre class="cw-raw mono">{h(said.text)}</pre>')
    cards = "".join(call_card(call, tools, "" if n else cost) for n, call in enumerate(said.calls))
    if said.malformed:
        top = _top(f"<b>{h(t('play.unreadable'))}</b>", f"{pill(t('play.not_a_call'), 'bad')} {cost}")
        cards += f'<div class="cw-call bad">{top}<p class="sub">{h(said.malformed)}</p></div>'
    elif not said.calls:
        top = _top(f"<b>{h(t('play.words'))}</b>", f"{pill(t('call.none'), 'plain')} {cost}")
        words = h(short(said.words, SHOWN)) or h(t("results.nothing_said"))
        cards += f'<div class="cw-call plain">{top}<p class="cw-words">{words}</p></div>'
    elif said.words:
        cards += f'<p class="sub">{h(short(said.words, SHOWN))}</p>'
    return cards + raw


def _cost(said: Said) -> str:
    seconds = t("play.seconds", seconds=f"{said.seconds:.1f}")
    return f"{seconds} · {t('play.tokens', n=said.tokens)}" if said.tokens else seconds


def _returned(said: Said) -> str:
    return "".join(
        f'<div class="cw-returned"><p class="sub">{h(t("play.returned", name=call.name))}</p>'
        f'<pre class="cw-raw mono">{h(short(result, SHOWN))}</pre></div>'
        for call, result in zip(said.calls, said.results, strict=False)
    )


def _done(said: Said, *, newest: bool, judged: bool) -> str:
    """What was said of an answer, and the buttons to say it."""
    if said.error:
        return _buttons(_button("retry", said)) if newest else ""
    if said.example is not None:
        went = t("play.went", part=t(f"part.{said.split}"), id=said.example)
        mark = pill(t(f"play.marked.{said.verdict}"), "good")
        told = f'<p class="cw-small">{mark} <span class="sub">{h(went)}</span></p>'
        return told + (_buttons(_button("result", said)) if newest and _takes_result(said) else "")
    buttons = ""
    if said.verdict == "right":
        told = f'{pill(t("play.marked.right"), "good")} <span class="sub">{h(t("play.offer"))}</span>'
        buttons = "".join(_button(f"add_{part}", said, classes="cw-chip") for part in ("train", "test"))
        buttons = f'<span class="cw-small">{told}</span>{buttons}'
    elif said.verdict == "wrong":
        buttons = f"{pill(t('play.marked.wrong'), 'bad')}{_button('wrong', said, 'correct')}"
    elif newest and (judged or not said.malformed):
        buttons = (_button("right", said) if not said.malformed else "") + _button("wrong", said)
    if newest and _takes_result(said):
        buttons += _button("result", said)
    return _buttons(buttons) if buttons else ""


def _takes_result(said: Said) -> bool:
    return bool(said.calls) and not said.results


def _button(do: str, said: Said, text: str = "", classes: str = "cw-answer") -> str:
    return act(h(t(f"play.do.{text or do}")), do, classes=classes, uid=said.uid)


def _buttons(inside: str) -> str:
    return f'<div class="cw-chips cw-verdicts" role="group" aria-label="{h(t("play.judge"))}">{inside}</div>'


def _top(left: str, right: str) -> str:
    return f'<div class="cw-top">{left}<span>{right}</span></div>'


def call_card(call: ToolCall, tools: dict[str, Tool], more: str = "") -> str:
    """One call: its name, whether it fits its tool, and its arguments."""
    problems = check_call(call, tools)
    badge = pill(t("play.invalid"), "bad") if problems else pill(t("play.valid"), "good")
    rows = "".join(f"<dt>{h(name)}</dt><dd>{_value(value)}</dd>" for name, value in call.arguments.items())
    body = f"<dl>{rows}</dl>" if rows else f'<p class="sub">{h(t("play.no_arguments"))}</p>'
    wrong = "".join(f'<p class="cw-wrong">{h(problem)}</p>' for problem in problems)
    top = _top(f'<b class="mono">{h(call.name)}</b>', f"{badge} {more}")
    return f'<div class="cw-call{" bad" if problems else ""}">{top}{body}{wrong}</div>'


def _value(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        return "".join(f'<span class="cw-sub">{_value(part)}</span>' for part in value)
    if isinstance(value, list):
        return h(", ".join(value_text(part) for part in value)) or h("[]")
    if isinstance(value, dict) and value:
        return "<br>".join(
            f'<span class="sub">{h(name)}:</span> {_value(part)}' for name, part in value.items()
        )
    return h(value_text(value))


def spread(rows: list[Example], most: int) -> list[str]:
    """Prompts to try, taken from one tool after the other."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        groups.setdefault(row.tools, []).append(row.prompt)
    turns = [prompt for turn in zip_longest(*groups.values()) for prompt in turn if prompt]
    return list(dict.fromkeys(turns))[:most]


def chips(prompts: list[str]) -> str:
    """Prompts of the test part to try with one click."""
    if not prompts:
        return ""
    buttons = "".join(
        act(h(short(prompt, 70)), "try", classes="cw-chip", n=n) for n, prompt in enumerate(prompts)
    )
    return f'<div class="cw-chips" role="group" aria-label="{h(t("play.chips"))}">{buttons}</div>'


def composing(said: bool, editing: bool) -> str:
    """What can be done with what was said last, below the place where one writes."""
    if editing:
        leave = act(h(t("play.edit_leave")), "leave", classes="cw-link")
        return f'<p class="sub cw-small">{h(t("play.editing"))} {leave}</p>'
    if not said:
        return ""
    buttons = "".join(act(h(t(f"play.{do}")), do, classes="cw-link") for do in ("again", "edit"))
    return f'<p class="cw-small cw-ways">{buttons}<span class="sub">{h(t("play.goes_on"))}</span></p>'


def corrections(wrong: int, right: int, since: str) -> str:
    """How many answers became examples since a run was made; nothing where none did."""
    parts = [t("play.corrections", n=wrong)] if wrong else []
    parts += [t("play.accepted", n=right)] if right else []
    if not parts:
        return ""
    bold = f"<b>{h(t('play.and').join(parts))}</b>"
    told = t("play.since", run=since) if since else t("play.since_none")
    return f"<p>{bold} {h(told)}</p>"
