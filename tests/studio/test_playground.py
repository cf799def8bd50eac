"""The Playground: what its columns offer, who is asked what, and what becomes of an answer that was judged."""

from dataclasses import replace

import pytest
from small_project import db as db
from small_project import project as project
from small_project import settings as settings

from core.errors import StudioError
from core.schema import Example, ToolCall
from core.store import changes, claims, feedback, projects, runs
from core.store.runs import Run
from studio.editors import example_draft as draft_of
from studio.panels import corrections, lanes, sampling, tool_results
from studio.panels.corrections import Answer
from studio.panels.lanes import Shown
from studio.views import batch
from studio.views import playground as view
from studio.views.chat import Lane, Said

CALL = ToolCall("search_docs", {"query": "parental leave"})
CALLED = Said("raw", (CALL,), tokens=1)
GARBLED = Said("raw", malformed="no end")


def finished(db, project, folder: str = "/somewhere", source: str | None = None) -> Run:
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash, source)
    claimed = claims.claim(db, run.id)
    runs.report(db, run.id, claimed.attempt, folder=folder)
    runs.end(db, run.id, claimed.attempt, "finished")
    return runs.find(db, run.id)


def column(lane: Lane, tools=(), **more) -> str:
    return view.column(lane, "Tuned", "Run 1", list(tools), **more)


def buttons(html: str) -> list[str]:
    names = ("right", "wrong", "result", "retry", "add_train", "add_test")
    return [name for name in names if f'data-do="{name}"' in html]


# What a column offers


@pytest.mark.parametrize(
    ("said", "more", "offered"),
    [
        (CALLED, {}, ["right", "wrong", "result"]),
        (replace(CALLED, results=("found",)), {}, ["right", "wrong"]),
        (Said(words="Hello."), {}, ["right", "wrong"]),
        (GARBLED, {}, ["wrong"]),
        (GARBLED, {"judged": False}, []),
        (Said(error="It ended."), {}, ["retry"]),
        (replace(CALLED, verdict="right"), {}, ["result", "add_train", "add_test"]),
        (replace(CALLED, verdict="right", example=3, split="train"), {}, ["result"]),
        (replace(CALLED, verdict="wrong"), {}, ["wrong", "result"]),
        (CALLED, {"doing": "Thinking"}, []),
    ],
)
def test_an_answer_offers_what_can_be_done_with_it(said: Said, more: dict, offered: list[str]) -> None:
    assert buttons(column(Lane("m").asked("hi").answered(said), **more)) == offered


def test_an_older_answer_offers_nothing_and_says_that_it_is_not_shown_again() -> None:
    html = column(Lane("m").asked("hi").answered(CALLED).asked("and now").answered(Said(words="Hello.")))
    assert html.count('data-do="right"') == 1 and html.count("not shown this again") == 1


def test_a_call_says_whether_it_fits_what_it_cost_and_what_it_was_given_back(db, project) -> None:
    tools = projects.tools(db, project.id)
    lane = Lane("m").asked("hi").answered(replace(CALLED, seconds=0.62, tokens=24, results=("<b>found</b>",)))
    html = column(lane, tools)
    assert "valid" in html and "0.6 s · 24 tokens" in html and "parental leave" in html
    assert "search_docs returned" in html and "&lt;b&gt;found" in html
    wrong = Said(calls=(ToolCall("search_docs", {"other": 1}),))
    assert "does not fit" in column(Lane("m").asked("hi").answered(wrong), tools)


def test_what_is_said_so_far_is_shown_while_it_grows() -> None:
    lane = Lane("m").asked("hi")
    assert 'role="status"' in column(lane, doing="Thinking")
    html = column(lane, doing="Thinking", growing="<start>so far")
    assert "&lt;start&gt;so far" in html and "Thinking" not in html and 'aria-busy="true"' in html


def test_corrections_are_counted_in_words() -> None:
    assert "<b>3 corrections</b> since Run 2 went to your examples." in view.corrections(3, 0, "Run 2")
    assert "<b>1 correction and 2 right answers</b>" in view.corrections(1, 2, "Run 2")
    assert view.corrections(0, 0, "Run 2") == ""


# Who is asked


