"""The Results page: what it says, when it may say better or worse, and that every number opens its own rows."""

import re
from dataclasses import replace
from itertools import product

import pytest

from core.evaluation import ladder, statistics
from core.evaluation.breakdown import FAULTS
from core.evaluation.comparison import Pair, Several, Transitions, pairs
from core.evaluation.report import Report, Seeds
from core.prompt.parsed import Parsed
from core.schema import Example, ToolCall, read_tool
from core.schema.example import Turn
from core.store.asked import Asked
from core.store.evaluations import Prediction
from studio.views import result_counts as counts
from studio.views import result_filters as filters
from studio.views import result_rows as rows
from studio.views import results as view
from tests.studio.test_views import NASTY, Read, run

NAMES = ("Before", "After")
SCHEMA = {
    "type": "object",
    "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
    "required": ["query"],
}
TOOLS = {
    name: read_tool({"name": name, "description": name, "parameters": SCHEMA})[0] for name in ("docs", "web")
}
RULES = {"docs": {"query": "free"}, "web": {"query": "exact"}}


def call(name: str, query: str = "a b", **more: object) -> ToolCall:
    return ToolCall(name, {"query": query, **more})


def answer(example: int, expected: list[ToolCall], said: list[ToolCall] | str) -> Prediction:
    """A prediction with its real ladder."""
    parsed = Parsed(malformed=said) if isinstance(said, str) else Parsed(tuple(said))
    right = not parsed.malformed and sorted(c.name for c in expected) == sorted(c.name for c in parsed.calls)
    exact = right and list(parsed.calls) == expected
    verdict = "malformed" if parsed.malformed else "exact" if exact else "right" if right else "wrong_tool"
    return Prediction(
        example, f"prompt {example}", [c.to_json() for c in expected], "raw", [c.to_json() for c in parsed.calls],
        verdict, right, exact, parsed.malformed, 9, ladder.climb(expected, parsed, TOOLS, RULES).to_json(),
    )  # fmt: skip


def asked(phase: str = "after", **values: object) -> Asked:
    first = {"id": 1, "run": run(label="", kind="train"), "phase": phase, "model": "starter", "snapshot": "s"}
    last = {
        "split": "test",
        "variant": "",
        "summary": {"n": 4, "seconds": 3.0},
        "created": "2026-01-02T00:00:00",
    }
    return Asked(**{**first, **last, **values})


def report(before: list[Prediction] | None, after: list[Prediction], **values: object) -> Report:
    left = None if before is None else asked("before", id=2)
    known = {"tools": ("docs", "web"), "left_out": 0, **values}
    return Report(left, asked(), tuple(pairs(before or [], after)), **known)


EXPECTED = [[call("docs")], [call("docs")], [call("web")], [call("web")], []]
BEFORE: list[list[ToolCall] | str] = ["bad", "bad", [call("web")], "bad", []]
AFTER = [[call("docs")], [call("docs", "a c", limit=1)], [call("docs")], [call("web", "c")], [call("web")]]


def answers(said: list) -> list[Prediction]:
    return [answer(n, expected, one) for n, (expected, one) in enumerate(zip(EXPECTED, said, strict=True))]


FOUND = report(answers(BEFORE), answers(AFTER))


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def buttons(text: str) -> list[dict[str, str]]:
    """What every button of a view sends."""
    made = re.findall(r"<button[^>]*>", text)
    return [dict(re.findall(r'data-(\w+)="([^"]*)"', one)) for one in made]


