"""What was understood of tools and examples that somebody brings, before anything is saved."""

from core.errors import StudioError
from core.importers.outcome import Reject, ToolsRead
from core.importers.reading import FORMATS
from core.importers.staging import Staged
from studio.text import t
from studio.views.pieces import bar, fold, h, pill, short

REJECTS_SHOWN = 50
NOTES_SHOWN = 200

# What a column of a table can mean, in the order it is offered; beside these, each argument of the tools.
MEANINGS = ("", "user_content", "tool_name", "tool_arguments", "calls", "reply", "split", "system")


def problem(error: StudioError) -> str:
    """Why a file cannot be used, and what to do."""
    place = f"<br><small>{h(error.where)}</small>" if error.where else ""
    return f'<div class="cw-problem" role="alert"><b>{h(error.message)}</b> {h(error.hint)}{place}</div>'


def progress(fraction: float, rows: int) -> str:
    """How far the reading of a file has come."""
    told = t("bring.reading", percent=f"{fraction:.0%}", n=rows)
    return f'<p class="cw-doing"><span class="cw-dot"></span>{h(told)}</p>{bar(fraction, told)}'


def tools(read: ToolsRead, have: dict[str, tuple[int, int]]) -> str:
    """The tools of a file: which are new, what they were called, what was changed in them, what cannot be used.

    `have` says of those that the project has how many examples call it, and how many would no longer fit.
    """
    parts = [f"<p><b>{h(t('tools.understood', n=len(read.tools), format=read.format))}</b></p>"]
    rows = "".join(
        f'<tr><td class="mono">{h(tool.name)}{_called(tool.originals.get("", ""))}</td>'
        f"<td>{h(short(tool.description, 110))}</td><td>{h(t('tools.parameters', n=len(tool.properties)))}</td>"
        f"<td>{_place(have.get(tool.name))}</td></tr>"
        for tool in read.tools
    )
    if rows:
        parts.append(
            f'<div class="cw-scroll cw-short"><table class="cw-table"><tbody>{rows}</tbody></table></div>'
        )
    renamed = [rename for rename in read.renames if rename.path]
    if renamed:
        items = "".join(
            f'<li><span class="mono">{h(rename.tool)}: {h(rename.old)} → {h(rename.path)}</span></li>'
            for rename in renamed
        )
        parts.append(
            fold("bring-renames", h(t("tools.renamed", n=len(renamed))), f"<ul>{items}</ul>", opened=True)
        )
    if read.notes:
        items = "".join(f"<li>{h(note)}</li>" for note in read.notes[:NOTES_SHOWN])
        if len(read.notes) > NOTES_SHOWN:
            items += f"<li>{h(t('bring.more', n=len(read.notes) - NOTES_SHOWN))}</li>"
        few = len(read.notes) <= 8
        parts.append(
            fold("bring-notes", h(t("tools.notes", n=len(read.notes))), f"<ul>{items}</ul>", opened=few)
        )
    if read.rejected:
        parts.append(
            _rejects(
                read.rejected, len(read.rejected), "definition", t("tools.rejected", n=len(read.rejected))
            )
        )
    return "".join(parts)


def _place(callers: tuple[int, int] | None) -> str:
    """Whether a tool is new; of one that is not, what becomes of its examples."""
    if callers is None:
        return pill(t("tools.new"), "good")
    n, lost = callers
    told = t("tools.callers", n=n) if not lost else t("tools.callers_lost", n=n, lost=lost)
    look = "cw-wrong" if lost else "sub"
    return f'{pill(t("tools.replaces"), "warn")}<br><small class="{look}">{h(told if n else "")}</small>'


def _called(original: str) -> str:
    return f'<br><small class="sub">{h(t("tools.called", name=original))}</small>' if original else ""


def examples(staged: Staged) -> str:
    """What a file holds: every row of it is either kept or named with its reason."""
    counts = {"name": staged.filename, "n": staged.rows, "kept": staged.kept, "rejected": staged.rejected}
    parts = [
        f"<p><b>{h(t('bring.counts', **counts))}</b></p>",
        f'<p class="sub">{h(t("bring.format", format=FORMATS[staged.format]))}</p>',
    ]
    if staged.examples != staged.kept:
        parts.append(f"<p>{h(t('bring.more_examples', n=staged.examples))}</p>")
    if staged.already:
        parts.append(f"<p>{pill(t('bring.already', n=staged.already), 'warn')}</p>")
    parts += [f'<p class="sub">{h(note)}</p>' for note in staged.notes]
    if staged.found_tools:
        names = ", ".join(tool.name for tool in staged.found_tools)
        parts.append(
            f"<p>{h(t('bring.found_tools', n=len(staged.found_tools), names=short(names, 200)))}</p>"
        )
    if staged.kept:
        parts += [_first_rows(staged), _by_tool(staged)]
    if staged.rejected:
        title = t("bring.rejected", n=staged.rejected)
        parts.append(_rejects(staged.first_rejects, staged.rejected, "row", title))
    return "".join(parts)


def _first_rows(staged: Staged) -> str:
    rows = "".join(
        f"<tr><td>{h(short(e.prompt, 90))}</td>"
        f"<td class='mono'>{h(', '.join(c.name for c in e.calls)) or h(t('call.none'))}</td>"
        f"<td class='sub'>{h(t(f'part.{e.split}'))}</td></tr>"
        for e in staged.first_examples[:5]
    )
    more = f'<p class="sub">{h(t("bring.more", n=staged.examples - 5))}</p>' if staged.examples > 5 else ""
    return (
        f'<div class="cw-scroll cw-short"><table class="cw-table"><tbody>{rows}</tbody></table></div>{more}'
    )


def _by_tool(staged: Staged) -> str:
    """Rows for each tool and part."""
    rows = "".join(
        f'<tr><td class="mono">{h(label) or h(t("call.none"))}</td>'
        f'<td class="num">{counts["train"]}</td><td class="num">{counts["test"]}</td></tr>'
        for label, counts in staged.counts.items()
    )
    heads = "".join(f'<th class="num">{h(t(f"part.{part}"))}</th>' for part in ("train", "test"))
    table = (
        f'<div class="cw-scroll cw-short"><table class="cw-table"><thead><tr><th>{h(t("divide.tool"))}</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    return fold(
        "bring-counts", h(t("bring.by_tool", n=len(staged.counts))), table, opened=len(staged.counts) <= 6
    )


def _rejects(rejects: list[Reject], n: int, what: str, title: str) -> str:
    items = "".join(
        f"<li><b>{h(t(f'bring.{what}', row=reject.row))}</b> {h(reject.reason)} "
        f'<span class="mono cw-reject">{h(short(reject.text, 120))}</span></li>'
        for reject in rejects[:REJECTS_SHOWN]
    )
    more = f"<li>{h(t('bring.more_rejects', n=n - REJECTS_SHOWN))}</li>" if n > REJECTS_SHOWN else ""
    return f'<div class="cw-problem"><b>{h(title)}</b><ul>{items}{more}</ul></div>'