def test_models_are_looked_up_and_nobody_is_asked_twice(db, project) -> None:
    assert lanes.shown(db, project.id, None, []).models == {0: "starter"}
    first, second = finished(db, project), finished(db, project, source="x/1")
    now = lanes.shown(
        db, project.id, second.id, [first.id, second.id, "starter", "/etc", "evil/model", 7, first.id]
    )
    assert now.models == {0: "starter", 1: second.id, 2: first.id}
    assert now.names[2] == "Run 1" and [tool.name for tool in now.tools] == ["search_docs", "search_web"]
    assert lanes.shown(db, project.id, "another", "nonsense").models == {0: "starter"}


NOW = Shown({0: "starter", 1: "r"}, {0: "Gemma", 1: "Run 1"}, [])
EMPTY = [Lane("starter"), Lane("r"), Lane(), Lane()]


def test_a_conversation_with_another_model_is_over() -> None:
    before = [Lane("starter").asked("hi"), Lane("older").asked("hi"), Lane(), Lane("x").asked("hi")]
    assert [bool(lane.exchanges) for lane in lanes.held(NOW, before)] == [True, False, False, False]
    assert [lane.model for lane in lanes.held(NOW, before)] == ["starter", "r", "", ""]


def test_saying_and_saying_anew() -> None:
    said = lanes.asked(NOW, EMPTY, {"do": "say", "prompt": "one"}, "")
    assert {place: lane.prompt for place, lane in said.items()} == {0: "one", 1: "one"}
    held = [said[0].answered(GARBLED), said[1].answered(CALLED), Lane(), Lane()]
    more = lanes.asked(NOW, held, {"do": "say", "prompt": "two"}, "")
    assert [len(lane.exchanges) for lane in more.values()] == [2, 2]
    anew = lanes.asked(NOW, held, {"do": "edit", "prompt": "other"}, "")
    assert [[one.prompt for one in lane.exchanges] for lane in anew.values()] == [["other"], ["other"]]
    joined = [Lane("starter"), *held[1:]]  # one that was chosen later
    assert [
        len(lane.exchanges) for lane in lanes.asked(NOW, joined, {"do": "edit", "prompt": "x"}, "").values()
    ] == [
        1,
        1,
    ]


def test_one_model_goes_on_or_tries_again_and_only_from_its_newest_answer() -> None:
    held = [Lane("starter"), Lane("r").asked("hi").answered(CALLED), Lane(), Lane()]
    todo = {"place": 1, "uid": CALLED.uid}
    assert lanes.asked(NOW, held, {**todo, "do": "result", "results": ["found"]}, "")[1].last.results == (
        "found",
    )
    assert lanes.asked(NOW, held, {**todo, "do": "retry"}, "")[1].last is None
    with pytest.raises(StudioError, match="no longer there"):
        lanes.asked(NOW, held, {**todo, "do": "retry", "uid": "older"}, "")


@pytest.mark.parametrize("field", ["temperature", "top_p", "longest", "seed"])
@pytest.mark.parametrize("value", ["1", -1, float("nan"), True, 10**12])
def test_a_setting_that_cannot_be_is_named(field: str, value: object) -> None:
    values = {"system": "", "fits": False, "temperature": 0, "top_p": 1, "longest": 128, "seed": 0}
    assert sampling.read(**values).host == sampling.GREEDY.host
    with pytest.raises(StudioError, match="write a number from"):
        sampling.read(**{**values, field: value})


def test_greedy_is_said_and_so_is_chance() -> None:
    assert "greedy" in sampling.GREEDY.mark
    warm = sampling.read("", True, 0.7, 1, 64, 3)
    assert "temperature 0.7" in warm.mark and "only calls that fit" in warm.mark
    assert warm.host == {"temperature": 0.7, "top_p": 1, "max_tokens": 64, "seed": 3, "constrained": True}


@pytest.mark.parametrize("kept", [None, [], "x", {"p": 3}, {"p": {"find": 7}}, {"q": {"find": "text"}}])
def test_templates_from_a_browser_may_be_anything(kept: object) -> None:
    assert tool_results.templates_of(kept, "p") == {}


def test_a_result_is_filled_in_and_an_empty_one_refused() -> None:
    assert tool_results.templates_of({"p": {"find": "on {query}"}}, "p") == {"find": "on {query}"}
    assert tool_results.result_of("on {query}", CALL) == "on parental leave"
    for text, words in ((" ", "no result of search_docs"), ("x" * 9000, "longer than")):
        with pytest.raises(StudioError, match=words):
            tool_results.result_of(text, CALL)


