"""Two trees of the same languages face to face, their inner nodes turned so that few lines cross.

Turning an inner node exchanges its two branches and changes nothing that the tree says. Lines that
join each language in one tree with itself in the other cross where the two leaf orders disagree; a
*tanglegram* is easy to read where few do.

Conventions
-----------
Trees are as in `trees`; both have the leaves 0..L-1. With −1 for a node that is turned and +1 for
one that is not, two languages cross or do not by the product of the turns of the two nodes that
first join them, one in each tree. So the crossings are (pairs − sᵀWt) / 2 for turns s of the first
and t of the second tree, where W adds up, over the pairs of each two nodes, whether both trees have
the pair in the same order. Given s, the best t is the sign of sᵀW: each node of the second tree is
decided alone, and exactly.

Source: the problem and its one-sided solution are Dwyer and Schreiber 2004; two-sided it is hard
(Buchin et al. 2012), so beyond MOST_PROVED languages both sides take turns from many starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.trees import leaf_order

MOST_PROVED = 18
"""Languages up to which all turns of the first tree are tried, so that the fewest are found."""

_STARTS = 512
_BATCH = 1 << 14


@dataclass(frozen=True)
class Tangle:
    """Two trees with their inner nodes turned.

    Attributes
    ----------
    first, second : (L − 1, 4) linkages with the same merges as before, their children in the new
        order (see `leaf_order`)
    crossings, before : pairs of lines that cross, now and as the trees were given
    proved : whether no turns of the inner nodes leave fewer
    """

    first: np.ndarray
    second: np.ndarray
    crossings: int
    before: int
    proved: bool


def untangled(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> Tangle:
    """Turn the inner nodes of two trees so that few lines between their leaves cross.

    Parameters
    ----------
    first, second : (L − 1, 4) linkages over the same leaves
    seed : of the starts that are drawn at random

    Returns
    -------
    Tangle
        The fewest crossings there are up to MOST_PROVED languages. The trees stay as near to how
        they were given as a mirror image of both allows.

    Raises
    ------
    GroupingError
        If the trees differ in size.

    Examples
    --------
    >>> one = np.array([[0, 1, .1, 2], [2, 3, .2, 2], [4, 5, .3, 4]])
    >>> other = np.array([[1, 0, .1, 2], [3, 2, .2, 2], [5, 4, .3, 4]])
    >>> untangled(one, other).crossings, untangled(one, other).before
    (0, 6)
    """
    if np.shape(first) != np.shape(second):
        raise GroupingError(f"A tree of {len(first) + 1} languages cannot face one of "
                            f"{len(second) + 1}. Join the same languages in both.")
    before = crossings(leaf_order(first), leaf_order(second))
    if len(first) < 2:
        turned = _turned(second, np.array([-1 if before else 1] * len(second)))
        return Tangle(np.array(first), turned, 0, before, True)
    agree = _agreements(first, second)
    proved = len(first) + 1 <= MOST_PROVED
    s = _all_turns(agree) if proved else _taking_turns(agree, np.random.default_rng(seed))
    t = np.where(s @ agree < 0, -1, 1)
    own = np.bincount(_joins(first)[0][np.triu_indices(len(first) + 1, 1)], minlength=len(first))
    if s @ own < 0:  # the mirror image of both has as few crossings: the nearer one
        s, t = -s, np.where(-s @ agree < 0, -1, 1)
    turned_first, turned_second = _turned(first, s), _turned(second, t)
    return Tangle(turned_first, turned_second,
                  crossings(leaf_order(turned_first), leaf_order(turned_second)), before, proved)


def crossings(order: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Pairs of leaves that two orders have the other way round.

    Examples
    --------
    >>> crossings((0, 1, 2), (2, 0, 1))
    2
    """
    place = np.argsort(np.asarray(other, dtype=int))[list(order)]
    return int(np.triu(place[:, None] > place[None, :], 1).sum())


def _joins(tree: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(L, L) row of the merge that first joins two leaves; (L, L) +1 where the first comes first.

    The diagonals are 0.
    """
    n_leaves = len(tree) + 1
    row_of, sign = np.zeros((n_leaves, n_leaves), dtype=int), np.zeros((n_leaves, n_leaves), int)
    members: list[list[int]] = [[leaf] for leaf in range(n_leaves)]
    for row, (left, right) in enumerate(tree[:, :2].astype(int)):
        one, other = members[left], members[right]
        row_of[np.ix_(one, other)] = row_of[np.ix_(other, one)] = row
        sign[np.ix_(one, other)], sign[np.ix_(other, one)] = 1, -1
        members.append(one + other)
    return row_of, sign


def _agreements(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(L − 1, L − 1): pairs that two nodes join in the same order, less those in the other."""
    upper, n = np.triu_indices(len(first) + 1, 1), len(first)
    (row, sign), (other_row, other_sign) = _joins(first), _joins(second)
    found = np.bincount(row[upper] * n + other_row[upper],
                        weights=sign[upper] * other_sign[upper], minlength=n * n)
    return found.reshape(n, n)


def _all_turns(agree: np.ndarray) -> np.ndarray:
    """The best turns of the first tree, out of all; its root stays, as mirror images are alike."""
    n = len(agree)
    best, value = np.ones(n), -1.0
    for start in range(0, 1 << (n - 1), _BATCH):
        codes = np.arange(start, min(start + _BATCH, 1 << (n - 1)))
        turns = 1.0 - 2.0 * ((codes[:, None] >> np.arange(n)) & 1)
        values = np.abs(turns @ agree).sum(axis=1)
        at = int(values.argmax())
        if values[at] > value:
            best, value = turns[at], float(values[at])
    return best


def _taking_turns(agree: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Turns of the first tree that both trees' one-sided optima no longer improve, best of many."""
    n = len(agree)
    s = np.vstack([np.ones(n), draw.choice((-1.0, 1.0), size=(_STARTS - 1, n))])
    value = np.full(len(s), -1.0)
    while True:
        t = np.where(s @ agree < 0, -1.0, 1.0)
        s = np.where(t @ agree.T < 0, -1.0, 1.0)
        found = np.abs(s @ agree).sum(axis=1)
        if not (found > value).any():
            return s[int(found.argmax())]
        value = found


def _turned(tree: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """The tree with the two branches of every node exchanged that has −1."""
    found = np.array(tree, dtype=np.float64)
    found[turns < 0, :2] = found[turns < 0, 1::-1]
    return found
