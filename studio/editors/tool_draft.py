"""What stands in the editor of one tool, as pure data: opened, changed, read back."""

import json
from dataclasses import replace
from typing import Any

from core.errors import StudioError
from core.evaluation.wording import text_paths
from core.importers.strict_json import strict
from core.schema import Tool, read_tool
from core.schema.parameters import followed, renames, with_originals
from studio.text import t
from studio.views import json_place, tool_form, tool_rows
from studio.views.tool_rows import Row, new_uid

Draft = dict[str, Any]
VIEWS = ("form", "json", "sees")


def opened(tool: Tool | None, examples: int = 0, guessed: dict[str, Any] | None = None) -> Draft:
    """The draft of a stored tool, or of a new one; `guessed` is how its text is compared where nobody said it."""
    rows = tool_form.rows_of(tool.parameters) if tool else [Row(new_uid())]
    if tool:
        rows = [replace(row, wording=tool.wording.get(row.origin, "")) for row in rows]
    return {
        "original": tool.name if tool else None,
        "stored": tool.to_json() if tool else None,
        "name": tool.name if tool else "",
        "description": tool.description if tool else "",
        "rows": [row.to_json() for row in rows],
        "json": pretty(tool) if tool else "",
        "by_json": False,  # whether parameters were typed as JSON, where a new name cannot be told from a new one
        "view": "form",
        "problem": None,
        "notes": [],
        "confirm": False,
        "preview": None,
        "focus": "",  # the element that has the keyboard once the draft is drawn
        "examples": examples,
        "guessed": guessed or {},
        "revision": new_uid(),
    }


def closed() -> Draft:
    """No tool is open."""
    return {"view": "none", "revision": new_uid()}


def changed(draft: Draft, **values: Any) -> Draft:
    return {
        **draft,
        "problem": None,
        "notes": [],
        "confirm": False,
        "focus": "",
        "revision": new_uid(),
        **values,
    }


def stored(draft: Draft) -> Tool | None:
    """The tool as it was when it was opened; None for a new one."""
    return Tool.from_json(draft["stored"]) if draft["stored"] else None


def unsaved(draft: Draft) -> bool:
    """Whether the draft differs from what is stored."""
    if draft["stored"] is None:
        return bool(draft["name"] or draft["description"])
    try:
        return (
            tool_in({**draft, "view": "form"} if draft["view"] == "sees" else draft)[0].to_json()
            != draft["stored"]
        )
    except StudioError:
        return True


def rows_in(draft: Draft) -> list[Row]:
    return [Row(**row) for row in draft["rows"]]


def tool_in(draft: Draft) -> tuple[Tool, list[str]]:
    """The tool that a draft says, and notes on it. Raises StudioError with the row's uid or "name" as its place."""
    was, rows = stored(draft), rows_in(draft)
    if draft["view"] == "json":
        tool, notes = _from_json(draft["json"])
        rows = tool_rows.with_origins(tool_form.rows_of(tool.parameters), rows)
    else:
        tool, notes = _from_form(draft, rows)
    moved = tool_rows.moved_paths(rows)
    return with_wording(with_originals(was, tool, moved) if was else tool, was, rows, moved), notes


def with_wording(tool: Tool, was: Tool | None, rows: list[Row], moved: dict[str, str]) -> Tool:
    """The tool with how its text is compared: as its rows say it, or as it was where it was renamed in the JSON."""
    origins = {row.origin for row in rows}
    kept = {path: rule for path, rule in was.wording.items() if path not in origins} if was else {}
    chosen: dict[str, Any] = dict(followed(kept, was, tool, moved)) if was else {}
    chosen |= {tool_rows.dotted(rows, row.uid): row.wording for row in rows if row.wording}
    texts = text_paths(tool.parameters)
    return replace(tool, wording={path: chosen[path] for path in texts if path in chosen})


