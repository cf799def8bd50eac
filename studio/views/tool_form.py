"""A tool's parameters as rows of a form, and back: one row a parameter, what is inside a group one step deeper.

What a row cannot show (a list of lists, the description of a list's items) is carried along in `rest`, so that
opening and saving a tool changes nothing that was not touched.
"""

import json
from typing import Any

from core.errors import StudioError
from studio.views.tool_rows import INSIDE, LISTS, SCALARS, Row, new_uid

ALLOWED = ("choice", "list_choice", "whole", "number", "list_whole", "list_number")


def rows_of(parameters: dict[str, Any], depth: int = 0, parent: str = "") -> list[Row]:
    """The rows of the object schema of a stored tool, groups followed by what is in them."""
    rows: list[Row] = []
    for name, schema in parameters.get("properties", {}).items():
        kind = kind_of(schema)
        items = schema.get("items", {})
        shown = items if kind in LISTS else schema
        rest: dict[str, Any] = {}
        if kind == "other":
            rest = {key: value for key, value in schema.items() if key != "description"}
        elif kind in LISTS or kind == "list_group":
            rest = {"description": items["description"]} if items.get("description") else {}
        allowed = allowed_text(shown.get("enum", [])) if kind in ALLOWED else ""
        required = name in parameters.get("required", [])
        told, path = schema.get("description", ""), f"{parent}.{name}" if parent else name
        rows.append(Row(new_uid(), depth, name, kind, required, allowed, told, rest, path))
        if kind in INSIDE:
            rows += rows_of(items if kind == "list_group" else schema, depth + 1, path)
    return rows


def kind_of(schema: dict[str, Any]) -> str:
    """Which of the form's types a schema is."""
    kind = schema["type"]
    if kind == "object":
        return "group" if schema.get("properties") else "other"
    if kind == "array":
        inner = kind_of(schema["items"]) if schema.get("items") else "other"
        return f"list_{inner}" if inner in SCALARS or inner == "group" else "other"
    values = schema.get("enum", [])
    if kind == "string" and allowed_values(allowed_text(values)) != values:
        return "other"  # an empty value, say, which a field with commas between cannot show
    if kind == "string":
        return "choice" if values else "text"
    return {"integer": "whole", "number": "number", "boolean": "yesno"}[kind]


def parameters_of(rows: list[Row]) -> dict[str, Any]:
    """The object schema that the rows say. Raises StudioError with the row's uid as its place."""
    schema, rest = _object(rows, 0)
    if rest:
        raise StudioError("This parameter stands inside nothing.", "Move it under a group.", rest[0].uid)
    return schema


def _object(rows: list[Row], depth: int) -> tuple[dict[str, Any], list[Row]]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    while rows and rows[0].depth >= depth:
        row, rows = rows[0], rows[1:]
        if row.depth > depth:
            return {"type": "object", "properties": properties, "required": required}, [row, *rows]
        name = row.name.strip()
        if not name:
            raise StudioError("This parameter has no name.", "Give it one, or remove the row.", row.uid)
        if name in properties:
            raise StudioError(f"There are two parameters called {name}.", "Rename one of them.", row.uid)
        inside: dict[str, Any] = {}
        if row.kind in INSIDE:
            inside, rows = _object(rows, depth + 1)
            if not inside["properties"]:
                raise StudioError(f"The group {name} is empty.", "Add a field inside it.", row.uid)
        properties[name] = _schema(row, inside)
        if row.required:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required}, rows


def _schema(row: Row, inside: dict[str, Any]) -> dict[str, Any]:
    description = row.description.strip()
    if row.kind == "other":
        return {"type": row.rest.get("type", "object"), "description": description, **row.rest}
    if row.kind == "group":
        return {"type": "object", "description": description, **_without_type(inside)}
    if row.kind == "list_group":
        return {
            "type": "array",
            "description": description,
            "items": {"type": "object", **_told(row), **_without_type(inside)},
        }
    if row.kind in LISTS:
        items = {"type": SCALARS[LISTS[row.kind]], **_told(row), **_enum(row, LISTS[row.kind])}
        return {"type": "array", "description": description, "items": items}
    if row.kind not in SCALARS:
        raise StudioError("This type is unknown.", "Choose one from the list.", row.uid)
    return {"type": SCALARS[row.kind], "description": description, **_enum(row, row.kind)}


def _told(row: Row) -> dict[str, Any]:
    """The description of a list's items, which the form does not show."""
    return {"description": row.rest["description"]} if "description" in row.rest else {}


def _without_type(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "type"}


def _enum(row: Row, kind: str) -> dict[str, Any]:
    texts = allowed_values(row.allowed) if row.kind in ALLOWED else []
    if not texts:
        if kind == "choice":
            raise StudioError(f"{row.name} is a choice without values.", "List its allowed values.", row.uid)
        return {}
    if kind == "choice":
        return {"enum": texts}
    try:
        return {"enum": [int(text) if kind == "whole" else _number(text) for text in texts]}
    except ValueError:
        raise StudioError(f"The allowed values of {row.name} must be numbers.", where=row.uid) from None


def _number(text: str) -> int | float:
    value = json.loads(text, parse_constant=lambda name: float("x"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(text)
    return value


def allowed_text(values: list[Any]) -> str:
    """Allowed values in one field: with commas between, or a line each where a value holds a comma."""
    texts = [str(value) for value in values]
    awkward = any("," in text or "\n" in text or text != text.strip() for text in texts)
    return "\n".join(texts) + ("\n" if len(texts) == 1 else "") if awkward else ", ".join(texts)


def allowed_values(text: str) -> list[str]:
    """The values in such a field, each once."""
    parts = text.split("\n") if "\n" in text else [part.strip() for part in text.split(",")]
    return list(dict.fromkeys(part for part in parts if part.strip()))
