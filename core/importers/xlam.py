"""xLAM's tool definitions: parameters without a schema around them, types as Python writes them."""

import re
from typing import Any

TYPES = {
    "str": "string", "string": "string", "int": "integer", "integer": "integer", "float": "number",
    "number": "number", "bool": "boolean", "boolean": "boolean", "list": "array", "array": "array",
    "tuple": "array", "set": "array", "sequence": "array", "dict": "object", "object": "object",
}  # fmt: skip
_OPTIONAL = re.compile(r",?\s*\boptional\b|\bOptional\b", re.IGNORECASE)


def with_schema(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition whose parameters are in xLAM's form, each a line of its own, as JSON Schema; any other as it is."""
    parameters = definition.get("parameters")
    if not isinstance(parameters, dict) or isinstance(parameters.get("type"), str) or not parameters:
        return definition
    if not all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in parameters.values()):
        return definition
    required = [
        name for name, p in parameters.items() if "default" not in p and not _OPTIONAL.search(p["type"])
    ]
    properties = {name: {**part, **_type(part["type"])} for name, part in parameters.items()}
    return {**definition, "parameters": {"type": "object", "properties": properties, "required": required}}


def _type(text: str) -> dict[str, Any]:
    """A Python type as JSON Schema; one that has no equal stays as it is, and is refused where it is read."""
    text = _OPTIONAL.sub("", text, count=1).strip()
    if text.startswith("[") and text.endswith("]"):  # what is left of Optional[int]
        text = text[1:-1].strip()
    outer, _, inner = text.partition("[")
    kind, inner = TYPES.get(outer.strip().lower(), text), inner.removesuffix("]").strip()
    if kind == "array" and "," not in inner and inner.partition("[")[0].strip().lower() in TYPES:
        return {"type": kind, "items": _type(inner)}
    return {"type": kind}
