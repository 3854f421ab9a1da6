"""Trees of languages: linkage in a readable leaf order, cuts, and Newick.

Conventions
-----------
A tree is a scipy linkage matrix (L − 1, 4): two children, height, number of leaves; leaves are
0..L-1 and row i makes node L + i. Height is a distance: c − S, with S made symmetric and
c = max(1, greatest similarity off the diagonal), so that it is 1 − S unless noise correction
puts a similarity above 1, when all distances grow alike and no merge changes.

Sources: average linkage is UPGMA (Sokal and Michener 1958); leaf order by Bar-Joseph, Gifford
and Jaakkola 2001, which puts similar neighbours side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradsim_core.errors import GroupingError, choice

LINKAGES = ("average", "complete", "single", "weighted")
"""Linkages that mean something for any similarity (Ward's needs points in a space)."""

MOST_ORDERED = 400
"""Languages up to which leaves are put in the best order; it takes cubic time and more."""


def linkage_tree(similarity: np.ndarray, method: str = "average", *,
                 ordered: bool = True) -> np.ndarray:
    """Join the most similar languages first, then groups of them.

    Parameters
    ----------
    similarity : (L, L), finite off the diagonal
    method : one of LINKAGES
    ordered : put leaves in the order that makes neighbours most similar (up to 400 languages)

    Returns
    -------
    ndarray
        (L − 1, 4) float64, heights ascending; (0, 4) for one language.

    Raises
    ------
    GroupingError
        If the method is unknown or a similarity is not finite.
    """
    from scipy.cluster.hierarchy import linkage, optimal_leaf_ordering

    if method not in LINKAGES:
        raise GroupingError(choice("Linkage", method, LINKAGES))
    distance = distances(similarity)
    if len(distance) == 1:
        return np.zeros((0, 4))
    condensed = distance[np.triu_indices(len(distance), 1)]
    if not np.isfinite(condensed).all():
        raise GroupingError("A similarity is NaN or infinite, so there is no tree. Leave the "
                            "languages with undefined similarities out.")
    tree = linkage(condensed, method)
    if ordered and 2 < len(distance) <= MOST_ORDERED:
        tree = optimal_leaf_ordering(tree, condensed)
    return tree


def distances(similarity: np.ndarray) -> np.ndarray:
    """(L, L) distances ≥ 0, symmetric, diagonal 0; see the module."""
    symmetric = (np.asarray(similarity, dtype=np.float64) + np.transpose(similarity)) / 2
    np.fill_diagonal(symmetric, -np.inf)
    distance = max(1.0, float(symmetric.max())) - symmetric
    np.fill_diagonal(distance, 0.0)
    return distance


def leaf_order(tree: np.ndarray) -> tuple[int, ...]:
    """Leaves from first to last, as a dendrogram shows them."""
    n_leaves = len(tree) + 1
    order: list[int] = []
    stack = [n_leaves + len(tree) - 1]
    while stack:
        node = stack.pop()
        if node < n_leaves:
            order.append(node)
        else:
            left, right = tree[node - n_leaves, :2]
            stack += [int(right), int(left)]
    return tuple(order)


def tree_labels(tree: np.ndarray, *, k: int | None = None,
                height: float | None = None) -> np.ndarray:
    """Cut a tree into exactly k groups, or at a height.

    Parameters
    ----------
    tree : (L − 1, 4)
    k : number of groups, 1..L
    height : distance; languages joined at or below it share a group

    Returns
    -------
    ndarray
        (L,) labels 0.. in order of first member.

    Raises
    ------
    GroupingError
        If not exactly one of k and height is given, or k is not within 1..L.
    """
    n_leaves = len(tree) + 1
    if (k is None) == (height is None):
        raise GroupingError("A tree is cut either into K groups or at a height. Give one.")
    if k is not None and not 1 <= k <= n_leaves:
        raise GroupingError(f"A tree of {n_leaves} languages cannot be cut into {k} groups. "
                            f"Ask for 1 to {n_leaves}.")
    joins = n_leaves - k if k is not None else int((tree[:, 2] <= height).sum())
    label = np.arange(2 * n_leaves - 1)
    for row in range(joins - 1, -1, -1):  # from the highest join kept down to the leaves
        label[tree[row, :2].astype(int)] = label[n_leaves + row]
    _, first, dense = np.unique(label[:n_leaves], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[dense]


def newick(tree: np.ndarray, names: Sequence[str],
           support: Sequence[float] | np.ndarray | None = None,
           notes: Mapping[str, str] | None = None) -> str:
    """Write a tree in Newick, the format that tree viewers read.

    Parameters
    ----------
    tree : (L − 1, 4)
    names : L names; those with blanks, quotes or Newick's own signs are quoted
    support : (L − 1,) share of resamples that have each branch, 0..1; written as the inner nodes'
        labels in percent, as tree viewers read it
    notes : name -> what else is to be known of it, as ``key=value``; written behind the name in
        ``[&…]``, which FigTree and iTOL show as a property and others skip as a comment

    Returns
    -------
    str
        One line ending in a semicolon. A node lies at half its height above the leaves, so the
        way from one leaf to another is as long as the distance at which they are joined.

    Examples
    --------
    >>> newick(np.array([[0, 1, 0.5, 2]]), ["Yorùbá", "Ewe (Volta)"])
    "(Yorùbá:0.25,'Ewe (Volta)':0.25);"
    """
    n_leaves = len(tree) + 1
    if len(names) != n_leaves:
        raise GroupingError(f"{len(names)} names for a tree of {n_leaves} languages. "
                            "Pass one a leaf.")
    text = [_quoted(name) + (f"[&{notes[name]}]" if notes and name in notes else "")
            for name in names]
    level = [0.0] * n_leaves
    for row, (left, right, height, _) in enumerate(tree):
        ends = [f"{text[int(child)]}:{max(0.0, height / 2 - level[int(child)]):.9g}"
                for child in (left, right)]
        label = "" if support is None else f"{100 * support[row]:.0f}"
        text.append(f"({','.join(ends)}){label}")
        level.append(height / 2)
        text[int(left)] = text[int(right)] = ""  # held by the new node
    return text[-1] + ";"


def _quoted(name: str) -> str:
    """A Newick label: plain if it can be, else in quotes, with inner quotes doubled."""
    name = "".join(" " if ord(sign) < 32 or sign in "\x7f\x85\u2028\u2029" else sign
                   for sign in name)
    if name and not any(sign.isspace() or sign in "()[]{}:;,'\"_/\\<>=*&#" for sign in name):
        return name
    return "'" + name.replace("'", "''") + "'"
