"""Documents of a project and which examples they answer: limits, replacement, marks that follow what is there."""

import pytest

from core.errors import StudioError
from core.schema import Example, ToolCall
from core.store import changes, documents, projects, spool


def example_of(db, project, prompt: str) -> int:
    [found] = projects.examples(db, project.id, search=prompt)
    return found.id


def test_documents_are_listed_by_title_with_their_length(db, project) -> None:
    documents.add(db, project.id, [("Travel", "By train."), ("  apples\n and pears ", "Red.")])
    assert [(one.title, one.characters) for one in documents.listed(db, project.id)] == [
        ("apples and pears", 4),
        ("Travel", 9),
    ]
    other = projects.create(db, "Other").id
    assert documents.listed(db, other) == []


def test_a_document_of_a_known_title_takes_its_place_and_its_marks(db, project) -> None:
    [id] = documents.add(db, project.id, [("VPN", "old")])
    vpn = example_of(db, project, "VPN")
    documents.mark(db, project.id, vpn, id)
    before = documents.revision(db, project.id)
    assert documents.add(db, project.id, [("VPN", "new")]) == [id]
    assert documents.text(db, project.id, id) == "new"
    assert documents.relevant(db, project.id) == {vpn: (id,)}
    assert documents.revision(db, project.id) != before


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [("MOST", 2, "3 documents; 2 is"), ("MOST_CHARACTERS", 10, "million characters")],
)
def test_beyond_a_limit_nothing_is_added(db, project, monkeypatch, limit, value, words) -> None:
    documents.add(db, project.id, [("there", "text")])
    monkeypatch.setattr(documents, limit, value)
    with pytest.raises(StudioError, match=words):
        documents.add(db, project.id, [("a", "text"), ("b", "text")])
    assert [one.title for one in documents.listed(db, project.id)] == ["there"]


@pytest.mark.parametrize("title,text", [("", "text"), (" \n", "text"), ("title", " \n ")])
def test_a_document_needs_a_title_and_a_text(db, project, title, text) -> None:
    with pytest.raises(StudioError):
        documents.add(db, project.id, [("good", "text"), (title, text)])
    assert documents.listed(db, project.id) == []


def test_a_document_of_another_project_is_not_there(db, project) -> None:
    other = projects.create(db, "Other").id
    [id] = documents.add(db, other, [("Theirs", "secret")])
    vpn = example_of(db, project, "VPN")
    for reach in (
        lambda: documents.text(db, project.id, id),
        lambda: documents.delete(db, project.id, [id]),
        lambda: documents.mark(db, project.id, vpn, id),
        lambda: documents.mark(db, other, vpn, id),
        lambda: documents.with_title(db, project.id, "Theirs"),
    ):
        with pytest.raises(StudioError):
            reach()
    assert documents.text(db, other, id) == "secret"


def test_marks_are_set_and_taken_away(db, project) -> None:
    first, second = documents.add(db, project.id, [("a", "1"), ("b", "2")])
    vpn, cup = example_of(db, project, "VPN"), example_of(db, project, "cup")
    for _ in range(2):  # twice is once
        documents.mark(db, project.id, vpn, first)
    documents.mark(db, project.id, vpn, second)
    documents.mark(db, project.id, cup, second)
    assert documents.relevant(db, project.id) == {vpn: (first, second), cup: (second,)}
    documents.unmark(db, project.id, vpn, first)
    assert documents.relevant(db, project.id) == {vpn: (second,), cup: (second,)}


def test_a_deleted_document_comes_back_with_its_marks(db, project) -> None:
    [id] = documents.add(db, project.id, [("a", "text")])
    vpn = example_of(db, project, "VPN")
    documents.mark(db, project.id, vpn, id)
    deleted = documents.delete(db, project.id, [id])
    assert documents.relevant(db, project.id) == {} and documents.listed(db, project.id) == []
    [again] = documents.restore(db, project.id, deleted)
    assert documents.text(db, project.id, again) == "text"
    assert documents.relevant(db, project.id) == {vpn: (again,)}


def test_marks_of_a_deleted_example_are_not_shown_and_return_with_undo(db, project) -> None:
    [id] = documents.add(db, project.id, [("a", "text")])
    vpn = example_of(db, project, "VPN")
    documents.mark(db, project.id, vpn, id)
    with changes.recorded(db, project.id, "deleted"):
        projects.delete_examples(db, project.id, [vpn])
    assert documents.relevant(db, project.id) == {}
    changes.undo(db, project.id)
    assert documents.relevant(db, project.id) == {vpn: (id,)}


@pytest.mark.parametrize("way", ["form", "import"])
def test_a_new_example_never_gets_the_marks_of_a_deleted_one(db, project, tmp_path, way) -> None:
    [id] = documents.add(db, project.id, [("a", "text")])
    last = example_of(db, project, "cup")
    documents.mark(db, project.id, last, id)
    projects.delete_examples(db, project.id, [last])
    new = Example.single("something else?", ToolCall("search_docs", {"query": "else"}), split="test")
    if way == "form":
        projects.add_examples(db, project.id, [new])
    else:
        with spool.opened(tmp_path / "spool") as bobbin:
            bobbin.add([new])
            bobbin.describe({})
        with spool.attached(db, tmp_path / "spool"):
            spool.move(db, project.id)
    assert example_of(db, project, "something else") == last  # SQLite gives the number again
    assert documents.relevant(db, project.id) == {}


def test_every_change_of_the_documents_is_another_revision(db, project) -> None:
    seen = {documents.revision(db, project.id)}
    [first] = documents.add(db, project.id, [("a", "1")])
    seen.add(documents.revision(db, project.id))
    documents.add(db, project.id, [("b", "2")])
    seen.add(documents.revision(db, project.id))
    documents.delete(db, project.id, [first])
    seen.add(documents.revision(db, project.id))
    assert len(seen) == 4


def test_another_projects_example_does_not_get_the_marks_of_a_deleted_one(db, project) -> None:
    [id] = documents.add(db, project.id, [("a", "text")])
    last = example_of(db, project, "cup")
    documents.mark(db, project.id, last, id)
    projects.delete_examples(db, project.id, [last])
    other = projects.create(db, "Other").id
    assert projects.add_examples(db, other, [Example.single("theirs")]) == [last]
    assert documents.relevant(db, project.id) == documents.relevant(db, other) == {}
