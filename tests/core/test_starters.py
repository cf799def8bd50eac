"""The starter projects: what they promise, and that they can be loaded."""

import json
import re
from collections import Counter
from itertools import combinations

import pytest

from core.doctor import blocks, examine
from core.errors import StudioError
from core.importers import read_examples, read_tools
from core.importers.starters import FOLDER, load, starters
from core.schema import check_call
from core.store import projects

STARTERS = {starter.id: starter for starter in starters()}


def content(id: str):
    folder = STARTERS[id].folder
    tools = read_tools((folder / "tools.json").read_bytes())
    examples = read_examples((folder / "examples.jsonl").read_bytes(), "examples.jsonl", tools.tools)
    assert (tools.notes, tools.rejected, examples.notes, examples.rejected) == ([], [], [], [])
    return tools.tools, examples.examples


def test_all_starters_are_offered_the_simplest_first():
    assert {path.name for path in FOLDER.iterdir()} == set(STARTERS)
    assert [s.title for s in starters()] == ["Where should it look?", "Smart home"]
    assert all(40 < len(s.summary) < 500 for s in starters())
    assert all("Apache-2.0" in (s.folder / "README.md").read_text() for s in starters())


@pytest.mark.parametrize("id", STARTERS)
def test_every_row_fits_its_tool_and_nothing_is_wrong(id):
    tools, examples = content(id)
    by_name = {tool.name: tool for tool in tools}
    assert [p for e in examples for call in e.calls for p in check_call(call, by_name)] == []
    findings = examine(tools, examples)
    assert blocks(findings) == [] and [f for f in findings if f.severity == "warn"] == []


@pytest.mark.parametrize("id", STARTERS)
def test_no_prompt_stands_twice_and_none_is_nearly_in_both_parts(id):
    _, examples = content(id)
    prompts = [example.prompt.casefold() for example in examples]
    assert len(set(prompts)) == len(prompts)
    words = [(set(re.findall(r"\w+", e.prompt.casefold())), e) for e in examples]
    near = [
        (a.prompt, b.prompt)
        for (left, a), (right, b) in combinations(words, 2)
        if a.split != b.split and len(left & right) / len(left | right) > 0.5
    ]
    assert near == []


def test_where_to_look_is_balanced_in_both_parts_and_in_their_first_twenty():
    _, examples = content("where-to-look")
    for split in ("train", "test"):
        labels = [e.calls[0].name for e in examples if e.split == split]
        assert labels == ["company_search", "web_search"] * 16
        assert Counter(labels[:20]) == {"company_search": 10, "web_search": 10}


def test_where_to_look_has_one_query_a_row_in_the_words_of_the_prompt():
    _, examples = content("where-to-look")
    for example in examples:
        (call,) = example.calls
        query = call.arguments["query"]
        assert query == query.lower().strip() and 2 <= len(query.split()) <= 8
        said = iter(word.strip(".,?!").lower().removesuffix("'s") for word in example.prompt.split())
        assert all(word in said for word in query.split()), example.prompt


def test_smart_home_has_every_tool_in_both_parts_and_rows_without_a_call():
    tools, examples = content("smart-home")
    assert len(examples) >= 60
    for split in ("train", "test"):
        part = [e for e in examples if e.split == split]
        assert len(part) * 2 == len(examples)
        assert {call.name for e in part for call in e.calls} == {tool.name for tool in tools}
        assert sum(not e.calls for e in part) >= 5 and sum(len(e.calls) > 1 for e in part) >= 3
    assert all(0 < len(e.reply) < 120 for e in examples if not e.calls)


def test_smart_home_uses_every_parameter_and_every_type():
    tools, _ = content("smart-home")
    text = json.dumps([tool.to_json() for tool in tools])
    for kind in ("string", "integer", "number", "boolean", "array", "object"):
        assert f'"type": "{kind}"' in text


@pytest.mark.parametrize("id", STARTERS)
def test_loading_makes_a_project_with_everything_in_it(db, id):
    tools, examples = content(id)
    project = load(db, id)
    assert project.name == STARTERS[id].title
    assert projects.tools(db, project.id) == tools
    assert [e.to_json() | {"id": None} for e in projects.examples(db, project.id)] == [
        e.to_json() for e in examples
    ]


def test_a_name_that_is_taken_gets_a_number(db):
    names = [load(db, "smart-home").name for _ in range(3)]
    assert names == ["Smart home", "Smart home 2", "Smart home 3"]


@pytest.mark.parametrize("id", ["nope", "", "..", "../starters/smart-home"])
def test_only_our_own_folders_are_loaded(db, id):
    with pytest.raises(StudioError, match="no starter"):
        load(db, id)
