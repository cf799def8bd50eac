"""The parameters of a tool by path, and what became of each of them between two versions of the tool.

In a dotted path the items of lists do not show: `rooms.level` is the level of each room.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from core.schema.tool import Tool

T = TypeVar("T")


def alters(old: Tool, new: Tool, moved: dict[str, str]) -> bool:
    """Whether calls could be touched at all: new words in descriptions and another order touch none."""
    return bool(moved) or old.name != new.name or shape_of(old.parameters) != shape_of(new.parameters)


def with_originals(old: Tool, new: Tool, moved: dict[str, str]) -> Tool:
    """The new tool with the original names of the old one, each at the path its parameter has now."""
    return replace(new, originals=followed(old.originals, old, new, moved))


def followed(noted: dict[str, T], old: Tool, new: Tool, moved: dict[str, str]) -> dict[str, T]:
    """What is noted of the old tool ("") and its parameters, by the path each has in the new one."""
    targets = targets_of(dict(paths(old.parameters)), dict(paths(new.parameters)), moved) | {"": ""}
    return {targets[path]: value for path, value in noted.items() if path in targets}


def renames(old: Tool, new: Tool, moved: dict[str, str]) -> dict[str, str]:
    """Old paths that may have become new ones: in one group, of one type, the only one gone and the only one added."""
    was, now = dict(paths(old.parameters)), dict(paths(new.parameters))
    targets = targets_of(was, now, moved)
    gone: dict[tuple[str, str], list[str]] = {}
    added: dict[tuple[str, str], list[str]] = {}
    for path, schema in was.items():
        parent = parent_of(path)
        if path not in targets and (not parent or parent in targets):
            gone.setdefault((targets.get(parent, ""), type_of(schema)), []).append(path)
    for path, schema in now.items():
        parent = parent_of(path)
        if path not in targets.values() and (not parent or parent in targets.values()):
            added.setdefault((parent, type_of(schema)), []).append(path)
    pairs = [(olds, added.get(place, [])) for place, olds in gone.items()]
    return {olds[0]: news[0] for olds, news in pairs if len(olds) == len(news) == 1}


def paths(schema: dict[str, Any], parent: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every parameter below a schema with its own schema, groups before what is in them."""
    while schema["type"] == "array" and schema.get("items"):
        schema = schema["items"]
    for name, part in (schema.get("properties") or {}).items():
        here = join(parent, name)
        yield here, part
        yield from paths(part, here)


def join(parent: str, name: str) -> str:
    return f"{parent}.{name}" if parent else name


def parent_of(path: str) -> str:
    return path.rpartition(".")[0]


def type_of(schema: dict[str, Any]) -> str:
    return schema["type"] + (f" of {type_of(schema['items'])}" if schema.get("items") else "")


def shape_of(schema: dict[str, Any]) -> Any:
    """What of a schema decides whether a value fits; the order of names does not."""
    return (
        schema["type"],
        [(type(value), value) for value in schema.get("enum") or ()],
        {name: shape_of(part) for name, part in (schema.get("properties") or {}).items()},
        set(schema.get("required") or ()),
        shape_of(schema["items"]) if schema.get("items") else None,
    )


def has_fields(schema: dict[str, Any]) -> bool:
    """Whether it is a group of named fields, or a list of such groups."""
    return bool(schema.get("properties")) or (bool(schema.get("items")) and has_fields(schema["items"]))


def required_paths(schema: dict[str, Any], parent: str = "") -> set[str]:
    while schema["type"] == "array" and schema.get("items"):
        schema = schema["items"]
    found = {join(parent, name) for name in schema.get("required") or ()}
    for name, part in (schema.get("properties") or {}).items():
        found |= required_paths(part, join(parent, name))
    return found


def targets_of(was: dict[str, Any], now: dict[str, Any], moved: dict[str, str]) -> dict[str, str]:
    """The new path of each old one that has one."""
    targets: dict[str, str] = {}
    claimed = set(moved.values())
    for path in was:
        parent, _, name = path.rpartition(".")
        if path in moved:
            target = moved[path]
        elif parent and parent not in targets:
            continue
        else:
            target = join(targets.get(parent, ""), name)
            if target in claimed:
                continue
        if target in now:
            targets[path] = target
    return targets
