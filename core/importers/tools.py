"""Tool definitions from OpenAI-style JSON: a list, `{"tools": [...]}`, or a single tool."""

from typing import Any

from core.errors import StudioError
from core.importers.encoding import decode
from core.importers.outcome import Reject, ToolsRead
from core.importers.strict_json import parse, problem, shown
from core.schema import Tool, read_tool


def read_tools(data: bytes, filename: str = "tools") -> ToolsRead:
    """The tools of a JSON file; a definition that cannot be used is rejected with its number and the reason.

    Raises StudioError where the file is empty, not JSON, or holds no definitions.
    """
    text, notes = decode(data, filename)
    try:
        items = _items(parse(text))
    except ValueError as error:
        raise StudioError(f"The file is not JSON: {error}.", "Mend that place.", filename) from error
    if not items:
        raise StudioError(
            "The file holds no tools.",
            'Write a list such as [{"name": "search", "parameters": {...}}].',
            filename,
        )
    tools: dict[str, Tool] = {}
    rejected: list[Reject] = []
    for row, item in enumerate(items, 1):
        try:
            tool, changes = _tool(item)
            if tool.name in tools:
                raise StudioError(f"There is already a tool called {tool.name}.", "Rename one of them.")
        except StudioError as error:
            rejected.append(Reject.of(row, error.sentence(), shown(item)))
            continue
        tools[tool.name] = tool
        notes += changes
    return ToolsRead(list(tools.values()), notes, rejected)


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("tools"), list):
        return value["tools"]
    return value if isinstance(value, list) else [value]


def _tool(item: Any) -> tuple[Tool, list[str]]:
    reason = problem(item)
    if reason:
        raise StudioError(f"The definition cannot be kept: {reason}.")
    try:
        return read_tool(item)
    except TypeError as error:  # a part that is, say, a list where JSON Schema has an object
        raise StudioError("A part of the definition has the wrong type.") from error
