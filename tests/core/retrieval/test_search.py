"""Searching a project's documents: the best first, each once, always as they stand now."""

import json
import threading

import pytest

from core.errors import StudioError
from core.importers import starters
from core.retrieval import search
from core.store import documents, open_store, projects

PAGES = [
    ("Expenses", "Hotels cost up to 130 euros a night. " * 40 + "Mileage is paid with 0.35 euros."),
    ("VPN", "Install Tunnelbird and sign in with your badge number."),
    ("Hotels we like", "A list of houses near the office."),
]


@pytest.fixture
def pages(db, project) -> list[int]:
    return documents.add(db, project.id, PAGES)


def test_the_best_documents_come_first_each_once(settings, project, pages) -> None:
    hits = search.find(settings, project.id, "What does a hotel cost?", 3)
    assert [hit.document for hit in hits] == [pages[0], pages[2]]
    assert hits[0].score > hits[1].score
    assert [hit.document for hit in search.find(settings, project.name, "hotel", 1)] == pages[:1]


def test_a_word_in_the_title_says_more_than_one_in_the_text(settings, db, project) -> None:
    documents.add(
        db, project.id, [("Rooms", "Hotels near the office."), ("Hotels", "Rooms near the office.")]
    )
    for word in ("Rooms", "Hotels"):
        assert search.find(settings, project.id, word)[0].title == word


def test_the_passage_that_fits_is_shown(settings, project, pages) -> None:
    [hit] = search.find(settings, project.id, "mileage", 3)
    assert "Mileage is paid" in hit.passage and len(hit.passage.split()) <= 120


def test_nothing_is_found_for_nothing(settings, project, pages) -> None:
    assert search.find(settings, project.id, "") == []
    assert search.find(settings, project.id, "zebra") == []
    with pytest.raises(StudioError):
        search.find(settings, "nobody's", "hotel")


def test_what_is_changed_is_found_at_once(settings, db, project, pages) -> None:
    assert not search.find(settings, project.id, "zebra")
    documents.add(db, project.id, [("VPN", "A zebra.")])
    assert [hit.document for hit in search.find(settings, project.id, "zebra")] == [pages[1]]
    documents.delete(db, project.id, [pages[1]])
    assert not search.find(settings, project.id, "zebra")


def test_projects_do_not_see_each_other(settings, db, project, pages) -> None:
    other = projects.create(db, "Other").id
    assert search.find(settings, other, "hotel") == []


def test_many_may_search_at_once_while_documents_change(settings, project, pages) -> None:
    problems: list[BaseException] = []

    def work(n: int) -> None:
        try:
            for turn in range(20):
                assert search.find(settings, project.id, "hotel euros night")
                if n == 0:
                    with open_store(settings) as db:
                        documents.add(db, project.id, [("Turn", f"turn {turn}")])
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_hits_become_the_result_of_a_tool(settings, project, pages) -> None:
    result = search.as_result(search.find(settings, project.id, "tunnelbird"))
    assert json.loads(json.dumps(result)) == {"results": [{"title": "VPN", "text": PAGES[1][1]}]}
    assert search.as_result([]) == {"results": []}


def test_the_expected_queries_of_the_starter_find_its_documents(settings, db) -> None:
    project = starters.load(db, "where-to-look")
    marks = documents.relevant(db, project.id)
    rows = [row for row in projects.examples(db, project.id, split="test") if row.id in marks]
    assert len(rows) == 16 and len(documents.listed(db, project.id)) == 12
    for row in rows:
        [first] = search.find(settings, project.id, row.calls[0].arguments["query"], 1)
        assert first.document in marks[row.id], row.prompt
