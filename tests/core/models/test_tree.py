"""Rows as a prefix tree: nothing is lost, nothing is held twice, and a token sees what it would see alone."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.models.tree import Tree, common, visible

ROWS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=7)


def prefixes(rows):
    """Every place of a tree by what it stands for: the tokens up to it. All rows must agree about it."""
    tree = Tree.of(rows)
    named = {}
    for row, path in zip(rows, tree.paths, strict=True):
        for n, place in enumerate(path.tolist()):
            assert named.setdefault(place, tuple(row[: n + 1])) == tuple(row[: n + 1])
    return tree, named


@settings(deadline=None)
@given(ROWS)
def test_paths_give_the_rows_back_in_the_order_given(rows):
    tree = Tree.of(rows)
    assert [tree.tokens[path].tolist() for path in tree.paths] == rows


@settings(deadline=None)
@given(ROWS)
def test_every_distinct_beginning_is_held_once(rows):
    tree, named = prefixes(rows)
    distinct = {tuple(row[: n + 1]) for row in rows for n in range(len(row))}
    assert len(tree.tokens) == len(named) == len(distinct)
    assert set(named.values()) == distinct


@settings(deadline=None)
@given(ROWS)
def test_depth_is_the_position_in_the_plain_row(rows):
    tree, named = prefixes(rows)
    assert tree.nodes[0].tolist() == [len(named[place]) - 1 for place in range(len(named))]


@settings(max_examples=200, deadline=None)
@given(ROWS, st.none() | st.integers(1, 6))
def test_a_token_sees_the_beginnings_of_its_own_row_within_the_window(rows, window):
    tree, named = prefixes(rows)
    seen = visible(tree.nodes, tree.nodes, window)
    for query, own in named.items():
        for key, other in named.items():
            near = window is None or len(own) - len(other) < window
            assert seen[query, key] == (own[: len(other)] == other and near)


@settings(deadline=None)
@given(ROWS, st.data())
def test_some_tokens_among_others_see_what_they_see_in_the_whole(rows, data):
    """As when an answer grows: the newest tokens are asked, all are there to be seen."""
    tree = Tree.of(rows)
    places = st.lists(st.integers(0, len(tree.tokens) - 1), min_size=1, unique=True)
    queries, keys = data.draw(places), data.draw(places)
    whole = visible(tree.nodes, tree.nodes, 3)
    assert torch.equal(visible(tree.nodes[:, queries], tree.nodes[:, keys], 3), whole[queries][:, keys])


def test_the_number_of_tokens_is_that_of_the_shared_beginning_and_the_rests():
    rows = [[1, 2, 3, 4], [1, 2, 3, 5, 6], [1, 2, 7]]
    assert len(Tree.of(rows).tokens) == 3 + 1 + 2 + 1


def test_rows_that_say_the_same_are_one():
    tree = Tree.of([[4, 2, 9]] * 3)
    assert tree.tokens.tolist() == [4, 2, 9]
    assert [path.tolist() for path in tree.paths] == [[0, 1, 2]] * 3
    assert visible(tree.nodes, tree.nodes).tolist() == torch.ones(3, 3).tril().bool().tolist()


def test_a_row_that_another_goes_on_from_costs_nothing():
    tree = Tree.of([[4, 2, 9, 1], [4, 2]])
    assert tree.tokens.tolist() == [4, 2, 9, 1]
    assert [path.tolist() for path in tree.paths] == [[0, 1, 2, 3], [0, 1]]


def test_rows_that_share_nothing_lie_side_by_side():
    tree = Tree.of([[5, 5], [3, 5, 5]])
    assert sorted(tree.tokens.tolist()) == [3, 5, 5, 5, 5]
    seen = visible(tree.nodes, tree.nodes)
    one, other = tree.paths
    assert not seen[one][:, other].any() and not seen[other][:, one].any()


def test_one_row_is_a_plain_causal_row():
    tree = Tree.of([[7, 7, 7, 8]])
    assert tree.nodes[0].tolist() == [0, 1, 2, 3]
    assert torch.equal(visible(tree.nodes, tree.nodes), torch.ones(4, 4).tril().bool())
    assert torch.equal(visible(tree.nodes, tree.nodes, 2), torch.ones(4, 4).tril().triu(-1).bool())


@settings(deadline=None)
@given(st.lists(st.integers(0, 1)), st.lists(st.integers(0, 1)))
def test_common_is_the_longest_common_beginning(one, other):
    n = common(one, other)
    assert n == common(other, one) and one[:n] == other[:n]
    assert n in (len(one), len(other)) or one[n] != other[n]
