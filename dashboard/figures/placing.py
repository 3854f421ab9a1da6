"""Marks and labels of a map kept apart: who moves aside, and on which side a name finds room.

Conventions
-----------
Everything is in pixels, x to the right and y downwards, at the size a map usually has: on a larger
one there is only more room. Functions are pure; the same places give the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SIDES = {"middle right": (1, 0), "middle left": (-1, 0), "top center": (0, -1),
         "bottom center": (0, 1), "top right": (1, -1), "bottom right": (1, 1),
         "top left": (-1, -1), "bottom left": (-1, 1)}
"""Sides of a mark where plotly can write its label, the best first -> direction."""

MOST_SPREAD = 120
"""Marks up to which those that overlap move aside."""

_ROUNDS = 80
_GOLDEN_ANGLE = 2.399963

Box = tuple[float, float, float, float]


def spread(places: np.ndarray, distance: float) -> np.ndarray:
    """Move marks that overlap apart, each as little as may be.

    Parameters
    ----------
    places : (n, 2)
    distance : that two marks should keep

    Returns
    -------
    ndarray
        (n, 2); whoever overlaps nobody stays, and so do all of more than MOST_SPREAD.
    """
    moved = np.array(places, dtype=np.float64)
    n = len(moved)
    if n < 2 or n > MOST_SPREAD:
        return moved
    turn = _GOLDEN_ANGLE * np.arange(n)
    nudge = 0.01 * np.stack([np.cos(turn), np.sin(turn)], axis=1)  # tells apart what coincides
    for _ in range(_ROUNDS):
        between = (moved + nudge)[:, None] - (moved + nudge)[None]
        length = np.sqrt((between ** 2).sum(axis=2))
        np.fill_diagonal(length, np.inf)
        if (length > distance - 0.2).all():
            break
        push = np.clip(distance - length, 0.0, None) / 2
        moved += 0.9 * (between / length[..., None] * push[..., None]).sum(axis=1)
    return moved


def label_sides(marks: np.ndarray, radii: np.ndarray, widths: Sequence[float], height: float,
                bounds: Box, *, first: Sequence[int] = ()) -> list[str]:
    """Find room for the label of each mark.

    Parameters
    ----------
    marks : (n, 2) middles of the marks
    radii, widths : (n,) of the marks, and of their labels
    height : of a label
    bounds : left, top, right and bottom of the map
    first : positions that choose before others, and take the least bad side if none is free

    Returns
    -------
    list of str
        Key of SIDES for each; "" where the label would lie on another or on a mark.
    """
    taken: list[Box] = [(x - r, y - r, x + r, y + r)
                        for (x, y), r in zip(marks, radii, strict=True)]
    distances = np.sqrt(((marks[:, None] - marks[None]) ** 2).sum(axis=2))
    crowd = (distances < 60).sum(axis=1)
    insisting = set(first)
    order = [*first, *(int(i) for i in np.argsort(crowd, kind="stable") if i not in insisting)]
    found = [""] * len(marks)
    for i in order:
        costs = []
        for side in SIDES:
            box = _box(marks[i], float(radii[i]), widths[i], height, side)
            costs.append((_outside(box, bounds) + sum(
                _shared(box, other) for at, other in enumerate(taken) if at != i), side, box))
        cost, side, box = min(costs, key=lambda one: one[0])  # the first side, among equals
        if cost < 0.5 or i in insisting:
            found[i] = side
            taken.append(box)
    return found


def _box(mark: np.ndarray, radius: float, width: float, height: float, side: str) -> Box:
    """Where plotly writes a label beside a mark: a little more than its radius away."""
    across, down = SIDES[side]
    away = radius / 0.8 + 1
    x, y = float(mark[0]) + across * away, float(mark[1]) + down * away
    left = x - width * (1 - across) / 2
    top = y - height * (1 - down) / 2
    return left, top, left + width, top + height


def _shared(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)


def _outside(box: Box, bounds: Box) -> float:
    """The part of a box beyond the bounds."""
    return (box[2] - box[0]) * (box[3] - box[1]) - _shared(box, bounds)
