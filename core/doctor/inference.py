"""A tool as its calls show it."""

import re
from collections.abc import Iterable
from typing import Any

from core.errors import StudioError
from core.schema import Example, Tool, ToolCall, read_tool
from core.schema.arguments import misfits
from core.schema.tool import NAME

WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+")


class _Mixed(Exception):
    """One parameter has values that cannot have one type."""


def seen_tool(name: str, calls: list[ToolCall]) -> Tool | None:
    """A tool that takes these calls, what all of them have being required; None where there is no such tool."""
    if not NAME.fullmatch(name):
        return None
    try:
        parameters = _schema([call.arguments for call in calls])
        tool, _ = read_tool({"name": name, "description": spoken(name), "parameters": parameters})
    except (_Mixed, StudioError):
        return None
    return None if any(misfits(call.arguments, tool.parameters) for call in calls) else tool


def seen_tools(examples: Iterable[Example]) -> list[Tool]:
    """A tool for every name that is called; none at all where one of them cannot be."""
    calls: dict[str, list[ToolCall]] = {}
    for example in examples:
        for call in example.all_calls:
            calls.setdefault(call.name, []).append(call)
    seen = [seen_tool(name, some) for name, some in calls.items()]
    return [tool for tool in seen if tool] if all(seen) else []


def spoken(name: str) -> str:
    """A name as words, a first description: `getWeather` is `Get weather.`"""
    return " ".join(WORDS.sub(" ", name).lower().split()).capitalize() + "."


def _schema(values: list[Any]) -> dict[str, Any]:
    kinds = {_kind(value) for value in values}
    kind = "number" if kinds == {"integer", "number"} else kinds.pop()
    if kinds and kind != "number":
        raise _Mixed
    result: dict[str, Any] = {"type": kind}
    if kind == "object":
        names = dict.fromkeys(name for value in values for name in value)
        result["properties"] = {
            name: _schema([value[name] for value in values if name in value]) for name in names
        }
        result["required"] = [name for name in names if all(name in value for value in values)]
    items = [item for value in values for item in value] if kind == "array" else []
    if items:
        result["items"] = _schema(items)
    return result


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    raise _Mixed
