"""Texts in pieces: nothing lost, none too long, sentences whole where they fit."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.retrieval.passages import LONGEST, cut

WORDS = st.lists(st.sampled_from(["one", "two.", "three!", "\n", "four", "東京", "x" * 90]), max_size=600)


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_every_word_is_kept_in_order_and_no_passage_is_too_long(words: list[str]) -> None:
    passages = cut(" ".join(words))
    assert all(len(passage.split()) <= LONGEST for passage in passages)
    left = [word for passage in passages for word in passage.split()]
    for word in " ".join(words).split():
        assert word in left
        left = left[left.index(word) :]


def test_passages_end_with_sentences_and_begin_with_the_last_ones() -> None:
    text = " ".join(f"Sentence number {n} has seven words here." for n in range(60))
    first, second, *_ = cut(text)
    assert first.endswith("here.") and second.startswith("Sentence")
    assert len(first.split()) == 119  # 17 sentences
    shared = [s for s in second.split(". ") if s in first]
    assert len(shared) == 4  # 28 words


def test_a_sentence_without_end_is_cut() -> None:
    assert [len(passage.split()) for passage in cut("word " * 250)] == [120, 120, 10]


def test_text_without_spaces_is_cut() -> None:
    assert [len(passage) for passage in cut("東京" * 300)] == [240, 240, 120]
    assert max(map(len, cut("x" * 100_000))) < 40 * LONGEST + LONGEST
    assert "".join(cut("x" * 100_000)).count("x") == 100_000


def test_nothing_is_no_passage() -> None:
    assert cut(" \n ") == []
