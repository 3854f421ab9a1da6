"""Frequencies of things in texts, and how alike two such distributions are.

Conventions
-----------
Counts are (n, V): one row a language, or a half of one; one column a thing counted, such as a
word. A row without anything counted has no distribution, and no value. Rows of text go to either
half by turns, so that they should come in an order that means nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse

Comparison = Callable[[sparse.csr_matrix], np.ndarray]


def half_counts(things: Mapping[str, Sequence[Iterable[Hashable]]]) -> sparse.csr_matrix:
    """Count things in the halves of each language's rows.

    Parameters
    ----------
    things : code -> one collection of things a row

    Returns
    -------
    csr_matrix
        (2L, V); row ``2 * l + h`` is half h of the l-th language.
    """
    column: dict[Hashable, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    counts: list[int] = []
    for at, several in enumerate(things.values()):
        for half in (0, 1):
            found = Counter(chain.from_iterable(several[half::2]))
            rows += [2 * at + half] * len(found)
            columns += [column.setdefault(thing, len(column)) for thing in found]
            counts += found.values()
    return sparse.csr_matrix((np.array(counts, dtype=np.float64), (rows, columns)),
                             shape=(2 * len(things), max(1, len(column))))


def whole_and_halves(counts: sparse.csr_matrix, compare: Comparison) -> dict[str, Any]:
    """The values of a measure and of its halves, as `Measure` takes them."""
    whole = compare(counts[0::2] + counts[1::2])
    return {"values": whole, "halves": np.stack([compare(counts[0::2]), compare(counts[1::2])])}


def cosine(counts: sparse.csr_matrix) -> np.ndarray:
    """Cosine of the counts of each two rows: (n, n), 0 to 1."""
    length = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    unit = sparse.diags_array(np.divide(1, length, where=length > 0, out=np.zeros_like(length)))
    profile = unit @ counts
    return _defined((profile @ profile.T).toarray(), length > 0)


def overlap(counts: sparse.csr_matrix) -> np.ndarray:
    """Share that two distributions have in common, 1 minus their total variation: (n, n)."""
    shares, total = _shares(counts)
    by_column = shares.tocsc()
    values = np.zeros((len(total), len(total)))
    for i in range(len(total)):
        mine = shares[[i]]
        others = by_column[:, mine.indices].toarray()  # (n, things that row i has)
        values[i] = np.minimum(others, mine.data).sum(axis=1)
    return _defined(values, total > 0)


def jensen_shannon(counts: np.ndarray) -> np.ndarray:
    """1 - Jensen-Shannon distance of every two rows of counts.

    Parameters
    ----------
    counts : (n, V), not negative; need not add up to 1

    Returns
    -------
    numpy.ndarray, shape (n, n)
        From 0 to 1; NaN where a row has no count.

    Examples
    --------
    >>> jensen_shannon(np.array([[1, 0], [5, 0], [0, 2]])).round(3).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    counts = np.asarray(counts, dtype=float)
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, where=total > 0, out=np.full(counts.shape, np.nan))
    own = _entropy(shares)
    mixed = _entropy((shares[:, None] + shares) / 2)
    divergence = mixed - (own[:, None] + own) / 2
    return 1 - np.sqrt(np.clip(divergence, 0, 1))


def _entropy(shares: np.ndarray) -> np.ndarray:
    """In bits, over the last axis; NaN where a share is."""
    logarithms = np.log2(shares, where=shares > 0, out=np.zeros_like(shares))
    return -(shares * logarithms).sum(axis=-1)


def _shares(counts: sparse.csr_matrix) -> tuple[sparse.csr_matrix, np.ndarray]:
    total = np.asarray(counts.sum(axis=1)).ravel()
    scale = np.divide(1, total, where=total > 0, out=np.zeros_like(total, dtype=np.float64))
    return sparse.csr_matrix(sparse.diags_array(scale) @ counts), total


def _defined(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The values, NaN for rows that have counted nothing."""
    return np.where(there[:, None] & there, values, np.nan)
