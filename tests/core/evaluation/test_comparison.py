"""What changed between models, which tools are mixed up, which arguments go wrong: each with its rows."""

import pytest

from core.evaluation.breakdown import (
    NO_CALL,
    UNKNOWN,
    UNPARSABLE,
    confusion,
    per_tool,
    worst_arguments,
)
from core.evaluation.comparison import (
    pairs,
    pairs_by_content,
    right_call,
    several,
    transitions,
)
from core.store.evaluations import Prediction

TOOLS = ("docs", "web")


def answer(example, verdict="exact", expected=("docs",), called=(), prompt="", ladder=None):
    return Prediction(
        example=example,
        prompt=prompt,
        expected=[{"name": name, "arguments": {}} for name in expected],
        text="",
        calls=[{"name": name, "arguments": {}} for name in called],
        verdict=verdict,
        right=verdict in ("exact", "right"),
        exact=verdict == "exact",
        ladder=ladder or {},
    )


def test_pairs_hold_both_answers_in_order_and_miss_none():
    found = pairs([answer(3), answer(1)], [answer(1), answer(2)])
    assert [(p.example, bool(p.before), bool(p.after)) for p in found] == [
        (1, True, True),
        (2, False, True),
        (3, True, False),
    ]


def test_rows_of_other_snapshots_pair_where_the_question_and_the_answer_are_the_same():
    before = [
        answer(1, prompt="a"),
        answer(2, prompt="b"),
        answer(3, prompt="a"),
        answer(4, prompt="c", expected=["web"]),
    ]
    after = [answer(11, prompt="a"), answer(12, prompt="c"), answer(13, prompt="b"), answer(14, prompt="a")]
    found = pairs_by_content(before, after)
    assert [(p.before.example, p.after.example) for p in found] == [(1, 11), (2, 13), (3, 14)]


def test_transitions_keep_their_rows_and_leave_out_what_one_side_missed():
    before = [answer(1, "no_call"), answer(2), answer(3, "no_call"), answer(4, "right"), answer(5)]
    after = [answer(1), answer(2, "wrong_tool"), answer(3, "malformed"), answer(4), answer(6)]
    found = transitions(pairs(before, after))
    assert (found.fixed, found.broke, found.still_wrong, found.still_right) == ((1,), (2,), (3,), (4,))
    assert found.n == 4 and found.p == 1 and found.verdict == "open" and found.further is None


def test_the_right_call_is_more_than_the_right_tool():
    before, after = (
        answer(1, "right", ladder={"accepted": False}),
        answer(1, "right", ladder={"accepted": True}),
    )
    assert transitions(pairs([before], [after])).still_right == (1,)
    assert transitions(pairs([before], [after]), right_call).fixed == (1,)


def test_a_prediction_without_a_ladder_is_a_right_call_where_it_is_exact():
    assert right_call(answer(1)) and not right_call(answer(1, "right"))


def test_six_of_six_is_better_and_five_of_five_is_not_yet():
    worse, better = [answer(n, "no_call") for n in range(20)], [answer(n) for n in range(20)]
    assert transitions(pairs(worse, better[:6])).verdict == "better"
    assert transitions(pairs(better[:6], worse)).verdict == "worse"
    five = transitions(pairs(worse[:5], better[:5]))
    assert five.verdict == "open" and five.further > 0


def side(*shares):
    """Models that answer the first so many of ten rows right."""
    return [[answer(n, "exact" if n < share else "no_call") for n in range(10)] for share in shares]


def test_several_models_are_paired_by_example_and_not_counted_as_more_rows():
    found = several(side(2, 3), side(7, 7, 7))
    assert found.before == (0.2, 0.3) and found.after == (0.7, 0.7, 0.7)
    assert found.difference == pytest.approx(0.45)
    assert found.p == 0.0625 and found.verdict == "open"  # five rows differ, whatever the number of models
    assert several(side(1), side(7)).p == several(side(1, 1, 1), side(7, 7, 7)).p == 0.03125
    assert several(side(7, 7), side(1, 1)).verdict == "worse"


def test_several_models_use_the_rows_that_all_of_them_answered():
    one, two = side(2)[0], side(9)[0]
    assert several([one[:5]], [two[3:]]).examples == (3, 4)
    with pytest.raises(ValueError, match="needs a model"):
        several([], [two])


