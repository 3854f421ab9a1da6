"""Does similarity put the sources of a target in the right order?

For one target, every other language is a source that could have been chosen. The similarity
orders them before anything is trained; the transfer says afterwards how they did.

Conventions
-----------
Rows are sources, columns targets; larger is nearer, and larger transfer is better. Only sources
with both numbers count. Fewer than three of them order nothing: all is NaN.

spearman, kendall
    Rank correlation, ties as mean ranks and as tau-b. NaN where either does not vary.
ndcg3
    Discounted gain of the three nearest sources over that of the three best, 0 to 1 (Järvelin and
    Kekäläinen 2002, *ACM TOIS* 20). The gain of a source is its transfer minus the least transfer
    on the target, so that it is never negative and the worst source is worth nothing; discounts
    are 1 / log2(1 + place). NaN where the transfer does not vary.
regret1
    Transfer lost by taking the nearest source instead of the best: 0 is perfect, in the unit of
    the transfer. 0 where the transfer does not vary.

Sources that are equally near share their places: ndcg3 and regret1 are the mean over all orders of
them, so a similarity that does not vary scores what choosing blindly scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.statistics.pairs import checked, shared

_FEWEST_SOURCES = 3
_TOP = 3


@dataclass(frozen=True)
class TargetRanking:
    """How well the sources of one target are ordered; NaN where undefined.

    Attributes
    ----------
    spearman, kendall : from -1 to 1
    ndcg3 : from 0 to 1
    regret1 : in the unit of the transfer, at least 0
    n : sources that have both similarity and transfer
    """

    spearman: float
    kendall: float
    ndcg3: float
    regret1: float
    n: int


def rank_targets(similarity: np.ndarray, transfer: np.ndarray) -> tuple[TargetRanking, ...]:
    """Compare, for every target, the order of the sources by similarity and by transfer.

    Parameters
    ----------
    similarity, transfer : (L, L), NaN missing, the diagonal ignored

    Returns
    -------
    tuple of TargetRanking
        One a column.
    """
    near, gained = shared(*checked(similarity=similarity, transfer=transfer))
    return tuple(_ranking(near[rows, target], gained[rows, target])
                 for target, rows in enumerate(np.isfinite(near).T))


def _ranking(near: np.ndarray, gained: np.ndarray) -> TargetRanking:
    from scipy.stats import kendalltau, rankdata

    n = len(near)
    if n < _FEWEST_SOURCES:
        return TargetRanking(np.nan, np.nan, np.nan, np.nan, n)
    varies = np.ptp(near) > 0 and np.ptp(gained) > 0
    spearman = np.corrcoef(rankdata(near), rankdata(gained))[0, 1] if varies else np.nan
    kendall = kendalltau(near, gained).statistic if varies else np.nan
    nearest = gained[near == near.max()].mean()
    return TargetRanking(float(spearman), float(kendall), _ndcg(near, gained - gained.min()),
                         float(gained.max() - nearest), n)


def _ndcg(near: np.ndarray, gains: np.ndarray) -> float:
    """Discounted gain of the first places in order of nearness over the greatest possible."""
    greatest = _discounted(gains, gains)
    return _discounted(near, gains) / greatest if greatest > 0 else float("nan")


def _discounted(near: np.ndarray, gains: np.ndarray) -> float:
    """Gain of the first places; those who are equally near take the mean of theirs."""
    discounts = np.zeros(len(near))
    discounts[:_TOP] = 1 / np.log2(np.arange(2, min(len(near), _TOP) + 2))
    total, place = 0.0, 0
    for value in np.unique(near)[::-1]:
        tied = gains[near == value]
        total += float(tied.mean() * discounts[place:place + len(tied)].sum())
        place += len(tied)
    return total
