"""One grouping problem: everything a strategy is told, checked once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.constraints import Constraints, Items, items_of, k_bounds

KRule = Literal["groups", "most", "none"]

MOST_TRIED_K = 40
"""How many values of K a strategy tries that must run anew for each."""


@dataclass(frozen=True)
class Problem:
    """A similarity to group by, and within which limits.

    Attributes
    ----------
    similarity : (L, L) float64, finite off the diagonal
    low, high : the K that constraints leave possible, both included
    k : the one K that was asked for, if one was
    constraints, items : the limits, and the languages after must-links
    alone : score of a language alone in its group
    seed : of strategies that draw at random
    lineages : per language its genealogy from the family down; for `family`
    sizes : group sizes; for `random`
    names : per language, for messages
    time_limit_s : seconds that an integer program may take
    """

    similarity: np.ndarray
    low: int
    high: int
    k: int | None
    constraints: Constraints
    items: Items
    alone: float
    seed: int
    lineages: Sequence[Sequence[str]] | None
    sizes: tuple[int, ...] | None
    names: tuple[str, ...]
    time_limit_s: float

    @property
    def largest(self) -> int:
        """Languages that the largest group may hold."""
        return self.constraints.largest or len(self.similarity)

    def tried_k(self) -> Iterator[int]:
        """The values of K to try: all of them, or 40 from low to high in geometric steps."""
        count = self.high - self.low + 1
        if count <= MOST_TRIED_K:
            return iter(range(self.low, self.high + 1))
        steps = np.geomspace(self.low, self.high, MOST_TRIED_K)
        return iter(sorted({round(float(step)) for step in steps}))


def problem_of(similarity: np.ndarray, k: int | None, k_range: tuple[int, int] | None,
               constraints: Constraints, *, alone: float, seed: int,
               lineages: Sequence[Sequence[str]] | None, sizes: Sequence[int] | None,
               names: Sequence[str] | None, time_limit_s: float,
               k_rule: KRule = "groups") -> Problem:
    """Check what a grouping is asked from, and freeze it.

    K may mean the number of groups, the most groups, or nothing, by strategy.

    Raises
    ------
    GroupingError
        If the matrix is not square, is empty, or holds NaN or infinity off the diagonal; if K
        is not within 1..L; or if the constraints conflict.
    """
    matrix = np.array(similarity, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise GroupingError(f"A similarity matrix is square and has at least one language; this "
                            f"one has shape {matrix.shape}. Pass languages x languages.")
    n_languages = len(matrix)
    names = tuple(names or (f"language {index}" for index in range(n_languages)))
    if len(names) != n_languages:
        raise GroupingError(f"{len(names)} names for {n_languages} languages. Pass one a row.")
    np.fill_diagonal(matrix, 1.0)
    _check_finite(matrix, names)
    if not np.isfinite(alone):
        raise GroupingError(f"The score of a language alone is {alone}. Pass a finite number.")
    low, high = _k_asked(k, k_range, n_languages)
    items = items_of(matrix, constraints, names)
    if k_rule == "groups":
        low, high = k_bounds(low, high, items, constraints)
    elif k_rule == "most":
        low, high = 1, min(high, len(items))
    return Problem(matrix, low, high, k, constraints, items, float(alone), int(seed), lineages,
                   None if sizes is None else tuple(sizes), names, time_limit_s)


def _check_finite(matrix: np.ndarray, names: Sequence[str]) -> None:
    wrong = ~np.isfinite(matrix)
    if not wrong.any():
        return
    # the fewest languages that explain it: repeatedly the one with most undefined pairs
    culprits = []
    while wrong.any():
        worst = int((wrong.sum(axis=0) + wrong.sum(axis=1)).argmax())
        culprits.append(names[worst][:40])
        wrong[worst, :] = wrong[:, worst] = False
    shown = ", ".join(culprits[:6]) + (" …" if len(culprits) > 6 else "")
    raise GroupingError(f"The similarity of {shown} is undefined (NaN or infinite) for at least "
                        "one pair. Leave these languages out, or choose another correction.")


def _k_asked(k: int | None, k_range: tuple[int, int] | None, n_languages: int) -> tuple[int, int]:
    if k is not None and k_range is not None:
        raise GroupingError(f"K = {k} and the range {tuple(k_range)} were both given. Give one.")
    low, high = (1, n_languages) if k is None else (k, k)
    if k_range is not None:
        if len(k_range) != 2:
            raise GroupingError(f"The range of K is {k_range!r}. Give the least and the most.")
        low, high = k_range
    for value in (low, high):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise GroupingError(f"K is {value!r}, which is not a whole number. Change it.")
    if low > high:
        raise GroupingError(f"The range of K runs from {low} down to {high}. Swap them.")
    if low < 1 or low > n_languages or (k is not None and k > n_languages):
        raise GroupingError(f"K = {low} is not possible with {n_languages} languages. "
                            f"Ask for 1 to {n_languages}.")
    return int(low), int(min(high, n_languages))
