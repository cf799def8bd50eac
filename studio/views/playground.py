"""Answers side by side: each prompt with the call cards of the untouched and of the tuned model."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from core.schema import Example, Tool, ToolCall, check_call
from studio.text import t
from studio.views.pieces import act, empty, fold, h, pill, short, value_text


@dataclass(frozen=True, slots=True)
class Said:
    """What one model answered, or why it could not, or that it is being asked."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    words: str = ""
    malformed: str = ""
    seconds: float = 0.0
    error: str = ""
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    prompt: str
    base: Said | None = None
    tuned: Said | None = None


def column(turns: list[Turn], side: str, title: str, model: str, tools: list[Tool], nothing: str = "") -> str:
    """One of the two columns: `side` is "base" or "tuned"; `nothing` says why there is no model."""
    top = f'<h2>{h(title)} <span class="sub">{h(model)}</span></h2>'
    if nothing:
        return top + empty(*nothing.split("|", 1))
    by_name = {tool.name: tool for tool in tools}
    body = "".join(_turn(turn, index, side, by_name) for index, turn in enumerate(turns))
    return top + (
        f'<div class="cw-chat" aria-live="polite">{body}</div>'
        if body
        else f'<p class="sub">{h(t("play.silent"))}</p>'
    )


def _turn(turn: Turn, index: int, side: str, tools: dict[str, Tool]) -> str:
    said: Said | None = getattr(turn, side)
    answer = _said(said, f"{side}-{index}", tools) if said else ""
    return f'<p class="cw-me">{h(turn.prompt)}</p>{answer}'


def _said(said: Said, key: str, tools: dict[str, Tool]) -> str:
    if said.waiting:
        return f'<p class="cw-doing" role="status"><i class="cw-dot"></i>{h(said.waiting)}</p>'
    if said.error:
        return f'<div class="cw-problem" role="alert">{h(said.error)}</div>'
    seconds = f'<span class="sub">{h(t("play.seconds", seconds=f"{said.seconds:.1f}"))}</span>'
    raw = fold(f"said-{key}", h(t("results.raw")), f'<pre class="cw-raw mono">{h(said.text)}</pre>')
    cards = "".join(call_card(call, tools, seconds) for call in said.calls)
    if said.malformed:
        top = _top(f"<b>{h(t('play.unreadable'))}</b>", f"{pill(t('play.not_a_call'), 'bad')} {seconds}")
        cards += f'<div class="cw-call bad">{top}<p class="sub">{h(said.malformed)}</p></div>'
    elif not said.calls:
        top = _top(f"<b>{h(t('play.words'))}</b>", f"{pill(t('call.none'), 'plain')} {seconds}")
        words = h(short(said.words, 1500)) or h(t("results.nothing_said"))
        cards += f'<div class="cw-call plain">{top}<p>{words}</p></div>'
    elif said.words:
        cards += f'<p class="sub">{h(short(said.words, 600))}</p>'
    return cards + raw


def _top(left: str, right: str) -> str:
    return f'<div class="cw-top">{left}<span>{right}</span></div>'


def call_card(call: ToolCall, tools: dict[str, Tool], seconds: str = "") -> str:
    """One call: its name, whether it fits its tool, and its arguments."""
    problems = check_call(call, tools)
    badge = pill(t("play.invalid"), "bad") if problems else pill(t("play.valid"), "good")
    rows = "".join(f"<dt>{h(name)}</dt><dd>{_value(value)}</dd>" for name, value in call.arguments.items())
    body = f"<dl>{rows}</dl>" if rows else f'<p class="sub">{h(t("play.no_arguments"))}</p>'
    wrong = "".join(f'<p class="cw-wrong">{h(problem)}</p>' for problem in problems)
    top = _top(f'<b class="mono">{h(call.name)}</b>', f"{badge} {seconds}")
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
