"""What can be done about a finding in one click: pure, for the caller to store as one change."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from core.doctor.calls import corrected, twin_of
from core.doctor.coverage import leaves, unused_parameters
from core.doctor.finding import Finding, numbered
from core.doctor.inference import seen_tool, seen_tools
from core.doctor.parts import rest_of
from core.doctor.prompts import near
from core.doctor.repeats import leaks, repeated, unleaked
from core.errors import StudioError
from core.schema import Example, Tool, ToolCall
from core.schema.arguments import Path


@dataclass(frozen=True, slots=True)
class Mended:
    """Examples to save in the place of those with their ids, ids of examples to delete, and all the tools."""

    save: list[Example]
    delete: list[int]
    tools: list[Tool]


def mend(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    """What the `fix` of a finding does to the tools and examples it was found in.

    Raises StudioError where the finding has no fix, or is gone.
    """
    if not finding.fix:
        raise StudioError("Nothing can be done about this automatically.", finding.remedy, finding.kind)
    mended = REMEDIES[finding.kind](finding, tools, examples)
    if not mended.save and not mended.delete and mended.tools == tools:
        raise StudioError("There is nothing left to mend here.", "Look at the checks again.", finding.kind)
    return mended


def _change_calls(
    finding: Finding,
    tools: list[Tool],
    examples: list[Example],
    change: Callable[[ToolCall], ToolCall],
) -> Mended:
    """The rows of the finding with every call changed, those in the conversation before too."""
    save = []
    for id, example in numbered(examples):
        if id in finding.rows:
            turns = tuple(replace(turn, calls=tuple(map(change, turn.calls))) for turn in example.turns)
            new = replace(example, turns=turns, calls=tuple(map(change, example.calls)))
            save += [new] if new != example else []
    return Mended(save, [], tools)


def _arguments(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    tool = next((tool for tool in tools if tool.name == finding.about[0]), None)

    def change(call: ToolCall) -> ToolCall:
        return corrected(call, tool, finding.about) if tool and call.name == tool.name else call

    return _change_calls(finding, tools, examples, change)


def _missing_tool(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    (name,) = finding.about
    calls = [call for example in examples for call in example.all_calls if call.name == name]
    if twin := twin_of(name, calls, tools):
        return _change_calls(
            finding,
            tools,
            examples,
            lambda call: replace(call, name=twin.name) if call.name == name else call,
        )
    tool = seen_tool(name, calls) if all(tool.name != name for tool in tools) else None
    return Mended([], [], [*tools, tool] if tool else tools)


def _no_tools(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    return Mended([], [], tools or seen_tools(examples))


def _divide(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    one_part = len({example.split for example in examples}) == 1
    return Mended(rest_of(examples, near(examples)) if one_part else [], [], tools)


def _empty_prompt(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    return Mended([], [id for id, example in numbered(examples) if not example.prompt.strip()], tools)


def _leak(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    gone = unleaked(examples, leaks(examples, near(examples)))
    rows = numbered(examples)
    return Mended([], [rows[place][0] for place in gone], tools)


def _repeat(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    return Mended([], repeated(numbered(examples)), tools)


def _unused_tool(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    called = {call.name for example in examples for call in example.all_calls}
    return Mended([], [], [tool for tool in tools if tool.name in called])


def _unused_parameter(finding: Finding, tools: list[Tool], examples: list[Example]) -> Mended:
    calls = [call for example in examples for call in example.all_calls if call.name == finding.about[0]]
    used = {path for call in calls for path, _ in leaves(call.arguments)}

    def trimmed(tool: Tool) -> Tool:
        schema = deepcopy(tool.parameters)
        for path in unused_parameters(tool, used):
            _remove(schema, path)
        return replace(tool, parameters=schema)

    return Mended([], [], [trimmed(tool) if tool.name == finding.about[0] else tool for tool in tools])


def _remove(schema: dict[str, Any], path: Path) -> None:
    *parents, name = path
    for part in parents:
        schema = schema["properties"][part]
        schema = schema.get("items", schema)
    del schema["properties"][name]
    schema["required"] = [one for one in schema["required"] if one != name]


REMEDIES: dict[str, Callable[[Finding, list[Tool], list[Example]], Mended]] = {
    "arguments": _arguments,
    "missing_tool": _missing_tool,
    "no_tools": _no_tools,
    "no_train": _divide,
    "no_test": _divide,
    "empty_prompt": _empty_prompt,
    "leak": _leak,
    "repeat": _repeat,
    "unused_tool": _unused_tool,
    "unused_parameter": _unused_parameter,
}