# What becomes of an answer


def answer(db, project, prompt: str, said: Said, split: str = "train") -> Answer:
    lane = Lane("r").asked(prompt).answered(said)
    return Answer(said, lane.example(said.uid, split), "r", "Run 1", projects.tools(db, project.id))


def test_a_right_answer_becomes_an_example_that_can_be_undone(db, project) -> None:
    one = answer(db, project, "how long is parental leave?", CALLED, "test")
    kept = corrections.keep(db, project.id, one, "right")
    id = corrections.become(db, project.id, one.example, kept)
    row = projects.example(db, project.id, id)
    assert (row.prompt, row.calls, row.split) == ("how long is parental leave?", (CALL,), "test")
    noted = feedback.find_or_none(db, project.id, kept)
    assert (noted.example, noted.corrected["split"], noted.tools) == (
        id,
        "test",
        ["search_docs", "search_web"],
    )
    assert corrections.origin_of(db, project.id, id) == "Taken from an answer of Run 1 in the Playground."
    assert changes.undo(db, project.id).what == "answer taken as an example"
    assert feedback.since(db, project.id) == {"right": 0, "wrong": 0}


def test_saying_it_twice_keeps_one_note(db, project) -> None:
    one = answer(db, project, "how long is parental leave?", CALLED)
    kept = corrections.keep(db, project.id, one, "right")
    marked = replace(one, said=replace(CALLED, feedback=kept))
    assert corrections.keep(db, project.id, marked, "wrong") == kept
    assert [one.verdict for one in feedback.listed(db, project.id)] == ["wrong"]


@pytest.mark.parametrize(
    ("prompt", "split", "words"),
    [
        ("our VPN?", "train", "asks the same, and it is in test"),
        ("Our VPN", "train", "asks the same, and it is in test"),
        ("our VPN?", "test", "asks this already"),
        ("our travel policy?", "test", "asks the same, and it is in train"),
    ],
)
def test_what_stands_there_already_is_refused(db, project, prompt: str, split: str, words: str) -> None:
    one = answer(db, project, prompt, CALLED, split)
    kept = corrections.keep(db, project.id, one, "wrong")
    before = projects.count_examples(db, project.id)
    with pytest.raises(StudioError, match=words):
        corrections.become(db, project.id, one.example, kept)
    assert projects.count_examples(db, project.id) == before and changes.last(db, project.id) is None


def test_the_form_holds_the_call_as_the_model_gave_it(db, project) -> None:
    tools = projects.tools(db, project.id)
    form = corrections.opened(answer(db, project, "new?", CALLED), 1, tools, {"place": 1, "uid": "u"})
    assert form["origin"] == {"place": 1, "uid": "u", "noted": 1} and form["id"] is None
    assert draft_of.example_in(form, tools) == Example.single("new?", CALL)
    garbled = corrections.opened(answer(db, project, "new?", GARBLED), 1, tools, {})
    assert [call["tool"] for call in garbled["calls"]] == ["search_docs"], "it tried to call something"
    words = corrections.opened(answer(db, project, "new?", Said(words="No idea.")), 1, tools, {})
    assert words["calls"] == [] and words["reply"] == "", (
        "it should have called; its words are not the answer"
    )


def test_the_newest_training_counts_and_not_one_made_of_a_checkpoint(db, project) -> None:
    assert corrections.newest(db, project.id) is None
    first = finished(db, project)
    finished(db, project, source=f"{first.id}/8")
    assert corrections.newest(db, project.id).id == first.id


def test_many_answers_are_told_apart(db, project) -> None:
    tools = projects.tools(db, project.id)
    said = [CALLED, Said(words="Hello."), GARBLED, Said(calls=(ToolCall("nowhere"),)), Said(error="gone")]
    rows = [batch.Tried(Lane("r").asked(f"p{n}").answered(one)) for n, one in enumerate(said)]
    assert "1 with a call that fits, 1 in words, 3 unreadable or not fitting" in batch.summary(rows, tools)
    table = batch.table(rows, tools, {CALLED.uid}, tuned=True, judged=True)
    assert table.count('role="checkbox"') == 3 and table.count('aria-checked="true"') == 1
    assert 'role="checkbox"' not in batch.table(rows, tools, set(), tuned=True, judged=False)
