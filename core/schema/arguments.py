"""Whether the arguments of a call fit the tool's schema.

jsonschema with an empty registry: with its default one, a `$ref` in a pasted schema makes the server fetch it.
"""

import math
from typing import Any

import jsonschema
from referencing import Registry

from core.schema.call import ToolCall
from core.schema.tool import NAME, Tool


def check_call(call: ToolCall, tools: dict[str, Tool]) -> list[str]:
    """What is wrong with a call, a sentence each; empty when it fits its tool."""
    tool = tools.get(call.name)
    if tool is None:
        return [f"The tool {call.name} does not exist."]
    return check_arguments(call.arguments, tool.parameters)


def check_arguments(arguments: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """What keeps `arguments` from fitting an object schema of our dialect, a sentence each."""
    shape = {**_closed(schema), "additionalProperties": False}
    validator = jsonschema.Draft202012Validator(shape, registry=Registry())
    errors = sorted(validator.iter_errors(arguments), key=lambda error: [str(part) for part in error.path])
    sentences = [sentence for error in errors for sentence in _sentences(error)]
    return [*dict.fromkeys(sentences), *_unwritable(arguments, "")]


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with unknown names forbidden wherever parameters are listed; an object that lists none is free."""
    result = dict(schema)
    if result.get("properties"):
        result["properties"] = {name: _closed(part) for name, part in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in result:
        result["items"] = _closed(schema["items"])
    return result


KINDS = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "yes or no",
    "array": "a list", "object": "a group",
}  # fmt: skip


def _sentences(error: jsonschema.ValidationError) -> list[str]:
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in error.path)
    name = place or "The call"
    within = f"{place}." if place else ""
    match error.validator:
        case "required":
            return [
                f"{within}{part} is missing." for part in error.validator_value if part not in error.instance
            ]
        case "additionalProperties":
            known = error.schema.get("properties", {})
            return [
                f"{within}{part} is not a parameter of this tool."
                for part in error.instance
                if part not in known
            ]
        case "type":
            return [f"{name} should be {KINDS[str(error.validator_value)]}, not {_short(error.instance)}."]
        case "enum":
            allowed = ", ".join(str(value) for value in error.validator_value)
            return [f"{name} is {_short(error.instance)}, allowed are {allowed}."]
    return [f"{name}: {error.message}"]


def _unwritable(value: Any, place: str) -> list[str]:
    """Values a call cannot carry: numbers that are none, and names that would end before they begin."""
    if isinstance(value, float) and not math.isfinite(value):
        return [f"{place} is not a finite number."]
    if isinstance(value, list):
        return [p for i, part in enumerate(value) for p in _unwritable(part, f"{place}.{i + 1}")]
    if isinstance(value, dict):
        bad = [f"The name {key!r} cannot be written in a call." for key in value if not NAME.fullmatch(key)]
        return bad + [
            p for key, part in value.items() for p in _unwritable(part, f"{place}.{key}".strip("."))
        ]
    return []


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
