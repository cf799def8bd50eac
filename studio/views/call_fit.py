"""Which arguments the form of a call can stand for, and what of other arguments it can take over."""

from typing import Any

from core.errors import StudioError
from core.schema.arguments import misfits
from core.schema.call import same_value
from core.schema.conversion import Misfit, converted
from studio.views.call_form import arguments_of, kind_of, raw_of


def shows_truly(schema: dict[str, Any], arguments: dict[str, Any]) -> bool:
    """Whether the form stands for these arguments: no name or value is wrong (one may be missing), none changes."""
    if not _fits(schema, arguments):
        return False
    try:
        return same_value(arguments_of(schema, raw_of(schema, arguments)), arguments)
    except StudioError:
        return False


def fitting(
    schema: dict[str, Any], arguments: dict[str, Any], path: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """What of the arguments fits the tool, a number in quotes as a number; and the paths of what does not."""
    kept: dict[str, Any] = {}
    lost: list[str] = []
    for name, value in arguments.items():
        here = f"{path}.{name}" if path else name
        part = schema.get("properties", {}).get(name)
        kind = kind_of(part) if part else ""
        if kind == "group" and isinstance(value, dict):
            kept[name], more = fitting(part, value, here)
            lost += more
        elif kind == "list_group" and isinstance(value, list):
            kept[name], more = _fitting_items(part["items"], value, here)
            lost += more
        else:
            fits, near = _near(part, value) if part else (False, None)
            if fits:
                kept[name] = near
            else:
                lost.append(here)
    return kept, lost


def _fitting_items(schema: dict[str, Any], items: list[Any], path: str) -> tuple[list[Any], list[str]]:
    kept, lost = [], []
    for place, item in enumerate(items, 1):
        if isinstance(item, dict):
            inside, more = fitting(schema, item, f"{path}.{place}")
            kept.append(inside)
            lost += more
        else:
            lost.append(f"{path}.{place}")
    return kept, lost


def _near(schema: dict[str, Any], value: Any) -> tuple[bool, Any]:
    """Whether one value can stand in its field, and how it stands there."""
    try:
        near = converted(value, schema)
    except Misfit:
        return False, None
    return _fits({"type": "object", "properties": {"value": schema}}, {"value": near}), near


def _fits(schema: dict[str, Any], arguments: dict[str, Any]) -> bool:
    return all(problem.kind == "missing" for problem in misfits(arguments, schema))
