"""Trees face to face: the fewest crossings are found, and what two trees share is counted."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet
from scipy.stats import spearmanr

from gradsim_core.errors import GroupingError
from gradsim_core.grouping import leaf_order, linkage_tree
from gradsim_core.grouping.tangles import crossings, untangled
from gradsim_core.statistics.tree_agreement import below, tree_agreement


def made_up_tree(n_leaves: int, seed: int) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(n_leaves, 5))
    return linkage_tree(np.corrcoef(points), ordered=False)


def ref_crossings(order: tuple[int, ...], other: tuple[int, ...]) -> int:
    """The slow, obvious twin: every pair, looked up in both."""
    return sum((order.index(a) < order.index(b)) != (other.index(a) < other.index(b))
               for a in order for b in order if a < b)


def ref_fewest(first: np.ndarray, second: np.ndarray) -> int:
    """All turns of all inner nodes of both trees."""
    def orders(tree: np.ndarray) -> list[tuple[int, ...]]:
        found = []
        for turns in product((False, True), repeat=len(tree)):
            turned = tree.copy()
            turned[list(turns), :2] = turned[list(turns), 1::-1]
            found.append(leaf_order(turned))
        return found
    return min(ref_crossings(one, other) for one in orders(first) for other in orders(second))


def merges(tree: np.ndarray) -> set[tuple[frozenset[int], float]]:
    return {(frozenset(members), height)
            for members, height in zip(below(tree), tree[:, 2].tolist(), strict=True)}


@pytest.mark.parametrize("n_leaves", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("seed", range(5))
def test_no_turns_cross_less(n_leaves: int, seed: int) -> None:
    first, second = made_up_tree(n_leaves, seed), made_up_tree(n_leaves, seed + 100)
    found = untangled(first, second)
    assert found.proved
    assert found.crossings == ref_fewest(first, second)


def test_no_turns_cross_less_of_seven() -> None:
    found = [(untangled(one, other), ref_fewest(one, other)) for seed in range(2)
             for one, other in [(made_up_tree(7, seed), made_up_tree(7, seed + 50))]]
    assert [one.crossings for one, _ in found] == [fewest for _, fewest in found]
    assert any(fewest for _, fewest in found), "or nothing is untangled here"


@given(n_leaves=st.integers(2, 30), seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_turning_changes_no_merge_and_never_adds_crossings(n_leaves: int, seed: int) -> None:
    first, second = made_up_tree(n_leaves, seed), made_up_tree(n_leaves, seed + 1)
    found = untangled(first, second)
    assert merges(found.first) == merges(first)
    assert merges(found.second) == merges(second)
    orders = leaf_order(found.first), leaf_order(found.second)
    assert found.crossings == ref_crossings(*orders) <= found.before
    assert found.before == ref_crossings(leaf_order(first), leaf_order(second))


def test_many_starts_find_what_all_turns_find(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(made_up_tree(11, seed), made_up_tree(11, seed + 30)) for seed in range(8)]
    fewest = [untangled(*pair).crossings for pair in pairs]
    monkeypatch.setattr("gradsim_core.grouping.tangles.MOST_PROVED", 3)
    tried = [untangled(*pair) for pair in pairs]
    assert not any(one.proved for one in tried)
    assert [one.crossings for one in tried] == fewest


@pytest.mark.parametrize("n_leaves", [1, 2, 3, 12, 40])
def test_a_tree_and_itself_do_not_cross(n_leaves: int) -> None:
    tree = made_up_tree(n_leaves, 0) if n_leaves > 1 else np.zeros((0, 4))
    turned = tree.copy()
    turned[::2, :2] = turned[::2, 1::-1]
    found = untangled(tree, turned)
    assert found.crossings == 0
    assert leaf_order(found.first) == leaf_order(found.second)


def test_two_languages_cross_at_most_before() -> None:
    found = untangled(np.array([[0, 1, .1, 2]]), np.array([[1, 0, .2, 2]]))
    assert (found.before, found.crossings) == (1, 0)


def test_trees_of_different_sizes_are_refused() -> None:
    with pytest.raises(GroupingError, match="tree of 3 languages cannot face one of 4"):
        untangled(made_up_tree(3, 0), made_up_tree(4, 0))


@given(st.permutations(range(7)), st.permutations(range(7)))
def test_crossings_are_pairs_in_the_other_order(order: list[int], other: list[int]) -> None:
    assert crossings(tuple(order), tuple(other)) == ref_crossings(tuple(order), tuple(other))


# agreement

def test_correlation_and_p_are_those_of_every_relabelling() -> None:
    first, second = made_up_tree(5, 1), made_up_tree(5, 4)
    found = tree_agreement(first, second)
    a, b = cophenet(first), cophenet(second)
    assert found.correlation == pytest.approx(spearmanr(a, b).statistic)
    square = np.zeros((5, 5))
    square[np.triu_indices(5, 1)] = a
    square += square.T
    null = [spearmanr(square[np.ix_(order, order)][np.triu_indices(5, 1)], b).statistic
            for order in permutations(range(5))]
    assert found.p == pytest.approx(np.mean(np.array(null) >= found.correlation - 1e-9))


def test_the_same_tree_agrees_wholly() -> None:
    tree = made_up_tree(12, 3)
    found = tree_agreement(tree, tree)
    assert found.correlation == pytest.approx(1.0)
    assert found.p == pytest.approx(1 / 1000)
    assert found.shared == tuple((row, row) for row in range(10))
    assert found.possible == 10


def test_shared_branches_are_those_with_the_same_languages() -> None:
    first = np.array([[0, 1, .1, 2], [2, 3, .2, 2], [4, 5, .3, 4]])
    second = np.array([[2, 3, .3, 2], [0, 4, .4, 3], [1, 5, .5, 4]])
    assert tree_agreement(first, second).shared == ((1, 0),)


def test_too_little_to_compare_is_undefined() -> None:
    two = np.array([[0, 1, .1, 2]])
    found = tree_agreement(two, two)
    assert np.isnan(found.correlation)
    assert np.isnan(found.p)
    assert (found.shared, found.possible) == ((), 0)
    flat = np.array([[0, 1, .2, 2], [2, 3, .2, 3]])
    assert np.isnan(tree_agreement(flat, flat).correlation), "all pairs are joined at one height"
