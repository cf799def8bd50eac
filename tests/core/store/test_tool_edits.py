"""Saving a tool with its examples, as one change that can be taken back."""

from dataclasses import replace

import pytest

from core.errors import StudioError
from core.schema import Example, Tool, ToolCall, Turn, read_tool
from core.store import changes, projects, selection, tool_edits
from core.store.selection import Selection

WORDS = {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]}


def opened(db, project, name="search_docs") -> Tool:
    return next(tool for tool in projects.tools(db, project.id) if tool.name == name)


def renamed(name="find") -> Tool:
    return read_tool({"name": name, "description": "Our documents.", "parameters": WORDS})[0]


def everything(db, project):
    return projects.tools(db, project.id), projects.examples(db, project.id)


def test_a_saved_tool_takes_its_examples_along_and_undo_gives_all_back(db, project):
    before = everything(db, project)
    done = tool_edits.save(
        db, project.id, renamed(), opened(db, project), {"query": "words"}, {}, "search_docs saved as find"
    )
    assert done == 2
    assert [tool.name for tool in projects.tools(db, project.id)] == ["find", "search_web"]
    assert [row.calls for row in projects.examples(db, project.id, tool="find")] == [
        (ToolCall("find", {"words": "travel policy"}),),
        (ToolCall("find", {"words": "vpn"}),),
    ]
    assert projects.count_examples(db, project.id, tool="search_docs") == 0
    assert changes.last(db, project.id).what == "search_docs saved as find"
    changes.undo(db, project.id)
    assert everything(db, project) == before


def test_what_is_done_is_worked_out_from_what_stands_there_now(db, project):
    was = opened(db, project)
    plan = tool_edits.planned(db, project.id, renamed(), was, {"query": "words"}, {})
    assert len(plan.changed) == 2
    later = Example((Turn("user", "one"), Turn("tool", "{}", name="search_docs"), Turn("user", "two")))
    projects.add_examples(
        db, project.id, [later, Example.single("x", ToolCall("search_docs", {"query": "x"}))]
    )
    assert tool_edits.save(db, project.id, renamed(), was, {"query": "words"}, {}, "x") == 4


def test_a_tool_that_changed_since_it_was_opened_is_not_overwritten(db, project):
    was = opened(db, project)
    projects.save_tool(db, project.id, replace(was, description="Theirs."), "search_docs")
    before = everything(db, project)
    with pytest.raises(StudioError, match="changed or deleted elsewhere"):
        tool_edits.save(db, project.id, renamed(), was, {}, {}, "x")
    assert everything(db, project) == before


def test_a_name_that_is_taken_is_refused_before_anything_is_written(db, project):
    before = everything(db, project)
    with pytest.raises(StudioError, match="already a tool called search_web"):
        tool_edits.planned(db, project.id, renamed("search_web"), opened(db, project), {}, {})
    with pytest.raises(StudioError, match="already a tool called search_web"):
        tool_edits.save(db, project.id, renamed("search_web"), None, {}, {}, "x")
    assert everything(db, project) == before and changes.last(db, project.id) is None


def test_new_words_in_a_description_touch_no_example(db, project):
    was = opened(db, project)
    better = replace(was, description="Better.")
    assert tool_edits.planned(db, project.id, better, was, {}, {}) is None
    assert tool_edits.save(db, project.id, better, was, {}, {}, "search_docs saved") == 0
    assert opened(db, project).description == "Better."


def test_a_deleted_tool_comes_back_to_its_place(db, project):
    before = everything(db, project)
    tool_edits.delete(db, project.id, "search_docs", "search_docs deleted")
    assert [tool.name for tool in projects.tools(db, project.id)] == ["search_web"]
    assert projects.count_examples(db, project.id) == 5
    changes.undo(db, project.id)
    assert everything(db, project) == before


def test_an_example_that_was_moved_stays_in_its_part_when_its_tool_is_renamed(db, project):
    selection.move(db, project.id, Selection(tool="search_docs"), "test")
    tool_edits.save(db, project.id, renamed(), opened(db, project), {"query": "words"}, {}, "x")
    assert {row.split for row in projects.examples(db, project.id, tool="find")} == {"test"}


def test_who_calls_a_tool_and_who_would_no_longer_fit_another_form_of_it(db, project):
    turns = (Turn("user", "x"), Turn("assistant", calls=(ToolCall("search_docs", {"query": "x"}),)))
    turns += (Turn("tool", "{}", name="search_docs"),)
    projects.add_examples(
        db,
        project.id,
        [Example(turns, reply="There."), Example.single("y", ToolCall("search_docs", {"words": "y"}))],
    )
    assert tool_edits.callers(db, project.id, opened(db, project)) == (4, 1)
    assert tool_edits.callers(db, project.id, renamed("search_docs")) == (4, 3)
    assert tool_edits.callers(db, project.id, renamed("nobody")) == (0, 0)
