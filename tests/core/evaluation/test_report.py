"""What is said of two sides: which rows count, which runs are seeds of one training, how rare luck is."""

from dataclasses import replace

import pytest

from core.evaluation import ladder, report
from core.evaluation.marks import marked
from core.prompt.parsed import Parsed
from core.schema import Example, ToolCall, read_tool
from core.schema.example import Turn
from core.store import asked, evaluations, frozen, projects, runs
from core.store.evaluations import Prediction
from tests.answered import AFTER, BEFORE, TESTS, judged, keep, make_shop


@pytest.fixture
def shop(db) -> str:
    return make_shop(db, "Shop")


def trained(db, shop, before=BEFORE, after=AFTER, **recipe) -> runs.Run:
    """A training with both its evaluations."""
    run = runs.create(db, shop, "starter", {"epochs": 8, "seed": 0, **recipe}, projects.freeze(db, shop).hash)
    keep(db, run, "before", before)
    keep(db, run, "after", after)
    return run


def test_a_run_is_told_by_tool_and_by_call(db, shop):
    found = report.read(db, *asked.of_run(db, trained(db, shop)))
    tool, call = found.changed("tool"), found.changed("call")
    assert [len(ids) for ids in (tool.fixed, tool.broke, tool.still_wrong, tool.still_right)] == [10, 1, 1, 0]
    assert tool.verdict == "better" and round(tool.p, 4) == 0.0117
    assert [len(ids) for ids in (call.fixed, call.broke, call.still_wrong, call.still_right)] == [7, 1, 4, 0]
    assert call.verdict == "open" and call.further and call.further > 0
    assert found.left_out == 0 and len(found.both) == TESTS


def test_rows_of_other_examples_are_paired_by_what_is_asked_and_expected(db, shop):
    first = trained(db, shop)
    rows = projects.examples(db, shop, split="test")
    projects.delete_examples(db, shop, [row.id for row in rows])
    changed = replace(rows[1], calls=(ToolCall("find_order", {"order": "B"}),))
    projects.add_examples(db, shop, [changed, *rows[2:], Example.single("New?", split="test")])
    second = trained(db, shop, (*BEFORE[1:], []), (*AFTER[1:], []))
    left, right = asked.of_run(db, first)[1], asked.of_run(db, second)[1]
    found = report.read(db, left, right)
    assert len(found.both) == TESTS - 2 and found.left_out == 2
    now = {row.id: row.prompt for row in projects.examples(db, shop, split="test")}
    for pair in found.both:  # every id is one of the right side
        assert pair.before.example == pair.after.example == pair.example
        assert now[pair.example] == pair.before.prompt == pair.after.prompt
    assert set(found.right_ids("left", "tool")) <= now.keys()


def test_seeds_of_one_training_are_found_and_nothing_else(db, shop):
    made = [trained(db, shop, seed=seed) for seed in (0, 1, 2)]
    trained(db, shop, epochs=4)
    listed = asked.listed(db, shop)
    before, after = asked.of_run(db, made[1])
    found = report.seeds(db, listed, before, after)
    assert [one.run.id for one in found.right] == [run.id for run in made]
    assert [one.phase for one in found.left] == ["before"] * 3
    assert found.tool.before == (1 / 12,) * 3 and found.tool.after == (10 / 12,) * 3
    assert found.tool.verdict == "better" and found.call.verdict == "open"
    lonely = asked.of_run(db, runs.listed(db, shop)[0])
    assert report.seeds(db, listed, *lonely) is None


def test_the_left_side_is_judged_by_the_rules_of_the_right_one_where_they_are_others(db, shop):
    first = trained(db, shop)
    tool = next(one for one in projects.tools(db, shop) if one.name == "open_ticket")
    projects.save_tool(db, shop, replace(tool, wording={"subject": "exact"}), "open_ticket")
    second = trained(db, shop)
    left, right = asked.of_run(db, first)[1], asked.of_run(db, second)[1]
    assert len(report.read(db, None, left).right_ids("right", "call")) == 7
    found = report.read(db, left, right)
    assert left.snapshot != right.snapshot and len(found.both) == TESTS
    assert not found.changed("call").fixed and not found.changed("call").broke
    assert len(found.right_ids("left", "call")) == 6  # the subject in other words is none any more


def test_conversations_are_right_where_every_turn_is(db, shop):
    order = ToolCall("find_order", {"order": "A-1"})
    turns = (
        Turn("user", "Where is A-1?"),
        Turn("assistant", "", (order,)),
        Turn("tool", "here", name="find_order"),
    )
    rows = [
        Example(turns[:1], (order,), split="test"),
        Example(
            (*turns, Turn("user", "And A-2?")), (ToolCall("find_order", {"order": "A-2"}),), split="test"
        ),
    ]
    ids = projects.add_examples(db, shop, rows)
    right, wrong = [[order], [ToolCall("find_order", {"order": "A-2"})]], [[order], []]
    run = trained(db, shop, (*BEFORE, *wrong), (*AFTER, *right))
    found = report.read(db, *asked.of_run(db, run))
    assert found.dialogues == (tuple(ids),)
    assert found.right_dialogues("left", "tool") == [] and found.right_dialogues("right", "call") == [
        tuple(ids)
    ]


