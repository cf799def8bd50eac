"""The databases that imports wait in."""

import pytest

from core.errors import StudioError
from core.schema import Example, ToolCall
from core.store import immediate, projects, spool

EXAMPLES = [
    Example.single("one", ToolCall("a", {"x": 2**60}), split="test"),
    Example.single("two", reply="Nein, süß."),
]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "spool.db"
    with spool.opened(path) as made:
        made.add(EXAMPLES, [(3, "why", "text")])
        made.describe({"n": 1})
    return path


def test_what_is_put_in_comes_out(path):
    with spool.opened(path) as found:
        assert [(e.id, e.prompt, e.calls, e.reply, e.split) for e in found.examples()] == [
            (1, "one", EXAMPLES[0].calls, "", "test"),
            (2, "two", (), "Nein, süß.", "train"),
        ]
        assert list(found.rejects()) == [(3, "why", "text")] and found.description() == {"n": 1}
        assert found.tool_counts() == {"a": {"train": 0, "test": 1}, "": {"train": 1, "test": 0}}


def test_moving_is_all_or_nothing_and_happens_once(path, db, project, monkeypatch):
    monkeypatch.setattr(spool, "PIECE", 1)
    with spool.attached(db, path):
        with pytest.raises(ZeroDivisionError), immediate(db):
            spool.move(db, project.id)
            raise ZeroDivisionError
        assert projects.count_examples(db, project.id) == 5
        with immediate(db):
            first, last = spool.move(db, project.id)
        assert last == first + 1
        with pytest.raises(StudioError, match="added already"), immediate(db):
            spool.move(db, project.id)
    assert [e.prompt for e in projects.examples(db, project.id)][5:] == ["one", "two"]


def test_only_the_same_prompt_in_the_same_part_of_the_same_project_is_known(path, db, project):
    projects.add_examples(db, project.id, [Example.single("one"), Example.single("two", ToolCall("b"))])
    other = projects.create(db, "other").id
    with spool.attached(db, path):
        assert spool.count_known(db, project.id) == 1 and spool.count_known(db, other) == 0


def test_a_file_that_is_no_spool_is_said_to_be_unusable(tmp_path):
    path = tmp_path / "spool.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StudioError), spool.opened(path):
        pass
