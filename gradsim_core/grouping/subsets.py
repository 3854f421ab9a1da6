"""Subsets of items as bitmasks: scores of all groups, and the best split of every subset.

Conventions
-----------
Item i is bit i. A group's score is the sum over its languages of their mean similarity to the
others. ``best[k, mask]`` is the highest score of splitting the items of `mask` into exactly k
groups, −inf where no split is allowed. The split is built from the group that holds the
highest item, which makes every split appear once; the recurrence is a max-plus subset
convolution, computed for all subsets at once.

Sources: Yeh 1986 and Rothkopf, Pekeč, Harstad 1998 for dynamic programming over subsets in
O(3^n); Björklund et al. 2007 for subset convolution.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from gradsim_core.grouping.constraints import Items

_LEAF_BITS = 10
_TABLE_BITS = 11


def allowed_groups(items: Items, smallest: int, largest: int,
                   limit: int) -> tuple[np.ndarray, np.ndarray] | None:
    """All groups of items that sizes and cannot-links allow, and their similarity sums.

    Parameters
    ----------
    items : n ≤ 62 items
    smallest, largest : languages a group may hold
    limit : give up beyond this many groups

    Returns
    -------
    tuple of ndarray, or None beyond the limit
        masks (M,) int64 ascending; totals (M,) sum of S[l, m] over ordered pairs of members.
    """
    masks, totals, sizes = np.zeros(1, np.int64), np.zeros(1), np.zeros(1, int)
    for item in range(len(items)):
        apart = sum(1 << int(other) for other in np.flatnonzero(items.apart[item]))
        keep = (sizes + items.sizes[item] <= largest) & ((masks & apart) == 0)
        if len(masks) + keep.sum() > limit:
            return None
        joined = totals[keep] + subset_sums(items.both[item], masks[keep]) + items.sums[item, item]
        totals = np.concatenate([totals, joined])
        sizes = np.concatenate([sizes, sizes[keep] + items.sizes[item]])
        masks = np.concatenate([masks, masks[keep] | (1 << item)])
    keep = (sizes >= smallest) & (masks > 0)
    return masks[keep], totals[keep]


def subset_sums(values: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Sum of `values` over the items of every mask, by tables of a few bits each.

    Parameters
    ----------
    values : (n,)
    masks : (M,) int64

    Returns
    -------
    ndarray
        (M,)
    """
    sums = np.zeros(len(masks))
    for start in range(0, len(values), _TABLE_BITS):
        table = np.zeros(1)
        for value in values[start:start + _TABLE_BITS]:
            table = np.concatenate([table, table + value])
        sums += table[(masks >> start) & (len(table) - 1)]
    return sums


def mask_scores(totals: np.ndarray, sizes: np.ndarray, alone: float) -> np.ndarray:
    """Group scores from similarity sums over ordered pairs and sizes; an empty group scores 0."""
    means = totals / np.maximum(sizes - 1, 1)
    return np.where(sizes > 1, means, np.where(sizes == 1, alone, 0.0))


def best_splits(score: np.ndarray, n_items: int, k_max: int) -> np.ndarray:
    """Best score of splitting every subset without the last item into exactly k groups.

    Parameters
    ----------
    score : (2^n,) group score of every mask, −inf where a group is not allowed
    n_items : n ≥ 1
    k_max : most groups

    Returns
    -------
    ndarray
        (k_max + 1, 2^(n-1)); the full set itself is scored by `splits_of`.
    """
    best = np.full((k_max + 1, 1 << (n_items - 1)), -np.inf)
    best[0, 0] = 0.0
    for item in range(n_items - 1):
        masks = slice(1 << item, 2 << item)  # those whose highest item is this one
        for k in range(1, min(k_max, item + 1) + 1):
            best[k, masks] = _max_plus(score[masks], best[k - 1, :1 << item])
    return best


def splits_of(mask: int, k: int, score: np.ndarray,
              best: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every choice of the group that holds the highest item of a mask.

    Returns
    -------
    tuple of ndarray
        groups (masks), rests (what is left for k − 1 groups), and the best score of each choice.
    """
    top = 1 << (mask.bit_length() - 1)
    below = mask ^ top
    inside = np.zeros(1, np.int64)
    for bit in range(below.bit_length()):
        if below >> bit & 1:
            inside = np.concatenate([inside, inside | (1 << bit)])
    groups, rests = inside | top, inside ^ below
    return groups, rests, score[groups] + best[k - 1, rests]


def _max_plus(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Max-plus subset convolution: the maximum over s ⊆ m of first[s] + second[m without s]."""
    half = len(first) // 2
    if len(first) > 1 << _LEAF_BITS:
        without = _max_plus(first[:half], second[:half])
        return np.concatenate([without, np.maximum(_max_plus(first[half:], second[:half]),
                                                   _max_plus(first[:half], second[half:]))])
    in_first, in_second = _ternary(len(first).bit_length() - 1)
    sums = first[in_first] + second[in_second]
    for done in range(len(first).bit_length() - 1):
        sums = sums.reshape(1 << done, 3, -1)  # the item is in neither, in first, in second
        sums = np.stack([sums[:, 0], np.maximum(sums[:, 1], sums[:, 2])], axis=1)
    return sums.reshape(-1)


@cache
def _ternary(n_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """All 3^n pairs of disjoint masks, the highest bit varying slowest."""
    first = second = np.zeros(1, np.intp)
    for bit in range(n_bits):
        first = np.concatenate([first, first | (1 << bit), first])
        second = np.concatenate([second, second, second | (1 << bit)])
    return first, second
