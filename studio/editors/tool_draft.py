"""What stands in the editor of one tool, as pure data: opened, changed, read back."""

import json
from typing import Any

from core.errors import StudioError
from core.importers.strict_json import strict
from core.schema import Tool, read_tool
from studio.text import t
from studio.views import tool_form
from studio.views.tool_form import Row

Draft = dict[str, Any]
VIEWS = ("form", "json", "sees")


def opened(tool: Tool | None, examples: int = 0) -> Draft:
    """The draft of a stored tool, or of a new one."""
    rows = tool_form.rows_of(tool.parameters) if tool else [Row(tool_form.new_uid())]
    return {
        "original": tool.name if tool else None,
        "stored": tool.to_json() if tool else None,
        "name": tool.name if tool else "",
        "description": tool.description if tool else "",
        "rows": [row.to_json() for row in rows],
        "json": "",
        "view": "form",
        "problem": None,
        "confirm": False,
        "examples": examples,
        "revision": tool_form.new_uid(),
    }


def closed() -> Draft:
    """No tool is open."""
    return {"view": "none", "revision": tool_form.new_uid()}


def changed(draft: Draft, **values: Any) -> Draft:
    return {**draft, "problem": None, "confirm": False, "revision": tool_form.new_uid(), **values}


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
    if draft["view"] == "json":
        return _from_json(draft["json"])
    rows = rows_in(draft)
    raw = {
        "name": draft["name"].strip(),
        "description": draft["description"],
        "parameters": tool_form.parameters_of(rows),
    }
    try:
        return read_tool(raw)
    except StudioError as error:
        place = tool_form.row_at(rows, error.where) or error.where
        raise StudioError(error.message, error.hint, place) from None


def _from_json(text: str) -> tuple[Tool, list[str]]:
    try:
        return read_tool(strict(text))
    except ValueError as error:
        raise StudioError(t("tool.bad_json", reason=error), t("tool.bad_json_hint"), "json") from None


def turned(draft: Draft, view: str) -> Draft:
    """The draft in another view. Raises StudioError where what was typed cannot be shown there yet."""
    if view not in VIEWS or view == draft["view"]:
        return draft
    if draft["view"] == "sees":  # the form's fields are still in the draft
        draft = {**draft, "view": "form"}
    tool, _ = tool_in(draft)
    rows = draft["rows"]
    if draft["view"] == "json":
        rows = [row.to_json() for row in tool_form.rows_of(tool.parameters)]
    text = json.dumps(tool.to_json(), ensure_ascii=False, indent=2)
    return changed(draft, view=view, name=tool.name, description=tool.description, rows=rows, json=text)


def pretty(tool: Tool) -> str:
    return json.dumps(tool.to_json(), ensure_ascii=False, indent=2)


def with_rows(draft: Draft, rows: list[Row]) -> Draft:
    return changed(draft, rows=[row.to_json() for row in rows])


def rekinded(draft: Draft, uid: str, kind: str) -> Draft:
    # The kind already stands in the row as it was typed; put the change through with the rows below it.
    rows = tool_form.rekinded(rows_in(draft), uid, kind)
    return with_rows(draft, rows)


def with_problem(draft: Draft, error: StudioError) -> Draft:
    rows = rows_in(draft)
    place = tool_form.path_of(rows, error.where)
    text = f"{place}: {error.message} {error.hint}" if place else f"{error.message} {error.hint}"
    return changed(draft, problem={"where": error.where, "text": text.strip()})
