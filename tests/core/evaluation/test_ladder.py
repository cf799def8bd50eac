"""The call ladder: how far each answer gets, what its arguments are judged to be, and what it adds up to."""

import json
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from core.evaluation.arguments import judge
from core.evaluation.dialogues import counts as dialogue_counts
from core.evaluation.dialogues import dialogues
from core.evaluation.ladder import RUNGS, climb, counts
from core.evaluation.matching import best_pairs
from core.prompt.parsed import Parsed
from core.schema import Example, Tool, ToolCall, Turn

BOOK = Tool(
    "book",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "seats": {"type": "integer"},
            "price": {"type": "number"},
            "kind": {"type": "string", "enum": ["bus", "train"]},
            "note": {"type": "string"},
            "days": {"type": "array", "items": {"type": "string", "enum": ["mon", "tue", "wed"]}},
            "stops": {"type": "array", "items": {"type": "string"}},
            "tags": {"type": "array", "items": {"type": "string"}},
            "payer": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                "required": ["name"],
            },
            "bags": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"weight": {"type": "number"}, "label": {"type": "string"}},
                    "required": ["weight"],
                },
            },
            "extra": {"type": "object"},
        },
        "required": ["city", "payer"],
    },
)
SEARCH = Tool(
    "search",
    parameters={"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
TOOLS = {"book": BOOK, "search": SEARCH}
RULES = {
    "book": {"city": "exact", "note": "free", "stops": "exact", "tags": "free", "payer.name": "exact"},
    "search": {"query": "free"},
}


def book(**arguments):
    return ToolCall("book", arguments)


def search(query):
    return ToolCall("search", {"query": query})


def reached(expected, *called, **more):
    return climb(expected, Parsed(tuple(called)), TOOLS, RULES, **more)


@pytest.mark.parametrize(
    ("called", "rung"),
    [
        ([], "parsed"),
        ([search("x")], "parsed"),
        ([ToolCall("fly", {})], "parsed"),
        ([book(city="Rome", seats=2), search("x")], "parsed"),
        ([book(city="Rome", seats=2)] * 2, "tools"),
        ([book(seats=2)], "count"),
        ([book(city="Rome", seats=2, colour="red")], "required"),
        ([book(city="Rome", seats="2")], "known"),
        ([book(city=7, seats=2)], "known"),
        ([book(city="Oslo", seats=2)], "types"),
        ([book(city="Rome")], "types"),  # expected, but not required by the tool
        ([book(city="Rome", seats=2, price=1)], "types"),
        ([book(city="Rome", seats=2)], "values"),
        ([book(city="ROME.", seats=2.0)], "values"),
    ],
)
def test_each_answer_stands_on_its_rung(called, rung):
    found = reached([book(city="Rome", seats=2)], *called)
    assert found.rung == rung and found.accepted == (rung == "values") and found.outcome == ""


def test_the_first_fault_decides_the_rung():
    found = reached([book(city="Rome", seats=2)], book(seats="two", colour="red"))
    assert found.rung == "count"
    judged = {one.path: one.judgement for one in found.calls[0].arguments}
    assert judged == {"city": "missing", "seats": "wrong_type", "colour": "unknown"}


@pytest.mark.parametrize("expected", [[], [book(city="Rome")]])
@pytest.mark.parametrize("truncated", [False, True])
def test_what_cannot_be_read_is_never_credited(expected, truncated):
    found = climb(expected, Parsed(malformed="the text ends"), TOOLS, RULES, truncated=truncated)
    assert found.rung == "unreadable" and not found.accepted and found.truncated == truncated
    assert found.outcome == ("" if expected else "malformed")


@pytest.mark.parametrize(
    ("called", "outcome", "rung"),
    [([], "refusal", "values"), ([search("x")], "call", "parsed"), ([ToolCall("fly", {})], "call", "parsed")],
)
def test_rows_without_a_call_have_three_outcomes(called, outcome, rung):
    found = reached([], *called)
    assert (found.outcome, found.rung) == (outcome, rung) and found.surplus == tuple(range(len(called)))


@pytest.mark.parametrize(
    ("path", "expected", "got", "judgement"),
    [
        ("city", "Rome", "Rome", "exact"),
        ("city", "Zürich", "zurich", "normalised"),
        ("city", "New York", "new-york", "normalised"),
        ("city", "New York", "York", "wrong_value"),  # exact: no overlap counts
        ("city", "5", 5, "wrong_type"),
        ("city", "-5", "5", "wrong_value"),
        ("city", "1.5", "15", "wrong_value"),
        ("city", "C++", "C", "wrong_value"),
        ("city", "...", "", "wrong_value"),
        ("seats", 5, 5.0, "exact"),
        ("seats", 5, "5", "wrong_type"),
        ("seats", 5, 5.5, "wrong_type"),
        ("seats", 1, True, "wrong_type"),
        ("seats", 5, None, "wrong_type"),
        ("price", 5, 5.0, "exact"),
        ("price", 5.0, "5", "wrong_type"),
        ("price", 5.25, 5.2, "wrong_value"),
        ("kind", "bus", "bus", "exact"),
        ("kind", "bus", "train", "wrong_value"),
        ("kind", "bus", "Bus", "wrong_value"),  # the program behind would refuse it
        ("days", ["mon", "wed"], ["wed", "mon"], "normalised"),
        ("days", ["mon", "mon"], ["mon", "tue"], "wrong_value"),
        ("days", ["mon"], ["mon", "tue"], "wrong_value"),
        ("days", ["mon"], ["Mon"], "wrong_value"),
        ("stops", ["Rome", "Pisa"], ["rome", "pisa"], "normalised"),
        ("stops", ["Rome", "Pisa"], ["Pisa", "Rome"], "wrong_value"),
        ("stops", ["Rome"], "Rome", "wrong_type"),
        ("stops", ["Rome"], [1], "wrong_type"),
        ("extra", {"a": "X y"}, {"a": "x-y"}, "normalised"),
        ("extra", {"a": 1}, {"a": 2}, "wrong_value"),
        ("payer", {"name": "Ann"}, "Ann", "wrong_type"),
        ("note", "by the window", "a window", "wording"),
        ("note", "by the window", "aisle", "wrong_value"),
        ("tags", ["quiet", "window"], ["window", "a quiet one"], "wording"),
        ("nowhere", 1, 1, "exact"),  # gold breaks its own tool, and so does the answer
        ("nowhere", "Ab", "ab", "normalised"),
    ],
)
def test_a_value_is_judged(path, expected, got, judgement):
    (found,) = judge(book(**{path: expected}), book(**{path: got}), BOOK, RULES["book"])
    assert (found.path, found.judgement) == (path, judgement)
    assert found.accepted == (judgement in ("exact", "normalised", "wording"))


def test_missing_extra_and_unknown_are_told_apart():
    found = judge(book(city="Rome"), book(seats=1, colour="red"), BOOK, {})
    assert {one.path: one.judgement for one in found} == {
        "city": "missing",
        "seats": "extra",
        "colour": "unknown",
    }


def test_groups_are_judged_by_what_is_in_them():
    expected = book(payer={"name": "Ann", "age": 40}, bags=[{"weight": 5}, {"weight": 8, "label": "b"}])
    got = book(payer={"name": "ann", "sex": "f"}, bags=[{"weight": 5.0}, {"weight": "8", "label": "B"}])
    found = judge(expected, got, BOOK, RULES["book"])
    assert [(one.path, one.place, one.judgement) for one in found] == [
        ("payer.name", "payer.name", "normalised"),
        ("payer.age", "payer.age", "missing"),
        ("payer.sex", "payer.sex", "unknown"),
        ("bags.weight", "bags.1.weight", "exact"),
        ("bags.weight", "bags.2.weight", "wrong_type"),
        ("bags.label", "bags.2.label", "normalised"),
    ]
    (fewer,) = judge(book(bags=[{"weight": 5}, {"weight": 8}]), book(bags=[{"weight": 5}]), BOOK, {})
    assert (fewer.path, fewer.judgement) == ("bags", "wrong_value")


def test_free_wording_says_how_much_it_shares():
    def note(got):
        return judge(book(note="seat by the window"), book(note=got), BOOK, RULES["book"])[0].overlap

    assert note("seat by the window") == note("Seat, by the window!") == 1
    assert note("window seat") == pytest.approx(0.8)
    assert note("aisle") == 0 and note(7) == 0
    assert judge(book(note="x"), book(), BOOK, RULES["book"])[0].overlap == 0
    assert judge(book(), book(note="x"), BOOK, RULES["book"])[0].overlap is None
    assert judge(book(city="x"), book(city="y"), BOOK, RULES["book"])[0].overlap is None


def test_calls_are_matched_so_that_most_are_accepted():
    # The first expected call would take either answer; only one choice leaves the right one for the second.
    expected = [search("red apples now"), search("red apples")]
    found = reached(expected, search("red apples"), search("red apples now please"))
    assert found.accepted and [one.answer for one in found.calls] == [1, 0]
    found = reached(
        [book(city="Rome"), search("x"), book(city="Oslo")], book(city="Oslo"), search("x"), book(city="Rome")
    )
    assert found.accepted and [one.answer for one in found.calls] == [2, 1, 0]


def test_one_accepted_call_is_worth_more_than_two_that_are_nearly_right():
    expected = [
        book(note="red apples", tags=["red apples"]),
        book(note="green pears apples", tags=["green pears apples"], city="Rome"),
    ]
    found = reached(
        expected,
        book(note="apples green", tags=["apples green"]),
        book(note="red apples ripe", tags=["red apples ripe"], seats=1),
    )
    assert [(one.answer, one.accepted) for one in found.calls] == [(0, True), (1, False)]


def test_every_expected_call_says_what_it_was_matched_with():
    found = reached(
        [book(city="Rome"), search("x")], book(city="Oslo"), ToolCall("fly", {}), book(city="Rome")
    )
    data = json.loads(json.dumps(found.to_json()))
    assert data["rung"] == "parsed" and data["surplus"] == [0, 1] and not data["accepted"]
    first, second = data["calls"]
    assert (first["tool"], first["answer"], first["accepted"]) == ("book", 2, True)
    assert first["arguments"] == [
        {
            "path": "city",
            "place": "city",
            "judgement": "exact",
            "rule": "exact",
            "expected": "Rome",
            "got": "Rome",
        }
    ]
    assert (second["tool"], second["answer"], second["arguments"]) == ("search", None, [])


def test_a_call_of_a_tool_that_is_not_there_is_judged_by_its_values():
    gone = ToolCall("gone", {"a": "X"})
    assert reached([gone], ToolCall("gone", {"a": "x"})).accepted
    assert reached([gone], ToolCall("gone", {"a": 1})).rung == "types"


def test_the_best_pairs_are_the_best():
    chance = Random(3)
    for _ in range(200):
        rows, columns = chance.randint(1, 5), chance.randint(1, 5)
        weights = [[chance.choice([0, 1, 2, 1000, 1001.5]) for _ in range(columns)] for _ in range(rows)]
        found = best_pairs(weights)
        assert len({row for row, _ in found}) == len({column for _, column in found}) == min(rows, columns)
        if rows <= columns:
            ways = [list(enumerate(chosen)) for chosen in permutations(range(columns), rows)]
        else:
            ways = [
                [(row, n) for n, row in enumerate(chosen)] for chosen in permutations(range(rows), columns)
            ]
        best = max(sum(weights[row][column] for row, column in way) for way in ways)
        assert sum(weights[row][column] for row, column in found) == best
    assert best_pairs([]) == []


def test_the_ladders_of_many_rows_add_up():
    ladders = [
        reached([search("red apples")], search("red apples")),
        reached([search("red apples")], search("apples")),
        reached([search("red apples")], search("pears")),
        reached([book(city="Rome")], book(city="rome")),
        reached([]),
        reached([], search("x")),
        climb([], Parsed(malformed="cut"), TOOLS, RULES, truncated=True),
        climb([book(city="Rome")], Parsed(malformed="no end"), TOOLS, RULES),
    ]
    assert counts(ladders, RULES) == {
        "accepted": 4,
        "no_call_rows": 3,
        "refused_ok": 1,
        "truncated": 1,
        "overlap": round((1 + 2 / 3 + 0) / 3, 4),
        "rules": {
            "book.city": "exact",
            "book.note": "free",
            "book.stops": "exact",
            "book.tags": "free",
            "book.payer.name": "exact",
            "search.query": "free",
        },
    }
    assert counts(ladders[3:5], RULES)["overlap"] is None
    assert RUNGS[0] == "unreadable" and RUNGS[-1] == "values"


ASKED, RESULT = Turn("user", "find it"), Turn("tool", "{}", name="search")


def test_rows_that_go_on_from_one_another_are_a_dialogue():
    call, reply = search("x"), "Here it is."
    first = Example((ASKED,), (call,))
    second = Example((ASKED, Turn("assistant", "One moment.", (call,)), RESULT), reply=reply)
    third = Example(
        (*second.turns, Turn("assistant", reply), Turn("user", "thanks")), reply="You are welcome."
    )
    other = Example((Turn("user", "find it"), Turn("assistant", "", (search("y"),)), RESULT), reply="No.")
    alone = Example((Turn("user", "hello"),), reply="Hello.")
    rows = [third, alone, first, other, second]
    assert dialogues(rows) == [(2, 4, 0)]
    assert dialogues([first, first, second]) == [(0, 2)]
    assert dialogues([second, third]) == [(0, 1)] and dialogues([first, third]) == [(0, 1)]
    assert dialogues([second, replace(third, turns=(*second.turns, Turn("assistant", "No."), ASKED))]) == []
    every = [True] * 5
    one_wrong = [True, True, False, True, True]
    assert dialogue_counts(rows, every, one_wrong) == {
        "dialogues": 1,
        "dialogues_right": 1,
        "dialogues_accepted": 0,
    }
