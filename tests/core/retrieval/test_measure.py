"""Recall and reciprocal rank by hand-made answers, and what counts as not having searched."""

import pytest

from core.evaluation.statistics import wilson
from core.importers import starters
from core.retrieval.measure import Figures, Search, difference, measure, query_fields, query_of
from core.schema import Example, ToolCall, read_tool
from core.store import documents, evaluations, projects, runs
from core.store.evaluations import Prediction

DOCUMENTS = [
    ("Alpha", "alpha apple"),
    ("Beta", "beta banana"),
    ("Gamma", "gamma grape"),
    ("Both", "apple banana"),
]


def answer(
    id: int, prompt: str, name: str = "search_docs", verdict: str = "right", **arguments
) -> Prediction:
    expected = [{"name": "search_docs", "arguments": {"query": "x"}}]
    calls = [{"name": name, "arguments": arguments}] if arguments else []
    return Prediction(id, prompt, expected, "", calls, verdict, True, False)


@pytest.fixture
def asked(db, project) -> list[int]:
    """Three test questions, marked: Alpha; Beta; Gamma and Both. A fourth one is not marked."""
    ids = documents.add(db, project.id, DOCUMENTS)
    call = ToolCall("search_docs", {"query": "x"})
    rows = [
        Example.single(f"about {word}?", call, split="test") for word in ("apple", "banana", "grape", "plum")
    ]
    examples = projects.add_examples(db, project.id, rows)
    for example, marked in zip(examples, ([ids[0]], [ids[1]], [ids[2], ids[3]]), strict=False):
        for document in marked:
            documents.mark(db, project.id, example, document)
    return examples


def run_with(db, project, **answers: list[Prediction]) -> str:
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash).id
    for phase, rows in answers.items():
        told = {"model": "m", "snapshot": runs.find(db, run).snapshot, "split": "test", "summary": {}}
        evaluations.save(db, run=run, phase=phase, predictions=rows, **told)
    return run


def test_a_run_is_measured_by_the_queries_of_its_calls(db, settings, project, asked) -> None:
    one, two, three, four = asked
    before = [answer(one, "about apple?"), answer(two, "about banana?", "search_web", query="banana"),
              answer(three, "about grape?", verdict="malformed", query="grape"),
              answer(four, "p", query="x")]  # fmt: skip
    after = [answer(one, "about apple?", query="alpha"), answer(two, "about banana?", query="apple banana"),
             answer(three, "about grape?", query="grape"), answer(four, "p", query="x")]  # fmt: skip
    measured = measure(settings, run_with(db, project, before=before, after=after))
    assert list(measured) == ["prompt", "before", "after"]
    assert measured["before"].n == 3 and measured["before"].unasked == 3 and measured["before"].mrr == 0
    now = measured["after"]
    assert [one.queries for one in now.searches] == [("alpha",), ("apple banana",), ("grape",)]
    first, second, third = (one.places for one in now.searches)
    assert first == (1,) and third == (1,)
    assert second[0] in (2, 3)  # Both has both words
    assert now.found(1) == 2 and now.found(3) == 3
    assert now.recall(1) == pytest.approx((1 + 0 + 0.5) / 3)
    assert now.recall(3) == pytest.approx((1 + 1 + 0.5) / 3)
    assert now.mrr == pytest.approx((1 + 1 / second[0] + 1) / 3)
    change = difference(measured["before"], now)
    assert (change.fixed, change.broke, change.verdict) == (3, 0, "open")
    assert now.to_json()["interval"]["1"] == [round(end, 4) for end in wilson(2, 3)]


def test_the_raw_prompt_is_measured_as_it_is(db, settings, project, asked) -> None:
    measured = measure(
        settings, run_with(db, project, after=[answer(asked[2], "about grape?", query="plum")])
    )
    assert [one.queries for one in measured["prompt"].searches] == [("about grape?",)]
    assert measured["prompt"].found(1) == 1 and measured["after"].found(5) == 0
    assert measured["after"].unasked == 0


def test_only_what_is_marked_and_there_counts(db, settings, project, asked) -> None:
    rows = [answer(id, "about apple?", query="alpha") for id in asked]
    run = run_with(db, project, after=rows)
    assert measure(settings, run)["after"].n == 3
    projects.delete_examples(db, project.id, [asked[0]])
    assert measure(settings, run)["after"].n == 2
    for id in asked:
        for document in documents.relevant(db, project.id).get(id, ()):
            documents.unmark(db, project.id, id, document)
    assert measure(settings, run) == {}


