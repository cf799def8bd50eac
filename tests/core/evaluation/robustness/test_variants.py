"""Rows changed in ways that keep what they mean: tools stay tools, expectations fit them, a seed tells all."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.robustness import slips
from core.evaluation.robustness.distractors import TOOLS
from core.evaluation.robustness.variants import VARIANTS, change
from core.importers import starters
from core.importers.examples import read_examples
from core.importers.tools import read_tools
from core.schema import Example, ToolCall, Turn, check_call, read_tool
from core.schema.parameters import paths

NESTED = read_tool(
    {
        "name": "plan_trip",
        "description": "Plan a trip: flights, hotels. See also find_hotel, and set flexDate.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where to, e.g. Rome"},
                "class": {"type": "string", "enum": ["first", "second"]},  # no description
                "flexDate": {"type": "boolean", "description": "Whether the date may move."},
                "stops": {
                    "type": "array",
                    "description": "Places on the way, in order.",
                    "items": {
                        "type": "object",
                        "properties": {
                            "at": {"type": "string", "description": "The place; a town."},
                            "nights": {"type": "integer", "description": "How many nights."},
                        },
                        "required": ["at"],
                    },
                },
            },
            "required": ["city", "stops"],
        },
    }
)[0]
HOTEL = read_tool(
    {
        "name": "find_hotel",
        "description": "Find a hotel in a town. Cheap ones first.",
        "parameters": {
            "type": "object",
            "properties": {"town": {"type": "string", "description": "The town: one word."}},
            "required": ["town"],
        },
    }
)[0]
TRIP = ToolCall(
    "plan_trip",
    {"city": "Rome", "class": "first", "stops": [{"at": "Lake Como", "nights": 2}, {"at": "Pisa"}]},
)
ROWS = [
    Example.single("Plan a long journey to Rome with stops at Lake Como and Pisa.", TRIP, split="test"),
    replace(Example.single("Any hotel in Pisa?", ToolCall("find_hotel", {"town": "Pisa"})), id=7),
    Example.single("Thank you so much!", reply="You are welcome."),
    Example(
        (
            Turn("system", "You help travellers."),
            Turn("user", "Hotels in Bari, please?"),
            Turn("assistant", "", (ToolCall("find_hotel", {"town": "Bari"}),)),
            Turn("tool", "none", name="find_hotel"),
            Turn("assistant", "There is none."),
            Turn("user", "Then somewhere around Lecce instead."),
        ),
        (ToolCall("find_hotel", {"town": "Lecce"}),),
    ),
]


def starter(id):
    folder = starters.FOLDER / id
    tools = read_tools((folder / "tools.json").read_bytes()).tools
    return tools, read_examples((folder / "examples.jsonl").read_bytes(), "examples.jsonl", tools).examples


DATA = {"trips": ([NESTED, HOTEL], ROWS), **{id: starter(id) for id in starters.IDS}}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("variant", VARIANTS)
def test_changed_tools_can_be_shown_and_expected_calls_still_fit_them(variant, data):
    tools, examples = DATA[data]
    for seed in range(5):
        changed, rows = change(variant, tools, examples, seed)
        assert (changed, rows) == change(variant, tools, examples, seed), "the same seed, the same rows"
        assert all(read_tool(tool.to_json()) == (tool, []) for tool in changed)
        by_name = {tool.name: tool for tool in changed}
        assert len(by_name) == len(changed) >= len(tools)
        assert [(row.id, row.split, row.reply) for row in rows] == [
            (row.id, row.split, row.reply) for row in examples
        ]
        for before, after in zip(examples, rows, strict=True):
            assert len(before.all_calls) == len(after.all_calls)
            for call in after.all_calls:
                assert not check_call(call, by_name)
            assert {turn.name for turn in after.turns if turn.role == "tool"} <= by_name.keys()


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name])
def test_every_change_changes_something_and_leaves_what_it_was_given(variant):
    tools, examples = DATA["trips"]
    kept = (list(tools), list(examples))
    assert change(variant, tools, examples, 0) != kept
    assert (tools, examples) == kept
    assert change("", tools, examples, 0) == kept


def test_shuffling_changes_the_order_alone():
    tools, examples = DATA["smart-home"]
    changed, rows = change("shuffled", tools, examples, 3)
    assert changed != list(tools) and sorted(changed, key=str) == sorted(tools, key=str)
    assert rows == list(examples)


def test_more_tools_hold_those_of_fewer_and_none_that_the_rows_speak_of():
    tools, examples = DATA["trips"]
    names = {
        count: [tool.name for tool in change(f"distractors-{count}", tools, examples, 1)[0]]
        for count in (3, 8, 18)
    }
    assert [len(found) for found in names.values()] == [5, 10, 20]
    assert set(names[3]) < set(names[8]) < set(names[18])
    assert [name for name in names[18] if name in ("plan_trip", "find_hotel")] == ["plan_trip", "find_hotel"]
    spoken = [
        *examples,
        Example.single("Will the weather be fine? Then play a nice song.", reply="I cannot."),
    ]
    for seed in range(10):
        found = {tool.name for tool in change("distractors-18", tools, spoken, seed)[0]}
        assert not found & {"get_weather", "play_song"}


def test_the_written_distractors_are_tools_of_our_dialect():
    assert len({tool.name for tool in TOOLS}) == len(TOOLS) >= 30
    assert all(read_tool(tool.to_json()) == (tool, []) and tool.description for tool in TOOLS)


def test_other_names_follow_into_calls_results_and_what_descriptions_mention():
    (trip, hotel), rows = change("renamed", *DATA["trips"], 0)
    assert {trip.name, hotel.name} == {"tool_1", "tool_2"}
    assert trip.description.endswith(f"See also {hotel.name}, and set {list(trip.properties)[2]}.")
    names = {path.rpartition(".")[2] for path, _ in paths(trip.parameters)}
    assert "class" in names, "nothing but its name says what it is"
    assert not names & {"city", "flexDate", "stops", "at", "nights"}
    (called,) = rows[0].calls
    assert called.name == trip.name and "Rome" in called.arguments.values()
    assert [
        list(stop.values()) for stop in next(v for v in called.arguments.values() if isinstance(v, list))
    ] == [
        ["Lake Como", 2],
        ["Pisa"],
    ]
    assert [turn.name for turn in rows[3].turns if turn.role == "tool"] == [hotel.name]
    assert [turn.content for turn in rows[3].turns] == [turn.content for turn in ROWS[3].turns]


def test_a_tool_without_a_description_keeps_its_name():
    bare = replace(HOTEL, description="")
    (tool,), (row,) = change("renamed", [bare], [ROWS[1]], 0)
    assert tool.name == row.calls[0].name == "find_hotel"
    assert list(row.calls[0].arguments) == ["value_1"]


def test_descriptions_are_cut_to_their_first_clause():
    (trip, hotel), rows = change("short", *DATA["trips"], 0)
    assert (trip.description, hotel.description) == ("Plan a trip", "Find a hotel in a town")
    found = dict(paths(trip.parameters))
    assert found["stops.at"]["description"] == "The place"
    assert found["city"]["description"] == "Where to"
    assert rows == ROWS


VALUE = "Lake Como, B-12"


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 50))
def test_what_an_expected_call_copies_is_never_touched(before, after, seed):
    prompt = f"{before} {VALUE} {after}"
    row = Example.single(prompt, ToolCall("find", {"where": [VALUE], "n": 12}))
    for variant in ("case", "typos"):
        changed = change(variant, [], [row], seed)[1][0]
        assert VALUE in changed.prompt
        assert changed.calls == row.calls


@given(
    st.lists(st.from_regex(r"[a-zA-Zäöü]{1,9}", fullmatch=True), min_size=1, max_size=8), st.integers(0, 50)
)
def test_slips_are_one_or_two_and_spare_the_words_of_values(said, seed):
    row = Example.single(" ".join(said), ToolCall("find", {"query": said[0]}))
    now = slips.mistyped(row, seed).prompt.split(" ")
    changed = [old for old, new in zip(said, now, strict=True) if old != new]
    assert len(changed) <= 2 and said[0] not in changed
    assert all(len(word) >= slips.LONG for word in changed)
    value = said[0].casefold()
    alike = {w for w in said if w.casefold() == value or (len(value) >= 4 and w.casefold()[:4] == value[:4])}
    assert bool(changed) == any(len(word) >= slips.LONG and word not in alike for word in said)


@pytest.mark.parametrize("seed", range(20))
def test_slips_spare_words_that_a_value_was_made_of(seed):
    said = "Which holidays does the supplier in Lyon observe?"
    row = Example.single(said, ToolCall("find", {"query": "holiday calendar suppliers lyon"}))
    now = slips.mistyped(row, seed).prompt
    assert now != said and all(word in now for word in ("holidays", "supplier", "Lyon"))


@pytest.mark.parametrize("seed", range(8))
def test_case_is_changed_and_nothing_else(seed):
    row = Example.single(
        "Is the VPN of Ms. Ott-Hill up at 17.5 degrees?", ToolCall("find", {"who": "Ott-Hill"})
    )
    changed = slips.recased(row, seed).prompt
    assert changed != row.prompt and "Ott-Hill" in changed and "17.5" in changed
    letters = re.sub(r"\W", "", changed.casefold())
    assert letters == re.sub(r"\W", "", row.prompt.casefold())