def _from_form(draft: Draft, rows: list[Row]) -> tuple[Tool, list[str]]:
    raw = {
        "name": draft["name"].strip(),
        "description": draft["description"],
        "parameters": tool_form.parameters_of(rows),
    }
    try:
        return read_tool(raw)
    except StudioError as error:
        place = tool_rows.row_at(rows, error.where) or error.where
        raise StudioError(error.message, error.hint, place) from None


def _from_json(text: str) -> tuple[Tool, list[str]]:
    try:
        value = strict(text)
    except ValueError as error:
        twice = json_place.repeated(text) if _parses(text) else None
        if twice:
            message = t("tool.json_twice", name=twice[0], line=twice[1])
            raise StudioError(message, t("tool.json_twice_hint"), "json") from None
        raise StudioError(t("tool.bad_json", reason=error), t("tool.bad_json_hint"), "json") from None
    try:
        return read_tool(value)
    except StudioError as error:
        line = json_place.line_of(text, error.where) if isinstance(value, dict) else None
        message = t("tool.json_line", line=line, message=error.message) if line else error.message
        raise StudioError(message, error.hint, "json") from None


def _parses(text: str) -> bool:
    try:
        json.loads(text)
        return True
    except (ValueError, RecursionError):
        return False


def turned(draft: Draft, view: str) -> Draft:
    """The draft in another view. Raises StudioError where what was typed cannot be shown there yet."""
    if view not in VIEWS or view == draft["view"]:
        return draft
    if draft["view"] == "sees":  # the form's fields are still in the draft
        draft = {**draft, "view": "form"}
    tool, notes = tool_in(draft)
    draft = read_back(draft, tool)
    return changed(draft, view=view, json=pretty(tool), notes=notes if draft["view"] == "json" else [])


def read_back(draft: Draft, tool: Tool) -> Draft:
    """The draft with the fields that `tool` has, where they were typed as JSON; who kept the place kept the origin."""
    if draft["view"] != "json":
        return draft
    shown, _ = tool_in({**draft, "view": "form", "name": tool.name})
    rows, typed = draft["rows"], draft["by_json"]
    if json.dumps(shown.parameters) != json.dumps(tool.parameters):
        fresh = tool_rows.with_origins(tool_form.rows_of(tool.parameters), rows_in(draft))
        rows, typed = [row.to_json() for row in fresh], True
    return {**draft, "name": tool.name, "description": tool.description, "rows": rows, "by_json": typed}


def moves_in(draft: Draft, tool: Tool) -> tuple[dict[str, str], dict[str, str]]:
    """Where the parameters of the stored tool stand now, by path; and which may be meant by new ones typed as JSON."""
    moved = tool_rows.moved_paths(rows_in(draft))
    was = stored(draft)
    return moved, renames(was, tool, moved) if was and draft["by_json"] else {}


def pretty(tool: Tool) -> str:
    return json.dumps(tool.declaration()["function"], ensure_ascii=False, indent=2)


def with_rows(draft: Draft, rows: list[Row], focus: str = "") -> Draft:
    return changed(draft, rows=[row.to_json() for row in rows], focus=focus)


def rekinded(draft: Draft, uid: str, kind: str) -> Draft:
    # The kind already stands in the row as it was typed; put the change through with the rows below it.
    rows = tool_rows.rekinded(rows_in(draft), uid, kind)
    return with_rows(draft, rows, element(uid, "allowed" if kind in tool_form.ALLOWED else "description"))


def element(uid: str, name: str) -> str:
    """The id in the page of a field or button of a row, or of the whole tool where `uid` is empty."""
    return f"cw-tool-{uid}-{name}"


def with_problem(draft: Draft, error: StudioError) -> Draft:
    rows = rows_in(draft)
    place = tool_rows.path_of(rows, error.where)
    text = f"{place}: {error.message} {error.hint}" if place else f"{error.message} {error.hint}"
    focus = element(error.where, "name") if place else element("", "name") if error.where == "name" else ""
    return changed(draft, problem={"where": error.where, "text": text.strip()}, focus=focus)