def test_the_matrix_counts_calls_and_opens_their_rows():
    found = confusion(
        [
            answer(1, called=["docs"]),
            answer(2, "wrong_tool", called=["web"]),
            answer(3, "no_call"),
            answer(4, "unknown_tool", called=["search_all"]),
            answer(5, "malformed"),
            answer(6, expected=[]),
            answer(7, "extra_call", expected=[], called=["web"]),
            answer(8, "malformed", expected=[]),
        ],
        TOOLS,
    )
    assert found.rows == ("docs", "web", NO_CALL)
    assert found.columns == ("docs", "web", NO_CALL, UNKNOWN, UNPARSABLE)
    assert found.cells == {
        ("docs", "docs"): (1,),
        ("docs", "web"): (2,),
        ("docs", NO_CALL): (3,),
        ("docs", UNKNOWN): (4,),
        ("docs", UNPARSABLE): (5,),
        (NO_CALL, NO_CALL): (6,),
        (NO_CALL, "web"): (7,),
        (NO_CALL, UNPARSABLE): (8,),
    }
    assert found.count("docs", "web") == 1 and found.count("web", "web") == 0


@pytest.mark.parametrize(
    ("expected", "called", "cells"),
    [
        (["docs", "web"], ["web", "docs"], [("docs", "docs"), ("web", "web")]),
        (["docs", "web"], ["web"], [("web", "web"), ("docs", NO_CALL)]),
        (["docs"], ["web", "docs"], [("docs", "docs"), (NO_CALL, "web")]),
        (["docs", "docs"], ["docs", "web"], [("docs", "docs"), ("docs", "web")]),
        (["docs", "docs"], ["docs", "docs", "docs"], [("docs", "docs"), ("docs", "docs"), (NO_CALL, "docs")]),
    ],
)
def test_calls_in_a_row_are_aligned_as_they_fit_best(expected, called, cells):
    found = confusion([answer(1, "wrong_tool", expected, called)], TOOLS)
    assert sorted(found.cells) == sorted(set(cells))
    assert sum(map(len, found.cells.values())) == len(cells)


def test_counts_by_tool_have_a_row_for_no_call():
    found = per_tool(
        [
            answer(1, called=["docs"]),
            answer(2, "right", ladder={"accepted": True}),
            answer(3, "right"),
            answer(4, "wrong_tool", ["docs", "web", "web"]),
            answer(5, expected=[]),
        ],
        TOOLS,
    )
    assert [(one.tool, one.examples, one.right, one.accepted) for one in found] == [
        ("docs", (1, 2, 3, 4), (1, 2, 3), (1, 2)),
        ("web", (4,), (), ()),
        (NO_CALL, (5,), (5,), (5,)),
    ]


def judged(**arguments):
    rows = [
        {"path": path, "rule": "", "expected": 1, "judgement": judgement}
        for path, judgement in arguments.items()
    ]
    return {"calls": [{"tool": "docs", "answer": 0, "arguments": rows}]}


def test_the_argument_with_most_faults_comes_first():
    extra = judged(limit="exact")
    extra["calls"][0]["arguments"].append({"path": "colour", "rule": "", "judgement": "unknown"})
    free = judged()
    free["calls"][0]["arguments"].append(
        {"path": "query", "rule": "free", "expected": "a b", "judgement": "wording", "overlap": 0.5}
    )
    found = worst_arguments(
        [
            answer(1, ladder=judged(limit="missing", kind="exact")),
            answer(2, ladder=judged(limit="wrong_type", kind="wrong_value")),
            answer(3, ladder=extra),
            answer(4, ladder=free),
            answer(5),
        ]
    )
    assert [(one.path, one.faults) for one in found] == [
        ("limit", 2),
        ("colour", 1),
        ("kind", 1),
        ("query", 0),
    ]
    limit, colour, kind, query = found
    assert limit.expected == (1, 2, 3) and limit.wrong == {"missing": (1,), "wrong_type": (2,)}
    assert limit.ids == (1, 2) and colour.expected == () and colour.wrong == {"unknown": (3,)}
    assert kind.wrong == {"wrong_value": (2,)} and query.overlap == 0.5 and query.rule == "free"
