"""What scales: set partitioning, local search and bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from grouping_cases import problem, random_similarity, three_families
from reference import ref_best_grouping, ref_group_allowed, ref_objective

from gradsim_core.grouping import Constraints, group, objective
from gradsim_core.grouping import exact as exact_module
from gradsim_core.grouping.bounds import serving_bound, upper_bound
from gradsim_core.grouping.descent import descended
from gradsim_core.grouping.local_search import local_search
from gradsim_core.grouping.repair import nearest_allowed
from gradsim_core.grouping.set_partitioning import best_partition
from gradsim_core.grouping.sums import State, relabel, state_of

LIMITS = {
    "none": Constraints(),
    "sizes": Constraints(smallest=2, largest=4),
    "links": Constraints(must_link=((0, 3), (3, 5)), cannot_link=((0, 1), (1, 2), (4, 6))),
    "all": Constraints(smallest=2, largest=4, must_link=((0, 2),), cannot_link=((2, 5), (1, 4))),
}


# --- the integer program


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("k", [2, 3, None])
def test_set_partitioning_is_the_brute_force_optimum(k, limits):
    for seed in range(3):
        asked = problem(random_similarity(seed, 7), k, LIMITS[limits], alone=0.1)
        start = local_search(asked)
        found = best_partition(asked, start)
        best, _ = ref_best_grouping(asked.similarity, asked.low, asked.high, LIMITS[limits], 0.1)
        assert found.proved
        assert found.objective == pytest.approx(best, abs=1e-6)


def test_set_partitioning_mends_a_poor_start():
    asked = problem(random_similarity(5, 12), 4)
    poor = group(asked.similarity, "random", k=4)
    found = best_partition(asked, poor)
    assert found.objective == pytest.approx(group(asked.similarity, k=4).objective, abs=1e-6)
    assert found.objective > poor.objective + 1


def test_exact_proves_twenty_languages_by_the_integer_program():
    matrix = three_families(20)
    found = group(matrix, k=3)
    assert found.proved
    assert found.groups == tuple(tuple(range(first, 20, 3)) for first in range(3))
    assert "integer program" in found.note or "bound is reached" in found.note


def test_exact_agrees_with_itself_where_both_ways_can_go(monkeypatch):
    matrix = random_similarity(4, 11)
    by_table = group(matrix, k=4, constraints=LIMITS["all"])
    monkeypatch.setattr(exact_module, "MOST_TRANSITIONS", 0)
    by_program = group(matrix, k=4, constraints=LIMITS["all"])
    assert "dynamic" in by_table.note
    assert "integer" in by_program.note
    assert by_program.groups == by_table.groups
    assert by_program.near_ties is None


def test_out_of_time_is_not_called_proved():
    asked = problem(random_similarity(3, 19), 5, time_limit_s=0.0)
    start = local_search(replace(asked, time_limit_s=20.0))
    found = best_partition(asked, start)
    assert not found.proved
    assert found.bound >= found.objective
    assert found.gap > 0
    assert "Not proved" in found.note


def test_too_many_groups_to_list_falls_back_to_local_search():
    found = group(random_similarity(2, 40), k=5)
    assert (found.strategy, found.proved) == ("exact", False)
    assert found.bound > found.objective
    assert "local search" in found.note


# --- bounds and local search


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("seed", range(4))
def test_the_bound_is_never_below_the_optimum(seed, limits):
    matrix = random_similarity(seed, 7)
    for k in (2, 3):
        asked = problem(matrix, k, LIMITS[limits], alone=-0.2)
        best, _ = ref_best_grouping(matrix, asked.low, asked.high, LIMITS[limits], -0.2)
        assert upper_bound(asked) >= best - 1e-9
    free = problem(matrix, None, LIMITS[limits])
    best, _ = ref_best_grouping(matrix, free.low, free.high, LIMITS[limits])
    assert upper_bound(free) >= best - 1e-9
    assert serving_bound(free) >= best - 1e-9


def test_knowing_k_tightens_the_bound():
    matrix = random_similarity(0, 30)
    loose = problem(matrix)
    tight = problem(matrix, 3)
    off_diagonal = matrix - 2 * np.eye(30)
    assert upper_bound(loose) == pytest.approx(off_diagonal.max(axis=1).sum(), rel=1e-3)
    assert upper_bound(tight) < upper_bound(loose) - 5


def test_the_bound_is_reached_where_families_are_plain():
    # three blocks of 1 in a matrix of 0: nothing can beat every language scoring 1
    labels = np.arange(30) % 3
    found = group((labels[:, None] == labels[None, :]).astype(float), "local_search", k=3)
    assert found.objective == pytest.approx(30)
    assert found.proved


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("seed", range(6))
def test_local_search_finds_small_optima_and_keeps_to_limits(seed, limits):
    matrix = random_similarity(seed, 7)
    found = group(matrix, "local_search", k=3, constraints=LIMITS[limits])
    best, _ = ref_best_grouping(matrix, 3, 3, LIMITS[limits])
    assert found.objective <= best + 1e-9
    assert found.objective >= best - 0.15 * abs(best)
    assert found.objective == pytest.approx(ref_objective(matrix, found.groups))
    assert all(ref_group_allowed(part, LIMITS[limits]) for part in found.groups)


def test_local_search_nearly_always_equals_the_proved_optimum():
    short = 0
    for seed in range(12):
        matrix = random_similarity(seed, 11)
        best = group(matrix, k=4).objective
        short += group(matrix, "local_search", k=4).objective < best - 1e-9
    assert short <= 1


@pytest.mark.parametrize("k", [None, 3, 12])
def test_sums_kept_by_the_search_equal_sums_counted_anew(k):
    constraints = Constraints(must_link=((0, 1),), cannot_link=((2, 3), (0, 9)))
    asked = problem(random_similarity(7, 40), k, constraints)
    generator = np.random.default_rng(0)
    start = nearest_allowed(generator.permutation(np.arange(39) % (k or 6)), k or 6, asked)
    state = descended(start, asked)
    for _ in range(20):
        item = int(generator.integers(39))
        relabel(state, asked, {item: int(generator.integers(len(state.sizes)))})
    fresh: State = state_of(state.labels, asked)
    columns = np.unique(state.labels)
    used = slice(0, len(columns))
    for name in ("sizes", "totals"):
        kept, counted = getattr(state, name), getattr(fresh, name)
        assert kept[columns] == pytest.approx(counted[used])
    assert state.ties[:, columns] == pytest.approx(fresh.ties[:, used])
    assert state.clashes[:, columns] == pytest.approx(fresh.clashes[:, used])
    assert state.score == pytest.approx(fresh.score)
    assert state.score == pytest.approx(objective(asked.similarity,
                                                  asked.items.groups(state.labels)))


def test_the_search_ends_where_no_single_move_or_swap_helps():
    matrix, n = random_similarity(9, 16), 16
    found = group(matrix, "local_search", k=4)
    label = np.empty(n, dtype=int)
    for index, part in enumerate(found.groups):
        label[list(part)] = index

    def score(labels):
        return ref_objective(matrix, [list(np.flatnonzero(labels == g)) for g in range(4)])

    for one in range(n):
        for target in range(4):
            moved = label.copy()
            moved[one] = target
            if len(np.unique(moved)) == 4:
                assert score(moved) <= found.objective + 1e-9
        for other in range(one):
            swapped = label.copy()
            swapped[[one, other]] = label[[other, one]]
            assert score(swapped) <= found.objective + 1e-9


def test_every_step_of_the_search_gains(monkeypatch):
    """Splitting off what was just split off would lose: the last of six has less to do with all."""
    matrix = np.zeros((10, 10))
    matrix[:4, :4] = matrix[4:, 4:] = 0.9
    matrix[4:9, 9] = matrix[9, 4:9] = 0.5
    scores = []

    def watched(state, asked, changes):
        before = state.score
        relabel(state, asked, changes)
        scores.append(state.score - before)

    monkeypatch.setattr("gradsim_core.grouping.descent.relabel", watched)
    found = descended(np.zeros(10, dtype=int), problem(matrix, k_range=(1, 6)))
    assert found.n_groups == 2
    assert scores
    assert min(scores) > 0


def test_hundred_languages_of_three_families_are_told_apart():
    found = group(three_families(99), "local_search", k=3)
    assert found.groups == tuple(tuple(range(first, 99, 3)) for first in range(3))


# --- real similarities


def test_real_similarities_of_84_languages(data_root):
    path = data_root / "mplm-sim" / "xlm-roberta-base_flores200" / "sents_layer7.tsv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    names = header.split("\t")[1:]
    matrix = np.array([[float(cell) if cell else np.nan for cell in row.split("\t")[1:]]
                       for row in rows])
    assert matrix.shape == (84, 84) == (len(names), len(names))
    found = group(matrix, "local_search", k=8, constraints=Constraints(smallest=3), names=names)
    assert found.k == 8
    assert min(map(len, found.groups)) >= 3
    assert found.objective <= found.bound
    assert found.objective >= max(
        group(matrix, strategy, k=8, constraints=Constraints(smallest=3)).objective
        for strategy in ("agglomerative", "spectral", "k_means")) - 1e-9
    few = matrix[:12, :12]
    assert group(few, "local_search", k=3).objective <= group(few, k=3).objective + 1e-9
