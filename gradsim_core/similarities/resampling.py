"""What a similarity would have been, had chance dealt other steps: a bootstrap over increments.

A run's gradient sums are made of increments, stretches of the training. A resample draws as many
increments as there are, with repetition, and reads the similarity from their sum; how far
resamples differ says how sure the run itself is. Pairs of languages are never drawn: they are not
independent.

Conventions
-----------
A resample is a row of counts, one an increment, which add up to the number of increments. With
counts w the Gram of a resample is

    G(w) = G + sum over increments a, b of (w_a w_b - 1) C[a, b],

where G is the stored Gram of the sums and C are the cross-Grams, which may come from a sketch: the
counts of the run itself (all one) therefore give back its own similarity to the last digit.
``mean_cosine`` needs no cross-Grams: each recorded step counts as often as its increment is drawn.

Notes
-----
A resample repeats some stretches and lacks others (about 37%), so its gradients are noisier than
those of the run: raw cosines come out somewhat nearer to zero, and groups somewhat less stable than
they are. Early and late gradients differ for other reasons than chance; a bootstrap counts that
as chance too. Another seed of weights and order is not covered: run the study with another seed.

Sources: Efron 1979 (*Ann. Stat.* 7); Felsenstein 1985 (*Evolution* 39) for the support of clades.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import StudyError
from gradsim_core.similarities.block_ranges import block_indexes
from gradsim_core.similarities.corrections import read_grams
from gradsim_core.similarities.gram import GramSeries, similarity, without


@dataclass(frozen=True, eq=False)
class Increments:
    """The increments of a run.

    Attributes
    ----------
    steps : (from 1) that end each increment, n of them
    grams : (n (n + 1) / 2, n_blocks, 2L, 2L) float32, cross-Grams of increments a <= b, a first
    """

    steps: tuple[int, ...]
    grams: np.ndarray


def resample_counts(n_increments: int, resamples: int, seed: int = 0) -> np.ndarray:
    """How often each increment is drawn: (resamples, n_increments) int."""
    return np.random.default_rng(seed).multinomial(
        n_increments, np.full(n_increments, 1 / n_increments), size=resamples)


def resampled_similarities(series: GramSeries, increments: Increments, blocks: str = "layers",
                           reading: str = "cosine_of_mean", correction: str = "raw",
                           snapshot: int = -1, *, counts: np.ndarray | None = None,
                           resamples: int = 1_000, seed: int = 0) -> np.ndarray:
    """Read a similarity from resampled increments.

    Parameters
    ----------
    series, blocks, reading, correction, snapshot : as in `gram.similarity`
    counts : (resamples, n) of the n increments up to the snapshot; drawn with ``seed`` if left out

    Returns
    -------
    np.ndarray
        (resamples, n_languages, n_languages) float64; NaN where a resample leaves it undefined.

    Raises
    ------
    StudyError
        If the series does not have what is asked for, or the increments do not end at the
        snapshot.
    """
    step = similarity(series, blocks, reading, correction, snapshot).step
    if step not in increments.steps:
        raise StudyError(f"The increments that were kept do not end at step {step}. Take another "
                         "snapshot: " + ", ".join(str(at) for at, one in enumerate(series.snapshots)
                                                  if one in increments.steps) + ".")
    n = increments.steps.index(step) + 1
    drawn = resample_counts(n, resamples, seed) if counts is None else counts
    chosen = block_indexes(blocks, series.blocks)
    if reading == "mean_cosine":
        recorded = np.array([at for at in series.step_numbers if at <= step])
        part = np.searchsorted(increments.steps, recorded)  # the increment of each recorded step
        grams = series.steps[:len(recorded)][:, chosen].sum(axis=1, dtype=np.float64)
        return np.stack([read_grams(without(series, np.repeat(grams, row[part], axis=0)),
                                    correction) for row in drawn])
    crossed = _crossed(increments, chosen, n)
    own = series.sums[snapshot, chosen].sum(axis=0, dtype=np.float64)
    return np.stack([
        read_grams(without(series, (own + np.tensordot(
            np.outer(row, row) - 1.0, crossed, axes=2))[None]), correction) for row in drawn])


def spread_around(values: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95% intervals from resamples, laid around the values themselves.

    Parameters
    ----------
    values : (L, L), of the run
    drawn : (resamples, L, L)

    Returns
    -------
    tuple
        Lower and upper ends, (L, L) each; NaN where a resample leaves a cell undefined.

    Notes
    -----
    Resampled gradients are noisier than the run's own, which moves their cosines towards zero. So
    the resamples' spread around their mean is used, not where they lie.
    """
    low, high = np.percentile(drawn - drawn.mean(axis=0), [2.5, 97.5], axis=0)
    return values + low, values + high


def _crossed(increments: Increments, chosen: list[int], n: int) -> np.ndarray:
    """The cross-Grams of the first n increments, of some blocks: (n, n, 2L, 2L)."""
    total = len(increments.steps)
    rows, columns = np.triu_indices(total)
    summed = increments.grams[:, chosen].sum(axis=1, dtype=np.float64)
    crossed = np.zeros((total, total, *summed.shape[1:]))
    crossed[columns, rows] = summed.transpose(0, 2, 1)
    crossed[rows, columns] = summed
    return crossed[:n, :n]
