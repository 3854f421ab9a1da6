"""From the inner products of languages' half gradients to a similarity, and its corrections.

Conventions
-----------
Grams are (T, 2L, 2L), one a step that is averaged over; row ``2 * l + h`` is half h of language l.
Similarities are (L, L) float64, symmetric, with a diagonal of 1 and NaN where undefined.

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

import numpy as np

CORRECTIONS = ("raw", "noise_corrected", "centred", "all_but_top")


def corrected_similarity(grams: np.ndarray, correction: str) -> tuple[np.ndarray, np.ndarray]:
    """Read a similarity (L, L) and its languages' reliability (L,) from Grams (T, 2L, 2L)."""
    return _READ[correction](grams)


def read_grams(grams: np.ndarray, correction: str) -> np.ndarray:
    """Read a similarity (L, L) from the Grams (T, 2L, 2L) that it averages over."""
    return corrected_similarity(grams, correction)[0]


def read_halves(grams: np.ndarray, correction: str) -> np.ndarray:
    """Read a similarity from either half's rows alone: (2, L, L); noise correction needs both."""
    found = [_mean(_unit(grams[:, half::2, half::2])) for half in (0, 1)]
    if correction in _N_TOP:
        found = [_without_top(cosines, _N_TOP[correction]) for cosines in found]
    return np.stack(found)


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
