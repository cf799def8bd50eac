"""Intervals and p values against published ones, and against what they promise."""

import math
from itertools import product

import pytest

from core.evaluation.statistics import further, mcnemar, sign_flip, verdict, wilson


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (12, 20, 38.7, 78.1),
        (18, 20, 69.9, 97.2),
        (20, 20, 83.9, 100),
        (90, 100, 82.6, 94.5),
        (0, 20, 0, 16.1),
    ],
)
def test_wilson_intervals_are_the_published_ones(right, n, low, high):
    found = [100 * share for share in wilson(right, n)]
    assert found == pytest.approx([low, high], abs=0.05)


def test_nothing_asked_tells_nothing():
    assert wilson(0, 0) == (0, 1)
    assert mcnemar(0, 0) == 1 and verdict(0, 0) == "open" and further(0, 0, 0) is None


@pytest.mark.parametrize(
    ("fixed", "broke", "p"),
    [(5, 0, 0.0625), (6, 0, 0.03125), (8, 1, 0.0391), (10, 2, 0.0386), (9, 3, 0.146), (3, 3, 1)],
)
def test_mcnemar_is_the_exact_binomial(fixed, broke, p):
    assert mcnemar(fixed, broke) == pytest.approx(p, abs=0.0005)
    assert mcnemar(broke, fixed) == mcnemar(fixed, broke)


def test_many_rows_are_no_trouble():
    assert 0 < mcnemar(6000, 5700) < 0.05 < mcnemar(6000, 5900)


@pytest.mark.parametrize(
    ("fixed", "broke", "word"),
    [(5, 0, "open"), (6, 0, "better"), (0, 6, "worse"), (9, 3, "open"), (10, 2, "better"), (2, 10, "worse")],
)
def test_the_word_is_given_only_when_it_is_earned(fixed, broke, word):
    assert verdict(fixed, broke) == word


def test_further_is_none_without_a_difference_and_nothing_where_it_is_told():
    assert further(4, 4, 20) is None
    assert further(6, 0, 20) == 0
    assert further(5, 0, 20) == 9  # 28.9 by Connor's formula


def power(n, fixed, broke):
    """The chance that McNemar's test finds it in n examples, each fixed or broken with these chances."""
    found = 0.0
    for better in range(n + 1):
        for worse in range(n + 1 - better):
            if verdict(better, worse) == "better":
                ways = math.comb(n, better) * math.comb(n - better, worse)
                found += ways * fixed**better * broke**worse * (1 - fixed - broke) ** (n - better - worse)
    return found


@pytest.mark.parametrize(("fixed", "broke", "n"), [(5, 1, 20), (7, 3, 24), (6, 2, 32)])
def test_so_many_further_examples_would_tell_four_times_in_five(fixed, broke, n):
    more = further(fixed, broke, n)
    assert 0.7 < power(n + more, fixed / n, broke / n) < 0.9
    assert power(n, fixed / n, broke / n) < 0.7


@pytest.mark.parametrize(("fixed", "broke"), [(5, 0), (6, 0), (8, 1), (9, 3), (3, 3), (0, 0), (0, 7)])
def test_flipping_signs_of_single_differences_is_mcnemar(fixed, broke):
    assert sign_flip([1] * fixed + [-1] * broke + [0] * 5) == pytest.approx(mcnemar(fixed, broke))


@pytest.mark.parametrize("differences", [[3, 2, -1, 2, 0], [3, 3, 3, 3, 3, -2], [5, -4, 1], [0, 0]])
def test_flipping_signs_counts_every_choice_of_signs(differences):
    sums = [
        abs(sum(sign * one for sign, one in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    seen = abs(sum(differences))
    assert sign_flip(differences) == pytest.approx(sum(one >= seen for one in sums) / len(sums))


def test_the_normal_distribution_takes_over_where_counting_would_be_long():
    few, many = [3, -3, 2] * 332 + [3] * 4, [3, -3, 2] * 334 + [3] * 4
    assert sign_flip(many) == pytest.approx(sign_flip(few), rel=0.05)
