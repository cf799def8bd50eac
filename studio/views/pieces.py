"""The small parts every view is made of. Whatever comes from data, a model or a user passes `h` before it is HTML."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from studio.text import t


def h(value: object) -> str:
    """Text made safe for HTML, attributes included."""
    return escape(str(value), quote=True)


def pill(text: object, kind: str = "") -> str:
    """A short word on a coloured ground: "good", "bad", "warn", "plain" or accent."""
    return f'<span class="cw-pill {kind}">{h(text)}</span>'


def act(
    inside: str,
    do: str,
    *,
    classes: str = "cw-act",
    pressed: bool | None = None,
    label: str = "",
    **data: object,
) -> str:
    """A real button whose click reaches the handler with `do` and the data; `inside` is HTML."""
    values = {"do": do, "key": "-".join([do, *map(str, data.values())]), **data}
    attributes = "".join(f' data-{name}="{h(value)}"' for name, value in values.items())
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    name = f' aria-label="{h(label)}"' if label else ""
    return f'<button type="button" class="{classes}"{state}{name}{attributes}>{inside}</button>'


def draft_mark(revision: str, unsaved: bool) -> str:
    """What the page's script reads before an editor is left: whether something in it is not saved."""
    more = ' data-unsaved="1"' if unsaved else ""
    return f'<i hidden class="cw-draft" data-revision="{h(revision)}" data-ask="{h(t("draft.leave"))}"{more}></i>'


def bar(share: float, label: str) -> str:
    """A thin progress bar."""
    percent = round(100 * min(1.0, max(0.0, share)))
    return (
        f'<span class="cw-bar" role="progressbar" aria-label="{h(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}"><i style="width:{percent}%"></i></span>'
    )


def head(title: str, lead: str) -> str:
    """The head of a tab: its name and one sentence."""
    return f'<h1>{h(title)}</h1><p class="cw-lead">{h(lead)}</p>'


def empty(title: str, body: str, button: str = "") -> str:
    """What an empty place says: what will stand here, and how to begin."""
    return f'<div class="cw-empty"><b>{h(title)}</b><p>{h(body)}</p>{button}</div>'


def fold(key: str, summary: str, inside: str, *, opened: bool = False) -> str:
    """Something that is shown on demand, and stays as the user left it when the place is redrawn."""
    state = " open" if opened else ""
    name = h(key)
    return f'<details data-key="{name}"{state}><summary data-key="{name}-summary">{summary}</summary>{inside}</details>'


def duration(seconds: float) -> str:
    """A length of time in words: "48 s", "3 min 12 s", "2 h 05 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return t("time.seconds", seconds=whole)
    if whole < 3600:
        return t("time.minutes", minutes=whole // 60, seconds=f"{whole % 60:02}")
    return t("time.hours", hours=whole // 3600, minutes=f"{whole % 3600 // 60:02}")


def about(seconds: float) -> str:
    """A length of time as an estimate: "less than a minute", "about 3 minutes"."""
    if seconds < 60:
        return t("time.about_less")
    if seconds < 5400:
        return t("time.about_minutes", n=round(seconds / 60))
    return t("time.about_hours", hours=f"{seconds / 3600:.1f}")


def clock(seconds: float) -> str:
    """Time left as on a clock: "1:05", "1:02:09"."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def ago(stamp: str | None, now: datetime | None = None) -> str:
    """When something was: "just now", "5 min ago", "3 h ago", "yesterday", a date."""
    if not stamp:
        return ""
    then = datetime.fromisoformat(stamp)
    now = now or datetime.now(UTC)
    seconds = (now - then).total_seconds()
    if seconds < 60:
        return t("time.now")
    if seconds < 3600:
        return t("time.minutes_ago", minutes=int(seconds // 60))
    days = (now.date() - then.date()).days
    if days == 0:
        return t("time.hours_ago", hours=int(seconds // 3600))
    return t("time.yesterday") if days == 1 else then.date().isoformat()


def gigabytes(size: float) -> str:
    """Bytes as text: "4.1 GB", "310 MB"."""
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB" if size < 1e10 else f"{size / 1e9:.0f} GB"
    return f"{size / 1e6:.0f} MB"


def value_text(value: Any) -> str:
    """An argument as a person reads it: text bare, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def short(text: str, length: int = 160) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def call_lines(calls: Iterable[Mapping[str, Any]]) -> str:
    """Calls in a table cell: the name, and each argument on a line of its own."""
    parts = []
    for call in calls:
        arguments = "".join(
            f'<span class="cw-arg">{h(name)}: {h(short(value_text(value)))}</span>'
            for name, value in dict(call["arguments"]).items()
        )
        parts.append(f'<span class="cw-call-line"><b class="mono">{h(call["name"])}</b>{arguments}</span>')
    return "".join(parts) or f'<span class="sub">{h(t("call.none"))}</span>'
