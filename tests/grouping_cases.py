"""Similarities and problems that several tests of grouping use."""

from __future__ import annotations

import numpy as np

from gradsim_core.grouping.constraints import Constraints
from gradsim_core.grouping.problem import problem_of


def random_similarity(seed: int, n_languages: int) -> np.ndarray:
    matrix = np.random.default_rng(seed).uniform(-1, 1, (n_languages, n_languages))
    return (matrix + matrix.T) / 2


def three_families(n_languages: int, seed: int = 0) -> np.ndarray:
    """Cosines of points around three centres; language l is of family l mod 3."""
    generator = np.random.default_rng(seed)
    centres = 3 * np.eye(3, 12)
    points = centres[np.arange(n_languages) % 3] + 0.3 * generator.normal(size=(n_languages, 12))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points @ points.T


def problem(matrix, k=None, constraints=None, k_range=None, **more):
    settings = {"alone": 0.0, "seed": 0, "lineages": None, "sizes": None, "names": None,
                "time_limit_s": 20.0, **more}
    return problem_of(matrix, k, k_range, constraints or Constraints(), **settings)
