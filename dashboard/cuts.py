"""Cuts of a tree by height: where a line can be drawn, and how many groups it leaves.

Conventions
-----------
Pure. Heights are similarities: languages that the tree joins at or above the line share a group.
Between two merges at one similarity no line can be drawn, so their number of groups has no cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.shown import Picture
from gradsim_core import placed_languages


@dataclass(frozen=True)
class Cut:
    """A line across a tree: its similarity, and how many groups it leaves."""

    k: int
    similarity: float


def ceiling_of(shown: Picture) -> float:
    """The similarity that has distance 0 in a picture's tree (see `linkage_tree`)."""
    placed = placed_languages(shown.found)
    matrix = shown.found.matrix[np.ix_(placed, placed)]
    off = matrix[~np.eye(len(matrix), dtype=bool)]
    return max(1.0, float(off.max(initial=0.0)))


def tree_cuts(tree: np.ndarray, ceiling: float) -> tuple[Cut, ...]:
    """Every cut that leaves other groups, from one group to one language each.

    Parameters
    ----------
    tree : (n_leaves − 1, 4) linkage, its heights ascending
    ceiling : similarity that has distance 0

    Returns
    -------
    tuple of Cut
        Ascending in K, each halfway between two merges; the outermost a little outside.

    Examples
    --------
    >>> tree_cuts(np.array([[0, 1, .2, 2], [2, 3, .6, 3]]), 1.0)[1]
    Cut(k=2, similarity=0.6)
    """
    joined = ceiling - tree[:, 2]
    n_leaves, air = len(tree) + 1, 0.05 * (float(np.ptp(joined)) or 0.2)
    edges = [float(joined[0]) + 2 * air, *map(float, joined), float(joined[-1]) - 2 * air]
    found = [Cut(n_leaves - kept, (edges[kept] + edges[kept + 1]) / 2)
             for kept in range(n_leaves) if edges[kept] > edges[kept + 1]]
    return tuple(reversed(found))


def nearest_cut(cuts: tuple[Cut, ...], k: int) -> Cut:
    """The cut that leaves so many groups, or as nearly as can be."""
    return min(cuts, key=lambda cut: (abs(cut.k - k), cut.k))
