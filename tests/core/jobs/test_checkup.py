"""The check of a project is made once for each state of it, and never keeps the page waiting."""

import time

from core.jobs import checkup
from core.schema import Example, ToolCall
from core.store import changes, findings, projects, selection
from core.store.selection import Selection


def kinds(found):
    return {finding.kind for finding in found}


def test_a_small_project_is_checked_at_once_and_kept(settings, db, project):
    projects.add_examples(db, project.id, [Example.single("lost", ToolCall("gone"))])
    found = checkup.checkup(settings, project.id)
    assert found.current and "missing_tool" in kinds(found.findings)
    assert checkup.checkup(settings, project.id) == found
    place = [finding.kind for finding in found.findings].index("missing_tool")
    assert [e.prompt for e in projects.examples(db, project.id, Selection(finding=place))] == ["lost"]


def test_every_write_makes_the_check_an_old_one(settings, db, project):
    projects.add_examples(db, project.id, [Example.single("lost", ToolCall("gone"))])
    assert "missing_tool" in kinds(checkup.checkup(settings, project.id).findings)
    with changes.recorded(db, project.id, "delete"):
        selection.delete(db, project.id, Selection(tool="gone"))
    assert "missing_tool" not in kinds(checkup.checkup(settings, project.id).findings)
    changes.undo(db, project.id)
    assert "missing_tool" in kinds(checkup.checkup(settings, project.id).findings)


def test_a_large_project_is_checked_in_a_process_of_its_own(settings, db, project, monkeypatch):
    monkeypatch.setattr(checkup, "SMALL", 0)
    projects.add_examples(db, project.id, [Example.single("lost", ToolCall("gone"))])
    begun = time.monotonic()
    first = checkup.checkup(settings, project.id)
    assert first == checkup.Checkup([], False) and time.monotonic() - begun < 1
    while not checkup.checkup(settings, project.id).current:
        assert time.monotonic() - begun < 60
        time.sleep(0.2)
    assert "missing_tool" in kinds(checkup.checkup(settings, project.id).findings)


def test_who_must_know_waits_for_the_check(settings, db, project, monkeypatch):
    monkeypatch.setattr(checkup, "SMALL", 0)
    projects.add_examples(db, project.id, [Example.single("lost", ToolCall("gone"))])
    assert "missing_tool" in kinds(checkup.examined(settings, project.id))
    assert findings.latest(db, project.id)[0] == findings.revision(db, project.id)
