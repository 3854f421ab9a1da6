"""From Gram matrices to language similarity.

The engine stores inner products, not gradients. Cosines for any set of blocks follow exactly:
add the blocks' Gram matrices, then normalise.

Conventions
-----------
Axes are always snapshot (or step), block, language-half, language-half; row ``2 * l + h`` is
half h of language l. Similarities are (n_languages, n_languages) float64, symmetric, with a
diagonal of 1 and NaN where undefined.

Readings
    ``cosine_of_mean``: cosine of gradients summed over all steps up to a snapshot.
    ``mean_cosine``: mean, over the recorded steps up to a snapshot, of each step's cosine
    (Fifty et al. 2021, arXiv 2109.04617, average over every training step).
Corrections: see `corrections`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gradsim_core.errors import StudyError, choice
from gradsim_core.similarities.block_ranges import block_indexes
from gradsim_core.similarities.corrections import CORRECTIONS, corrected_similarity, read_halves

READINGS = ("cosine_of_mean", "mean_cosine")


@dataclass(frozen=True)
class GramSeries:
    """Gram matrices along one training run.

    Attributes
    ----------
    languages : codes, L of them, in the order of the rows
    blocks : block names in depth order (see `block_ranges`)
    snapshots : steps (from 1) after which the sums were recorded, S of them
    sums : (S, n_blocks, 2L, 2L) float64, of very many languages float32; Grams of the gradients
        summed up to the snapshot
    step_numbers : steps (from 1) whose own Gram was recorded, T of them
    steps : (T, n_blocks, 2L, 2L) float32; Grams of single steps
    invalid : code -> why that language's gradients are not used
    """

    languages: tuple[str, ...]
    blocks: tuple[str, ...]
    snapshots: tuple[int, ...]
    sums: np.ndarray
    step_numbers: tuple[int, ...]
    steps: np.ndarray
    invalid: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Similarity:
    """A language-by-language similarity with what made it.

    Attributes
    ----------
    languages : codes in the order of rows and columns
    matrix : (L, L) float64, NaN where undefined
    reliability : (L,) cosine of each language's two halves, NaN where undefined
    blocks : the blocks that were added up
    reading, correction : as named in this module
    step : the training step it was read at
    """

    languages: tuple[str, ...]
    matrix: np.ndarray
    reliability: np.ndarray
    blocks: tuple[str, ...]
    reading: str
    correction: str
    step: int

    @property
    def mean_off_diagonal(self) -> float:
        """Mean similarity of two different languages, over the defined ones."""
        off = self.matrix[~np.eye(len(self.matrix), dtype=bool)]
        return float(np.nanmean(off)) if np.isfinite(off).any() else float("nan")


def similarity(series: GramSeries, blocks: str = "layers", reading: str = "cosine_of_mean",
               correction: str = "raw", snapshot: int = -1) -> Similarity:
    """Read a similarity from stored Grams.

    Parameters
    ----------
    series : the run's Grams
    blocks : see `block_ranges.block_indexes`
    reading : one of READINGS
    correction : one of CORRECTIONS
    snapshot : index into ``series.snapshots``; negative counts from the last

    Returns
    -------
    Similarity

    Raises
    ------
    StudyError
        If blocks, reading, correction or snapshot is not one that the series has.
    """
    if reading not in READINGS:
        raise StudyError(choice("Reading", reading, READINGS))
    if reading == "mean_cosine" and not series.step_numbers:
        raise StudyError("mean_cosine needs the Grams of single steps, which languages that joined "
                         "later do not have. Read cosine_of_mean, or the study without them.")
    if correction not in CORRECTIONS:
        raise StudyError(choice("Correction", correction, CORRECTIONS))
    if not -len(series.snapshots) <= snapshot < len(series.snapshots):
        raise StudyError(f"Snapshot {snapshot} does not exist: the run has "
                         f"{len(series.snapshots)} (0 is the first, -1 the last).")
    chosen = block_indexes(blocks, series.blocks)
    matrix, reliability = corrected_similarity(
        _grams(series, chosen, reading, snapshot), correction)
    return Similarity(series.languages, matrix, reliability,
                      tuple(series.blocks[i] for i in chosen), reading, correction,
                      series.snapshots[snapshot])


def half_similarities(series: GramSeries, blocks: str = "layers",
                      reading: str = "cosine_of_mean", correction: str = "raw",
                      snapshot: int = -1) -> np.ndarray:
    """Read the similarity twice, each time from one half of every language's rows alone.

    Parameters
    ----------
    series, blocks, reading, correction, snapshot : as in `similarity`; ``noise_corrected`` needs
        both halves, so that each is read raw

    Returns
    -------
    np.ndarray
        (2, n_languages, n_languages) float64; how far they agree is the split-half reliability.

    Raises
    ------
    StudyError
        As `similarity`.
    """
    similarity(series, blocks, reading, correction, snapshot)  # refuses what is not there
    grams = _grams(series, block_indexes(blocks, series.blocks), reading, snapshot)
    return read_halves(grams, correction)


def _grams(series: GramSeries, chosen: list[int], reading: str, snapshot: int) -> np.ndarray:
    """The Grams that a reading averages over, of some blocks: (T, 2L, 2L)."""
    if reading == "cosine_of_mean":
        grams = series.sums[snapshot, chosen].sum(axis=0, dtype=np.float64)[None]
    else:
        up_to = np.searchsorted(series.step_numbers, series.snapshots[snapshot], side="right")
        grams = series.steps[:up_to][:, chosen].sum(axis=1, dtype=np.float64)
    return without(series, grams)


def without(series: GramSeries, grams: np.ndarray) -> np.ndarray:
    """The Grams with nothing left of the languages whose gradients are not used: (T, 2L, 2L)."""
    taken_out = [i for i, code in enumerate(series.languages) if code in series.invalid]
    grams[:, [2 * i + half for i in taken_out for half in (0, 1)]] = 0.0  # 0/0: undefined
    return grams
