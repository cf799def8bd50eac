"""A form for the arguments of one call, made from its tool's schema, and the arguments read back from it.

What was typed is kept as it was typed (`raw`, by path), so that nothing is lost when it does not fit. A value that its
field cannot show truly (an item of a list with a line break in it) stands there as JSON. Numbers are typed as text:
a number field of the browser rounds what is beyond 2**53.
"""

import json
from dataclasses import dataclass
from typing import Any

from core.errors import StudioError
from core.schema.call import same_value

Raw = dict[
    str, Any
]  # path -> what stands in the field; "path#" -> how many groups a list holds; "path!" -> is JSON
LEFT_OUT = "-"
YES, NO = "yes", "no"
EMPTY_TEXT = '""'  # typed for a text that is there but empty, which an empty field cannot say
EMPTY_LIST = "[]"
MOST_GROUPS = 50
LINES = ("list_text", "list_whole", "list_number")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form. Choices are sent by their place in the list, so that any text can be a choice."""

    path: str
    name: str
    kind: (
        str  # text, choice, whole, number, yesno, group, json, or list_ of text, choice, whole, number, group
    )
    required: bool
    depth: int
    description: str = ""
    choices: tuple[Any, ...] = ()
    value: Any = None
    n: int = 0  # groups in a list_group; the number of this group in a "group" that is one of a list


def fields_of(schema: dict[str, Any], raw: Raw, path: str = "", depth: int = 0) -> list[Field]:
    """The fields of an object schema, groups as a head followed by what is in them."""
    result: list[Field] = []
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        required = name in schema.get("required", [])
        kind = _kind(part, raw, here)
        told = part.get("description", "")
        if kind == "group":
            result.append(Field(here, name, kind, required, depth, told))
            result += fields_of(part, raw, here, depth + 1)
        elif kind == "list_group":
            n = count(raw, here)
            result.append(Field(here, name, kind, required, depth, told, n=n))
            for i in range(n):
                result.append(Field(f"{here}.{i}", name, "group", True, depth + 1, n=i + 1))
                result += fields_of(part["items"], raw, f"{here}.{i}", depth + 2)
        else:
            choices = tuple((part["items"] if kind.startswith("list_") else part).get("enum", ()))
            result.append(Field(here, name, kind, required, depth, told, choices, raw.get(here)))
    return result


def kind_of(schema: dict[str, Any]) -> str:
    """What field fits a schema."""
    kind = schema.get("type")
    if kind == "object":
        return "group" if schema.get("properties") else "json"
    if kind == "array":
        inner = kind_of(schema["items"]) if schema.get("items") else "json"
        return f"list_{inner}" if inner in ("text", "choice", "whole", "number", "group") else "json"
    if schema.get("enum"):
        return "choice"
    return {"integer": "whole", "number": "number", "boolean": "yesno"}.get(str(kind), "text")


def _kind(schema: dict[str, Any], raw: Raw, path: str) -> str:
    """The field that fits a schema, or JSON where this value needs it."""
    return "json" if raw.get(f"{path}!") else kind_of(schema)


def count(raw: Raw, path: str) -> int:
    value = raw.get(f"{path}#", 0)
    return min(MOST_GROUPS, max(0, value)) if isinstance(value, int) else 0


def raw_of(schema: dict[str, Any], arguments: dict[str, Any], path: str = "") -> Raw:
    """What the form shows for given arguments; names that the schema does not know have no place in it."""
    raw: Raw = {}
    for name, part in schema.get("properties", {}).items():
        if name not in arguments:
            continue
        here = f"{path}.{name}" if path else name
        value = arguments[name]
        shown = _shown(part, value, here)
        required = name in schema.get("required", [])
        if _truly(part, shown, here, required, value):
            raw |= shown
        else:
            raw |= {here: json.dumps(value, ensure_ascii=False, indent=1), f"{here}!": True}
    return raw


def _shown(schema: dict[str, Any], value: Any, path: str) -> Raw:
    """What stands in the field of one value, or in the fields of a group."""
    kind = kind_of(schema)
    if kind == "group" and isinstance(value, dict):
        return raw_of(schema, value, path)
    if kind == "list_group" and isinstance(value, list):
        raw: Raw = {f"{path}#": len(value)}
        for i, item in enumerate(value):
            raw |= raw_of(schema["items"], item, f"{path}.{i}") if isinstance(item, dict) else {}
        return raw
    if kind == "choice":
        return {path: _place(schema["enum"], value)}
    if kind == "yesno":
        return {path: YES if value is True else NO if value is False else LEFT_OUT}
    if kind == "list_choice" and isinstance(value, list):
        return {path: [_place(schema["items"]["enum"], item) for item in value]}
    if kind in LINES and isinstance(value, list):
        return {path: "\n".join(_typed(item) for item in value) or EMPTY_LIST}
    return {path: json.dumps(value, ensure_ascii=False, indent=1) if kind == "json" else _typed(value)}


def _typed(value: Any) -> str:
    """A text or a number as it would be typed."""
    return value or EMPTY_TEXT if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _truly(schema: dict[str, Any], shown: Raw, path: str, required: bool, value: Any) -> bool:
    """Whether reading what is shown for one value gives that value."""
    try:
        read = _one(schema, shown, path, required)
    except (StudioError, TypeError):
        return False
    return read is not None and same_value(read, value)


def _place(choices: list[Any], value: Any) -> str:
    return next((str(i) for i, choice in enumerate(choices) if same_value(choice, value)), LEFT_OUT)


def arguments_of(schema: dict[str, Any], raw: Raw, path: str = "") -> dict[str, Any]:
    """The arguments that were typed. Raises StudioError with the path as its place where a field cannot be read.

    Only what a field means is settled here; whether it fits the tool is core.schema.check_call's to say.
    """
    result: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        value = _one(part, raw, here, name in schema.get("required", []))
        if value is not None:
            result[name] = value
    return result


def _one(schema: dict[str, Any], raw: Raw, path: str, required: bool) -> Any:
    """The value of one parameter, None where it is left out: nothing is typed in it, or in a group's fields."""
    kind = _kind(schema, raw, path)
    if kind == "group":
        inside = arguments_of(schema, raw, path)
        return inside if inside or required else None
    if kind == "list_group":
        items = [arguments_of(schema["items"], raw, f"{path}.{i}") for i in range(count(raw, path))]
        return items if items or required else None
    value = _read(kind, schema, raw.get(path), path)
    return [] if value is None and required and kind.startswith("list_") else value


