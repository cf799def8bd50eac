"""Calls that no tool takes, grouped by mistake: one finding for a thousand rows with the same one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.doctor.corrections import Correction, correction, label
from core.doctor.finding import Finding, Rows, counted, in_all
from core.doctor.inference import seen_tool
from core.doctor.wording import folded
from core.schema import Tool, ToolCall
from core.schema.arguments import Problem, misfits, place

About = tuple[str, ...]


@dataclass(slots=True)
class _Group:
    """Rows with one mistake, the sentence of the first, and what would mend each of them."""

    sentence: str
    rows: dict[int, None] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)


def bad_calls(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    """Calls of tools that do not exist, and arguments that do not fit."""
    by_name = {tool.name: tool for tool in tools}
    missing: dict[str, dict[int, list[ToolCall]]] = {}
    broken: dict[About, _Group] = {}
    for id, example in rows:
        for call in example.all_calls:
            tool = by_name.get(call.name)
            if tool is None:
                missing.setdefault(call.name, {}).setdefault(id, []).append(call)
                continue
            for problem in misfits(call.arguments, tool.parameters):
                mended = correction(problem, call.arguments, tool.parameters)
                group = broken.setdefault(about(tool, problem, mended), _Group(problem.sentence))
                group.rows[id] = None
                group.corrections += [mended] if mended else []
    for name, hits in missing.items() if tools else ():
        yield _missing_tool(name, hits, tools)
    for key, group in broken.items():
        ids = tuple(group.rows)
        message = f"Example {ids[0]}, call of {key[0]}: {group.sentence.rstrip('.')}{in_all(ids)}."
        remedy = f"Correct the call, or change the tool {key[0]}."
        fix = label(group.corrections, len(ids)) if group.corrections else ""
        yield Finding("block", message, ids, remedy, "arguments", fix, key)


def about(tool: Tool, problem: Problem, mended: Correction | None) -> About:
    """What is the same in one mistake wherever it is made; what can be mended is apart from what cannot."""
    where = place(tuple("*" if isinstance(part, int) else part for part in problem.path))
    return (tool.name, problem.kind, where, *(["mendable"] if mended else []))


def _missing_tool(name: str, hits: dict[int, list[ToolCall]], tools: list[Tool]) -> Finding:
    ids = tuple(hits)
    calls = [call for some in hits.values() for call in some]
    message = f"Example {ids[0]} calls {name}, which is not one of the tools{in_all(ids)}."
    twin = twin_of(name, calls, tools)
    if twin:
        remedy = f"Call {twin.name}, or add the tool {name}."
        fix = f"Write {twin.name} instead of {name} in {counted(len(ids), 'example')}"
    else:
        remedy = f"Add the tool {name}, or change the call."
        fix = (
            f"Add the tool {name} with the parameters seen in the examples" if seen_tool(name, calls) else ""
        )
    return Finding("block", message, ids, remedy, "missing_tool", fix, (name,))


def twin_of(name: str, calls: list[ToolCall], tools: list[Tool]) -> Tool | None:
    """The tool that was meant: its name differs in case or in what separates its parts, and the calls fit it."""
    twins = [tool for tool in tools if folded(tool.name) == folded(name)]
    if len(twins) == 1 and not any(misfits(call.arguments, twins[0].parameters) for call in calls):
        return twins[0]
    return None


def corrected(call: ToolCall, tool: Tool, key: About) -> ToolCall:
    """The call without the mistakes that one finding is about."""
    arguments: dict[str, Any] = call.arguments
    for problem in misfits(call.arguments, tool.parameters):
        mended = correction(problem, arguments, tool.parameters)
        if mended and about(tool, problem, mended) == key:
            arguments = mended.applied(arguments)
    return ToolCall(call.name, arguments)
