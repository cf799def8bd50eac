"""What is typed never breaks the search, and finds by words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval.query import MOST_WORDS, match, spelled, words
from core.store.passages import PassageIndex

INDEX = PassageIndex(
    [(1, "Setup", "How to set up the VPN on a new laptop."), (2, "東京", spelled("東京大学の図書館"))]
)
NASTY = st.text(alphabet="\"'*^:(){}[]+-,;.~NEAR AND OR NOT title:x\0 ab東京é\u0301\ud800", max_size=60)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=200) | NASTY)
def test_no_text_breaks_the_search(text: str) -> None:
    expression = match(text)
    assert bool(expression) == bool(words(text))
    if expression:
        INDEX.best(expression, 3)


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_a_text_that_is_indexed_is_found_by_itself(text: str) -> None:
    if words(text):
        found = PassageIndex([(7, "x", spelled(text))]).best(match(text), 1)
        assert [place for place, _ in found] == [0]


def test_stop_words_are_dropped_unless_there_are_no_others() -> None:
    assert words("What is our rule for the VPN?") == ["rule", "vpn"]
    assert words("Who is it?") == ["who", "is", "it"]
    assert words("What's ours") == ["ours"]
    assert words(" ?! ") == []


def test_words_are_searched_once_and_not_without_end() -> None:
    assert words("vpn VPN Vpn") == ["vpn"]
    assert len(words(" ".join(f"word{n}" for n in range(1000)))) == MOST_WORDS


def test_operators_are_words() -> None:
    assert match('a* NEAR(b) NOT "c"') == '"near" OR "b" OR "c"'


def test_characters_without_spaces_are_searched_in_pairs() -> None:
    assert match("大学の本") == '"大 学" OR "学 の" OR "の 本"'
    assert [place for place, _ in INDEX.best(match("大学"), 3)] == [1]
    assert INDEX.best(match("学大"), 3) == []


def test_forms_of_a_letter_are_one() -> None:
    index = PassageIndex([(1, "", spelled("ﬁnance in Zürich"))])
    for text in ("FINANCE", "zurich", "ＺＵＲＩＣＨ"):
        assert index.best(match(text), 1), text
