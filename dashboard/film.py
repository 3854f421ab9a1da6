"""How similarities grew over training: one matrix a snapshot, and how near each is to the last.

Conventions
-----------
Pure. All matrices have the rows of the last snapshot's picture, in its order; float32, because a
browser holds them all at once. What it is sent is bounded: at most MOST_NUMBERS of them, so that
fewer snapshots are taken where languages are many, always the last among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from dashboard.shown import Picture
from dashboard.sides import facing_trees
from dashboard.words.summaries import coefficient, count
from gradsim_core import Similarity

MOST_NUMBERS = 600_000
"""Numbers of all matrices together: 2.4 MB, 3.2 MB as text on their way to the browser."""
MOST_FRAMES = 24
SETTLED = 0.95
"""Rank correlation from which on pairs rank as in the end."""


@dataclass(frozen=True)
class Film:
    """Similarities along the training.

    Attributes
    ----------
    codes : of the rows, in the order of the last snapshot's tree
    steps : of training, one a frame
    frames : (n_frames, n, n) float32, NaN where undefined
    closeness : rank correlation of the pairs with those of the last frame; NaN where undefined
    branches : branches of the last frame's tree that stand in each
    possible : branches of the last frame's tree
    means : mean similarity of two rows
    """

    codes: tuple[str, ...]
    steps: tuple[int, ...]
    frames: np.ndarray
    closeness: tuple[float, ...]
    branches: tuple[int | None, ...]
    possible: int
    means: tuple[float, ...]


def taken_snapshots(n_snapshots: int, n_rows: int) -> list[int]:
    """Which snapshots a film shows: evenly, the last among them.

    Examples
    --------
    >>> taken_snapshots(4, 12), taken_snapshots(8, 400)
    ([0, 1, 2, 3], [0, 4, 7])
    """
    most = max(2, min(MOST_FRAMES, MOST_NUMBERS // max(n_rows, 1) ** 2))
    if n_snapshots <= most:
        return list(range(n_snapshots))
    return sorted({round(float(at)) for at in np.linspace(0, n_snapshots - 1, most)})


def film_of(sides: Sequence[Similarity], last: Picture) -> Film:
    """Put similarities on the rows and the order of the last.

    Parameters
    ----------
    sides : one a snapshot, on the rows of the last picture; the last is its own
    """
    order = list(last.order)
    frames = np.array([one.matrix[np.ix_(order, order)] for one in sides], dtype=np.float32)
    upper = np.triu_indices(len(order), 1)
    values = [one.matrix[np.ix_(order, order)][upper] for one in sides]
    trees = [facing_trees(one, sides[-1]) for one in sides]
    return Film(tuple(last.found.languages[i] for i in order), tuple(one.step for one in sides),
                frames, tuple(_rank_correlation(one, values[-1]) for one in values),
                tuple(None if pair is None else len(pair.agreement.shared) for pair in trees),
                trees[-1].agreement.possible if trees[-1] else 0,
                tuple(float(np.nanmean(one)) if np.isfinite(one).any() else float("nan")
                      for one in values))


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    a, b = rankdata(one[both]), rankdata(other[both])
    varies = both.sum() > 2 and np.ptp(a) > 0 and np.ptp(b) > 0
    return float(np.corrcoef(a, b)[0, 1]) if varies else float("nan")


def film_sentence(film: Film) -> str:
    """From when on the picture stood."""
    settled = len(film.steps)
    for at in range(len(film.steps) - 1, -1, -1):
        if not film.closeness[at] >= SETTLED:
            break
        settled = at
    first = (f"At step {film.steps[0]:,} pairs rank as at step {film.steps[-1]:,} with a "
             f"correlation of {coefficient(film.closeness[0])}")
    if film.branches[0] is not None and film.possible:
        first += f", and {film.branches[0]} of {film.possible} branches of the tree stand"
    if 0 < settled < len(film.steps) - 1:
        return f"{first}; from step {film.steps[settled]:,} on it stays above {SETTLED}."
    return f"{first}."


def film_table(film: Film) -> dict[str, list[object]]:
    """A row a snapshot."""
    return {"Step": list(film.steps),
            "Rank correlation with the last": [
                round(one, 3) if np.isfinite(one) else None for one in film.closeness],
            f"Branches of the last tree, of {film.possible}": list(film.branches),
            "Mean similarity": [round(one, 3) if np.isfinite(one) else None
                                for one in film.means]}


def frames_line(film: Film, n_snapshots: int) -> str:
    """Which snapshots are shown."""
    shown = count(len(film.steps), "snapshot")
    return (f"{shown} of {n_snapshots}, evenly, so that the browser holds them"
            if len(film.steps) < n_snapshots else f"all {shown}")
