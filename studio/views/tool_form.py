"""A tool's parameters as rows of a form, and back: one row a parameter, what is inside a group one step deeper.

What a row cannot show (a list of lists, the description of a list's items) is carried along in `rest`, so that
opening and saving a tool changes nothing that was not touched.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import StudioError

SCALARS = {"text": "string", "choice": "string", "whole": "integer", "number": "number", "yesno": "boolean"}
LISTS = {f"list_{kind}": kind for kind in SCALARS}
KINDS = (*SCALARS, "group", *LISTS, "list_group", "other")
INSIDE = ("group", "list_group")
ALLOWED = ("choice", "list_choice", "whole", "number", "list_whole", "list_number")
MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter. `rest` holds the parts of its schema that the form does not show."""

    uid: str
    depth: int = 0
    name: str = ""
    kind: str = "text"
    required: bool = True
    allowed: str = ""
    description: str = ""
    rest: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def new_uid() -> str:
    return secrets.token_hex(4)


def rows_of(parameters: dict[str, Any], depth: int = 0) -> list[Row]:
    """The rows of an object schema, groups followed by what is in them."""
    rows: list[Row] = []
    for name, schema in parameters.get("properties", {}).items():
        kind = _kind(schema)
        items = schema.get("items", {})
        shown = items if kind in LISTS else schema
        rest: dict[str, Any] = {}
        if kind == "other":
            rest = {key: value for key, value in schema.items() if key != "description"}
        elif kind in LISTS or kind == "list_group":
            rest = {"description": items["description"]} if items.get("description") else {}
        allowed = allowed_text(shown.get("enum", [])) if kind in ALLOWED else ""
        required = name in parameters.get("required", [])
        rows.append(Row(new_uid(), depth, name, kind, required, allowed, schema.get("description", ""), rest))
        if kind in INSIDE:
            rows += rows_of(items if kind == "list_group" else schema, depth + 1)
    return rows


def _kind(schema: dict[str, Any]) -> str:
    kind = schema["type"]
    if kind == "object":
        return "group" if schema.get("properties") else "other"
    if kind == "array":
        inner = _kind(schema["items"]) if schema.get("items") else "other"
        return f"list_{inner}" if inner in SCALARS or inner == "group" else "other"
    if kind == "string":
        return "choice" if schema.get("enum") else "text"
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


def path_of(rows: list[Row], uid: str) -> str:
    """Where a row stands, as core.schema writes it after the tool's name: `rooms[].level`."""
    path: list[str] = []
    for row in rows:
        del path[row.depth :]
        path.append(row.name.strip() + ("[]" if row.kind.startswith("list_") else ""))
        if row.uid == uid:
            return ".".join(path)
    return ""


def row_at(rows: list[Row], where: str) -> str:
    """The uid of the row a problem's place (`tool.rooms[].level`) or uid means; empty where it means none."""
    if any(row.uid == where for row in rows):
        return where
    _, _, path = where.partition(".")
    wanted = path.replace("[]", "")
    return next((row.uid for row in rows if path and path_of(rows, row.uid).replace("[]", "") == wanted), "")


# Changing the list of rows


def added(rows: list[Row], after: str | None = None, inside: bool = False) -> list[Row]:
    """A new row at the end, or inside the group `after`."""
    at = _index(rows, after)
    if at is None:
        return [*rows, Row(new_uid())]
    end = _end(rows, at)
    return [*rows[:end], Row(new_uid(), rows[at].depth + (1 if inside else 0)), *rows[end:]]


def removed(rows: list[Row], uid: str) -> list[Row]:
    """Without a row and what is inside it."""
    at = _index(rows, uid)
    return rows if at is None else rows[:at] + rows[_end(rows, at) :]


def moved(rows: list[Row], uid: str, up: bool) -> list[Row]:
    """With a row, and what is inside it, before the one above or after the one below in the same group."""
    at = _index(rows, uid)
    if at is None:
        return rows
    end, depth = _end(rows, at), rows[at].depth
    if up:
        before = next((i for i in range(at - 1, -1, -1) if rows[i].depth <= depth), None)
        if before is None or rows[before].depth < depth:
            return rows
        return rows[:before] + rows[at:end] + rows[before:at] + rows[end:]
    if end >= len(rows) or rows[end].depth != depth:
        return rows
    follow = _end(rows, end)
    return rows[:at] + rows[end:follow] + rows[at:end] + rows[follow:]


def rekinded(rows: list[Row], uid: str, kind: str) -> list[Row]:
    """With another type; what was inside a group goes when it is none any more, and a new group gets a first field."""
    at = _index(rows, uid)
    if at is None or kind not in KINDS:
        return rows
    row, end = rows[at], _end(rows, at)
    inside = rows[at + 1 : end] if kind in INSIDE else []
    if kind in INSIDE and not inside:
        inside = [Row(new_uid(), row.depth + 1)]
    rest = row.rest if kind == row.kind else {}
    return [*rows[:at], replace(row, kind=kind, rest=rest), *inside, *rows[end:]]


def _index(rows: list[Row], uid: str | None) -> int | None:
    return next((i for i, row in enumerate(rows) if row.uid == uid), None)


def _end(rows: list[Row], at: int) -> int:
    return next((i for i in range(at + 1, len(rows)) if rows[i].depth <= rows[at].depth), len(rows))
