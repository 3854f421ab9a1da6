"""Similarity of cells (language x topic) read from a study's Grams, block by block.

Conventions
-----------
Axes are block, language, topic, language, topic; see `statistics.crossed`.

Noise-free products
    A cell's gradient is known twice, from two disjoint halves of its rows. Each cell is scaled
    by the length of both together (and, if centred, has the mean over cells taken out, each half
    by itself); then inner products are taken between different halves alone. Their noise is
    independent, so it adds nothing on average: neither to a product of two cells nor to a cell's
    own squared length. The *reliability* of a block is how far halves agree: their inner products
    over their mean squared length, from -1 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradsim_core.similarities.block_ranges import block_indexes
from gradsim_core.similarities.gram import GramSeries, similarity

Codes = Sequence[Sequence[str]]
"""Codes of the cells: one row a language, one column a topic."""


def cell_similarities(series: GramSeries, codes: Codes, blocks: Sequence[str], reading: str,
                      correction: str, snapshot: int) -> np.ndarray:
    """Similarity of every two cells in some blocks: (N, L, T, L, T), NaN where undefined."""
    at = _positions(series, codes)
    shape = (len(codes), len(codes[0])) * 2
    return np.stack([similarity(series, block, reading, correction, snapshot).matrix[
        np.ix_(at, at)].reshape(shape) for block in blocks])


def noise_free_products(series: GramSeries, codes: Codes, blocks: Sequence[str], centred: bool,
                        snapshot: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inner products between halves of the scaled gradients (see Conventions).

    Returns
    -------
    products : (N, L, T, L, T)
    length : (N, L, T), each cell's own squared length
    reliability : (N,), agreement of the cells' halves; NaN where a cell has no gradient
    """
    at = _positions(series, codes)
    halves = np.stack([2 * at, 2 * at + 1], axis=1).ravel()
    n_languages, n_topics = len(codes), len(codes[0])
    found = []
    for block in blocks:
        gram = series.sums[snapshot, block_indexes(block, series.blocks)].sum(
            axis=0, dtype=np.float64)
        found.append(_between_halves(gram[np.ix_(halves, halves)], centred))
    products = np.stack([one for one, _ in found])
    length = np.diagonal(products, axis1=1, axis2=2).copy()
    reliability = np.array([agreement for _, agreement in found])
    return (products.reshape(len(blocks), n_languages, n_topics, n_languages, n_topics),
            length.reshape(len(blocks), n_languages, n_topics), reliability)


def _between_halves(gram: np.ndarray, centred: bool) -> tuple[np.ndarray, float]:
    """(C, C) products between halves on the scale of whole cells, and the halves' agreement."""
    n = len(gram) // 2
    by_half = gram.reshape(n, 2, n, 2).transpose(1, 3, 0, 2)  # (half, half, C, C)
    whole = by_half.sum(axis=(0, 1))
    length = np.sqrt(np.diagonal(whole))
    length = np.where(length > 0, length, np.nan)
    by_half = by_half / np.outer(length, length)
    if centred:
        by_half = (by_half - by_half.mean(axis=2, keepdims=True)
                   - by_half.mean(axis=3, keepdims=True)
                   + by_half.mean(axis=(2, 3), keepdims=True))
    between = 2 * (by_half[0, 1] + by_half[1, 0])  # whole cells have four products of halves
    own = np.diagonal(by_half, axis1=2, axis2=3)  # (half, half, C)
    return (between + between.T) / 2, float(
        2 * own[0, 1].sum() / (own[0, 0].sum() + own[1, 1].sum()))


def _positions(series: GramSeries, codes: Codes) -> np.ndarray:
    return np.array([series.languages.index(code) for row in codes for code in row])