def drawn(evil: str) -> list[str]:
    """Every part of the page with the same text in every place that can hold one."""
    places = {"path": evil, "place": evil, "expected": evil, "got": evil, "overlap": 0.2}
    arguments = [
        {**places, "judgement": judgement, "rule": rule}
        for judgement, rule in product((*FAULTS, "wording"), ("free", "exact"))
    ]
    calls = [{"name": evil, "arguments": {evil: evil, "deep": {evil: [evil]}}}]
    judged = {"calls": [{"tool": evil, "answer": 0, "arguments": arguments}], "surplus": [0]}
    one = Prediction(1, evil, calls, evil, calls, evil, False, False, evil, 3, judged)
    other = replace(one, verdict="malformed")
    owner = run(label=evil, kind="train", id=evil, folder=evil)
    side = asked(run=owner, model=evil, split="train", created=evil, snapshot=evil)
    both = (Pair(one, one), Pair(replace(other, example=2), replace(one, example=2)))
    found = Report(replace(side, id=2), side, both, (evil,), 1)
    talked = (
        Turn("user", evil),
        Turn("tool", evil, (ToolCall(evil, {evil: evil}),), evil),
        Turn("user", evil),
    )
    talk = Example(talked)
    names = view.names(found)
    opened = [
        {"kind": "cell", "side": "left", "asked": evil, "called": evil},
        {"kind": "tool", "side": "right", "tool": evil, "name": "right"},
        {"kind": "argument", "side": "right", "tool": evil, "argument": evil, "name": "missing"},
    ]
    seeds = Several((1, 2), (0.5,), (1.0, 0.5), 0.5, "open")
    return [
        view.title(owner),
        view.title(owner, compared=True),
        view.numbers(found),
        view.seeds(Seeds((side,), (side, side), seeds, seeds)),
        counts.matrix(found, "left", names),
        counts.tools(found, names),
        counts.arguments(found),
        filters.bar(found, filters.ALL),
        *(filters.opened_chip(one, names, 3) for one in opened),
        rows.table(found.both, names, 0, 200, {1: talk}),
    ]  # fmt: skip


HARMLESS = [Read(text) for text in drawn("harmless")]


@pytest.mark.parametrize("evil", NASTY)
def test_no_text_becomes_markup(evil: str) -> None:
    for text, plain in zip(drawn(evil), HARMLESS, strict=True):
        seen = Read(text)
        assert seen.tags == plain.tags and seen.names == plain.names and not seen.open


@pytest.mark.parametrize(("fixed", "broke"), [(f, b) for f in range(13) for b in range(13)])
def test_better_and_worse_are_said_only_where_the_exact_p_is_below_a_twentieth(
    fixed: int, broke: int
) -> None:
    ids = tuple(range(40))
    changed = Transitions(ids[:fixed], ids[fixed : fixed + broke], ids[30:], ())
    said = words(view.sentence(changed, "tool"))
    clear = statistics.mcnemar(fixed, broke) < 0.05
    assert ("Clearly better." in said) == (clear and fixed > broke)
    assert ("Clearly worse." in said) == (clear and fixed < broke)
    assert bool(re.search(r"\b(better|worse|Clearly)\b", said)) == clear
    assert ("Luck alone would do this less than once in" in said) == clear
    assert ("more test example" in said) == (not clear and fixed != broke)
    assert ("Nothing changed." in said) == (not fixed and not broke)
    assert (
        f"{fixed} fixed , {broke} broke , 10 still wrong" in said or f"{fixed} fixed, {broke} broke" in said
    )


def test_both_measures_have_their_numbers_their_intervals_and_the_term_in_the_hint() -> None:
    text = view.numbers(FOUND)
    said = words(text)
    assert "Right tool" in said and "Right call" in said
    # By tool 2 of 5 before and 3 of 5 after, by call 2 and 1; the intervals are Wilson's, worked out by hand.
    assert "Before 2 of 5 12 to 77 % likely → After 3 of 5 23 to 88 % likely" in said
    assert "After 1 of 5 4 to 62 % likely" in said
    assert "Wilson interval, 95 %" in text and "exact McNemar" in text


def test_the_rule_by_which_arguments_were_compared_is_said_with_its_threshold() -> None:
    said = words(view.numbers(FOUND))
    assert "Free wording, accepted when at least 50 % of the words agree: docs.query." in said
    assert "Text that has to be equal, but for case, spaces and punctuation: web.query." in said
    only = report(None, [answer(0, [call("web")], [call("web")])])
    assert "Arguments have to be equal" in words(view.numbers(only))
    none = report(None, [answer(0, [call("web")], "bad")])
    assert "No argument was compared" in words(view.numbers(none))


