"""Texts that ask nearly the same: few are missed, and none is taken for another."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.doctor.near import near_groups
from core.doctor.wording import words


def near(a: str, b: str, *answers: str) -> bool:
    return near_groups([a, b], answers) == [[0, 1]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Turn on the light.", "turn  on the LIGHT!"),
        ("turn on the kitchen light", "please turn the kitchen light on"),
        ("Could you please turn on a light?", "turn on the light, thank you"),
        ("what's the weather in Rome", "What is the weather in Rome?"),
        ("weather in Rome tomorrow", "weather tomorrow in Rome"),
        ("don\u2019t wake me", "do not wake me"),
        ("show my lists", "show my list"),
        ("Peux-tu allumer la lampe, s'il te pla\u00eet ?", "allumer lampe"),
        ("caf\u00e9 ouvert", "Cafe\u0301 ouvert"),
        ("\u6253\u5f00\u706f\u3002", "\u6253\u5f00\u706f"),
    ],
)
def test_wording_makes_no_difference(one, other):
    assert near(one, other)


DECISIVE = [
    ("turn on the kitchen light", "turn off the kitchen light"),
    ("weather in Rome", "weather in Oslo"),
    ("fly from Rome to Oslo", "fly from Oslo to Rome"),
    ("is the dog bigger than the cat", "is the cat bigger than the dog"),
    ("call Anna Bob", "call Bob Anna"),
    ("wake me at 7:00", "wake me at 7:30"),
    ("set it to 5", "set it to -5"),
    ("5 % off", "5 off"),
    ("lock the door", "unlock the door"),
    ("increase the volume", "decrease the volume"),
    ("search our internal documents", "search our external documents"),
    ("do wake me", "do not wake me"),
    ("do not tell anna to call", "do tell anna not to call"),
    ("what is C", "what is C++"),
    ("option a", "option b"),
    ("option a", "option"),
    ("hello", "thanks"),
    ("\u6253\u5f00\u706f", "\u5173\u95ed\u706f"),
]


@pytest.mark.parametrize(("one", "other"), DECISIVE)
def test_a_word_that_decides_keeps_them_apart(one, other):
    assert not near(one, other)


@pytest.mark.parametrize(("one", "other"), DECISIVE[:15])
def test_even_where_the_answers_are_equal_by_accident(one, other):
    assert not near(one, other, "same", "same")


ALIKE = [
    ("play some music from the thirties tonight", "play music from the thirties tonight"),
    ("What is the wether in Paris", "what is the weather in Paris"),
    ("show the films in the neighborhood", "show the films in the neighbourhood"),
    (
        "Which of our teams owns the billing database since the reorganisation of the company that we had last spring",
        "Which of our teams runs the billing database since the reorganisation of the company that we had last spring",
    ),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_an_equal_answer_says_that_the_words_that_differ_decide_nothing(one, other):
    assert near(one, other, "same", "same")
    assert not near(one, other, "this", "that")
    assert not near(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "show the film about the war this evening on channel 5",
            "show the film about the war this evening on channel 6",
        ),
        ("remind me to call the plumber this morning", "remind me not to call the plumber this morning"),
    ],
)
def test_numbers_and_negations_decide_in_a_long_text_too(one, other):
    assert not near(one, other, "same", "same")
    assert near(one, f"{one} dear", "same", "same")


def test_what_is_only_polite_is_still_something():
    assert words("Thanks!") == ("thanks",) and words("Hello, please...") == ("hello",)
    assert near("Hello!", "hello") and words("?!") == ()


def test_a_paraphrase_is_what_a_test_is_there_for():
    assert not near("switch the kitchen lamp on", "make it bright in the kitchen", "same", "same")


def test_groups_hold_all_that_hang_together_in_their_order():
    texts = ["b", "light on", "x", "Light on!", "b!", "light on please", "y"]
    assert near_groups(texts) == [[0, 4], [1, 3, 5]]
    assert near_groups([]) == [] and near_groups(["", "", "?"]) == [[0, 1]]


SAID = ["please", "turn", "on", "off", "the", "lights", "light", "lihgt", "kitchen", "now", "in", "5", "not"]
TEXTS = st.lists(
    st.lists(st.sampled_from(SAID), max_size=7)
    .map(" ".join),
    max_size=12,
)  # fmt: skip


@given(TEXTS, st.randoms(use_true_random=False))
def test_that_two_are_near_depends_on_these_two_alone(texts, chance):
    """So that deleting rows never makes others near, and the order of the rows does not matter."""
    answers = [chance.choice("xy") for _ in texts]
    pairs = {
        (a, b)
        for b in range(len(texts))
        for a in range(b)
        if near_groups([texts[a], texts[b]], [answers[a], answers[b]])
    }
    groups = near_groups(texts, answers)
    together = {(a, b) for group in groups for b in group for a in group if a < b}
    assert pairs <= together
    for group in groups:
        reached, new = {group[0]}, [group[0]]
        while new:
            at = new.pop()
            more = {b for b in group if (min(at, b), max(at, b)) in pairs} - reached
            reached |= more
            new += more
        assert reached == set(group)


@given(st.text(max_size=60))
def test_any_text_has_words_and_saying_please_changes_none(text):
    assert words(text) or not any(letter.isalnum() for letter in text)
    assert near(text, text) and near(f"{text} kitchen", f"please, {text} kitchen!")


def test_many_rows_with_one_answer_are_compared_in_seconds():
    """Thousands of unlike texts that only their letters tell apart: not every pair is looked at."""
    chance = random.Random(0)
    parts = ["".join(chance.choice("aeioulnrst") for _ in range(chance.randint(3, 8))) for _ in range(400)]
    texts = [" ".join(chance.choices(parts, k=9)) for _ in range(10_000)]
    start = time.process_time()
    near_groups(texts, ["same"] * len(texts))
    assert time.process_time() - start < 20  # about 2 s on a free core
