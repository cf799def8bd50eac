"""Whether the arguments of a call fit the tool's schema.

jsonschema with an empty registry: with its default one, a `$ref` in a pasted schema makes the server fetch it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import jsonschema
from referencing import Registry

from core.schema.call import ToolCall, dumps
from core.schema.quick_check import fits
from core.schema.tool import NAME, Tool

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One misfit of a call: where it stands, what stands there, and the sentence that says so.

    `path` leads from the arguments down to it, places in lists from 0: the parameter that is missing or unknown,
    the value of the wrong type, outside the allowed ones or not finite, the name that cannot be written.
    """

    kind: Literal["tool", "missing", "unknown", "type", "enum", "infinite", "name"]
    path: Path
    value: Any
    sentence: str


def check_call(call: ToolCall, tools: Mapping[str, Tool]) -> list[str]:
    """What is wrong with a call, a sentence each; empty when it fits its tool."""
    return [problem.sentence for problem in problems(call, tools)]


def problems(call: ToolCall, tools: Mapping[str, Tool]) -> list[Problem]:
    """What is wrong with a call; empty when it fits its tool."""
    tool = tools.get(call.name)
    if tool is None:
        return [Problem("tool", (), call.name, f"The tool {call.name} does not exist.")]
    return misfits(call.arguments, tool.parameters)


def misfits(arguments: dict[str, Any], schema: dict[str, Any]) -> list[Problem]:
    """What keeps `arguments` from fitting an object schema of our dialect."""
    if fits(arguments, schema):
        return []
    errors = list(_validator(dumps(schema)).iter_errors(arguments))
    errors.sort(key=lambda error: [str(part) for part in error.path])
    found = [problem for error in errors for problem in _problems(error)]
    once = {(problem.kind, problem.path): problem for problem in found}
    return [*once.values(), *_unwritable(arguments, ())]


@lru_cache(256)
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    shape = {**_closed(json.loads(schema)), "additionalProperties": False}
    return jsonschema.Draft202012Validator(shape, registry=Registry())


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


def _problems(error: jsonschema.ValidationError) -> list[Problem]:
    path, value = tuple(error.path), error.instance
    name = place(path) or "The call"
    match error.validator:
        case "required":
            absent = [(*path, part) for part in error.validator_value if part not in value]
            return [Problem("missing", at, None, f"{place(at)} is missing.") for at in absent]
        case "additionalProperties":
            known = error.schema.get("properties", {})
            return [
                Problem(
                    "unknown",
                    (*path, part),
                    value[part],
                    f"{place((*path, part))} is not a parameter of this tool.",
                )
                for part in value
                if part not in known
            ]
        case "type":
            kind = KINDS[str(error.validator_value)]
            return [Problem("type", path, value, f"{name} should be {kind}, not {_short(value)}.")]
        case "enum":
            allowed = ", ".join(str(one) for one in error.validator_value)
            return [Problem("enum", path, value, f"{name} is {_short(value)}, allowed are {allowed}.")]
    raise AssertionError(f"Our dialect has no {error.validator}.")


def place(path: Path) -> str:
    """A path as people read it, places in lists from 1: `stops.2.at`."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def _unwritable(value: Any, path: Path) -> list[Problem]:
    """Values a call cannot carry: numbers that are none, and names that would end before they begin."""
    if isinstance(value, float) and not math.isfinite(value):
        return [Problem("infinite", path, value, f"{place(path)} is not a finite number.")]
    if isinstance(value, list):
        return [p for i, part in enumerate(value) for p in _unwritable(part, (*path, i))]
    if isinstance(value, dict):
        bad = [
            Problem("name", (*path, key), part, f"The name {key!r} cannot be written in a call.")
            for key, part in value.items()
            if not NAME.fullmatch(key)
        ]
        return bad + [p for key, part in value.items() for p in _unwritable(part, (*path, key))]
    return []


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
