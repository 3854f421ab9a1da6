"""Marks and labels of a map kept apart: who moves aside, and on which side a name finds room.

Conventions
-----------
Everything is in pixels, x to the right and y downwards, at the size a map usually has: on a larger
one there is only more room. Functions are pure; the same places give the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

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
    whole = np.asarray(places, dtype=np.float64)
    if not 2 <= len(whole) <= MOST_SPREAD:
        return whole.copy()
    return np.frombuffer(_spread(whole.tobytes(), distance)).reshape(whole.shape).copy()


@lru_cache(maxsize=64)  # a click leaves them all where they are
def _spread(places: bytes, distance: float) -> bytes:
    moved = np.frombuffer(places).reshape(-1, 2).copy()
    turn = _GOLDEN_ANGLE * np.arange(len(moved))
    nudge = 0.01 * np.stack([np.cos(turn), np.sin(turn)], axis=1)  # tells apart what coincides
    for _ in range(_ROUNDS):
        between = (moved + nudge)[:, None] - (moved + nudge)[None]
        length = np.sqrt((between ** 2).sum(axis=2))
        np.fill_diagonal(length, np.inf)
        if (length > distance - 0.2).all():
            break
        push = np.clip(distance - length, 0.0, None) / 2
        moved += 0.9 * (between / length[..., None] * push[..., None]).sum(axis=1)
    return moved.tobytes()


def label_sides(marks: np.ndarray, radii: np.ndarray, widths: Sequence[float], height: float,
                bounds: Box, *, first: Sequence[int] = ()) -> list[str]:
    """Find room for the label of each mark.

    Parameters
    ----------
    marks : (n, 2) middles of the marks
    radii, widths : (n,) of the marks, and of their labels; a width of 0 for no label
    height : of a label
    bounds : left, top, right and bottom of the map
    first : positions that choose before others, and take the least bad side if none is free

    Returns
    -------
    list of str
        Key of SIDES for each; "" without a label, and where it would lie on another or on a mark.
    """
    own = np.concatenate([marks - radii[:, None], marks + radii[:, None]], axis=1)
    labels: list[np.ndarray] = []
    distances = np.sqrt(((marks[:, None] - marks[None]) ** 2).sum(axis=2))
    crowd = (distances < 60).sum(axis=1)
    insisting = set(first)
    order = [*first, *(int(i) for i in np.argsort(crowd, kind="stable") if i not in insisting)]
    found = [""] * len(marks)
    for i in order:
        if not widths[i]:
            continue
        boxes = _boxes(marks[i], float(radii[i]), widths[i], height)
        taken = np.concatenate([own[:i], own[i + 1:], np.reshape(labels, (-1, 4))])
        costs = _outside(boxes, np.array(bounds)) + _shared(boxes[:, None], taken).sum(axis=1)
        best = int(costs.argmin())  # the first side, among equals
        if costs[best] < 0.5 or i in insisting:
            found[i] = tuple(SIDES)[best]
            labels.append(boxes[best])
    return found


def _boxes(mark: np.ndarray, radius: float, width: float, height: float) -> np.ndarray:
    """(sides, 4): where plotly writes a label beside a mark, a little more than its radius away."""
    toward, size = np.array(list(SIDES.values())), np.array([width, height])
    corner = mark + toward * (radius / 0.8 + 1) - size * (1 - toward) / 2
    return np.concatenate([corner, corner + size], axis=1)


def _shared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Areas that boxes have in common; (…, 4) each, their other axes broadcast."""
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    return np.clip(sides, 0.0, None).prod(axis=-1)


def _outside(boxes: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """The parts of boxes beyond the bounds."""
    return (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - _shared(boxes, bounds)
