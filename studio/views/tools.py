"""The tools of a project as cards with their example counts."""

from collections.abc import Mapping

from core.schema import Tool
from core.store.projects import NO_CALL
from studio.text import t
from studio.views.pieces import act, empty, h, pill, short

NO_TOOL = "-"  # what the card for "no tool" sends; no tool can have this name


def counts_by_tool(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Examples by tool; one that calls several tools counts for each."""
    totals: dict[str, int] = {}
    for label, splits in counts.items():
        for name in label.split(", ") if label != NO_CALL else [NO_CALL]:
            totals[name] = totals.get(name, 0) + sum(splits.values())
    return totals


def cards(tools: list[Tool], counts: Mapping[str, Mapping[str, int]], chosen: str | None) -> str:
    """A card for each tool and one for "no tool"."""
    totals = counts_by_tool(counts)
    if not tools:
        return empty(t("tools.empty_title"), t("tools.empty_body"))
    parts = [_card(tool, totals.get(tool.name, 0), tool.name == chosen) for tool in tools]
    missing = sorted(name for name in totals if name != NO_CALL and name not in {tool.name for tool in tools})
    parts += [_missing(name, totals[name]) for name in missing]
    parts.append(_no_tool(totals.get(NO_CALL, 0)))
    return f'<div class="cw-cards">{"".join(parts)}</div>'


def _card(tool: Tool, n: int, on: bool) -> str:
    description = short(tool.description, 120) or t("tools.no_description")
    count = pill(t("tools.examples", n=n), "plain" if n else "warn")
    parameters = h(t("tools.parameters", n=len(tool.properties)))
    inside = (
        f'<span class="cw-top"><b class="mono">{h(tool.name)}</b><small>{parameters}</small></span>'
        f'<span class="sub">{h(description)}</span><span>{count}</span>'
    )
    return act(
        inside, "tool", classes="cw-card on" if on else "cw-card", pressed=on, name=tool.name, leaves=1
    )


def _missing(name: str, n: int) -> str:
    mark = pill(t("tools.missing", n=n), "bad")
    inside = f'<span class="cw-top"><b class="mono">{h(name)}</b></span><span>{mark}</span>'
    return act(inside, "missing", classes="cw-card", name=name)


def _no_tool(n: int) -> str:
    count = pill(t("tools.examples", n=n), "plain") if n else pill(t("tools.no_tool_none"), "plain")
    inside = (
        f'<span class="cw-top"><b>{h(t("tools.no_tool"))}</b><small>{h(t("tools.no_tool_side"))}</small></span>'
        f'<span class="sub">{h(t("tools.no_tool_body"))}</span><span>{count}</span>'
    )
    return act(inside, "examples", classes="cw-card", name=NO_TOOL)


def declaration(text: str) -> str:
    """What a model is shown of one tool."""
    return f'<p class="sub">{h(t("tools.sees_lead"))}</p><pre class="cw-raw mono">{h(text)}</pre>'