def _read(kind: str, schema: dict[str, Any], value: Any, path: str) -> Any:
    if value is None or value == "" or value == [] or (value == LEFT_OUT and kind in ("choice", "yesno")):
        return None
    if kind == "choice":
        return _chosen(schema["enum"], value, path)
    if kind == "list_choice":
        return [_chosen(schema["items"]["enum"], item, path) for item in value if isinstance(value, list)]
    if kind == "yesno":
        return {YES: True, NO: False}.get(value)
    if kind in ("whole", "number"):
        return _number(value, kind, path) if str(value).strip() else None
    if kind in LINES:
        return _lines(kind, str(value), path)
    if kind == "json":
        return read_json(str(value), path) if str(value).strip() else None
    return "" if value == EMPTY_TEXT else str(value)


def _lines(kind: str, text: str, path: str) -> list[Any] | None:
    """One item a line, blank lines passed over."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or text.strip() == EMPTY_LIST:
        return [] if lines else None
    if kind == "list_text":
        return ["" if line == EMPTY_TEXT else line for line in lines]
    return [_number(line, kind.removeprefix("list_"), path) for line in lines]


def _chosen(choices: list[Any], place: Any, path: str) -> Any:
    if isinstance(place, str) and place.isascii() and place.isdigit() and int(place) < len(choices):
        return choices[int(place)]
    raise StudioError(f"{path} is none of the allowed values.", "Choose one from the list.", path)


def _number(value: Any, kind: str, path: str) -> int | float:
    typed = value
    if isinstance(value, str):
        value = read_json(value.strip(), path, f"{typed!r} is not a number.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StudioError(f"{path}: {typed!r} is not a number.", "Write digits only.", path)
    whole = kind == "whole" and isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if whole else value


def read_json(text: str, path: str, problem: str = "") -> Any:
    """A JSON value typed by a user. Raises StudioError with its place."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not allowed")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        reason = problem or f"This is not JSON ({error})."
        hint = "Write digits only." if problem else 'For example {"query": "travel"} or ["a", "b"].'
        raise StudioError(f"{path}: {reason}", hint, path) from None


# Groups in a list


def group_added(raw: Raw, path: str) -> Raw:
    """With one more empty group at the end of a list."""
    return {**raw, f"{path}#": min(MOST_GROUPS, count(raw, path) + 1)}


def group_removed(raw: Raw, path: str) -> Raw:
    """Without the group at `path` ("rooms.2"); those after it move up."""
    parent, _, place = path.rpartition(".")
    at, n = int(place), count(raw, parent)
    kept: Raw = {}
    for key, value in raw.items():
        head, dot, rest = key.removeprefix(f"{parent}.").partition(".")
        if not key.startswith(f"{parent}.") or not head.isdigit() or int(head) < at:
            kept[key] = value
        elif int(head) > at:
            kept[f"{parent}.{int(head) - 1}{dot}{rest}"] = value
    return {**kept, f"{parent}#": max(0, n - 1)}
