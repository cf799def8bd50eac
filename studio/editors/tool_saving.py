"""Saving and deleting the tool that stands in the editor, with a look at its examples before they change."""

from typing import Any

import gradio as gr
from sqlite_utils import Database

from core.evaluation import wording
from core.schema import Tool
from core.schema.parameters import with_originals
from core.settings import Settings
from core.store import open_store, projects, tool_edits
from studio.editors import tool_draft as draft_of
from studio.editors.tool_draft import Draft
from studio.text import t
from studio.views import tool_preview
from studio.views.pieces import h


def saved(settings: Settings, project: str, draft: Draft) -> Draft:
    """The draft after saving; or, where examples change with the tool and that was not shown yet, with the preview.

    Raises StudioError where it is no tool yet, a value in the preview does not fit, or the tool changed elsewhere.
    """
    draft = {**draft, "view": "form"} if draft["view"] == "sees" else draft
    if not draft["preview"]:
        draft = previewed(settings, project, draft)
        if draft["preview"]:
            return draft
    tool, notes = draft_of.tool_in(draft)
    typed = draft_of.read_back(draft, tool)
    moved, offered = draft_of.moves_in(typed, tool)
    preview = draft["preview"] or {"taken": [], "needs": [], "fills": {}}
    moved |= {old: new for old, new in offered.items() if old in preview["taken"]}
    fills = _fills(preview)
    was = draft_of.stored(draft)
    if was:
        tool = with_originals(was, tool, moved)
        tool = draft_of.with_wording(tool, was, draft_of.rows_in(typed), moved)
    with open_store(settings) as db:
        found = projects.find(db, project).id
        followed = tool_edits.save(
            db, found, tool, was, moved, fills, _told(was.name if was else "", tool.name)
        )
        guesses = guessed(db, found, tool)
    told = t("tool.saved", name=tool.name)
    gr.Info(h(f"{told} {t('tool.changed_examples', n=followed)}" if followed else told))
    if notes:
        gr.Warning(h(" ".join(notes)), duration=15)
    view = draft["view"]
    return {
        **draft_of.opened(tool, draft["examples"], guesses),
        "view": view,
        "focus": draft_of.element("", "save"),
    }


def previewed(settings: Settings, project: str, draft: Draft) -> Draft:
    """The draft with what saving would do to the examples as its preview; with none where it touches no example."""
    tool, _ = draft_of.tool_in(draft)
    was = draft_of.stored(draft)
    if was is None:
        return draft
    moved, offered = draft_of.moves_in(draft_of.read_back(draft, tool), tool)
    before = draft["preview"]
    taken = before["taken"] if before else list(offered)  # the likelier, and no value is lost by it
    moved |= {old: new for old, new in offered.items() if old in taken}
    with open_store(settings) as db:
        plan = tool_edits.planned(db, projects.find(db, project).id, tool, was, moved, {})
    if plan is None or not (plan.touched or before):
        return draft
    preview = tool_preview.digest(plan, tool, offered, taken)
    fills = before["fills"] if before else {}
    return draft_of.changed(draft, preview={**preview, "fills": fills})


def deleted(settings: Settings, project: str, draft: Draft) -> Draft:
    """The draft of another tool, or of none, after this one was deleted."""
    name = draft["original"]
    with open_store(settings) as db:
        found = projects.find(db, project).id
        tool_edits.delete(db, found, name, t("tool.did_delete", name=name))
        left = projects.tools(db, found)
        guesses = guessed(db, found, left[0]) if left else {}
    gr.Info(h(t("tool.deleted", name=name)))
    return draft_of.opened(left[0], guessed=guesses) if left else draft_of.closed()


def guessed(db: Database, project: str, tool: Tool) -> dict[str, Any]:
    """How the text of a tool is compared where nobody said it, by path."""
    return dict(wording.guess([tool], projects.examples_naming(db, project, tool.name))[tool.name])


def _fills(preview: tool_preview.Digest) -> dict[str, Any]:
    """The values typed in the preview, read as their types."""
    return {
        path: tool_preview.fill_value(preview["fills"][path], schema, path)
        for path, _, schema in preview["needs"]
        if preview["fills"].get(path, "").strip()
    }


def _told(old: str, new: str) -> str:
    """What was done, for the line that offers to take it back."""
    if not old:
        return t("tool.did_add", name=new)
    return t("tool.did_save", name=new) if old == new else t("tool.did_rename", old=old, name=new)
