"""Saving and deleting a tool as a user does it: its examples follow, and all of it can be undone in one step."""

from typing import Any

from sqlite_utils import Database

from core.errors import StudioError
from core.schema import Tool
from core.schema.arguments import problems
from core.schema.migration import Plan, plan
from core.schema.parameters import alters
from core.store import changes, projects


def planned(
    db: Database, project: str, tool: Tool, opened: Tool, moved: dict[str, str], fills: dict[str, Any]
) -> Plan | None:
    """What becomes of the examples when `opened` is saved as `tool`; None where no call can be touched.

    Raises StudioError where the stored tool is not the one that was opened, or another one has the new name.
    """
    tools = projects.tools(db, project)
    if opened not in tools:
        raise StudioError(
            f"{opened.name} was changed or deleted elsewhere since it was opened.", "Open it again.", "name"
        )
    if tool.name != opened.name and tool.name in {one.name for one in tools}:
        raise StudioError(f"There is already a tool called {tool.name}.", "Choose another name.", "name")
    if not alters(opened, tool, moved):
        return None
    return plan(opened, tool, moved, projects.examples_naming(db, project, opened.name), fills)


def save(
    db: Database,
    project: str,
    tool: Tool,
    opened: Tool | None,
    moved: dict[str, str],
    fills: dict[str, Any],
    what: str,
) -> int:
    """Save a tool, new or in the place of `opened`, and change its examples as planned; how many were changed.

    `what` says in words what was done, for the undo. Raises StudioError as `planned` does.
    """
    with changes.recorded(db, project, what):
        todo = planned(db, project, tool, opened, moved, fills) if opened else None
        projects.save_tool(db, project, tool, opened.name if opened else None)
        for _, after in todo.changed if todo else ():
            projects.save_example(db, project, after)
    return len(todo.changed) if todo else 0


def callers(db: Database, project: str, tool: Tool) -> tuple[int, int]:
    """How many examples call a tool of this name, and how many of them would not fit this form of it."""
    tools = {tool.name: tool}
    fits = [
        all(not problems(call, tools) for call in calls)
        for example in projects.examples_naming(db, project, tool.name)
        if (calls := [call for call in example.all_calls if call.name == tool.name])
    ]
    return len(fits), fits.count(False)


def delete(db: Database, project: str, name: str, what: str) -> None:
    """Delete a tool so that it can be undone; the examples that call it stay."""
    with changes.recorded(db, project, what):
        projects.delete_tool(db, project, name)
