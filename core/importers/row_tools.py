"""Tools that come with the rows of a file: collected, compared with each other and with the project's own."""

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import StudioError
from core.importers.answers import read_json
from core.importers.outcome import Refused, Reject, ToolsRead
from core.importers.renamed import Names
from core.importers.strict_json import shown
from core.importers.tool_formats import json_tools
from core.importers.tools import collected
from core.importers.xlam import with_schema
from core.schema import Example, Tool, check_call
from core.schema.call import dumps

WORDS_DIFFER = "A tool is described in other words than before; the first words were kept"
REMEMBERED = 20_000  # definitions whose reading is kept, since most rows bring the same


@dataclass(frozen=True, slots=True)
class RowTools:
    """The tools of one row: those that can be used, and why others cannot."""

    tools: dict[str, Tool] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


NO_TOOLS = RowTools()


class FoundTools:
    """The tools of a file beside those of its project; a name has one definition, the first one that was kept."""

    def __init__(self, project: Iterable[Tool]):
        self._all = {tool.name: tool for tool in project}  # and those found
        self.found: dict[str, Tool] = {}
        self._names = Names(self._all.values())
        self.notes: list[str] = []
        self._read: dict[str, ToolsRead] = {}
        self._notes: dict[str, list[str]] = {}

    def known(self, row: RowTools = NO_TOOLS) -> Mapping[str, Tool]:
        """Every tool that a call in this row may name."""
        return ChainMap(self._all, row.tools) if row.tools else self._all

    def of_row(self, raw: Any) -> RowTools:
        """The tools of a row, from a list of definitions or its JSON text.

        Raises Refused where one has another shape than the tool of that name that is known already.
        """
        if isinstance(raw, str):
            raw = read_json(raw, "The tools of the row are") if raw.strip() else None
        if raw is None:
            return NO_TOOLS
        row = RowTools()
        for item in raw if isinstance(raw, list) else [raw]:
            if isinstance(item, str):
                item = read_json(item, "The tools of the row are")
            read = self._definitions(item)
            for reject in read.rejected:
                name = _name(item)
                row.unusable[name] = reject.reason
                row.remarks.append(
                    f"The tool {name or '(no name)'} was left out: {reject.reason.rstrip('.')}"
                )
            for tool in read.tools:
                before = self.known(row).get(tool.name)
                if before is not None:
                    _compare(before, tool, row)
                    continue
                row.tools[tool.name] = tool
                renames = [f"{rename.old} is called {rename.new} here." for rename in read.renames]
                self._notes[tool.name] = [*read.notes, *renames]
        return row

    def keep(self, row: RowTools) -> None:
        """Take the tools of a row that was kept."""
        self._all |= row.tools
        self.found |= row.tools
        self._names.add(row.tools.values())
        for name in row.tools:
            self.notes += self._notes.get(name, [])

    def renamed(self, examples: tuple[Example, ...], row: RowTools) -> tuple[Example, ...]:
        """The examples with tools and arguments under the names that they got in `core.importers.tools`."""
        names = self._names if not row.tools else Names([*self._all.values(), *row.tools.values()])
        return tuple(names.example(example) for example in examples) if names else examples

    def check(self, example: Example, row: RowTools) -> None:
        """Raises Refused where a call does not fit its tool; with no tools at all nothing is checked."""
        tools = self.known(row)
        if not tools and not row.unusable:
            return
        problems: list[str] = []
        for call in example.all_calls:
            if call.name in row.unusable and call.name not in tools:
                problems.append(f"The tool {call.name} cannot be used: {row.unusable[call.name]}")
            else:
                problems += check_call(call, tools)
        if problems:
            raise Refused(" ".join(dict.fromkeys(problems)))

    def _definitions(self, raw: Any) -> ToolsRead:
        key = dumps(raw)
        if key not in self._read:
            if len(self._read) >= REMEMBERED:
                self._read.clear()
            self._read[key] = _read(raw)
        return self._read[key]


def _read(raw: Any) -> ToolsRead:
    """The tools of one item of a row's list, which is one as a rule."""
    inner = raw["function"] if isinstance(raw, dict) and isinstance(raw.get("function"), dict) else raw
    try:
        return collected(
            json_tools.understand([with_schema(inner) if isinstance(inner, dict) else inner]), []
        )
    except StudioError as error:
        return ToolsRead([], [], [Reject.of(1, error.sentence(), shown(raw))], "", [])


def _name(raw: Any) -> str:
    inner = raw["function"] if isinstance(raw, dict) and isinstance(raw.get("function"), dict) else raw
    return str(inner.get("name", ""))[:64] if isinstance(inner, dict) else ""


def _compare(before: Tool, tool: Tool, row: RowTools) -> None:
    names = _original(before), _original(tool)
    if names[0] != names[1]:
        raise Refused(f"Two tools, {names[0]} and {names[1]}, would both be called {tool.name}.")
    shapes = _shape(before.parameters), _shape(tool.parameters)
    if shapes[0] != shapes[1]:
        raise Refused(f"The tool {tool.name} is defined in another way than before: {_difference(*shapes)}.")
    if before != tool and tool.name not in row.tools:
        row.remarks.append(WORDS_DIFFER)


def _original(tool: Tool) -> str:
    return tool.originals.get("", tool.name)


def _shape(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without its words."""
    shape = {name: part for name, part in schema.items() if name != "description"}
    if "properties" in shape:
        shape["properties"] = {name: _shape(part) for name, part in shape["properties"].items()}
        shape["required"] = sorted(shape.get("required", ()))
    if "items" in shape:
        shape["items"] = _shape(shape["items"])
    return shape


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    was, is_now = before["properties"], now["properties"]
    for name in [*was, *is_now]:
        if name not in was or name not in is_now:
            return f"{name} is a parameter here and not there"
        if was[name] != is_now[name]:
            return f"{name} is not the same"
    return "other parameters are required"
