"""What is done otherwise for very many languages gives what the plain way gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gradsim_core.gradients.tap import block_gram
from gradsim_core.grouping import Constraints, group
from gradsim_core.grouping.bounds import MANY, eigenvalue_bound, upper_bound
from gradsim_core.grouping.problem import Problem, problem_of


def test_half_of_a_large_gram_is_the_whole() -> None:
    rows = torch.randn((1_100, 40), generator=torch.Generator().manual_seed(0))
    found = block_gram(rows)
    assert (found == found.T).all()
    exact = rows.double() @ rows.double().T
    np.testing.assert_allclose(found, exact.numpy(), atol=1e-4)


def problem(matrix: np.ndarray, k: int, alone: float = 0.0) -> Problem:
    return problem_of(matrix, k, None, Constraints(), alone=alone, seed=0, lineages=None,
                      sizes=None, names=None, time_limit_s=10)


def unit_vectors(n: int, dimensions: int, seed: int, shared: float = 0.0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, dimensions)) + shared
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("alone", [-0.5, 0.0, 0.8])
@pytest.mark.parametrize("seed", range(6))
def test_no_partition_is_above_the_bound_by_eigenvalues(seed: int, alone: float) -> None:
    if seed % 3:
        vectors = unit_vectors(7, 3, seed, shared=0.7 * (seed % 2))
        matrix = vectors @ vectors.T
    else:
        matrix = np.random.default_rng(seed).uniform(-1, 1, (7, 7))  # not of any vectors
    for k in range(1, 8):
        best = group(matrix, "exact", k=k, alone=alone).objective
        assert best <= eigenvalue_bound(problem(matrix, k, alone)) + 1e-9


def test_very_many_languages_have_the_lower_of_two_bounds() -> None:
    noisy, clear = unit_vectors(MANY + 1, 400, 0), unit_vectors(MANY + 1, 2, 0)
    asked = problem(noisy @ noisy.T, 2)
    best = group(asked.similarity, "local_search", k=2)
    assert best.bound == upper_bound(asked) == eigenvalue_bound(asked)
    assert best.objective <= best.bound
    fewer = problem(asked.similarity[:MANY, :MANY], 2)
    assert upper_bound(fewer) > 2 * eigenvalue_bound(fewer), "the bound that was exported before"
    two = problem(clear @ clear.T, 3)
    assert upper_bound(two) < eigenvalue_bound(two)


def test_k_means_of_very_many_finds_clear_groups() -> None:
    vectors = np.repeat(np.eye(5, 40), 70, axis=0) + 0.02 * unit_vectors(350, 40, 1)
    found = group(vectors @ vectors.T, "k_means", k=5)
    assert found.groups == tuple(tuple(range(70 * at, 70 * at + 70)) for at in range(5))
