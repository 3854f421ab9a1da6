"""Made-up scores of strategies, for the tests of comparing them."""

from __future__ import annotations

import numpy as np


def made_up(n_seeds: int = 3, n_languages: int = 4, *, gain: float = 0.02, noise: float = 0.01,
            seed: int = 0) -> dict[str, np.ndarray]:
    """Scores of three strategies; the first scores `gain` above the others."""
    draw = np.random.default_rng(seed)
    base = draw.uniform(0.4, 0.8, n_languages)
    return {name: base + extra + noise * draw.normal(size=(n_seeds, n_languages))
            for name, extra in (("gradient", gain), ("all_languages", 0.0), ("family", 0.0))}


def made_up_draws(scores: np.ndarray, n_draws: int = 20, seed: int = 1) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return (scores + 0.01 * draw.normal(size=(n_draws, 1, 1))
            + 0.01 * draw.normal(size=(n_draws, *scores.shape)))
