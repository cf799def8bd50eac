"""Which text is compared as a name and which as free wording, and how much two wordings share."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.evaluation.wording import ACCEPTED, guess, overlap, rules, same_text, text_paths
from core.importers import starters
from core.importers.tools import read_tools
from core.schema import Example, Tool, ToolCall, Turn

SHARED = Path(__file__).parents[4] / "shared" / "data"


def tool(**properties):
    return Tool("it", parameters={"type": "object", "properties": properties, "required": []})


TEXT = {"type": "string"}


def said(prompt, **arguments):
    return Example.single(prompt, ToolCall("it", arguments))


def guessed(examples, schema=TEXT):
    return guess([tool(x=schema)], examples)["it"].get("x")


def test_queries_of_the_first_starter_are_free_wording():
    found = of_starter("where-to-look")
    assert found == {"company_search": {"query": "free"}, "web_search": {"query": "free"}}


def test_names_and_times_of_the_smart_home_are_exact():
    assert of_starter("smart-home") == {
        "set_lamps": {},  # rooms have allowed values
        "set_heating": {"target.until": "exact"},
        "set_alarm": {"time": "exact"},
        "play_music": {"what": "exact"},
        "get_status": {},
    }


def of_starter(id):
    folder = starters.FOLDER / id
    tools = read_tools((folder / "tools.json").read_bytes()).tools
    return guess(tools, rows_in(folder / "examples.jsonl"))


def rows_in(file):
    found = []
    for line in file.read_text("utf-8").splitlines():
        row = json.loads(line)
        if row.get("tool_name"):
            arguments = row["tool_arguments"]
            arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
            found.append(Example.single(row["user_content"], ToolCall(row["tool_name"], arguments)))
    return found


def test_every_slot_of_snips_is_exact():
    file = SHARED / "snips_train.jsonl"
    if not file.exists():
        pytest.skip(f"{file} is not here: it lies beside the project.")
    found = guess(read_tools((SHARED / "snips_tools.json").read_bytes()).tools, rows_in(file))
    assert len(found) == 7 and sum(map(len, found.values())) > 50
    assert {rule for of_tool in found.values() for rule in of_tool.values()} == {"exact"}


@pytest.mark.parametrize(
    ("examples", "rule"),
    [
        ([], "exact"),
        ([said("how do I get a visa?", x="visa application steps")], "free"),
        ([said("play nina simone", x="nina simone")], "exact"),  # taken from what was said
        ([said("Écris à ZOÉ martin.", x="zoe Martin")], "exact"),  # case and accents aside
        ([said("wake me tomorrow", x="2026-11-24 07:30")], "exact"),  # a date has no words
        ([said(f"case {n}", x="very urgent case") for n in range(3)], "exact"),  # they repeat
        ([said(f"case {n}", x=f"urgent case of type {n}") for n in range(3)], "free"),
        ([said("tell me", x=word) for word in ("weather", "news", "traffic")], "exact"),  # single words
        (
            [said("one two three", x="two three"), said("ask", x="something else here")],
            "exact",
        ),  # half is taken
    ],
)
def test_the_guess_follows_its_three_borders(examples, rule):
    assert guessed(examples) == rule


def test_what_was_said_earlier_counts_as_said():
    turns = (Turn("user", "I mean nina simone"), Turn("assistant", "Where?"), Turn("user", "in the hall"))
    assert guessed([Example(turns, (ToolCall("it", {"x": "nina simone"}),))]) == "exact"


@pytest.mark.parametrize(
    ("schema", "rule"),
    [
        ({"type": "array", "items": TEXT}, "free"),
        ({"type": "string", "enum": ["how to do it", "what it costs"]}, None),
        ({"type": "integer"}, None),
    ],
)
def test_only_text_without_allowed_values_has_a_rule(schema, rule):
    assert guessed([said("help", x=["how to do it"]), said("money", x=["what it costs"])], schema) == rule


def test_paths_lead_into_groups_and_lists():
    inside = {"type": "object", "properties": {"what": TEXT, "kind": {"type": "string", "enum": ["a"]}}}
    schema = tool(x={"type": "array", "items": inside}, y=inside).parameters
    assert text_paths(schema) == ["x.what", "y.what"]
    example = said("help", x=[{"what": "how to do it"}, {"what": "and something else"}])
    assert guess([tool(x={"type": "array", "items": inside})], [example])["it"] == {"x.what": "free"}


def test_what_somebody_chose_is_not_guessed():
    chosen = replace(tool(x=TEXT, y=TEXT), wording={"x": "exact", "y": "free", "gone": "free"})
    example = said("how do I get a visa?", x="visa application steps")
    assert rules([chosen], [example]) == {"it": {"x": "exact", "y": "free"}}
    assert rules([replace(chosen, wording={})], [example]) == {"it": {"x": "free", "y": "exact"}}


@pytest.mark.parametrize(
    ("expected", "got", "share"),
    [
        ("vacation days first year", "vacation days in the first year", 8 / 9),
        ("vacation days", "days of vacation", 0.8),
        ("a cat", "the cat", 1),  # articles are left out, as SQuAD does
        ("cat cat", "cat", 2 / 3),
        ("cat", "dog", 0),
        ("", "", 1),
        ("cat", "", 0),
    ],
)
def test_the_overlap_is_the_f1_of_tokens(expected, got, share):
    assert overlap(expected, got) == pytest.approx(share) == pytest.approx(overlap(got, expected))


def test_half_of_the_words_is_enough():
    assert overlap("red apples", "green apples") == ACCEPTED


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Café  Zoë", "cafe zoe", True),
        ("state-of-the-art", "state of the art", True),
        ("10:30", "1030", False),
        ("-5", "5", False),
        ("1.5", "15", False),
        ("a", "b", False),
        ("!", "?", False),
        ("!", "!", True),
        ("क्त", "कत", False),  # marks that are no accents stay
    ],
)
def test_texts_are_equal_without_case_spaces_punctuation_and_accents(a, b, same):
    assert same_text(a, b) == same == same_text(b, a)
