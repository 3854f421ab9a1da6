"""How high could any similarity score, given the noise in what is compared?

Had the transfer been trained with other seeds, and the similarity been taken from other text, both
would have come out a little differently. Two noisy readings of the same thing do not correlate
perfectly, and neither can anything that predicts one of them: a correlation is bounded by
sqrt(reliability of the one x reliability of the other) (Spearman 1904, *Am. J. Psychol.* 15).

Conventions
-----------
A reliability is the correlation of two halves, by the same statistic and adjustment as the
correlation that it bounds, lengthened to the whole by the Spearman-Brown formula
n r / (1 + (n - 1) r). The transfer's halves are halves of the seeds, as in
`scores.tables.seed_agreement`: pairs of halves that share no seed, at most 200 of them, and the
mean over them; a cell counts where all seeds of both halves have it. For rank correlations the
formula, made for Pearson's, is an approximation; with two or three seeds the ceiling is rough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import DataError
from gradsim_core.scores.tables import halvings
from gradsim_core.statistics.correlating import statistic_value
from gradsim_core.statistics.pairs import checked, known


@dataclass(frozen=True)
class Ceiling:
    """The reliabilities of what is correlated, and the bound that they set.

    Attributes
    ----------
    similarity_reliability : NaN where it is unknown; it then counts as 1 in `value`
    transfer_reliability : NaN where it is unknown (a single seed)
    value : square root of their product; NaN where the transfer's is unknown, or one is not above 0
    """

    similarity_reliability: float
    transfer_reliability: float
    value: float


def ceiling(halves: np.ndarray | None, transfer_seeds: np.ndarray,
            statistic: str = "target_spearman", *, adjust: str = "none") -> Ceiling:
    """Bound what a similarity could reach against the transfer.

    Parameters
    ----------
    halves : (2, L, L), the similarity from two disjoint halves of its data; None where unknown
    transfer_seeds : (n_seeds, L, L), the transfer of each seed
    statistic, adjust : as in `associate`

    Raises
    ------
    DataError
        If a name is unknown, or the tables have other shapes.
    """
    known(statistic, adjust)
    (seeds,) = checked(transfer=transfer_seeds)
    if seeds.ndim != 3:
        raise DataError(f"The transfer has the shape {seeds.shape}. Pass (seeds, languages, "
                        "languages).")
    similarity = float("nan")
    if halves is not None:
        _, two = checked(transfer=seeds, similarity=halves)
        if two.shape[0] != 2 or two.ndim != 3:
            raise DataError(f"The halves of the similarity have the shape {two.shape}. Pass "
                            "(2, languages, languages).")
        similarity = _lengthened(statistic_value(two[0], two[1], statistic, adjust), 2)
    transfer = _seed_reliability(seeds, statistic, adjust)
    product = transfer * (1.0 if np.isnan(similarity) else similarity)
    both_above = product > 0 and transfer > 0
    return Ceiling(similarity, transfer, float(np.sqrt(product)) if both_above else float("nan"))


def _seed_reliability(seeds: np.ndarray, statistic: str, adjust: str) -> float:
    """Reliability of the mean over all seeds."""
    found, length = [], 2.0
    for first, second in halvings(len(seeds)):
        a, b = _mean(seeds, first), _mean(seeds, second)
        found.append(statistic_value(a, b, statistic, adjust))
        length = len(seeds) / len(first)
    return _lengthened(float(np.mean(found)), length) if found else float("nan")


def _mean(seeds: np.ndarray, chosen: Sequence[int]) -> np.ndarray:
    return seeds[list(chosen)].mean(axis=0)


def _lengthened(correlation: float, times: float) -> float:
    """Spearman-Brown: the reliability of something so many times as long; NaN where undefined."""
    below = 1 + (times - 1) * correlation
    return times * correlation / below if below > 0 else float("nan")