def test_answers_from_before_arguments_were_judged_are_judged_when_they_are_read(db, shop):
    run = trained(db, shop)
    new = asked.of_run(db, run)[1]
    snapshot = projects.snapshot(db, run.snapshot)
    old = [replace(one, ladder={}) for one in judged(snapshot, AFTER)]
    evaluations.save(
        db, run=run.id, phase="after", model="m", snapshot=run.snapshot, split="test", summary=new.summary,
        predictions=old,
    )  # fmt: skip
    again = asked.of_run(db, run)[1]
    assert report.answers(db, again) == judged(snapshot, AFTER)


def test_an_answer_is_laid_beside_what_was_expected(db, shop):
    run = trained(db, shop)
    rows = report.answers(db, asked.of_run(db, run)[1])
    shown = [
        [(one.kind, one.name, [(a.name, a.judgement) for a in one.arguments]) for one in marked(row)]
        for row in rows
    ]
    assert shown[0] == [("matched", "find_order", [("order", "exact")])]
    assert shown[1] == [("matched", "find_order", [("order", "normalised")])]
    assert shown[3] == [("matched", "find_order", [("order", "wrong_value")])]
    assert shown[4] == [("matched", "find_order", [("order", "missing"), ("limit", "extra")])]
    assert shown[5] == [("matched", "open_ticket", [("subject", "wording")])]
    assert shown[8] == [
        ("absent", "open_ticket", []),
        ("surplus", "find_order", [("order", "extra")]),
    ]
    assert shown[11] == [("surplus", "find_order", [("order", "extra")])]


def test_a_group_is_as_good_as_the_worst_of_its_parts():
    kind = {"type": "object", "properties": {"kind": {"type": "string"}, "year": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"filter": kind, "filters": {"type": "string"}}}
    tool, _ = read_tool({"name": "seek", "description": "x", "parameters": schema})
    expected, got = (ToolCall("seek", {"filter": {"kind": "a", "year": n}, "filters": "b"}) for n in (1, 2))
    judged = ladder.climb([expected], Parsed((got,)), {"seek": tool}, {}).to_json()
    calls = ([expected.to_json()], "", [got.to_json()])
    [shown] = marked(Prediction(1, "x", *calls, "right", True, False, ladder=judged))
    assert [(one.name, one.judgement) for one in shown.arguments] == [
        ("filter", "wrong_value"),
        ("filters", "exact"),
    ]


def test_a_tool_that_nobody_declared_stays_unknown(db, shop):
    run = trained(db, shop, after=([ToolCall("lookup", {})], *AFTER[1:]))
    found = report.read(db, *asked.of_run(db, run))
    assert (
        len(found.confusion("right").cells["find_order", "(unknown tool)"]) == 1
        and "lookup" not in found.tools
    )


def test_tools_that_were_renamed_or_added_are_no_unknown_tools(db, shop):
    run = trained(db, shop)
    renamed = [
        replace(
            one,
            expected=[{**call, "name": "tool_b"} for call in one.expected],
            calls=[{"name": "tool_b", "arguments": {}}],
        )
        for one in report.answers(db, asked.of_run(db, run)[1])
    ]
    evaluations.save(
        db, run=run.id, phase="after", model="m", snapshot=run.snapshot, split="test", summary={}, predictions=renamed
    )  # fmt: skip
    cells = report.read(db, *asked.of_run(db, run)).confusion("right").cells
    assert ("tool_b", "tool_b") in cells and not [cell for cell in cells if cell[1] == "(unknown tool)"]


@pytest.mark.parametrize(
    ("p", "once"), [(0.049, 20), (0.05, 20), (0.031, 30), (0.0117, 80), (1e-5, 100_000), (1e-9, 1_000_000)]
)
def test_luck_is_never_said_to_be_rarer_than_it_is(p, once):
    assert report.tries(p) == once and (once <= 1 / p + 1e-6 or p == 1e-9)


@pytest.mark.parametrize(("n", "about"), [(1, 1), (7, 7), (19, 19), (101, 110), (1234, 1300)])
def test_what_is_only_about_right_has_two_digits(n, about):
    assert report.about(n) == about


def test_evaluations_of_another_project_are_not_there(db, shop):
    run = trained(db, shop)
    other = make_shop(db, "Other")
    ours = asked.listed(db, shop)
    assert len(ours) == 2 and asked.listed(db, other) == []
    assert asked.find(db, other, ours[0].id) is None and asked.find(db, shop, ours[0].id) == ours[0]
    runs.request_stop(db, run.id)


def test_what_the_command_line_asked_is_of_the_projects_with_these_examples(db, shop):
    run = trained(db, shop)
    evaluations.save(
        db, run=None, phase="alone", model="some/model", snapshot=run.snapshot, split="test", summary={},
        predictions=[],
    )  # fmt: skip
    assert [one.model for one in asked.listed(db, shop)] == ["some/model", "starter", "starter"]
    assert asked.listed(db, make_shop(db, "Other")) == []


def test_parts_of_a_snapshot_are_read_by_id(db, shop):
    snapshot = projects.freeze(db, shop)
    assert frozen.tools(db, snapshot.hash) == snapshot.tools
    some = snapshot.examples[3:5]
    assert frozen.examples(db, snapshot.hash, [one.id for one in some]) == {one.id: one for one in some}
    assert frozen.examples(db, "nothing", [1]) == {}
