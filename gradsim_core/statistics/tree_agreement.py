"""Do two trees of the same languages say the same?

Two answers. *Rank correlation*: pairs that one tree joins early, does the other join early too?
That is Baker's (1974, *JASA* 69) comparison of trees with Spearman's coefficient, as in the R
package dendextend: the ranks are those of the heights at which pairs are joined (cophenetic
distances), so that only the order of a tree's merges counts. Its p is that of label permutations
(see `permuting`): how often a tree agrees as well when it does not know whose leaf is whose.
*Shared branches*: sets of languages below a merge that both trees have (Robinson and Foulds 1981,
rooted); trees of L languages have at most L − 2 besides the whole.

Conventions
-----------
Trees are scipy linkages (L − 1, 4) over the same leaves 0..L-1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.statistics.permuting import (
    is_exact,
    label_orders,
    p_value,
    permuted_correlations,
)

PERMUTATIONS = 999


@dataclass(frozen=True)
class TreeAgreement:
    """How far two trees agree.

    Attributes
    ----------
    correlation : Spearman's, of the heights at which pairs are joined, −1..1; NaN where a tree
        joins all pairs at one height, or with fewer than three languages
    p : of label permutations, for trees that agree more than chance would; NaN with it
    shared : rows of merges (first, second) below which both trees have the same languages, the
        whole left out
    possible : most branches that the trees could share
    """

    correlation: float
    p: float
    shared: tuple[tuple[int, int], ...]
    possible: int


def tree_agreement(first: np.ndarray, second: np.ndarray, *, n_permutations: int = PERMUTATIONS,
                   seed: int = 0) -> TreeAgreement:
    """Compare two trees of the same languages.

    Examples
    --------
    >>> one = np.array([[0, 1, .1, 2], [2, 3, .2, 2], [4, 5, .3, 4]])
    >>> other = np.array([[2, 3, .3, 2], [0, 4, .4, 3], [1, 5, .5, 4]])
    >>> tree_agreement(one, other).shared
    ((1, 0),)
    """
    n_leaves = len(first) + 1
    where = {frozenset(members): row for row, members in enumerate(below(second))}
    shared = tuple((row, where[found]) for row, members in enumerate(below(first)[:-1])
                   if (found := frozenset(members)) in where)
    possible = max(0, n_leaves - 2)
    if n_leaves < 3:
        return TreeAgreement(float("nan"), float("nan"), shared, possible)
    x, y = _join_ranks(first), _join_ranks(second)
    observed = float(permuted_correlations(x, y, np.arange(n_leaves)[None], False)[0])
    null = np.concatenate([permuted_correlations(x, y, orders, False)
                           for orders in label_orders(n_leaves, n_permutations, seed)])
    return TreeAgreement(observed, p_value(observed, null, "greater",
                                           is_exact(n_leaves, n_permutations)), shared, possible)


def below(tree: np.ndarray) -> list[tuple[int, ...]]:
    """The leaves below each merge, in the tree's order."""
    n_leaves = len(tree) + 1
    members: list[tuple[int, ...]] = [(leaf,) for leaf in range(n_leaves)]
    for left, right in tree[:, :2].astype(int):
        members.append(members[left] + members[right])
    return members[n_leaves:]


def _join_ranks(tree: np.ndarray) -> np.ndarray:
    """(L, L) rank of the height at which two leaves are joined, ties averaged; diagonal 0."""
    from scipy.cluster.hierarchy import cophenet
    from scipy.spatial.distance import squareform
    from scipy.stats import rankdata

    return squareform(rankdata(cophenet(np.asarray(tree, dtype=np.float64))))