def test_what_is_still_wrong_is_said_in_a_sentence() -> None:
    said = words(view.numbers(FOUND))
    assert "What is still wrong:" in said
    assert "most often docs was called where web was asked for ( 1 row )" in said
    good = report(None, [answer(0, [call("web")], [call("web")])])
    assert "What is still wrong: nothing in these rows." in words(view.numbers(good))


def test_one_side_alone_claims_no_change() -> None:
    alone = report(None, [pair.after for pair in FOUND.pairs])
    said = words(view.numbers(alone)) + words(filters.bar(alone, filters.ALL))
    assert "3 of 5" in said and "Fixed" not in said and "cw-verdict" not in view.numbers(alone)
    assert "<th>After</th>" in rows.table(alone.both, ("", "After"), 0, 5, {})


def test_rows_that_only_one_side_was_asked_do_not_count_and_are_said() -> None:
    found = report([FOUND.pairs[0].before], [pair.after for pair in FOUND.pairs], left_out=4)
    said = words(view.numbers(found))
    assert "1 row is the same on both sides and counts here; 4 of the right side are left out." in said
    assert len(found.both) == 1 and "of 1" in said and "of 5" not in said


def test_every_number_of_the_page_opens_as_many_rows_as_it_says() -> None:
    parts = [
        view.numbers(FOUND),
        counts.tools(FOUND, NAMES),
        counts.arguments(FOUND),
        filters.bar(FOUND, filters.ALL),
    ]
    parts += [counts.matrix(FOUND, side, NAMES) for side in ("left", "right")]
    seen = 0
    for text in parts:
        for inside, opened in zip(
            re.findall(r"<button[^>]*>(.*?)</button>", text), buttons(text), strict=True
        ):
            if opened["do"] != "rows":
                continue
            assert opened.keys() - {"do", "key"} <= set(filters.KEYS) and "path" not in opened
            ids = filters.rows(FOUND, opened)
            number = int(re.search(r"\d+", words(inside))[0])
            assert ids is not None and len(set(ids)) == number, (words(inside), opened)
            assert filters.label(opened, NAMES)
            seen += 1
    assert seen > 30


def test_a_cell_opens_exactly_its_rows() -> None:
    assert filters.rows(FOUND, {"kind": "cell", "side": "right", "asked": "web", "called": "docs"}) == (2,)
    assert filters.rows(
        FOUND, {"kind": "cell", "side": "left", "asked": "docs", "called": "(unparsable)"}
    ) == (0, 1)
    argument = {"kind": "argument", "side": "right", "tool": "docs", "argument": "limit", "name": "extra"}
    assert filters.rows(FOUND, argument) == (1,)
    assert filters.rows(FOUND, {"kind": "change", "measure": "call", "name": "fixed"}) == (0,)
    assert filters.rows(FOUND, {"kind": "change", "measure": "tool", "name": "arguments"}) == (1, 3)


@pytest.mark.parametrize(
    "opened",
    [
        {},
        {"kind": "cell"},
        {"kind": "cell", "side": "both", "asked": "web", "called": "docs"},
        {"kind": "tool", "side": "right", "tool": "<b>", "name": "right"},
        {"kind": "tool", "side": "right", "tool": "docs", "name": "__class__"},
        {"kind": "change", "measure": "x", "name": "fixed"},
        {"kind": "change", "measure": "tool", "name": "__doc__"},
        {"kind": "argument", "side": "right", "tool": "docs", "argument": "query", "name": "faults"},
        {"kind": "argument", "side": "right", "tool": "docs", "argument": "no", "name": "ids"},
    ],
)
def test_a_number_that_is_not_there_opens_nothing(opened: dict[str, str]) -> None:
    assert filters.rows(FOUND, opened) is None


def test_the_filter_that_is_on_is_said_and_can_be_taken_away() -> None:
    cell = {"kind": "cell", "side": "right", "asked": "web", "called": "docs"}
    chip = filters.opened_chip(cell, NAMES, 1)
    assert "After: web asked for → docs: 1 row ✕" in words(chip) and buttons(chip)[0]["do"] == "clear"
    assert 'aria-pressed="true"' not in filters.bar(FOUND, cell)
    fixed = {**filters.ALL, "name": "fixed"}
    assert (
        filters.opened_chip(fixed, NAMES, 1) == ""
        and filters.bar(FOUND, fixed).count('aria-pressed="true"') == 1
    )


