"""Scores, the exact optimum, near ties and overlapping groups, against brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reference import ref_best_grouping, ref_best_overlapping, ref_objective, ref_partitions

from gradsim_core.errors import GroupingError
from gradsim_core.grouping import Constraints, group, group_scores, groupings_by_k, objective
from gradsim_core.grouping.exact import MOST_COUNTED
from gradsim_core.grouping.subsets import best_splits, splits_of

TWO_PAIRS = np.array([[1.0, 0.9, 0.1, 0.0],
                      [0.9, 1.0, 0.0, 0.1],
                      [0.1, 0.0, 1.0, 0.8],
                      [0.0, 0.1, 0.8, 1.0]])

LIMITS = {
    "none": Constraints(),
    "sizes": Constraints(smallest=2, largest=4),
    "largest": Constraints(largest=3),
    "must": Constraints(must_link=((0, 3), (3, 5))),
    "cannot": Constraints(cannot_link=((0, 1), (1, 2), (0, 4))),
    "all": Constraints(smallest=2, largest=4, must_link=((0, 2),), cannot_link=((2, 5), (1, 4))),
}


def random_similarity(seed: int, n_languages: int, symmetric: bool = True) -> np.ndarray:
    matrix = np.random.default_rng(seed).uniform(-1, 1, (n_languages, n_languages))
    return (matrix + matrix.T) / 2 if symmetric else matrix


def test_two_pairs_by_hand():
    found = group(TWO_PAIRS, k=2)
    assert found.groups == ((0, 1), (2, 3))
    assert found.objective == pytest.approx(2 * 0.9 + 2 * 0.8)
    assert found.proved
    assert found.gap == 0
    assert found.serves == (0, 0, 1, 1)
    # all four together: row sums 1.0, 1.0, 0.9, 0.9 over three others
    assert group(TWO_PAIRS, k=1).objective == pytest.approx(3.8 / 3)
    # one of the two pairs kept, the better one
    assert group(TWO_PAIRS, k=3).groups == ((0, 1), (2,), (3,))


def test_a_language_alone_scores_the_stated_constant():
    assert objective(TWO_PAIRS, [[0], [1], [2, 3]], alone=0.25) == pytest.approx(0.5 + 1.6)
    assert group(TWO_PAIRS, alone=0.95).groups == ((0,), (1,), (2,), (3,))


def test_asymmetric_similarity_counts_each_language_s_own_row():
    matrix = np.array([[1, 0.6, 0.0], [0.2, 1, 0.0], [0.3, 0.9, 1]])
    assert objective(matrix, [[0, 1], [2]]) == pytest.approx(0.8)
    assert group_scores(matrix, [[1, 2]])[0].tolist() == [-math.inf, 0.0, 0.9]


@pytest.mark.parametrize("seed", range(5))
def test_objective_equals_the_slow_twin(seed):
    matrix = random_similarity(seed, 6, symmetric=False)
    partitions = list(ref_partitions(list(range(6))))
    assert len(partitions) == 203
    for groups in partitions:
        assert objective(matrix, groups, 0.1) == pytest.approx(ref_objective(matrix, groups, 0.1))
    cover = [[0, 1, 2], [2, 3, 4, 5], [1, 5]]
    assert objective(matrix, cover) == pytest.approx(ref_objective(matrix, cover))


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("seed", range(4))
def test_exact_is_the_brute_force_optimum_for_every_k(seed, limits):
    matrix = random_similarity(seed, 6 + seed % 2, symmetric=seed % 3 > 0)
    constraints, alone = LIMITS[limits], 0.2 * (seed % 2)
    by_k = groupings_by_k(matrix, constraints=constraints, alone=alone)
    assert by_k
    for k in range(1, len(matrix) + 1):
        wanted = ref_best_grouping(matrix, k, k, constraints, alone)
        if wanted is None:
            assert k not in by_k
            with pytest.raises(GroupingError, match=rf"K = {k}|K ≤|K ≥"):
                group(matrix, k=k, constraints=constraints, alone=alone)
            continue
        best, near = wanted
        for found in (by_k[k], group(matrix, k=k, constraints=constraints, alone=alone)):
            assert found.objective == pytest.approx(best, abs=1e-12)
            assert found.objective == pytest.approx(ref_objective(matrix, found.groups, alone))
            assert found.proved
            assert found.k == len(found.groups) == k
            assert found.near_ties == len(near) - 1
            assert {found.groups, *(other.groups for other in found.alternatives)} <= {
                groups for _, groups in near}


@pytest.mark.parametrize(("low", "high"), [(1, 7), (2, 4), (3, 5)])
@pytest.mark.parametrize("limits", ["none", "all"])
def test_a_range_of_k_takes_the_best_of_its_ends_and_between(low, high, limits):
    matrix = random_similarity(11, 7)
    best, near = ref_best_grouping(matrix, low, high, LIMITS[limits])
    found = group(matrix, k_range=(low, high), constraints=LIMITS[limits])
    assert found.objective == pytest.approx(best)
    assert found.near_ties == len(near) - 1
    assert ("free between" in found.note) == (limits == "none" or low < 3)


def test_near_ties_are_all_found_and_ranked():
    # nearly constant similarity: many groupings lie within 1%
    matrix = 0.5 + 0.004 * random_similarity(3, 7)
    best, near = ref_best_grouping(matrix, 3, 3, Constraints())
    found = group(matrix, k=3)
    assert len(near) > 20
    assert found.near_ties == len(near) - 1
    assert not found.near_ties_at_least
    values = [other.objective for other in found.alternatives]
    assert values == pytest.approx([value for value, _ in near[1:11]])
    assert found.objective == pytest.approx(best)
    assert len({found.groups, *(other.groups for other in found.alternatives)}) == 11


def test_negative_objectives_have_near_ties_below_them():
    matrix = -0.5 + 0.004 * random_similarity(4, 6)
    best, near = ref_best_grouping(matrix, 2, 2, Constraints())
    assert best < 0
    assert len(near) > 1
    assert group(matrix, k=2).near_ties == len(near) - 1


def test_counting_stops_where_it_says():
    found = group(np.ones((12, 12)), k=4)  # all 611,501 partitions into 4 groups tie
    assert found.near_ties == MOST_COUNTED
    assert found.near_ties_at_least


def test_ties_are_settled_the_same_way_each_time():
    matrix = np.full((6, 6), 0.5)
    first, second = group(matrix, k=3), group(matrix.copy(), k=3)
    assert first == second
    assert first.near_ties == 14  # 15 ways to make three pairs; all else leaves one alone


@pytest.mark.parametrize("seed", range(5))
def test_renaming_languages_renames_the_groups(seed):
    matrix = random_similarity(seed, 9)
    order = np.random.default_rng(seed).permutation(9)
    direct, renamed = group(matrix, k=3), group(matrix[np.ix_(order, order)], k=3)
    back = tuple(sorted(tuple(sorted(int(order[m]) for m in part)) for part in renamed.groups))
    assert back == direct.groups
    assert renamed.objective == pytest.approx(direct.objective)


def test_adding_a_constant_to_all_similarities_changes_no_group():
    matrix = random_similarity(2, 9)
    plain, raised = group(matrix, k=3), group(matrix + 5, k=3, alone=5.0)
    assert raised.groups == plain.groups
    assert raised.objective == pytest.approx(plain.objective + 9 * 5)


def test_the_diagonal_never_counts():
    matrix = random_similarity(5, 7)
    other = matrix.copy()
    np.fill_diagonal(other, np.nan)
    assert group(other, k=3) == group(matrix, k=3)


def test_more_constraints_never_score_higher():
    matrix = random_similarity(8, 8)
    free = group(matrix, k=3)
    for constraints in LIMITS.values():
        assert group(matrix, k=3, constraints=constraints).objective <= free.objective + 1e-12


def test_splits_of_subsets_against_plain_recursion():
    score = np.random.default_rng(0).normal(size=64)
    best = best_splits(score, 6, 3)

    def slow(mask, k):
        if k == 0:
            return 0.0 if mask == 0 else -math.inf
        return max((score[sub] + slow(mask ^ sub, k - 1) for sub in range(1, mask + 1)
                    if sub & mask == sub), default=-math.inf)

    for mask in range(1, 32):
        for k in range(4):
            assert best[k, mask] == pytest.approx(slow(mask, k))
    assert splits_of(63, 3, score, best)[2].max() == pytest.approx(slow(63, 3))


def test_large_subsets_are_convolved_as_small_ones_are():
    # 13 items cross the size at which the convolution recurses
    score = np.random.default_rng(1).normal(size=1 << 13)
    best = best_splits(score, 13, 2)
    for mask in (4095, 4000, 2730, 2049):
        pairs = [score[sub] + score[mask ^ sub] for sub in range(1, mask) if sub & mask == sub]
        assert best[2, mask] == pytest.approx(max(pairs))


def test_one_language_is_one_group():
    found = group(np.ones((1, 1)))
    assert (found.groups, found.objective, found.proved) == (((0,),), 0.0, True)


# --- overlapping groups


@pytest.mark.parametrize("limits", ["none", "sizes", "must", "cannot"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_overlapping_is_the_brute_force_optimum(k, limits):
    matrix = random_similarity(20 + k, 6 if k < 3 else 5, symmetric=False)
    constraints = LIMITS[limits] if len(matrix) == 6 or limits != "must" else Constraints(
        must_link=((0, 3),))
    wanted = ref_best_overlapping(matrix, k, constraints, alone=0.1)
    if wanted is None:
        with pytest.raises(GroupingError):
            group(matrix, "overlapping", k=k, constraints=constraints, alone=0.1)
        return
    found = group(matrix, "overlapping", k=k, constraints=constraints, alone=0.1)
    assert found.objective == pytest.approx(wanted)
    assert found.proved
    assert found.k <= k
    assert set(found.serves) == set(range(found.k))
    assert all(language in found.groups[found.serves[language]] for language in range(len(matrix)))


def test_a_helper_is_in_a_group_that_does_not_serve_it():
    # 0 helps 1 and 2, who do nothing for it; 3 and 0 are mutual
    matrix = np.array([[1, 0.0, 0.0, 0.9], [0.8, 1, 0.7, 0.0], [0.8, 0.7, 1, 0.0],
                       [0.9, 0.0, 0.0, 1]])
    found = group(matrix, "overlapping", k=2)
    assert found.groups == ((0, 1, 2), (0, 3))
    assert found.serves == (1, 0, 0, 1)
    assert found.objective == pytest.approx(0.9 + 0.9 + 0.75 + 0.75)


@pytest.mark.parametrize("seed", range(4))
def test_overlapping_is_never_worse_than_the_best_partition(seed):
    matrix = random_similarity(seed, 9)
    assert (group(matrix, "overlapping", k=3).objective
            >= group(matrix, "exact", k=3).objective - 1e-12)


def test_overlapping_many_languages_is_bounded_and_not_called_proved():
    matrix = random_similarity(1, 24)
    found = group(matrix, "overlapping", k=4)
    assert not found.proved
    assert found.objective <= found.bound
    assert found.objective == pytest.approx(ref_objective(matrix, found.groups))
    assert found.objective >= group(matrix, "local_search", k=4).objective - 1e-9
    assert found.k <= 4