def test_several_searches_take_turns(db, settings, project, asked) -> None:
    calls = [{"name": "search_docs", "arguments": {"query": word}} for word in ("beta", "gamma")]
    rows = [Prediction(asked[2], "p", calls, "", calls, "exact", True, True)]
    [found] = measure(settings, run_with(db, project, after=rows))["after"].searches
    assert found.queries == ("beta", "gamma") and found.places == (2,)


def test_of_several_searches_the_first_results_come_first(db, settings, project, asked) -> None:
    calls = [{"name": "search_docs", "arguments": {"query": word}} for word in ("apple banana", "grape")]
    rows = [Prediction(asked[2], "p", calls, "", calls, "exact", True, True)]
    documents.unmark(db, project.id, asked[2], documents.with_title(db, project.id, "Both"))
    [found] = measure(settings, run_with(db, project, after=rows))["after"].searches
    assert found.places == (2,)  # before what the first search found second


def test_a_question_that_expects_no_call_is_not_measured(db, settings, project, asked) -> None:
    rows = [Prediction(asked[0], "p", [], "", [], "exact", True, True)]
    assert measure(settings, run_with(db, project, after=rows)) == {}


def test_recall_and_rank_are_those_of_the_field() -> None:
    searches = [
        Search(1, "", ("q",), (1, 4), 2),
        Search(2, "", ("q",), (3,), 1),
        Search(3, "", ("q",), (), 3),
    ]
    figures = Figures(tuple(searches))
    assert [figures.recall(k) for k in (1, 3, 5)] == pytest.approx([0.5 / 3, 1.5 / 3, 2 / 3])
    assert figures.mrr == pytest.approx((1 + 1 / 3) / 3)
    assert [figures.found(k) for k in (1, 3, 5)] == [1, 2, 2]


def test_a_difference_is_paired_by_question_and_named_by_the_test() -> None:
    def ways(places: dict[int, tuple[int, ...]]) -> Figures:
        return Figures(tuple(Search(id, "", ("q",), found, 1) for id, found in places.items()))

    nothing = ways(dict.fromkeys(range(8), ()))
    every = ways({id: (1,) for id in (7, 6, 5, 4, 3, 2, 1, 0)})
    assert difference(nothing, every).verdict == "better"  # 8 to 0, p = 0.008
    assert difference(every, nothing).verdict == "worse"
    assert difference(every, every).further is None
    assert difference(every, ways({1: (4,), 99: (1,)})).broke == 1


def test_the_query_is_the_text_that_may_be_worded_freely() -> None:
    shape = {
        "kind": {"type": "string", "enum": ["a", "b"]},
        "n": {"type": "integer"},
        "place": {"type": "string"},
        "words": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    tool, _ = read_tool({"name": "t", "parameters": {"type": "object", "properties": shape}})
    assert query_fields(tool, {"place": "exact", "words": "free", "tags": "free"}) == ["words", "place"]
    assert query_fields(tool, {"place": "exact", "words": "exact", "tags": "exact"}) == ["place", "words"]


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({"kind": "a", "place": "Oslo", "words": " the words "}, "the words"),
        ({"kind": "a", "place": "Oslo"}, "Oslo"),
        ({"words": " ", "place": "Oslo"}, "Oslo"),
        ({"words": 7}, ""),
        ({"unknown": "x"}, ""),
    ],
)
def test_a_call_searches_for_its_first_text(arguments, query) -> None:
    assert query_of(ToolCall("t", arguments), ["words", "place"]) == query


def test_right_queries_find_the_documents_of_the_starter(db, settings) -> None:
    project = starters.load(db, "where-to-look")
    rows = []
    for row in projects.examples(db, project.id, split="test"):
        calls = [call.to_json() for call in row.calls]
        rows.append(Prediction(row.id, row.prompt, calls, "", calls, "exact", True, True))
    measured = measure(settings, run_with(db, project, after=rows))
    assert measured["after"].n == 16 and measured["after"].found(1) == 16
    assert measured["prompt"].found(3) == 16
