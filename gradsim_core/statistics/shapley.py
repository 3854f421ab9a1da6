"""Dividing what sets of blocks achieve among the blocks (Shapley 1953).

A block's part is the mean, over all orders in which the blocks could join, of what it adds to
those before it. Parts add up to what all blocks achieve together.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations
from math import factorial

import numpy as np


def shapley_weights(blocks: Sequence[str], blocks_of: Sequence[str]
                    ) -> tuple[list[list[int]], np.ndarray]:
    """Predictors of every set of blocks, and what each set's R^2 adds to each block's part.

    Parameters
    ----------
    blocks : K names
    blocks_of : the block of each predictor

    Returns
    -------
    subsets : 2^K lists of positions of predictors, the empty one first, all of them last
    weights : (2^K, K); before a block, a set of s others stands in s! (K - s - 1)! of K! orders

    Examples
    --------
    >>> subsets, weights = shapley_weights(["a", "b"], ["a", "a", "b"])
    >>> subsets
    [[], [0, 1], [2], [0, 1, 2]]
    >>> np.array([0.0, 0.5, 0.3, 0.6]) @ weights  # R^2 of these: a is worth the mean of .5 and .3
    array([0.4, 0.2])
    """
    n = len(blocks)
    sets = list(chain.from_iterable(combinations(range(n), size) for size in range(n + 1)))
    weights = np.zeros((len(sets), n))
    for row, members in enumerate(sets):
        s = len(members)
        for block in range(n):
            others = s - 1 if block in members else s
            weight = factorial(others) * factorial(n - others - 1) / factorial(n)
            weights[row, block] = weight if block in members else -weight
    return [[at for at, name in enumerate(blocks_of) if blocks.index(name) in members]
            for members in sets], weights
