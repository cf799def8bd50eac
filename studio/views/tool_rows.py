"""The rows of a tool's form as a list: where each stands, and what the buttons beside it make of the list."""

import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any

SCALARS = {"text": "string", "choice": "string", "whole": "integer", "number": "number", "yesno": "boolean"}
LISTS = {f"list_{kind}": kind for kind in SCALARS}
KINDS = (*SCALARS, "group", *LISTS, "list_group", "other")
INSIDE = ("group", "list_group")
TEXTS = ("text", "list_text")  # kinds of which it can be said how answers are compared
MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter. `rest` holds the parts of its schema that the form does not show.

    `origin` is the path it has in the stored tool, by which a new name is told from a new parameter. `wording` is how
    its text is compared, "exact" or "free"; empty where that is guessed.
    """

    uid: str
    depth: int = 0
    name: str = ""
    kind: str = "text"
    required: bool = True
    allowed: str = ""
    description: str = ""
    rest: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    wording: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def new_uid() -> str:
    return secrets.token_hex(4)


def path_of(rows: list[Row], uid: str) -> str:
    """Where a row stands, as core.schema writes it after the tool's name: `rooms[].level`."""
    path: list[str] = []
    for row in rows:
        del path[row.depth :]
        path.append(row.name.strip() + ("[]" if row.kind.startswith("list_") else ""))
        if row.uid == uid:
            return ".".join(path)
    return ""


def dotted(rows: list[Row], uid: str) -> str:
    """The same without the marks of lists: `rooms.level`."""
    return path_of(rows, uid).replace("[]", "")


def moved_paths(rows: list[Row]) -> dict[str, str]:
    """The stored path of each parameter that stands elsewhere now -> where that is."""
    now = {row.origin: path_of(rows, row.uid).replace("[]", "") for row in rows if row.origin}
    return {origin: path for origin, path in now.items() if origin != path}


def with_origins(rows: list[Row], known: list[Row]) -> list[Row]:
    """Rows read from JSON, with what it does not say from the `known` rows that stand at the same places."""
    before = {dotted(known, row.uid): row for row in known}
    same = [(row, before.get(dotted(rows, row.uid), Row(""))) for row in rows]
    return [replace(row, origin=other.origin, wording=other.wording) for row, other in same]


def row_at(rows: list[Row], where: str) -> str:
    """The uid of the row a problem's place (`tool.rooms[].level`) or uid means; empty where it means none."""
    if any(row.uid == where for row in rows):
        return where
    _, _, path = where.partition(".")
    wanted = path.replace("[]", "")
    return next((row.uid for row in rows if path and path_of(rows, row.uid).replace("[]", "") == wanted), "")


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


def indented(rows: list[Row], uid: str) -> list[Row]:
    """With a row, and what is inside it, as the last fields of the group above it; unchanged where there is none."""
    at = _index(rows, uid)
    if at is None or not may_indent(rows, uid):
        return rows
    end = _end(rows, at)
    return [*rows[:at], *(replace(row, depth=row.depth + 1) for row in rows[at:end]), *rows[end:]]


def may_indent(rows: list[Row], uid: str) -> bool:
    at = _index(rows, uid)
    if at is None:
        return False
    depth, deepest = rows[at].depth, max(row.depth for row in rows[at : _end(rows, at)])
    above = next((row for row in reversed(rows[:at]) if row.depth <= depth), None)
    return above is not None and above.depth == depth and above.kind in INSIDE and deepest < MAX_DEPTH


def outdented(rows: list[Row], uid: str) -> list[Row]:
    """With a row, and what is inside it, behind the group it stood in; unchanged where it stands in none."""
    at = _index(rows, uid)
    if at is None or not rows[at].depth:
        return rows
    end = _end(rows, at)
    group = next(i for i in range(at, -1, -1) if rows[i].depth < rows[at].depth)
    behind = _end(rows, group)
    taken = [replace(row, depth=row.depth - 1) for row in rows[at:end]]
    return [*rows[:at], *rows[end:behind], *taken, *rows[behind:]]


def may_move(rows: list[Row], uid: str, up: bool) -> bool:
    """Whether there is a row above or below in the same group."""
    return moved(rows, uid, up) != rows


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
