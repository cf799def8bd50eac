"""Parts of a JSON Schema that stand elsewhere: references within one document, and parts that add up (`allOf`)."""

from typing import Any
from urllib.parse import unquote

from core.errors import StudioError


def target(ref: Any, root: Any, where: str) -> Any:
    """What a reference points at within `root`. Raises StudioError where that is not there.

    Only `#/...` is followed: nothing is ever fetched or read from elsewhere.
    """
    if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
        raise _outside(ref, where)
    found = root
    for part in ref.split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, dict) and key in found:
            found = found[key]
        else:
            raise _outside(ref, where)
    return found


def _outside(ref: Any, where: str) -> StudioError:
    shown = str(ref)[:80]
    return StudioError(
        f"The reference {shown!r} points outside this definition.", "Put the schema in its place.", where
    )


def merged(parts: list[dict[str, Any]], where: str) -> dict[str, Any]:
    """One schema that asks for what all the parts ask for; of words the last ones stand.

    Raises StudioError where no value could satisfy them.
    """
    result: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            known = result.get(key)
            if known is None or (key == "description" and value):
                result[key] = value
            elif key == "properties" and isinstance(known, dict) and isinstance(value, dict):
                result[key] = {**known, **{name: _both(known.get(name), value[name]) for name in value}}
            elif key == "required" and isinstance(known, list) and isinstance(value, list):
                result[key] = [*known, *value]
            elif key == "enum" and _plain(known) and _plain(value):
                allowed = set(value)
                result[key] = [one for one in known if one in allowed]
            elif key == "type" and isinstance(known, str) and isinstance(value, str) and known != value:
                result[key] = _narrower(known, value, where)
            elif value is not None and key != "description":
                result[key] = value
    return result


def _both(one: Any, other: Any) -> Any:
    return other if one is None or one is other else {"allOf": [one, other]}


def _narrower(one: str, other: str, where: str) -> str:
    if {one, other} == {"integer", "number"}:
        return "integer"
    raise StudioError(f"It should be {one} and {other} at once.", "Choose one type.", where)


def _plain(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str | int | float) for value in values)
