"""Least squares of many responses on the same predictors, over whatever pairs each has.

Permuting labels or leaving a language out changes which pairs a response has, and so the equations.
They are small (one unknown a predictor), so they are set up for many responses at once.

Conventions
-----------
Predictors are k tables, brought to mean 0 and deviation 1 over the pairs that all of them have; a
constant is always fitted. Equations carry a ridge of 1e-9 of the number of pairs: predictors that
repeat each other share their weight instead of failing, and R^2 changes by as little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RIDGE = 1e-9
_NOTHING = 1e-12  # of a sum of squares
REPEATED = 1e-8
"""Of a sum of squares: what others leave, where they say all of it (the ridge leaves 1e-9)."""


@dataclass(frozen=True, eq=False)
class Predictors:
    """Predictors over the pairs that all of them have.

    Attributes
    ----------
    pairs : (L, L) bool, n of them
    columns : (n, 1 + k), the constant first, then each predictor with mean 0 and deviation 1
    """

    pairs: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, tables: Sequence[np.ndarray], n_languages: int) -> Predictors:
        """Put (L, L) tables side by side; none gives the constant alone."""
        pairs = ~np.eye(n_languages, dtype=bool)
        for table in tables:
            pairs = pairs & np.isfinite(table)
        columns = [np.ones(int(pairs.sum()))]
        for table in tables:
            left = table[pairs] - (table[pairs].mean() if pairs.any() else 0.0)
            columns.append(left / (left.std() if varies(table[pairs]) else 1.0))
        return cls(pairs, np.stack(columns, axis=1))


def varies(values: np.ndarray) -> bool:
    """Whether values differ by more than rounding."""
    return len(values) > 1 and bool(np.ptp(values) > 1e-9 * max(np.abs(values).max(), 1e-300))


def equations(columns: np.ndarray, responses: np.ndarray
              ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normal equations of each response over the pairs that it has.

    Parameters
    ----------
    columns : (n, k)
    responses : (B, n), NaN missing

    Returns
    -------
    products : (B, k, k) of the columns with each other, with the ridge
    sums : (B, k) of the columns with the response
    squares : (B,) of the response with itself
    """
    k = columns.shape[1]
    has = np.isfinite(responses)
    filled = np.where(has, responses, 0.0)
    pairwise = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), k * k)
    products = (has.astype(float) @ pairwise).reshape(-1, k, k)
    ridge = _RIDGE * np.maximum(has.sum(axis=1), 1)
    return (products + ridge[:, None, None] * np.eye(k), filled @ columns,
            (filled ** 2).sum(axis=1))


def explained(predictors: Predictors, responses: np.ndarray,
              subsets: Sequence[Sequence[int]]) -> np.ndarray:
    """R^2 of each response on each subset of the predictors.

    Parameters
    ----------
    responses : (B, L, L), NaN missing
    subsets : positions of predictors, from 0

    Returns
    -------
    np.ndarray
        (B, n_subsets), 0 to 1; NaN where a response does not vary or has no more pairs than there
        are predictors and a constant.
    """
    values = responses[:, predictors.pairs]
    has = np.isfinite(values)
    count = has.sum(axis=1)
    filled = np.where(has, values, 0.0)
    scale = np.abs(filled).max(axis=1, initial=0.0)
    mean = filled.sum(axis=1) / np.maximum(count, 1)
    values = (values - mean[:, None]) / np.where(scale > 0, scale, 1.0)[:, None]
    products, sums, squares = equations(predictors.columns, values)
    fine = (count > predictors.columns.shape[1]) & (squares > _NOTHING * np.maximum(count, 1))
    below = np.where(fine, squares, 1.0)
    found = np.zeros((len(values), len(subsets)))
    for at, subset in enumerate(subsets):
        chosen = [0, *(1 + one for one in subset)]
        fitted = np.linalg.solve(products[:, chosen][:, :, chosen], sums[:, chosen, None])[..., 0]
        found[:, at] = (fitted * sums[:, chosen]).sum(axis=1) / below
    return np.where(fine[:, None], found, np.nan)


def partial_correlations(columns: np.ndarray, responses: np.ndarray,
                         predictors: np.ndarray) -> np.ndarray:
    """Correlate a response and a predictor, both without what the columns explain of them.

    Parameters
    ----------
    columns : (n, k), the constant among them
    responses, predictors : (B, n), NaN missing; pairs count where both are defined

    Returns
    -------
    np.ndarray
        (B,); NaN where nothing is left of either.
    """
    has = np.isfinite(responses) & np.isfinite(predictors)
    y, x = (np.where(has, values, 0.0) for values in (responses, predictors))
    products, sums_y, squares_y = equations(columns, np.where(has, responses, np.nan))
    sums_x, squares_x = x @ columns, (x ** 2).sum(axis=1)
    fitted = np.linalg.solve(products, np.stack([sums_y, sums_x], axis=2))  # (B, k, 2)
    left_y = squares_y - (sums_y * fitted[..., 0]).sum(axis=1)
    left_x = squares_x - (sums_x * fitted[..., 1]).sum(axis=1)
    left = (x * y).sum(axis=1) - (sums_x * fitted[..., 0]).sum(axis=1)
    fine = ((has.sum(axis=1) > columns.shape[1] + 1) & (left_y > REPEATED * squares_y)
            & (left_x > REPEATED * squares_x))
    below = np.sqrt(np.where(fine, left_x * left_y, 1.0))
    return np.where(fine, left / below, np.nan)
