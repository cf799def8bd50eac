"""The runs of a project as a table, what can be done to each, and the deletions that can be taken back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.store.runs import Run
from studio.text import t
from studio.views.pieces import act, ago, bar, duration, empty, h, head, short
from studio.views.runs import model_name, state_pill

PAGE = 50
MOST_COMPARED = 4
SHELVES = ("current", "archived")
COLUMNS = ("run", "state", "recipe", "right", "exact", "loss", "time", "when")

Summary = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A run with what was counted and measured of it."""

    run: Run
    recipe: str  # its name in words
    before: Summary | None = None
    after: Summary | None = None
    losses: Mapping[str, float] = field(default_factory=dict)  # the last ones, by metric


def title() -> str:
    return head(t("shelf.title"), t("shelf.lead"))


def chips(current: int, archived: int, chosen: str) -> str:
    """The choice between the runs that are in the lists and those in the archive."""
    buttons = "".join(
        act(
            f"{h(t(f'shelf.{name}'))} <em>{n:,}</em>",
            "shelf",
            classes="cw-chip",
            pressed=name == chosen,
            name=name,
        )
        for name, n in zip(SHELVES, (current, archived), strict=True)
    )
    return f'<div class="cw-chips" role="group" aria-label="{h(t("shelf.chips"))}">{buttons}</div>'


def picked_bar(n: int) -> str:
    """How many runs are ticked; nothing while none is."""
    if not n:
        return ""
    more = f"<span>{h(t('shelf.one_more'))}</span>" if n == 1 else ""
    clear = act(h(t("shelf.clear")), "clear", classes="cw-link")
    return f'<div class="cw-chips cw-bulk"><b>{h(t("shelf.ticked", n=n))}</b>{more}{clear}</div>'


def deleted_lines(runs: Sequence[Run], minutes: int) -> str:
    """A line for each run whose deletion can still be taken back, for so many minutes after it."""
    return "".join(
        f'<p class="cw-undo sub">{h(t("shelf.deleted", run=run.name, minutes=minutes))} '
        f"{act(h(t('shelf.undo')), 'restore', classes='cw-link', id=run.id)} "
        f"{act(h(t('shelf.forget')), 'forget', classes='cw-link', id=run.id)}</p>"
        for run in runs
    )


def table(
    entries: Sequence[Entry],
    shown: str,
    opened: str,
    picked: Sequence[str],
    *,
    archived: bool = False,
    page: int = 0,
    total: int | None = None,
) -> str:
    """One page of runs; the one with the id `shown` is marked, the one `opened` has its actions below it."""
    if not entries:
        kind = "archive_empty" if archived else "empty"
        return empty(t(f"shelf.{kind}_title"), t(f"shelf.{kind}_body"))
    header = "".join(f"<th>{h(t(f'shelf.{name}'))}</th>" for name in COLUMNS)
    body = "".join(_row(one, shown, one.run.id == opened, one.run.id in picked) for one in entries)
    name = h(t("shelf.caption"))
    return (
        '<div class="cw-across" data-scroll="1" data-key="runs-table">'
        f'<table class="cw-table cw-stack cw-shelf" aria-label="{name}">'
        f'<thead><tr><th class="cw-tick"></th>{header}<th></th></tr></thead><tbody>{body}</tbody></table></div>'
        f"{_pager(page, len(entries) if total is None else total)}"
    )


def _row(entry: Entry, shown: str, opened: bool, ticked: bool) -> str:
    run = entry.run
    cells = (
        _name(run, run.id == shown, opened),
        _state(run),
        f'{h(short(model_name(run.model), 40))}<br><span class="sub">{h(entry.recipe)}</span>',
        _right(entry.before, entry.after),
        h(t("score", right=entry.after["exact"], n=entry.after["n"])) if entry.after else _dash(),
        _losses(entry.losses),
        h(duration(run.seconds)) if run.seconds else _dash(),
        f'<span class="sub">{h(ago(run.finished or run.created))}</span>',
    )
    # A button: a checkbox that was clicked keeps its own state, whatever is drawn in its place.
    tick = (
        f'<button type="button" role="checkbox" class="cw-box" aria-checked="{str(ticked).lower()}" data-do="pick" '
        f'data-id="{h(run.id)}" data-key="pick-{h(run.id)}" aria-label="{h(t("shelf.pick", run=run.name))}"></button>'
    )
    more = (
        f'<button type="button" class="cw-link" aria-expanded="{str(opened).lower()}" data-do="more" '
        f'data-id="{h(run.id)}" data-key="more-{h(run.id)}" aria-label="{h(t("shelf.more_of", run=run.name))}">'
        f"{h(t('shelf.more'))}</button>"
    )
    named = "".join(
        f'<td class="cw-of-{name}" data-name="{h(t(f"shelf.{name}"))}"><div>{cell}</div></td>'
        for name, cell in zip(COLUMNS, cells, strict=True)
    )
    classes = " ".join(name for name, on in (("on", run.id == shown), ("cw-opened", opened)) if on)
    row = (
        f'<tr class="{classes}"><td class="cw-tick">{tick}</td>{named}<td class="cw-of-more">{more}</td></tr>'
    )
    return row + (_opened_row(run) if opened else "")


