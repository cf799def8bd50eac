"""Foreign tool definitions into our dialect: what is equal is rewritten, what cannot be shown is refused or named.

A chat template for tools understands a small part of JSON Schema and drops or garbles the rest without a word
(FunctionGemma's prints a list of types as Python text, and loses parameters that are called `type`). So nothing
reaches a template that did not pass here.
"""

from typing import Any

from core.errors import StudioError
from core.schema.parameters import paths
from core.schema.reader import Reader, storable
from core.schema.tool import NAME, NAME_RULE, Tool


def read_tool(raw: Any) -> tuple[Tool, list[str]]:
    """A tool from `{"function": {...}}` or `{"name", "description", "parameters"}`, and notes on what was changed.

    `originals` is kept where its paths still exist. Raises StudioError, with the parameter as its place, where the
    definition cannot be shown to a model truly.
    """
    if isinstance(raw, dict) and isinstance(raw.get("function"), dict):
        raw = raw["function"]
    if not isinstance(raw, dict):
        raise StudioError(
            "A tool must be a JSON object.", 'For example {"name": "search", "parameters": {...}}.'
        )
    name = raw.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise StudioError(f"The tool name {name!r} cannot be used.", NAME_RULE, "name")
    schema = raw.get("parameters")
    reader = Reader(schema)
    description = reader.text(raw.get("description"), f"{name}.description")
    parameters = reader.parameters(schema, name)
    return Tool(name, description, parameters, kept_originals(raw.get("originals"), parameters)), reader.notes


def kept_originals(raw: Any, parameters: dict[str, Any]) -> dict[str, str]:
    """Of a map from paths to original names what is text and names something that is there."""
    if not isinstance(raw, dict):
        return {}
    there = {"", *(path for path, _ in paths(parameters))}
    return {
        path: old for path, old in raw.items() if path in there and isinstance(old, str) and storable(old)
    }
