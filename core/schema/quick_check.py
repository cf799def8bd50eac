"""Yes or no on whether arguments fit a schema: fast, for files of a million rows, and without a reason.

`core.schema.arguments` asks here first and lets jsonschema write the sentences where the answer is no.
"""

import math
from typing import Any

from core.schema.call import same_value
from core.schema.tool import NAME


def fits(arguments: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Whether `arguments` fit an object schema of our dialect; a tool without parameters takes none."""
    return _fits(arguments, schema) and (bool(schema.get("properties")) or not arguments)


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    kind = type(value)
    match schema["type"]:
        case "string":
            right = kind is str
        case "integer":
            right = kind is int or (kind is float and value.is_integer())
        case "number":
            right = kind is int or (kind is float and math.isfinite(value))
        case "boolean":
            right = kind is bool
        case "array":
            right = kind is list and _items_fit(value, schema.get("items"))
        case _:
            right = kind is dict and _parts_fit(value, schema)
    allowed = schema.get("enum")
    if allowed is None or not right:
        return right
    return value in allowed if kind is str else any(same_value(value, one) for one in allowed)


def _items_fit(items: list[Any], schema: dict[str, Any] | None) -> bool:
    return all(_writable(item) if schema is None else _fits(item, schema) for item in items)


def _parts_fit(parts: dict[str, Any], schema: dict[str, Any]) -> bool:
    if any(name not in parts for name in schema.get("required", ())):
        return False
    known = schema.get("properties")
    if not known:  # an object that lists no parameters is free
        return _writable(parts)
    return all(name in known and _fits(part, known[name]) for name, part in parts.items())


def _writable(value: Any) -> bool:
    """Whether a call can carry a value that no schema describes: finite numbers, names that can be written."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(_writable, value))
    if isinstance(value, dict):
        return all(NAME.fullmatch(name) and _writable(part) for name, part in value.items())
    return True