def test_the_matrix_has_no_call_unknown_and_unreadable_and_leaves_out_what_nobody_called() -> None:
    text = words(counts.matrix(FOUND, "left", NAMES))
    assert "no call unreadable" in text and "unknown tool" not in text
    odd = report(None, [replace(answer(0, [call("web")], [call("nowhere")]), verdict="unknown_tool")])
    text = words(counts.matrix(odd, "right", NAMES))
    assert "unknown tool" in text and "docs" not in text


def shown(expected: list[ToolCall], said: list[ToolCall]) -> str:
    """The row of one answer in words."""
    return words(rows.table([Pair(None, answer(1, expected, said))], NAMES, 0, 1, {}))


def test_differences_are_marked_argument_by_argument() -> None:
    expected = [call("docs", "k b c d", limit=2), call("web", "x")]
    said = [call("docs", "k b c e", limit=3), ToolCall("web", {"limit": 1}), call("web", "y")]
    text = shown(expected, said)
    assert "≈ query: k b c e 75 % of the words agree: accepted" in text
    assert "≠ limit: 3 differs" in text and "web not asked for" in text
    missing = shown([call("web")], [ToolCall("web", {"limit": 1})])
    assert "− query: a b missing" in missing and "+ limit: 1 not asked for" in missing
    few = shown([call("docs", "b c d e")], [call("docs", "b x y z")])
    assert "25 % of the words agree: too few" in few
    assert "web not called docs not asked for" in shown([call("web")], [call("docs")])


def test_the_conversation_before_a_prompt_is_told_on_demand() -> None:
    pair = FOUND.pairs[0]
    talk = Example(
        (Turn("system", "Be kind"), Turn("user", "Hello"), Turn("assistant", "Hi"), Turn("user", "prompt"))
    )
    text = rows.table([pair], NAMES, 0, 1, {0: talk})
    assert "3 turns before it" in text and "Be kind" in text and "<details" in text
    assert "turns before it" not in rows.table([pair], NAMES, 0, 1, {0: Example((Turn("user", "prompt"),))})


def test_long_lists_come_in_pages() -> None:
    text = rows.table(FOUND.both, NAMES, 1, 1234, {})
    assert "51 to 100 of 1,234" in text and [one["n"] for one in buttons(text) if one["do"] == "page"] == [
        "0",
        "2",
    ]
    assert "cw-pager" not in rows.table(FOUND.both, NAMES, 0, 50, {})
    assert "No row is like this." in rows.table([], NAMES, 0, 0, {})


def test_sides_are_named_by_whose_answers_they_are() -> None:
    assert view.names(FOUND) == NAMES
    other = replace(FOUND, left=asked("after", run=run(id="r2", number=7, label="", kind="train")))
    assert view.names(other) == ("Run 7, after", "Run 3, after")
    lone = asked("alone", run=None, model="/models/mine", split="train")
    assert view.side_name(lone) == "mine, asked on 2026-01-02, on training rows"
    by_hand = asked("alone", run=run(label="", kind="evaluate", number=-2))
    assert view.side_name(by_hand).startswith("Evaluation 2: ")


def test_seeds_have_their_means_and_one_verdict_for_all() -> None:
    sides = [asked(id=n, run=run(number=n, label="", kind="train")) for n in (1, 2)]
    several = Several(tuple(range(20)), (0.1, 0.1), (0.9, 0.7), 0.01, "better")
    text = view.seeds(Seeds(tuple(sides), tuple(sides), several, replace(several, p=0.3, verdict="open")))
    said = words(text)
    assert "The same training with 2 seeds" in said and "Mean 2.0 2.0" in said and "Mean 16.0 16.0" in said
    assert "together clearly better" in said and "could still be luck" in said
    assert view.seeds(None) == ""
