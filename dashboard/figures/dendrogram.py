"""A language tree as lines over the columns of a heatmap.

Conventions
-----------
The tree is a scipy linkage matrix whose heights are distances ``c − similarity`` (see
gradsim_core's `linkage_tree`). Horizontal positions are those of the heatmap's columns: the
leaf that stands at place p of the leaf order has x = p. The vertical coordinate is similarity:
a merge stands at the (mean) similarity at which its two sides are joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core import leaf_order


@dataclass(frozen=True)
class Dendrogram:
    """Coordinates of a tree.

    Attributes
    ----------
    lines_x, lines_y : path of all branches; None lifts the pen
    nodes_x, nodes_y : one point a merge, in the tree's order
    members : per merge the leaves below it, in leaf order
    foot : similarity at which the leaves' lines begin
    top : lowest similarity of a merge
    """

    lines_x: list[float | None]
    lines_y: list[float | None]
    nodes_x: list[float]
    nodes_y: list[float]
    members: list[tuple[int, ...]]
    foot: float
    top: float


def dendrogram(tree: np.ndarray, ceiling: float) -> Dendrogram:
    """Lay a tree out.

    Parameters
    ----------
    tree : (n_leaves − 1, 4) linkage, at least one merge
    ceiling : similarity that has distance 0

    Returns
    -------
    Dendrogram
        Leaves' lines begin a little above the highest similarity, not at the ceiling, where
        most of the picture would be empty.
    """
    order = leaf_order(tree)
    n_leaves = len(order)
    joined = ceiling - tree[:, 2]
    span = float(joined.max() - joined.min()) or 0.1
    foot = float(joined.max()) + 0.12 * span
    x = dict(zip(order, map(float, range(n_leaves)), strict=True))
    y = dict.fromkeys(order, foot)
    below: dict[int, tuple[int, ...]] = {leaf: (leaf,) for leaf in order}
    lines_x: list[float | None] = []
    lines_y: list[float | None] = []
    for row, similarity in enumerate(joined):
        left, right = _by_place(tree[row, :2], x)
        node = n_leaves + row
        height = float(similarity)
        lines_x += [x[left], x[left], x[right], x[right], None]
        lines_y += [y[left], height, height, y[right], None]
        x[node], y[node] = (x[left] + x[right]) / 2, height
        below[node] = below[left] + below[right]
    nodes = range(n_leaves, n_leaves + len(tree))
    return Dendrogram(lines_x, lines_y, [x[i] for i in nodes], [y[i] for i in nodes],
                      [below[i] for i in nodes], foot, float(joined.min()))


def _by_place(children: Sequence[float] | np.ndarray, x: dict[int, float]) -> tuple[int, int]:
    a, b = (int(child) for child in children)
    return (a, b) if x[a] <= x[b] else (b, a)
