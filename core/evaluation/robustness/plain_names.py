"""Tools under names that say nothing, and examples that call them so: then only descriptions tell what they are for."""

import random
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from core.schema import Example, Tool, ToolCall, Turn
from core.schema.parameters import join


@dataclass(frozen=True, slots=True)
class Renamed:
    """A tool under its new name, and the new name of each of its parameters by old path."""

    old: Tool
    new: Tool
    names: dict[str, str]

    def call(self, call: ToolCall) -> ToolCall:
        arguments = _values(call.arguments, self.old.parameters, self.names, "")
        return ToolCall(self.new.name, arguments)


def renamed(
    tools: Sequence[Tool], examples: Sequence[Example], seed: int
) -> tuple[list[Tool], list[Example]]:
    """Tools and parameters called `tool_1`, `value_1`, and what examples expect and have called renamed with them.

    What has no description keeps its name, as without it nothing would say what it is. Where a description names a
    tool or parameter by a name that is no plain word (it has a _, a digit or a capital within), it names the new one.
    Values and what people say stay as they are.
    """
    chance = random.Random(f"renamed {seed}")
    taken = {tool.name for tool in tools}
    fresh = _fresh("tool", taken)
    described = [tool for tool in tools if tool.description.strip()]
    called = dict(zip((tool.name for tool in chance.sample(described, len(described))), fresh, strict=False))
    made = {tool.name: _renamed(tool, called, chance) for tool in tools}
    return [made[tool.name].new for tool in tools], [_example(example, made) for example in examples]


def _renamed(tool: Tool, called: Mapping[str, str], chance: random.Random) -> Renamed:
    names: dict[str, str] = {}
    _name(tool.parameters, "", names, chance)
    words = {**{path.rpartition(".")[2]: new for path, new in names.items()}, **called}
    parameters = _schema(tool.parameters, names, words, "")
    new = replace(
        tool,
        name=called.get(tool.name, tool.name),
        description=_mentions(tool.description, words),
        parameters=parameters,
        originals={},
        wording={_path(path, names): rule for path, rule in tool.wording.items()},
    )
    return Renamed(tool, new, names)


def _name(schema: dict[str, Any], path: str, names: dict[str, str], chance: random.Random) -> None:
    """Put a new name into `names` for each described parameter below a schema."""
    parts = _properties(schema)
    fresh = _fresh("value", parts)
    for name in chance.sample(sorted(parts), len(parts)):
        if parts[name].get("description", "").strip():
            names[join(path, name)] = next(fresh)
    for name, part in parts.items():
        _name(part, join(path, name), names, chance)


def _path(path: str, names: Mapping[str, str]) -> str:
    """A dotted path under the new names."""
    parts = path.split(".")
    return ".".join(names.get(".".join(parts[: n + 1]), part) for n, part in enumerate(parts))


def _fresh(kind: str, taken: Container[str]) -> Iterator[str]:
    return (f"{kind}_{n}" for n in count(1) if f"{kind}_{n}" not in taken)


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    while schema["type"] == "array" and schema.get("items"):
        schema = schema["items"]
    return schema.get("properties") or {}


def _schema(
    schema: dict[str, Any], names: Mapping[str, str], words: Mapping[str, str], path: str
) -> dict[str, Any]:
    made = dict(schema)
    if schema.get("description"):
        made["description"] = _mentions(schema["description"], words)
    if schema.get("items"):
        made["items"] = _schema(schema["items"], names, words, path)
    if schema.get("properties"):
        made["properties"] = {
            names.get(join(path, name), name): _schema(part, names, words, join(path, name))
            for name, part in schema["properties"].items()
        }
    if schema.get("required"):
        made["required"] = [names.get(join(path, name), name) for name in schema["required"]]
    return made


def _values(value: Any, schema: Mapping[str, Any], names: Mapping[str, str], path: str) -> Any:
    """A value with the names of its groups changed; what the schema does not know stays as it is."""
    if isinstance(value, list):
        return [_values(item, schema.get("items") or {}, names, path) for item in value]
    if not isinstance(value, dict):
        return value
    parts = schema.get("properties") or {}
    return {
        names.get(join(path, name), name): _values(part, parts.get(name, {}), names, join(path, name))
        for name, part in value.items()
    }


def _mentions(text: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        if not old.isalpha() or not (old.islower() or old.istitle()):
            text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, text)
    return text


def _example(example: Example, made: Mapping[str, Renamed]) -> Example:
    return replace(
        example,
        turns=tuple(_turn(turn, made) for turn in example.turns),
        calls=tuple(_call(call, made) for call in example.calls),
    )


def _turn(turn: Turn, made: Mapping[str, Renamed]) -> Turn:
    name = made[turn.name].new.name if turn.name in made else turn.name
    return replace(turn, calls=tuple(_call(call, made) for call in turn.calls), name=name)


def _call(call: ToolCall, made: Mapping[str, Renamed]) -> ToolCall:
    return made[call.name].call(call) if call.name in made else call
