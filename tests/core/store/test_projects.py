"""Projects, tools, examples and snapshots in a real database."""

import pytest

from core.errors import StudioError
from core.schema import Example, Tool, ToolCall, Turn
from core.store import projects


def test_an_example_comes_back_as_it_was(db, project):
    rich = Example(
        turns=(
            Turn("system", "be brief"),
            Turn("user", "dim «l'été», {ok}"),
            Turn("assistant", "", (ToolCall("search_docs", {"query": "x", "n": [1, {"deep": None}]}),)),
            Turn("tool", '{"value": 3}', name="search_docs"),
            Turn("user", "and now?"),
        ),
        calls=(ToolCall("search_web", {"query": "12345"}), ToolCall("search_docs", {"query": "ü"})),
        split="test",
    )
    [id] = projects.add_examples(db, project.id, [rich])
    back = projects.example(db, project.id, id)
    assert back == Example(rich.turns, rich.calls, rich.reply, rich.split, id)
    assert back.prompt == "and now?"


def test_names_are_taken_once_and_case_counts(db, project):
    with pytest.raises(StudioError, match="already a project"):
        projects.create(db, "Where to look")
    with pytest.raises(StudioError, match="1 to 80"):
        projects.create(db, "   ")


def test_a_saved_tool_takes_the_place_of_the_one_it_replaces(db, project):
    tool = projects.tools(db, project.id)[0]
    projects.save_tool(
        db, project.id, Tool("find", tool.description, tool.parameters), replaces="search_docs"
    )
    assert [t.name for t in projects.tools(db, project.id)] == ["find", "search_web"]
    assert (
        projects.count_examples(db, project.id, tool="search_docs") == 2
    )  # core.store.tool_edits takes them along


def test_a_tool_cannot_take_the_name_of_another(db, project):
    tool = projects.tools(db, project.id)[0]
    with pytest.raises(StudioError, match="already a tool"):
        projects.save_tool(db, project.id, Tool("search_web", "", tool.parameters), replaces="search_docs")
    with pytest.raises(StudioError, match="already a tool"):
        projects.save_tool(db, project.id, Tool("search_web", "", tool.parameters))


def test_examples_are_found_by_split_tool_and_words(db, project):
    def prompts(**chosen):
        return [example.prompt for example in projects.examples(db, project.id, **chosen)]

    assert prompts(split="test") == ["our VPN?", "who won the cup?"]
    assert prompts(tool="search_web", split="train") == ["weather in Rome"]
    assert prompts(tool=projects.NO_CALL) == ["thanks"]
    assert prompts(search="vpn") == ["our VPN?"]
    assert prompts(search="cup winner") == ["who won the cup?"]
    assert prompts(search="%") == []
    assert prompts(search="role") == []  # a word of the record's form, not of its content
    assert prompts(limit=2, offset=3) == ["our VPN?", "who won the cup?"]


def test_examples_of_another_project_are_out_of_reach(db, project):
    other = projects.create(db, "Other")
    id = projects.examples(db, project.id)[0].id
    with pytest.raises(StudioError):
        projects.example(db, other.id, id)
    with pytest.raises(StudioError):
        projects.save_example(db, other.id, Example.single("x"))
    assert projects.delete_examples(db, other.id, [id]) == 0
    assert projects.count_examples(db, project.id) == 5


def test_a_snapshot_keeps_what_stood_there(db, project):
    before = projects.freeze(db, project.id)
    assert projects.freeze(db, project.id).hash == before.hash
    projects.delete_examples(db, project.id, [before.examples[0].id])
    after = projects.freeze(db, project.id)
    assert after.hash != before.hash
    assert projects.snapshot(db, before.hash) == before
    assert len(before.split("train")) == 3 and len(after.split("train")) == 2
