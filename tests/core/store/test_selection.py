"""Filters over examples, and what is done to all that fit one."""

import pytest

from core.schema import Example, ToolCall
from core.store import findings, projects, selection
from core.store.selection import Selection


def prompts(db, project, **filter):
    return [example.prompt for example in projects.examples(db, project.id, **filter)]


def test_an_example_of_two_tools_is_found_under_each(db, project):
    both = Example.single("both", ToolCall("search_docs"), ToolCall("search_web"))
    projects.add_examples(db, project.id, [both, Example.single("alike", ToolCall("search_docs_2"))])
    assert prompts(db, project, tool="search_docs") == ["our travel policy?", "our VPN?", "both"]
    assert "both" in prompts(db, project, tool="search_web")
    assert prompts(db, project, tool="search") == []
    assert prompts(db, project, tool=selection.NO_CALL) == ["thanks"]


@pytest.mark.parametrize(
    "words, found",
    [("vpn", ["our VPN?"]), ("cup winner", ["who won the cup?"]), ("100%", []), ("_docs", 2), ("turns", [])],
)
def test_search_looks_at_prompts_tools_and_values_only(db, project, words, found):
    hits = prompts(db, project, search=words)
    assert hits == found or len(hits) == found


def test_search_finds_values_that_json_writes_with_an_escape(db, project):
    for value in ('say "hi"', "back\\slash", "two\nlines"):
        projects.add_examples(db, project.id, [Example.single("p", ToolCall("t", {"a": value}))])
        assert len(prompts(db, project, search=value)) == 1


def test_the_place_of_an_example_and_its_neighbours_follow_the_filter(db, project):
    rows = projects.examples(db, project.id)
    docs = Selection(tool="search_docs")
    first, last = rows[0].id, rows[3].id
    assert selection.position(db, project.id, docs, last) == 1
    assert selection.position(db, project.id, docs, rows[1].id) is None
    assert selection.neighbour(db, project.id, docs, first, 1) == last
    assert selection.neighbour(db, project.id, docs, last, -1) == first
    assert selection.neighbour(db, project.id, docs, last, 1) is None
    everything = Selection()  # the nearest of several, on either side
    assert selection.neighbour(db, project.id, everything, rows[4].id, -1) == rows[3].id
    assert selection.neighbour(db, project.id, everything, rows[0].id, 1) == rows[1].id


def test_moving_and_deleting_touch_what_was_selected_and_nothing_else(db, project):
    assert selection.move(db, project.id, Selection(tool="search_web"), "test") == 1
    assert selection.counts_by_split(db, project.id, Selection()) == {"train": 2, "test": 3}
    assert projects.examples(db, project.id)[1].split == "test"
    assert selection.delete(db, project.id, Selection(split="test", search="our")) == 1
    assert selection.count(db, project.id, Selection()) == 4


def test_some_can_be_left_out_of_what_is_selected(db, project):
    rows = [example.id for example in projects.examples(db, project.id)]
    assert selection.delete(db, project.id, Selection(split="train", but=(rows[1],))) == 2
    assert prompts(db, project, split="train") == ["weather in Rome"]


def test_the_rows_of_a_finding_can_be_selected(db, project):
    rows = [example.id for example in projects.examples(db, project.id)]
    findings.save(db, project.id, 1, [{"rows": []}, {"rows": [rows[1], rows[3]]}])
    assert prompts(db, project, finding=1) == ["weather in Rome", "our VPN?"]
    assert prompts(db, project, finding=0) == prompts(db, project, finding=7) == []


def test_the_revision_grows_with_every_write_and_an_older_check_does_not_replace_a_newer(db, project):
    before = findings.revision(db, project.id)
    projects.delete_examples(db, project.id, [projects.examples(db, project.id)[0].id])
    projects.delete_tool(db, project.id, "search_web")
    after = findings.revision(db, project.id)
    assert after == before + 2
    findings.save(db, project.id, after, [{"kind": "new"}])
    findings.save(db, project.id, before, [{"kind": "old"}])
    assert findings.latest(db, project.id) == (after, [{"kind": "new"}])