def _name(run: Run, on: bool, opened: bool) -> str:
    """The name, which opens the run, and the beginning of the note where all of it is not shown."""
    button = act(f"<b>{h(run.name)}</b>", "open", classes="cw-row", pressed=on, id=run.id)
    words = "" if opened else short(" ".join(run.note.split()), 80)
    note = f'<span class="sub cw-reason">{h(words)}</span>' if words else ""
    return button + note


def _state(run: Run) -> str:
    if not (run.working and run.steps):
        return state_pill(run)
    words = t("runs.step", step=run.step, steps=run.steps)
    progress = bar(run.step / run.steps, t("runs.progress", run=run.name))
    return f'{state_pill(run)}<span class="sub cw-reason">{h(words)}</span>{progress}'


def _right(before: Summary | None, after: Summary | None) -> str:
    """The right tools before and after, always with how many were asked."""
    if after and before and after["n"] == before["n"]:
        values = {"before": before["right"], "right": after["right"], "n": after["n"]}
        said = h(t("shelf.said_change", **values))
        return f'<span role="img" aria-label="{said}" title="{said}">{h(t("shelf.change", **values))}</span>'
    if after:
        return h(t("score", right=after["right"], n=after["n"]))
    if before:
        words = t("shelf.before", right=before["right"], n=before["n"])
        return f'<span class="sub">{h(words)}</span>'
    return _dash()


def _losses(losses: Mapping[str, float]) -> str:
    lines = [
        f'<span class="{"" if math.isfinite(losses[metric]) else "cw-wrong"}">'
        f"{h(t(f'shelf.{word}', value=f'{losses[metric]:.3g}'))}</span>"
        for metric, word in (("loss", "train_loss"), ("eval_loss", "test_loss"))
        if metric in losses
    ]
    return "<br>".join(lines) or _dash()


def _dash() -> str:
    return '<span class="sub cw-none">–</span>'


def _opened_row(run: Run) -> str:
    """All of the note, why a run failed, and what can be done to it."""
    note = f'<p class="cw-note">{h(run.note)}</p>' if run.note else ""
    problem = f'<p class="cw-wrong">{h(run.error.get("message", ""))}</p>' if run.error else ""
    names = ["describe", "again", "csv", "script"]
    if not run.working:
        if run.archived:
            names.append("bring_back")
        elif run.ended:
            names.append("archive")
        names.append("delete")
    buttons = "".join(act(h(t(f"shelf.{name}")), name, classes="cw-chip", id=run.id) for name in names)
    label = h(t("shelf.more_of", run=run.name))
    return (
        f'<tr class="cw-doings"><td class="cw-tick"></td><td colspan="{len(COLUMNS) + 1}">{note}{problem}'
        f'<div class="cw-chips" role="group" aria-label="{label}">{buttons}</div></td></tr>'
    )


def _pager(page: int, total: int) -> str:
    if total <= PAGE:
        return ""
    first, last = page * PAGE + 1, min(total, (page + 1) * PAGE)
    told = h(t("shelf.range", first=f"{first:,}", last=f"{last:,}", n=f"{total:,}"))
    newer = act(h(t("shelf.newer")), "page", classes="cw-chip", n=page - 1) if page else "<span></span>"
    older = (
        act(h(t("shelf.older")), "page", classes="cw-chip", n=page + 1) if last < total else "<span></span>"
    )
    return f'<div class="cw-pager">{newer}<span class="sub">{told}</span>{older}</div>'
