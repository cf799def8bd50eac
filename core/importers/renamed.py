"""Calls under the names that a file uses, into the names that our tools have, where those had to be changed."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.schema import Example, Tool, ToolCall, Turn


class Names:
    """The tools of which a name was changed; false where there is none."""

    def __init__(self, tools: Iterable[Tool]):
        self._tools: dict[str, Tool] = {}
        self._changed: dict[str, dict[str, dict[str, str]]] = {}  # by tool: new names by place and old name
        self.add(tools)

    def __bool__(self) -> bool:
        return bool(self._tools)

    def add(self, tools: Iterable[Tool]) -> None:
        for tool in tools:
            if tool.originals:
                self._tools[tool.originals.get("", tool.name)] = self._tools[tool.name] = tool
                changed: dict[str, dict[str, str]] = {}
                for path, old in tool.originals.items():
                    place, _, new = path.rpartition(".")
                    if path:
                        changed.setdefault(place, {})[old] = new
                self._changed[tool.name] = changed

    def example(self, example: Example) -> Example:
        """The example with every call and every result under the names of our tools."""
        return replace(
            example,
            turns=tuple(self._turn(turn) for turn in example.turns),
            calls=tuple(self._call(call) for call in example.calls),
        )

    def _turn(self, turn: Turn) -> Turn:
        if not turn.calls and turn.name not in self._tools:
            return turn
        name = self._tools[turn.name].name if turn.name in self._tools else turn.name
        return replace(turn, calls=tuple(self._call(call) for call in turn.calls), name=name)

    def _call(self, call: ToolCall) -> ToolCall:
        tool = self._tools.get(call.name)
        if tool is None:
            return call
        return ToolCall(tool.name, _renamed(call.arguments, "", self._changed[tool.name]))


def _renamed(value: Any, path: str, changed: dict[str, dict[str, str]]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, path, changed) for item in value]
    if not isinstance(value, dict):
        return value
    here = changed.get(path, {})
    names = {old: _name(old, here, value) for old in value}
    return {
        name: _renamed(value[old], f"{path}.{name}" if path else name, changed) for old, name in names.items()
    }


def _name(old: str, names: dict[str, str], beside: dict[str, Any]) -> str:
    """The new name of a value, unless something stands under that one already."""
    new = names.get(old, old)
    return old if new in beside else new
