"""How alike two groupings of the same languages are.

Conventions
-----------
Labels are (L,) integers, equal where two languages share a group; their numbers mean nothing.

Sources: Hubert and Arabie 1985 (*Journal of Classification* 2): the Rand index corrected for
chance; Kuhn 1955: the assignment that matches groups with groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def adjusted_rand_index(one: Sequence[int], other: Sequence[int]) -> float:
    """Agreement over pairs of languages: 1 for the same groups, about 0 by chance.

    Examples
    --------
    >>> adjusted_rand_index([0, 0, 1, 1], [5, 5, 2, 2])
    1.0
    """
    shared = _shared(one, other)
    both = float((shared * (shared - 1)).sum()) / 2
    first, second = (float((sums * (sums - 1)).sum()) / 2
                     for sums in (shared.sum(axis=1), shared.sum(axis=0)))
    pairs = len(one) * (len(one) - 1) / 2
    expected = first * second / pairs if pairs else 0.0
    most = (first + second) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def moved(one: Sequence[int] | np.ndarray, other: Sequence[int] | np.ndarray) -> list[int]:
    """The fewest languages that must change group so that one grouping becomes the other.

    Examples
    --------
    >>> moved([0, 0, 0, 1, 1], [1, 1, 0, 0, 0])
    [2]
    """
    from scipy.optimize import linear_sum_assignment

    _, first = np.unique(one, return_inverse=True)
    _, second = np.unique(other, return_inverse=True)
    matched = np.full(len(one) + 1, -1)
    rows, columns = linear_sum_assignment(_shared(one, other), maximize=True)
    matched[rows] = columns
    return [int(i) for i in np.flatnonzero(matched[first] != second)]


def _shared(one: Sequence[int] | np.ndarray, other: Sequence[int] | np.ndarray) -> np.ndarray:
    """(groups of one, groups of the other) languages in both."""
    _, first = np.unique(one, return_inverse=True)
    _, second = np.unique(other, return_inverse=True)
    shared = np.zeros((first.max(initial=-1) + 1, second.max(initial=-1) + 1))
    np.add.at(shared, (first, second), 1)
    return shared
