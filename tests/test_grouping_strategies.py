"""Clusterings, repair and comparisons: every strategy within every limit."""

from __future__ import annotations

import numpy as np
import pytest
from grouping_cases import problem, random_similarity, three_families
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import ref_best_grouping, ref_group_allowed

from gradsim_core.errors import GroupingError
from gradsim_core.grouping import COMPARISONS, STRATEGIES, Constraints, group
from gradsim_core.grouping.repair import allowed, nearest_allowed

CLUSTERINGS = ("agglomerative", "spectral", "k_means", "local_search")


@settings(max_examples=40)
@given(st.data())
def test_every_strategy_keeps_to_every_limit(data):
    n_languages = data.draw(st.integers(4, 8))
    ends = st.integers(0, n_languages - 1)
    pairs = st.lists(st.tuples(ends, ends).filter(lambda pair: pair[0] != pair[1]), max_size=2)
    constraints = Constraints(
        smallest=data.draw(st.integers(1, 2)), largest=data.draw(st.sampled_from([None, 3, 5])),
        must_link=tuple(data.draw(pairs)), cannot_link=tuple(data.draw(pairs)))
    k = data.draw(st.integers(1, 4))
    matrix = random_similarity(data.draw(st.integers(0, 99)), n_languages)
    wanted = ref_best_grouping(matrix, k, k, constraints)
    for strategy in ("exact", "agglomerative", "spectral", "k_means", "local_search"):
        if wanted is None:
            with pytest.raises(GroupingError) as caught:
                group(matrix, strategy, k=k, constraints=constraints)
            assert len(str(caught.value)) <= 400
            continue
        found = group(matrix, strategy, k=k, constraints=constraints)
        assert found.k == len(found.groups) == k
        assert sorted(sum(found.groups, ())) == list(range(n_languages))
        assert all(ref_group_allowed(part, constraints) for part in found.groups)
        assert found.objective <= wanted[0] + 1e-9


@pytest.mark.parametrize("strategy", CLUSTERINGS)
def test_clusterings_tell_plain_families_apart(strategy):
    found = group(three_families(12), strategy, k=3)
    assert found.groups == ((0, 3, 6, 9), (1, 4, 7, 10), (2, 5, 8, 11))
    assert found.note


@pytest.mark.parametrize("strategy", CLUSTERINGS)
def test_clusterings_choose_the_best_k_of_a_range(strategy):
    matrix = three_families(12)
    found = group(matrix, strategy, k_range=(2, 4))
    singles = [group(matrix, strategy, k=k).objective for k in (2, 3, 4)]
    assert found.objective >= max(singles) - 1e-9
    assert 2 <= found.k <= 4


@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if s not in COMPARISONS])
@pytest.mark.parametrize("k", [1, 4])
def test_both_ends_of_k_need_no_clustering(strategy, k):
    found = group(random_similarity(0, 4) + 2, strategy, k=k)
    if strategy != "overlapping":
        assert found.k == k


@pytest.mark.parametrize("strategy", ["spectral", "k_means", "local_search", "random"])
def test_the_same_seed_gives_the_same_groups(strategy):
    matrix = random_similarity(3, 25)
    assert group(matrix, strategy, k=5, seed=4) == group(matrix, strategy, k=5, seed=4)


@pytest.mark.parametrize("strategy", ["spectral", "k_means"])
def test_equal_languages_still_give_k_groups(strategy):
    found = group(np.ones((6, 6)), strategy, k=3)
    assert found.k == 3


def test_repair_moves_as_few_languages_as_it_can():
    asked = problem(three_families(9), 3, Constraints(smallest=3, largest=3))
    proposed = np.array([0, 1, 2, 0, 1, 2, 0, 1, 1])
    assert not allowed(proposed, 3, asked)
    mended = nearest_allowed(proposed, 3, asked)
    assert (mended != proposed).sum() == 1
    assert mended[8] == 2  # the one that is most similar to the group it joins
    assert nearest_allowed(mended, 3, asked) is mended


def test_a_repaired_clustering_says_so():
    found = group(three_families(12), "k_means", k=3, constraints=Constraints(
        cannot_link=((0, 3), (1, 4))))
    assert "were moved" in found.note


# --- comparisons


def test_the_two_ends():
    matrix = three_families(6)
    assert group(matrix, "monolingual").groups == tuple((i,) for i in range(6))
    assert group(matrix, "all_languages", k=4).groups == (tuple(range(6)),)
    noted = group(matrix, "all_languages", constraints=Constraints(largest=2)).note
    assert "do not apply" in noted


LINEAGES = [("Indo-European", "Germanic"), ("Indo-European", "Germanic"),
            ("Indo-European", "Romance"), ("Uralic", "Finnic"), ("Uralic",), (), ()]


def test_family_takes_the_depth_nearest_to_k():
    matrix = random_similarity(0, 7)
    families = group(matrix, "family", lineages=LINEAGES)
    assert families.groups == ((0, 1, 2), (3, 4), (5,), (6,))
    assert "2 languages of unknown lineage" in families.note
    branches = group(matrix, "family", lineages=LINEAGES, k=6)
    assert branches.groups == ((0, 1), (2,), (3,), (4,), (5,), (6,))
    assert group(matrix, "family", lineages=LINEAGES, k=2).groups == families.groups


def test_family_without_lineages_is_refused():
    with pytest.raises(GroupingError, match="7 languages; 0 were given"):
        group(random_similarity(0, 7), "family")


def test_random_groups_have_the_sizes_asked_for():
    matrix = random_similarity(0, 9)
    drawn = [group(matrix, "random", sizes=(4, 3, 2), seed=seed) for seed in range(20)]
    assert all(sorted(map(len, found.groups)) == [2, 3, 4] for found in drawn)
    assert len({found.groups for found in drawn}) > 10
    assert sorted(map(len, group(matrix, "random", k=4).groups)) == [2, 2, 2, 3]


def test_random_groups_are_drawn_evenly():
    counts: dict = {}
    for seed in range(300):
        groups = group(np.eye(4), "random", sizes=(2, 2), seed=seed).groups
        counts[groups] = counts.get(groups, 0) + 1
    assert len(counts) == 3
    assert min(counts.values()) > 70


def test_random_groups_respect_links():
    constraints = Constraints(must_link=((0, 1),), cannot_link=((0, 2),))
    for seed in range(10):
        found = group(random_similarity(0, 6), "random", k=2, seed=seed, constraints=constraints)
        assert all(ref_group_allowed(part, constraints) for part in found.groups)


@pytest.mark.parametrize(("more", "message"), [
    ({}, "no best number. Give K"),
    ({"sizes": (3, 3)}, r"\[3, 3\] do not hold 7"),
    ({"sizes": (7, 0)}, r"\[7, 0\]"),
    ({"sizes": (4, 3), "k": 3}, "K = 3, but 2 sizes"),
])
def test_random_groups_that_cannot_be(more, message):
    with pytest.raises(GroupingError, match=message):
        group(random_similarity(0, 7), "random", **more)

