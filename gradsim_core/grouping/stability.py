"""How far groups and trees hold when the similarity is drawn anew.

Conventions
-----------
Labels are (L,) integers, equal where two languages share a group; their numbers mean nothing. Axes
are resample, language. A clade of a tree is the set of leaves below a node; the root's clade is
every leaf and always found.

Sources: Felsenstein 1985 (*Evolution* 39): support of a clade; Monti et al. 2003 (*Machine
Learning* 52): co-membership; for the matching of groups see `agreement.moved`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gradsim_core.grouping.agreement import moved


def co_membership(labels: np.ndarray) -> np.ndarray:
    """Share of resamples in which two languages share a group.

    Parameters
    ----------
    labels : (n_resamples, L)

    Returns
    -------
    np.ndarray
        (L, L) in 0..1, symmetric, diagonal 1.
    """
    return np.mean([row[:, None] == row[None, :] for row in labels], axis=0)


def group_changes(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of resamples in which a language is in another group than it was.

    Parameters
    ----------
    groups : (L,) labels of the groups in question
    labels : (n_resamples, L)

    Returns
    -------
    np.ndarray
        (L,) in 0..1. A resample's groups are first matched one to one with those in question, so
        that as many languages as possible stay; who is left then has changed.
    """
    changed = np.zeros((len(labels), len(groups)))
    for row, one in zip(changed, labels, strict=True):
        row[moved(groups, one)] = 1.0
    return changed.mean(axis=0)


def clades(tree: np.ndarray) -> list[frozenset[int]]:
    """The leaves below each node of a linkage matrix, in its order of joins."""
    below = [frozenset([leaf]) for leaf in range(len(tree) + 1)]
    for left, right, *_ in tree:
        below.append(below[int(left)] | below[int(right)])
    return below[len(tree) + 1:]


def branch_support(tree: np.ndarray, trees: Iterable[np.ndarray]) -> np.ndarray:
    """Share of trees that have each clade of a tree.

    Returns
    -------
    np.ndarray
        (L − 1,) in 0..1, in the order of the tree's joins.
    """
    wanted = clades(tree)
    found = [set(clades(one)) for one in trees]
    return np.array([np.mean([clade in one for one in found]) for clade in wanted])


def settled_at(labels: Sequence[np.ndarray]) -> int:
    """The first of several groupings from which on all are the same as the last.

    Parameters
    ----------
    labels : (L,) of each, such as those of a run's snapshots
    """
    last = co_membership(np.asarray(labels[-1])[None])
    same = [np.array_equal(co_membership(np.asarray(one)[None]), last) for one in labels]
    return len(same) - same[::-1].index(False) if False in same else 0
