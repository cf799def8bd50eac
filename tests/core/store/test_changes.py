"""Changes that can be undone: whatever was written inside one comes back as it was."""

import pytest

from core.errors import StudioError
from core.schema import Example, ToolCall, read_tool
from core.store import changes, open_store, projects, selection
from core.store.selection import Selection


def state(db, project):
    return projects.tools(db, project.id), projects.examples(db, project.id)


def test_undo_brings_back_every_row_that_a_change_touched(db, project):
    before = state(db, project)
    rows = before[1]
    with changes.recorded(db, project.id, "everything at once"):
        projects.delete_examples(db, project.id, [rows[0].id])
        selection.move(db, project.id, Selection(tool="search_web"), "test")
        projects.add_examples(db, project.id, [Example.single("new", reply="yes")])
        projects.delete_tool(db, project.id, "search_web")
        projects.save_tool(db, project.id, read_tool({"name": "other"})[0])
    assert state(db, project) != before
    assert changes.last(db, project.id).what == "everything at once"
    assert changes.undo(db, project.id).what == "everything at once"
    assert state(db, project) == before
    assert changes.last(db, project.id) is None


def test_a_row_that_is_changed_twice_comes_back_as_it_was_first(db, project):
    before = state(db, project)
    one = before[1][0]
    with changes.recorded(db, project.id, "twice"):
        for text in ("second", "third"):
            projects.save_example(
                db, project.id, Example.from_json({**Example.single(text).to_json(), "id": one.id})
            )
        projects.delete_examples(db, project.id, [one.id])
        [new] = projects.add_examples(db, project.id, [Example.single("passing")])
        projects.delete_examples(db, project.id, [new])
    changes.undo(db, project.id)
    assert state(db, project) == before


def test_changes_are_undone_newest_first_and_none_is_skipped(db, project):
    rows = projects.examples(db, project.id)
    for row in rows[:2]:
        with changes.recorded(db, project.id, f"delete {row.id}"):
            projects.delete_examples(db, project.id, [row.id])
    first = changes.last(db, project.id).id - 1
    with pytest.raises(StudioError, match="Something else was changed since"):
        changes.undo(db, project.id, first)
    changes.undo(db, project.id, first + 1)
    changes.undo(db, project.id, first)
    assert projects.examples(db, project.id) == rows
    with pytest.raises(StudioError, match="nothing to undo"):
        changes.undo(db, project.id)


def test_what_fails_is_neither_done_nor_noted(db, project):
    before = state(db, project)
    with pytest.raises(StudioError), changes.recorded(db, project.id, "half"):
        projects.delete_tool(db, project.id, "search_web")
        projects.example(db, project.id, 10_000)
    assert state(db, project) == before and changes.last(db, project.id) is None
    with changes.recorded(db, project.id, "nothing"):
        pass
    assert changes.last(db, project.id) is None


def test_a_change_inside_another_is_part_of_it(db, project):
    before = state(db, project)
    with changes.recorded(db, project.id, "outer"):
        projects.delete_tool(db, project.id, "search_web")
        with changes.recorded(db, project.id, "inner"):
            projects.delete_examples(db, project.id, [before[1][0].id])
    assert changes.undo(db, project.id).what == "outer"
    assert state(db, project) == before


def test_an_import_is_undone_by_the_range_of_its_ids_together_with_its_tools(db, project):
    before = state(db, project)
    with changes.recorded(db, project.id, "import"):
        projects.save_tool(db, project.id, read_tool({"name": "brought"})[0])
    changes.undo(db, project.id)
    ids = projects.add_examples(db, project.id, [Example.single(f"row {n}") for n in range(50)])
    with changes.recorded(db, project.id, "import"):
        projects.save_tool(db, project.id, read_tool({"name": "brought"})[0])
        changes.record_added(db, project.id, "import", ids[0], ids[-1])
    changes.undo(db, project.id)
    assert state(db, project) == before
    with pytest.raises(StudioError):
        changes.undo(db, project.id)


def test_only_the_newest_changes_are_kept(db, project):
    for n in range(changes.KEPT + 5):
        with changes.recorded(db, project.id, str(n)):
            projects.add_examples(db, project.id, [Example.single(f"{n}")])
    for _ in range(changes.KEPT):
        changes.undo(db, project.id)
    assert changes.last(db, project.id) is None
    assert projects.count_examples(db, project.id) == 5 + 5


def test_another_project_and_another_connection_are_not_noted(settings, db, project):
    other = projects.create(db, "Other")
    with changes.recorded(db, project.id, "here"):
        projects.delete_tool(db, project.id, "search_web")
    with open_store(settings) as second:
        projects.add_examples(second, other.id, [Example.single("there", ToolCall("search_web"))])
    changes.undo(db, project.id)
    assert projects.count_examples(db, other.id) == 1
