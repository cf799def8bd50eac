"""The panel of documents as HTML: nothing of a document becomes code, and the words fit the figures."""

from core.importers.outcome import Reject
from core.retrieval.measure import Figures, Search, difference
from core.retrieval.search import Hit
from core.store.documents import Document
from core.store.runs import Run
from studio.views import documents as view

EVIL = "<img src=x onerror=alert(1)>"


def figures(*places: tuple[int, ...] | None) -> Figures:
    """One question each: the places of its document, None where nothing was searched."""
    return Figures(
        tuple(Search(n, EVIL, () if at is None else (EVIL,), at or (), 1) for n, at in enumerate(places))
    )


def run() -> Run:
    values = dict.fromkeys(Run.__dataclass_fields__)
    return Run(**{**values, "id": "r", "number": 3, "label": "", "kind": "train"})


def test_nothing_of_a_document_becomes_code() -> None:
    drawn = [
        view.listing([Document(1, EVIL, 3)], 0, (1, EVIL), 0),
        view.told(1, [EVIL], [(EVIL, Reject(2, EVIL, EVIL))], [EVIL]),
        view.hits([Hit(1, EVIL, EVIL, 1.0)], [Document(2, EVIL, 3)], True, True),
        view.figures(run(), {"prompt": figures((1,)), "after": figures((2,))}, None),
    ]
    for html in drawn:
        assert "<img" not in html and "&lt;img" in html


def test_the_list_is_paged_and_a_long_text_cut() -> None:
    every = [Document(n, f"Page {n:02}", n) for n in range(45)]
    last = view.listing(every, 2, (44, "x" * 30_000), 0)
    assert "41 to 45 of 45" in last and 'data-do="page" data-key="page-1"' in last and "Next" not in last
    assert last.count("x" * view.TEXT_SHOWN) == 1 and "x" * (view.TEXT_SHOWN + 1) not in last
    assert "No documents yet" in view.listing([], 0, None, 0)


def test_marked_documents_that_a_search_misses_are_shown_too() -> None:
    html = view.hits([Hit(1, "Found", "text", 1.0)], [Document(2, "Missed", 9)], True, True)
    assert html.count('role="checkbox"') == 2 and html.count('aria-checked="true"') == 1
    assert "not among the first 1" in html and "1 document answers" in html
    assert 'role="checkbox"' not in view.hits([Hit(1, "Found", "text", 1.0)], [], False, True)


def test_better_is_said_only_when_it_is() -> None:
    nothing, every = figures(*[None] * 8), figures(*[(1,)] * 8)
    some = figures(*[(1,)] * 3, *[None] * 5)

    def said(before: Figures, after: Figures) -> str:
        ways = {"prompt": every, "before": before, "after": after}
        return view.figures(run(), ways, difference(before, after))

    assert "That is better" in said(nothing, every) and "luck" in said(nothing, every)
    assert "That is worse" in said(every, nothing) and "for 8 questions: no call" in said(every, nothing)
    assert "could be luck; about" in said(nothing, some) and "better" not in said(nothing, some)
    assert "for 8 of 8 questions" in said(every, every) and "better" not in said(every, every)


def test_the_figures_have_their_number_and_interval() -> None:
    html = view.figures(run(), {"prompt": figures((1,), (4,), (), None)}, None)
    assert "1 of 4" in html and "2 of 4" in html and "5 to 70 %" in html and "0.31" in html
    assert "place 4" in html and "not found" in html and "nothing searched" in html
