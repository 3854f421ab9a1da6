"""What is correlated with what: tables as they enter a statistic, and the statistic itself.

Conventions
-----------
Statistics (`STATISTICS`)
    ``target_spearman``: Spearman's correlation within each target over its sources, then the mean
    over targets, each counting the same. Which target is easy does not matter.
    ``spearman``, ``pearson``: one correlation over all pairs of two different languages.
Adjustments (`ADJUSTMENTS`), of both tables alike, before any ranks are taken
    ``none``: as they are. ``target``: each target's mean taken out, so that an easy target counts
    for nothing. ``both``: source and target effects taken out (see `centring`).
Missing pairs
    A statistic's value is over the pairs that both tables have: effects and ranks are taken over
    these alone, so it is what scipy gives for the same pairs. A target counts where at least three
    sources have both and both vary.
"""

from __future__ import annotations

import numpy as np

from gradsim_core.statistics.centring import doubly_centred, target_centred
from gradsim_core.statistics.pairs import shared

_FEWEST = 3
_NOTHING = 1e-12  # of a sum of squares: what rounding leaves of values that do not vary

_ADJUSTED = {"none": lambda table: table, "target": target_centred, "both": doubly_centred}


def by_target(statistic: str) -> bool:
    """Whether a statistic is taken within targets first."""
    return statistic == "target_spearman"


def adjusted(table: np.ndarray, adjust: str) -> np.ndarray:
    """A (..., L, L) table without the effects that an adjustment takes out."""
    return _ADJUSTED[adjust](table)


def entering(tables: np.ndarray, statistic: str, adjust: str) -> np.ndarray:
    """Tables (..., L, L) as they enter a statistic: adjusted, ranked, each with deviation 1."""
    values = adjusted(tables, adjust)
    if statistic != "pearson":
        values = ranks(values, within_columns=by_target(statistic))
    defined = np.isfinite(values)
    count = np.maximum(defined.sum(axis=(-2, -1), keepdims=True), 1)
    mean = np.where(defined, values, 0.0).sum(axis=(-2, -1), keepdims=True) / count
    left = values - mean
    spread = np.sqrt(np.where(defined, left ** 2, 0.0).sum(axis=(-2, -1), keepdims=True) / count)
    return left / np.where(spread > 0, spread, 1.0)


def ranks(tables: np.ndarray, *, within_columns: bool) -> np.ndarray:
    """Ranks from 1 of each table's defined values, ties as mean ranks; NaN stays."""
    from scipy.stats import rankdata

    defined = np.isfinite(tables)
    last = np.where(defined, tables, np.inf)  # the missing are ranked after all others
    if within_columns:
        ranked = rankdata(last, axis=-2)
    else:
        flat = last.reshape(*tables.shape[:-2], tables.shape[-1] ** 2)
        ranked = rankdata(flat, axis=-1).reshape(tables.shape)
    return np.where(defined, ranked, np.nan)


def statistic_value(similarity: np.ndarray, transfer: np.ndarray, statistic: str,
                    adjust: str) -> float:
    """A statistic of two (L, L) tables over the pairs that both have; NaN where undefined."""
    return float(statistic_values(similarity[None], transfer[None], statistic, adjust)[0])


def statistic_values(similarities: np.ndarray, transfers: np.ndarray, statistic: str,
                     adjust: str) -> np.ndarray:
    """As `statistic_value`, of each of B pairs of tables: (B, L, L) twice -> (B,)."""
    x, y = (entering(tables, statistic, adjust) for tables in shared(similarities, transfers))
    return correlations(x, y, by_target(statistic))


def correlations(x: np.ndarray, y: np.ndarray, within_columns: bool) -> np.ndarray:
    """Correlate each of B tables with one, or with its own, over the pairs that both have.

    Parameters
    ----------
    x : (B, L, L), NaN missing
    y : (L, L) or (B, L, L), NaN missing
    within_columns : the mean of the columns' correlations, not one over all

    Returns
    -------
    np.ndarray
        (B,); NaN with fewer than three pairs, or where nothing varies.
    """
    has_x, has_y = np.isfinite(x), np.isfinite(y).astype(float)
    x, y = np.where(has_x, x, 0.0), np.where(has_y > 0, y, 0.0)
    total = f"bij,{'bij'[-y.ndim:]}->{'bj' if within_columns else 'b'}"
    n, sum_y, sum_yy = (np.einsum(total, has_x, one) for one in (has_y, y, y * y))
    sum_x, sum_xy = np.einsum(total, x, has_y), np.einsum(total, x, y)
    sum_xx = np.einsum(total, x * x, has_y)
    count = np.maximum(n, 1)
    vary_x, vary_y = sum_xx - sum_x ** 2 / count, sum_yy - sum_y ** 2 / count
    fine = (n >= _FEWEST) & (vary_x > _NOTHING * sum_xx) & (vary_y > _NOTHING * sum_yy)
    below = np.sqrt(np.where(fine, vary_x * vary_y, 1.0))
    found = np.where(fine, (sum_xy - sum_x * sum_y / count) / below, 0.0)
    if within_columns:
        columns = fine.sum(axis=1)
        return np.where(columns > 0, found.sum(axis=1) / np.maximum(columns, 1), np.nan)
    return np.where(fine, found, np.nan)
