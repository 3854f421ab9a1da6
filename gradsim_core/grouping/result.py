"""A grouping, its score, and how sure we are that there is no better one.

Conventions
-----------
Groups are tuples of language indexes, each sorted, and sorted by first member. The *objective*
is a sum over languages, so it lies between ±L for similarities between ±1:

    Σ_l  mean over the other members m of the group that serves l of S[l, m],

and a language alone in its group scores a stated constant. In a partition every language is
served by its only group; among overlapping groups by the best of those that hold it.
Similarity may be asymmetric: row l is what counts for language l. The diagonal never counts.

By itself the objective says little about K: a mean over the nearest few is never below a mean
over more, so with positive similarities it favours many small groups. Choose K for a reason
(budget, models to keep) and let the objective choose the groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import GroupingError

Groups = tuple[tuple[int, ...], ...]

NEAR = 0.01
"""A grouping is a near tie if its objective is ≥ best − NEAR · |best|."""


@dataclass(frozen=True)
class Alternative:
    """Another grouping within 1% of the best."""

    groups: Groups
    objective: float


@dataclass(frozen=True)
class Grouping:
    """Which languages are trained together, by which strategy, and how good that is.

    Attributes
    ----------
    groups : canonical groups of language indexes
    strategy : name in STRATEGIES, or "hand" (see `by_hand`)
    k : number of groups
    objective : score of the groups, see the module
    bound : no grouping under the same K and constraints scores higher; None if unknown
    proved : whether the objective is known to be the best there is
    alternatives : up to 10 other groupings within 1% of a proved best, best first
    near_ties : how many OTHER groupings lie within 1% of it; None if not counted
    near_ties_at_least : whether counting stopped at near_ties and there are more
    serves : for each language the index in `groups` of the group that serves it; −1 for one that
        was left out by hand
    note : what the caller should know, in a sentence or two
    """

    groups: Groups
    strategy: str
    k: int
    objective: float
    bound: float | None
    proved: bool
    alternatives: tuple[Alternative, ...] = ()
    near_ties: int | None = None
    near_ties_at_least: bool = False
    serves: tuple[int, ...] = ()
    note: str = ""

    @property
    def gap(self) -> float | None:
        """How much better a grouping could still be: bound − objective, never below 0."""
        return None if self.bound is None else max(0.0, self.bound - self.objective)


def canonical(groups: Iterable[Iterable[int]]) -> Groups:
    """Each group sorted and without repeats, groups sorted, repeated groups once."""
    return tuple(sorted({tuple(sorted({int(member) for member in group})) for group in groups}))


def group_scores(similarity: np.ndarray, groups: Sequence[Sequence[int]],
                 alone: float = 0.0) -> np.ndarray:
    """What each group gives each language.

    Parameters
    ----------
    similarity : (L, L)
    groups : n_groups sequences of language indexes
    alone : score of a language that is alone in its group

    Returns
    -------
    ndarray
        (n_groups, L), mean similarity of the language to the other members; −inf where the
        group does not hold the language.
    """
    similarity = np.asarray(similarity, dtype=np.float64)
    scores = np.full((len(groups), len(similarity)), -np.inf)
    for row, group in enumerate(groups):
        members = np.asarray(group, dtype=int)
        if len(members) == 1:
            scores[row, members] = alone
        else:
            block = similarity[np.ix_(members, members)].copy()
            np.fill_diagonal(block, 0.0)
            scores[row, members] = block.sum(axis=1) / (len(members) - 1)
    return scores


def objective(similarity: np.ndarray, groups: Sequence[Sequence[int]],
              alone: float = 0.0) -> float:
    """Score groups: the sum over languages of what the best group that holds each gives it.

    Parameters
    ----------
    similarity : (L, L), may be asymmetric
    groups : language indexes; together they hold every language at least once
    alone : score of a language that is alone in its group

    Returns
    -------
    float
        Between L times the least and L times the greatest similarity (or `alone`).

    Raises
    ------
    GroupingError
        If a group is empty, or a language is in no group.

    Examples
    --------
    >>> objective(np.array([[1, .5, 0], [.5, 1, 0], [0, 0, 1]]), [[0, 1], [2]])
    1.0
    """
    if not groups or any(len(group) == 0 for group in groups):
        raise GroupingError("A group is empty, so it has no score. Leave empty groups out.")
    best = group_scores(similarity, groups, alone).max(axis=0)
    if np.isneginf(best).any():
        missing = ", ".join(str(index) for index in np.flatnonzero(np.isneginf(best))[:10])
        raise GroupingError(f"Languages {missing} (by index) are in no group. Put each in one.")
    return float(best.sum())


def grouping_of(groups: Iterable[Iterable[int]], strategy: str, similarity: np.ndarray,
                alone: float, **known: object) -> Grouping:
    """A Grouping with groups in canonical form, scored, and with who serves whom."""
    ordered = canonical(groups)
    scores = group_scores(similarity, ordered, alone)
    serves = tuple(int(index) for index in scores.argmax(axis=0))
    value = objective(similarity, ordered, alone)
    fields: dict = {"bound": None, "proved": False, **known}
    if fields["proved"]:
        fields["bound"] = value
    elif fields["bound"] is not None:
        fields["bound"] = max(float(fields["bound"]), value)
    return Grouping(ordered, strategy, len(ordered), value, serves=serves, **fields)
