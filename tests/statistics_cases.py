"""Made-up tables of similarity and transfer that the tests of the statistics share."""

from __future__ import annotations

import numpy as np

from gradsim_core.statistics import associate

FEW = 199  # permutations where p is not what is tested


def symmetric(table: np.ndarray) -> np.ndarray:
    return (table + np.swapaxes(table, -1, -2)) / 2


def made_up(n_languages: int = 6, *, relation: float = 0.7, seed: int = 0, missing: int = 0,
            tied: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A symmetric similarity and a directed transfer that depends on it.

    Parameters
    ----------
    missing : pairs taken out of each table, not the same ones
    tied : whether values are rounded so that many are equal
    """
    draw = np.random.default_rng(seed)
    shape = (n_languages, n_languages)
    near = symmetric(draw.normal(size=shape))
    gained = relation * near + draw.normal(size=shape) + draw.normal(size=(n_languages, 1))
    if tied:
        near, gained = np.round(near), np.round(gained)
    for table in (near, gained):
        cells = np.flatnonzero(~np.eye(n_languages, dtype=bool))
        table.ravel()[draw.choice(cells, missing, replace=False)] = np.nan
    return near, gained


def value(near: np.ndarray, gained: np.ndarray, statistic: str, adjust: str) -> float:
    """The statistic alone, whatever its p."""
    return associate(near, gained, statistic, adjust=adjust, permutations=FEW).value
