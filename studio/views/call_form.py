"""A form for the arguments of one call, made from its tool's schema, and the arguments read back from it.

What was typed is kept as it was typed (`raw`, by path), so that nothing is lost when it does not fit. Arguments that
the form cannot show truly (a name the schema does not know, an empty text where none is needed) are edited as JSON.
"""

import json
from dataclasses import dataclass
from typing import Any

from core.errors import StudioError
from core.schema.call import same_value

Raw = dict[str, Any]  # path -> what stands in the field; "path#" -> how many groups a list holds
LEFT_OUT = "-"
YES, NO = "yes", "no"
MOST_GROUPS = 50


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
        kind = kind_of(part)
        told = part.get("description", "")
        choices = tuple((part.get("items") or part if kind.startswith("list_") else part).get("enum", ()))
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


def count(raw: Raw, path: str) -> int:
    value = raw.get(f"{path}#", 0)
    return min(MOST_GROUPS, max(0, value)) if isinstance(value, int) else 0


def raw_of(schema: dict[str, Any], arguments: dict[str, Any], path: str = "") -> Raw:
    """What the form shows for given arguments."""
    raw: Raw = {}
    for name, part in schema.get("properties", {}).items():
        if name not in arguments:
            continue
        here = f"{path}.{name}" if path else name
        value, kind = arguments[name], kind_of(part)
        if kind == "group" and isinstance(value, dict):
            raw |= raw_of(part, value, here)
        elif kind == "list_group" and isinstance(value, list):
            raw[f"{here}#"] = len(value)
            for i, item in enumerate(value):
                if isinstance(item, dict):
                    raw |= raw_of(part["items"], item, f"{here}.{i}")
        else:
            raw[here] = _shown(kind, part, value)
    return raw


def _shown(kind: str, schema: dict[str, Any], value: Any) -> Any:
    if kind == "choice":
        return _place(schema["enum"], value)
    if kind == "yesno":
        return YES if value is True else NO if value is False else LEFT_OUT
    if kind == "list_choice" and isinstance(value, list):
        return [_place(schema["items"]["enum"], item) for item in value]
    if kind in ("list_text", "list_whole", "list_number") and isinstance(value, list):
        return "\n".join(item if isinstance(item, str) else json.dumps(item) for item in value)
    if kind == "json":
        return json.dumps(value, ensure_ascii=False, indent=1)
    if kind == "text" and isinstance(value, str):
        return value
    return value if isinstance(value, int | float) and not isinstance(value, bool) else json.dumps(value)


def _place(choices: list[Any], value: Any) -> str:
    return next((str(i) for i, choice in enumerate(choices) if same_value(choice, value)), LEFT_OUT)


def arguments_of(schema: dict[str, Any], raw: Raw, path: str = "") -> dict[str, Any]:
    """The arguments that were typed. Raises StudioError with the path as its place where a field cannot be read.

    Only what a field means is settled here; whether it fits the tool is core.schema.check_call's to say.
    """
    result: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        kind = kind_of(part)
        required = name in schema.get("required", [])
        if kind == "group":
            inside = arguments_of(part, raw, here)
            if inside or required:
                result[name] = inside
        elif kind == "list_group":
            items = [arguments_of(part["items"], raw, f"{here}.{i}") for i in range(count(raw, here))]
            if items or required:
                result[name] = items
        else:
            value = _read(kind, part, raw.get(here), here)
            if value is not None:
                result[name] = value
            elif kind.startswith("list_") and required:
                result[name] = []
    return result


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
        return _number(value, path)
    if kind in ("list_whole", "list_number"):
        return [_number(line.strip(), path) for line in str(value).split("\n") if line.strip()]
    if kind == "list_text":
        return [line for line in str(value).split("\n") if line.strip()]
    if kind == "json":
        return read_json(str(value), path)
    return str(value)


def _chosen(choices: list[Any], place: Any, path: str) -> Any:
    if isinstance(place, str) and place.isascii() and place.isdigit() and int(place) < len(choices):
        return choices[int(place)]
    raise StudioError(f"{path} is none of the allowed values.", "Choose one from the list.", path)


def _number(value: Any, path: str) -> int | float:
    if isinstance(value, str):
        value = read_json(value, path, f"{value!r} is not a number.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StudioError(f"{path}: {value!r} is not a number.", "Write digits only.", path)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def read_json(text: str, path: str, problem: str = "") -> Any:
    """A JSON value typed by a user. Raises StudioError with its place."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not allowed")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        reason = problem or f"This is not JSON ({error})."
        raise StudioError(
            f"{path}: {reason}", 'For example {"query": "travel"} or ["a", "b"].', path
        ) from None


def shows_truly(schema: dict[str, Any], arguments: dict[str, Any]) -> bool:
    """Whether the form gives back exactly these arguments when nothing is touched."""
    try:
        return same_value(arguments_of(schema, raw_of(schema, arguments)), arguments)
    except (StudioError, TypeError):
        return False


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
        number, hash_sign, _ = head.partition("#")
        if not key.startswith(f"{parent}.") or not number.isdigit() or int(number) < at:
            kept[key] = value
        elif int(number) > at:
            kept[f"{parent}.{int(number) - 1}{hash_sign}{dot}{rest}"] = value
    return {**kept, f"{parent}#": max(0, n - 1)}
