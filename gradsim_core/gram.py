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
Corrections
    ``raw``: the cosine as it is.
    ``noise_corrected``: <g_l, g_m> / sqrt(<g_l0, g_l1> <g_m0, g_m1>): the inner product of a
    language's two halves estimates its squared length without the noise that inflates it
    (Spearman's correction for attenuation). Undefined where halves do not agree (<= 0);
    may exceed 1. With ``mean_cosine`` numerator and denominators are averaged over the steps
    first, each step scaled by its halves' lengths: a single step's ratio has no mean.
    ``centred``: the unit gradients minus their mean over languages, then their cosine (rows and
    columns of the cosine matrix centred, then normalised). Near a stationary point gradients
    sum to about zero and cosines drift to -1/(L-1); centring makes that the stated zero.
    ``all_but_top``: centred, then the leading principal direction taken out (after Mu and
    Viswanath 2018, arXiv 1702.01417, who do so with word vectors). It is for pictures in which
    one direction, such as how hard a language is for the joint model, drowns all others; with
    two clear groups it takes out the very contrast between them, and of two or three languages
    it leaves nothing to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gradsim_core.errors import StudyError, choice

READINGS = ("cosine_of_mean", "mean_cosine")
CORRECTIONS = ("raw", "noise_corrected", "centred", "all_but_top")


@dataclass(frozen=True)
class GramSeries:
    """Gram matrices along one training run.

    Attributes
    ----------
    languages : codes, L of them, in the order of the rows
    blocks : block names in depth order
    snapshots : steps (from 1) after which the sums were recorded, S of them
    sums : (S, n_blocks, 2L, 2L) float64; Grams of the gradients summed up to the snapshot
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
    blocks : see `block_indexes`
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
    if correction not in CORRECTIONS:
        raise StudyError(choice("Correction", correction, CORRECTIONS))
    if not -len(series.snapshots) <= snapshot < len(series.snapshots):
        raise StudyError(f"Snapshot {snapshot} does not exist: the run has "
                         f"{len(series.snapshots)} (0 is the first, -1 the last).")
    chosen = block_indexes(blocks, series.blocks)
    matrix, reliability = _READ[correction](_grams(series, chosen, reading, snapshot))
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
    found = [_mean(_unit(grams[:, half::2, half::2])) for half in (0, 1)]
    if correction in _N_TOP:
        found = [_without_top(cosines, _N_TOP[correction]) for cosines in found]
    return np.stack(found)


def block_indexes(spec: str, blocks: tuple[str, ...]) -> list[int]:
    """Positions of the blocks that a name stands for.

    Parameters
    ----------
    spec : "layers" (neither embeddings nor head; of a model without layers all but the head),
        "encoder" (all but the head), "lower" or "higher" (first or second half of the layers; the
        middle one of an odd number counts as lower), "all", one block ("layer.3"), or a range with
        both ends included ("embeddings:layer.3")
    blocks : the names there are, in depth order

    Examples
    --------
    >>> names = ("embeddings", "layer.0", "layer.1", "layer.2", "head")
    >>> block_indexes("lower", names), block_indexes("layer.1:head", names)
    ([1, 2], [2, 3, 4])
    """
    layers = [i for i, name in enumerate(blocks) if name.startswith("layer.")]
    half = (len(layers) + 1) // 2
    encoder = [i for i, name in enumerate(blocks) if name != "head"]
    named = {"all": list(range(len(blocks))), "lower": layers[:half], "higher": layers[half:],
             "encoder": encoder, "layers": layers or encoder}
    if named.get(spec):
        return named[spec]
    if spec in named:
        raise StudyError(f"Blocks {spec!r}: there are none, because the model has {len(layers)} "
                         f"layers. Use all, or one of {', '.join(blocks)}.")
    first, colon, last = spec.partition(":")
    ends = [blocks.index(name) if name in blocks else -1
            for name in (first, last if colon else first)]
    if -1 in ends or ends[0] > ends[1]:
        raise StudyError(f"Blocks {spec!r} are not known. Use layers, encoder, lower, higher, all, "
                         f"one of {blocks[0]} … {blocks[-1]} ({len(blocks)} blocks), or a range "
                         f"such as {blocks[0]}:{blocks[min(3, len(blocks) - 1)]}.")
    return list(range(ends[0], ends[1] + 1))


def _grams(series: GramSeries, chosen: list[int], reading: str, snapshot: int) -> np.ndarray:
    """The Grams that a reading averages over, of some blocks: (T, 2L, 2L)."""
    if reading == "cosine_of_mean":
        grams = series.sums[snapshot, chosen].sum(axis=0)[None]
    else:
        up_to = np.searchsorted(series.step_numbers, series.snapshots[snapshot], side="right")
        grams = series.steps[:up_to][:, chosen].sum(axis=1, dtype=np.float64)
    return without(series, grams)


def without(series: GramSeries, grams: np.ndarray) -> np.ndarray:
    """The Grams with nothing left of the languages whose gradients are not used: (T, 2L, 2L)."""
    taken_out = [i for i, code in enumerate(series.languages) if code in series.invalid]
    grams[:, [2 * i + half for i in taken_out for half in (0, 1)]] = 0.0  # 0/0: undefined
    return grams


def read_grams(grams: np.ndarray, correction: str) -> np.ndarray:
    """Read a similarity (L, L) from the Grams (T, 2L, 2L) that it averages over."""
    return _READ[correction](grams)[0]


def _merged(grams: np.ndarray) -> np.ndarray:
    """(T, 2L, 2L) halves -> (T, L, L): the two halves of each language added up."""
    t, two_l, _ = grams.shape
    return grams.reshape(t, two_l // 2, 2, two_l // 2, 2).sum(axis=(2, 4))


def _halves(grams: np.ndarray) -> np.ndarray:
    """(T, 2L, 2L) -> (T, L): inner product of each language's two halves."""
    rows = np.arange(0, grams.shape[1], 2)
    return grams[:, rows, rows + 1]


def _reliability(grams: np.ndarray) -> np.ndarray:
    """Cosine of each language's halves, averaged over the Grams: (L,)."""
    squared = np.diagonal(grams, axis1=1, axis2=2)
    lengths = np.sqrt(squared[:, 0::2] * squared[:, 1::2])
    return _mean(np.divide(_halves(grams), lengths, where=lengths > 0,
                           out=np.full(lengths.shape, np.nan)))


def _normalised(products: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """products[l, m] / sqrt(squared[l] squared[m]), NaN where a square is not positive."""
    length = np.sqrt(np.where(squared > 0, squared, np.nan))
    matrix = products / (length[:, :, None] * length[:, None, :])
    diagonal = np.arange(matrix.shape[1])
    matrix[:, diagonal, diagonal] = np.where(np.isfinite(length), 1.0, np.nan)
    return matrix


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is defined; NaN where nothing is."""
    count = np.isfinite(values).sum(axis=0)
    total = np.nansum(values, axis=0)
    return np.divide(total, count, where=count > 0, out=np.full(count.shape, np.nan))


def _unit(products: np.ndarray) -> np.ndarray:
    """(T, L, L) inner products -> cosines."""
    return _normalised(products, np.diagonal(products, axis1=1, axis2=2))


def _raw(grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _mean(_unit(_merged(grams))), _reliability(grams)


def _noise_corrected(grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # <g_l0 + g_l1, g_m0 + g_m1> / 4 over sqrt(<g_l0, g_l1> <g_m0, g_m1>); the scale cancels in a
    # single Gram, and makes the denominators average to reliabilities over several.
    squared = np.diagonal(grams, axis1=1, axis2=2)
    length = np.sqrt(np.sqrt(squared[:, 0::2] * squared[:, 1::2]))
    scale = np.divide(1.0, length, where=length > 0, out=np.zeros_like(length))
    products = (_merged(grams) / 4 * scale[:, :, None] * scale[:, None, :]).mean(axis=0)
    corrected = (_halves(grams) * scale**2).mean(axis=0)
    return _normalised(products[None], corrected[None])[0], _reliability(grams)


def _without_top(cosines: np.ndarray, n_top: int) -> np.ndarray:
    """Cosines of what is left of unit gradients without mean and ``n_top`` leading directions."""
    defined = np.isfinite(np.diagonal(cosines))
    matrix = np.full_like(cosines, np.nan)
    if defined.sum() >= 2:
        inner = cosines[np.ix_(defined, defined)]
        inner = inner - inner.mean(axis=0) - inner.mean(axis=1)[:, None] + inner.mean()
        values, vectors = np.linalg.eigh(inner)
        for value, vector in zip(values[::-1][:n_top], vectors.T[::-1], strict=False):
            inner = inner - value * np.outer(vector, vector)
        squared = np.diagonal(inner)[None]
        squared = np.where(squared > 1e-9, squared, np.nan)  # nothing of the language is left
        matrix[np.ix_(defined, defined)] = _normalised(inner[None], squared)[0]
    return matrix


def _centred(grams: np.ndarray, n_top: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return _without_top(_mean(_unit(_merged(grams))), n_top), _reliability(grams)


def _all_but_top(grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _centred(grams, _N_TOP["all_but_top"])


_N_TOP = {"centred": 0, "all_but_top": 1}
_READ = {"raw": _raw, "noise_corrected": _noise_corrected, "centred": _centred,
         "all_but_top": _all_but_top}
