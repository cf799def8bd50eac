"""Calls of a tool that has changed, each with its values where the new parameters want them."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from core.schema.call import ToolCall, same_value
from core.schema.conversion import Misfit, converted
from core.schema.example import Example, Turn
from core.schema.parameters import has_fields, join, parent_of, paths, required_paths, shape_of, targets_of
from core.schema.tool import Tool

ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happens to calls, and to how many: `path` in the old tool, `to` in the new one."""

    kind: Literal["tool", "moved", "converted", "removed", "filled"]
    path: str
    to: str
    calls: int


class _Misplaced(Exception):
    """A value for which the new tool has a parameter, but this call no one place."""


# Old groups around a value, from the outside in: the path of each and what stands there in this call.
Scopes = list[tuple[str, dict[str, Any]]]


class Follower:
    """One change of a tool, applied to call after call; what it meets is counted."""

    def __init__(self, old: Tool, new: Tool, moved: dict[str, str], fills: dict[str, Any]):
        self.old, self.new, self.fills = old, new, fills
        self.was, self.now = dict(paths(old.parameters)), dict(paths(new.parameters))
        self.target = targets_of(self.was, self.now, moved)
        self.source = {target: path for path, target in self.target.items()}
        self.was_required, self.required = required_paths(old.parameters), required_paths(new.parameters)
        self.shape_was = {path: shape_of(schema) for path, schema in self.was.items()}
        self.shape_now = {path: shape_of(schema) for path, schema in self.now.items()}
        self.counts: dict[tuple[str, str, str], int] = {}
        self.begin()

    def begin(self) -> None:
        """Before each example: nothing is lacking, nothing is broken."""
        self.lacking: dict[str, None] = {}
        self.misfits: dict[str, str] = {}

    def summary(self) -> tuple[Change, ...]:
        order = ("tool", "moved", "converted", "removed", "filled")
        changes = [Change(*key, calls) for key, calls in self.counts.items()]  # type: ignore[arg-type]
        return tuple(sorted(changes, key=lambda change: (order.index(change.kind), change.path, change.to)))

    def example(self, example: Example) -> Example | None:
        """The example as it should become, or None where it stays."""
        turns = tuple(self._turn(turn) for turn in example.turns)
        calls = tuple(self._call(call) for call in example.calls)
        same = all(a is b for a, b in zip((*turns, *calls), (*example.turns, *example.calls), strict=True))
        return None if same else replace(example, turns=turns, calls=calls)

    def _turn(self, turn: Turn) -> Turn:
        calls = tuple(self._call(call) for call in turn.calls)
        name = self.new.name if turn.name == self.old.name else turn.name
        same = name == turn.name and all(a is b for a, b in zip(calls, turn.calls, strict=True))
        return turn if same else replace(turn, calls=calls, name=name)

    def _call(self, call: ToolCall) -> ToolCall:
        if call.name != self.old.name:
            return call
        self.found: set[str] = set()  # old paths whose values have a place in the new call
        self.met: set[tuple[str, str, str]] = set()
        self.lacks: list[str] = []
        try:
            arguments = self._group(self.new.parameters, "", [("", call.arguments)], own=True)
            self._check_all_found(call.arguments)
        except _Misplaced as error:
            self.misfits[str(error.args[0])] = str(error.args[1])
            self.met, self.lacks, arguments = set(), [], call.arguments
        if self.new.name != self.old.name:
            self.met.add(("tool", self.old.name, self.new.name))
        for key in self.met:
            self.counts[key] = self.counts.get(key, 0) + 1
        self.lacking |= dict.fromkeys(self.lacks)
        same = self.new.name == self.old.name and same_value(arguments, call.arguments)
        return call if same else ToolCall(self.new.name, arguments)

    def _group(
        self, schema: dict[str, Any], here: str, scopes: Scopes, *, own: bool, asking: bool = True
    ) -> dict[str, Any]:
        """The values of a group. `own`: the last scope is this group; `asking`: what it lacks is asked for."""
        result: dict[str, Any] = {}
        order: dict[str, int] = {}
        source, values = scopes[-1] if own else ("", {})
        places = {name: place for place, name in enumerate(values)}
        for name, part in (schema.get("properties") or {}).items():
            path = join(here, name)
            origin = self._origin(path, name, source if own else None)
            value = self._value(part, path, origin, scopes, asking)
            if value is not ABSENT:
                result[name] = value
                inside = origin is not None and parent_of(origin) == source
                order[name] = (
                    places.get((origin or "").rpartition(".")[2], len(places)) if inside else len(places)
                )
        for name, value in values.items():
            path = join(source, name)
            if path not in self.was:  # the old tool did not know it either: not ours to judge
                if name not in result:
                    result[name], order[name] = value, places[name]
            elif path not in self.target:
                self._drop(path, value)
        return {name: result[name] for name in sorted(result, key=lambda name: order[name])}

    def _origin(self, path: str, name: str, group: str | None) -> str | None:
        """The old path that a new parameter takes its value from; calls may have used it undeclared."""
        if path in self.source:
            return self.source[path]
        undeclared = None if group is None else join(group, name)
        return None if undeclared in self.was else undeclared

    def _value(
        self, part: dict[str, Any], here: str, origin: str | None, scopes: Scopes, asking: bool
    ) -> Any:
        raw = ABSENT if origin is None else self._find(origin, scopes)
        if raw is not ABSENT and origin is not None:
            self.found.add(origin)
            value = self._placed(part, raw, here, origin, scopes, asking)
            self._note_move(origin, here)
            return value
        lacks = asking and here in self.required and not self._lacked_before(here, origin)
        if part["type"] == "object" and part.get("properties"):
            inside = self._group(part, here, scopes, own=False, asking=False)
            if inside or lacks:
                return self._group(part, here, scopes, own=False) or ({} if lacks else ABSENT)
            return ABSENT
        if (
            has_fields(part)
            and part["items"].get("properties")
            and self._group(part["items"], here, scopes, own=False, asking=False)
        ):
            return [self._group(part["items"], here, scopes, own=False)]
        if not lacks:
            return ABSENT
        if here in self.fills:
            self.met.add(("filled", "", here))
            return self.fills[here]
        self.lacks.append(here)
        return ABSENT

    def _lacked_before(self, here: str, origin: str | None) -> bool:
        """Whether this was already required and missing in the same group: then it is not the change's doing."""
        parent = self.source.get(parent_of(here), "")
        return origin in self.was_required and parent_of(origin or "") == parent

    def _placed(
        self, part: dict[str, Any], raw: Any, here: str, origin: str, scopes: Scopes, asking: bool
    ) -> Any:
        """A value that is there, in the shape of the new parameter."""
        if has_fields(part):
            if (part["type"] == "array") != isinstance(raw, list):
                self.met.add(("converted", origin, here))
            if part["type"] == "array":
                items = raw if isinstance(raw, list) else [raw]
                return [self._placed(part["items"], item, here, origin, scopes, asking) for item in items]
            if isinstance(raw, list) and len(raw) == 1:
                raw = raw[0]
            if isinstance(raw, dict):
                return self._group(part, here, [*scopes, (origin, raw)], own=True)
        try:
            value = converted(raw, part)
        except Misfit as misfit:
            if self.shape_was.get(origin) != self.shape_now[here]:  # else it was wrong before, too
                self.misfits[here] = f"{here} {misfit}."
            self.found |= {path for path in self.was if path.startswith(f"{origin}.")}  # they stay within it
            return raw
        if same_value(value, raw):
            return raw
        if self.shape_was.get(origin) == self.shape_now[here]:
            return raw
        self.met.add(("converted", origin, here))
        return value

    def _find(self, origin: str, scopes: Scopes) -> Any:
        """The value at an old path, seen from within the groups in `scopes`."""
        group, value = next(
            (path, value) for path, value in reversed(scopes) if not path or origin.startswith(f"{path}.")
        )
        found: Any = value
        for name in origin.removeprefix(f"{group}." if group else "").split("."):
            if isinstance(found, list) and len(found) == 1:
                found = found[0]
            if isinstance(found, list) and found:
                sentence = (
                    f"{origin} stands in a list of {len(found)} groups, and only one value has a place now."
                )
                raise _Misplaced(origin, sentence)
            if not isinstance(found, dict) or name not in found:
                return ABSENT
            found = found[name]
        return found

    def _check_all_found(self, arguments: dict[str, Any]) -> None:
        """No value is lost for want of a place: say, one that moved into a list without items."""
        for path in self.target:
            if (
                path not in self.found
                and not has_fields(self.was[path])
                and _holds(arguments, path.split("."))
            ):
                raise _Misplaced(path, f"{path} has no place here: the list it moved into is empty.")

    def _note_move(self, origin: str, here: str) -> None:
        parent, _, name = origin.rpartition(".")
        inherited = join(self.target[parent], name) if parent in self.target else name if not parent else ""
        if origin in self.was and here != inherited:
            self.met.add(("moved", origin, here))

    def _drop(self, path: str, value: Any) -> None:
        """Count what goes; of a group only the parts that found no other place."""
        below = [one for one in self.was if one.startswith(f"{path}.")]
        if not any(one in self.target for one in below):
            self.met.add(("removed", path, ""))
            return
        for one in below:
            gone = one not in self.target and not has_fields(self.was[one])
            if gone and _holds(value, one.removeprefix(f"{path}.").split(".")):
                self.met.add(("removed", one, ""))


def _holds(value: Any, names: list[str]) -> bool:
    """Whether something stands at a path, in any item of the lists on the way."""
    if isinstance(value, list):
        return any(_holds(item, names) for item in value)
    if not names:
        return True
    return isinstance(value, dict) and names[0] in value and _holds(value[names[0]], names[1:])
