"""Many prompts at once: how far it is, and the answers as a table."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from core.schema import Tool, check_call
from studio.text import t
from studio.views.chat import Lane, Said
from studio.views.pieces import act, bar, call_lines, h, pill, short


@dataclass(frozen=True, slots=True)
class Tried:
    """One prompt that was asked: the conversation of one exchange, and what the untouched model said."""

    lane: Lane
    base: Said | None = None

    @property
    def said(self) -> Said:
        assert self.lane.last is not None
        return self.lane.last


def fits(said: Said, tools: Mapping[str, Tool]) -> bool:
    """Whether there are calls, and all of them fit their tools."""
    return bool(said.calls) and said.readable and not any(check_call(call, tools) for call in said.calls)


def progress(done: int, total: int) -> str:
    """How many of the prompts were asked."""
    told = h(t("batch.progress", done=done, n=total))
    return f'<p class="sub cw-small" role="status">{told}</p>{bar(done / max(1, total), told)}'


def summary(rows: list[Tried], tools: list[Tool]) -> str:
    """What the answers are like, in numbers."""
    by_name = {tool.name: tool for tool in tools}
    calls = sum(fits(row.said, by_name) for row in rows)
    words = sum(row.said.readable and not row.said.calls for row in rows)
    counts = t("batch.counts", calls=calls, words=words, bad=len(rows) - calls - words)
    return f'<p><b>{h(t("batch.done", n=len(rows)))}</b> <span class="sub">{h(counts)}</span></p>'


def bulk(ticked: int) -> str:
    """What can be done with the answers that are ticked."""
    buttons = act(h(t("batch.tick_all")), "tick_all", classes="cw-link")
    if ticked:
        told = f"<b>{h(t('batch.ticked', n=ticked))}</b>"
        accept = "".join(
            act(
                h(t("batch.accept", n=ticked, part=t(f"part.{part}"))), "accept", classes="cw-chip", name=part
            )
            for part in ("train", "test")
        )
        buttons = f"{told}{accept}{buttons}{act(h(t('batch.clear')), 'clear', classes='cw-link')}"
    label = h(t("play.judge"))
    return f'<div class="cw-chips cw-bulk" role="group" aria-label="{label}">{buttons}</div>'


def table(rows: list[Tried], tools: list[Tool], ticked: Set[str], *, tuned: bool, judged: bool) -> str:
    """All answers; `tuned` where they are a tuned model's, `judged` once they can be ticked and corrected."""
    if not rows:
        return ""
    by_name = {tool.name: tool for tool in tools}
    both = any(row.base for row in rows)
    names = ["mark"] if judged else []
    names += ["prompt", "tuned" if tuned else "one", *(["untouched"] if both else [])]
    columns = "".join(f"<th>{h(t(f'batch.{name}'))}</th>" for name in names)
    body = "".join(_row(row, by_name, row.said.uid in ticked, both, judged, names) for row in rows)
    return (
        '<div class="cw-scroll" data-scroll="1" data-key="batch-table"><table class="cw-table cw-stack cw-batch">'
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(
    row: Tried, tools: Mapping[str, Tool], ticked: bool, both: bool, judged: bool, names: list[str]
) -> str:
    titles = iter(t(f"batch.{name}") for name in names)
    cells = ""
    if judged:
        cells += f'<td class="cw-tick" data-name="{h(next(titles))}">{_tick(row.said, ticked)}</td>'
    cells += f'<td data-name="{h(next(titles))}">{h(short(row.lane.prompt, 300))}</td>'
    cells += f'<td data-name="{h(next(titles))}">{_answer(row.said, tools)}{_done(row.said) if judged else ""}</td>'
    if both:
        other = _answer(row.base, tools) if row.base else ""
        cells += f'<td data-name="{h(next(titles))}">{other}</td>'
    return f"<tr>{cells}</tr>"


def _tick(said: Said, on: bool) -> str:
    if said.example is not None or not said.readable:
        return ""
    return (
        f'<button type="button" role="checkbox" class="cw-box" aria-checked="{str(on).lower()}" data-do="tick" '
        f'data-uid="{h(said.uid)}" data-key="tick-{h(said.uid)}" aria-label="{h(t("batch.tick"))}"></button>'
    )


def _answer(said: Said, tools: Mapping[str, Tool]) -> str:
    if said.error:
        return f'<span class="cw-wrong">{h(short(said.error, 300))}</span>'
    if said.malformed:
        return f'{pill(t("play.not_a_call"), "bad")} <span class="sub">{h(short(said.malformed, 200))}</span>'
    if not said.calls:
        words = short(said.words, 300) or t("results.nothing_said")
        return f'{pill(t("call.none"), "plain")} <span class="sub">{h(words)}</span>'
    mark = "" if fits(said, tools) else f" {pill(t('play.invalid'), 'bad')}"
    return call_lines(call.to_json() for call in said.calls) + mark


def _done(said: Said) -> str:
    if said.example is not None:
        went = t("play.went", part=t(f"part.{said.split}"), id=said.example)
        return f'<p class="sub cw-small">{h(went)}</p>'
    if said.error:
        return ""
    return f'<p class="cw-small">{act(h(t("batch.correct")), "correct", classes="cw-link", uid=said.uid)}</p>'
