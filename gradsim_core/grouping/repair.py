"""The nearest grouping that meets the limits, for strategies that know no constraints.

An assignment program (HiGHS) moves as few languages as it can; among equally few moves it
prefers those to the group that a language is most similar to on average.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.constraints import impossible
from gradsim_core.grouping.problem import Problem

_INFEASIBLE = 2


def nearest_allowed(labels: np.ndarray, k: int, problem: Problem) -> np.ndarray:
    """Item labels with exactly k groups within the limits, with the fewest languages moved.

    Parameters
    ----------
    labels : (n,) proposed group of each item in 0..k-1, or −1 for no proposal
    k : groups wanted, each with at least one item
    problem : sizes, links and similarity

    Returns
    -------
    ndarray
        (n,) labels in 0..k-1; the same array if it is already allowed.

    Raises
    ------
    GroupingError
        If there is none, or none is found within the problem's time limit.
    """
    from scipy.optimize import Bounds, milp

    if allowed(labels, k, problem):
        return labels
    items = problem.items
    n_items = len(items)
    proposed = labels[:, None] == np.arange(k)[None, :]
    counts = np.maximum(items.sizes @ proposed, 1)
    nearness = (items.both @ proposed) / counts / items.sizes[:, None]
    span = max(float(np.ptp(nearness)), 1e-12)
    value = items.sizes[:, None] * proposed + (nearness - nearness.min()) / span / (2 * n_items)
    found = milp(-value.ravel(), integrality=np.ones(n_items * k), bounds=Bounds(0, 1),
                 constraints=_limits(k, problem), options={"time_limit": problem.time_limit_s})
    if found.x is None:
        if found.status == _INFEASIBLE:
            raise GroupingError(impossible(k, k, problem.constraints, problem.names))
        raise GroupingError(f"No grouping with K = {k} within the limits was found in "
                            f"{problem.time_limit_s:g} s; there may be none. Loosen one.")
    return np.asarray(found.x).reshape(n_items, k).argmax(axis=1)


def allowed(labels: np.ndarray, k: int, problem: Problem) -> bool:
    """Whether item labels form exactly k groups within the limits."""
    if labels.min() < 0 or len(np.unique(labels)) != k:
        return False
    sizes = np.bincount(labels, weights=problem.items.sizes, minlength=k)
    sizes = sizes[sizes > 0]
    together = labels[:, None] == labels[None, :]
    return bool(sizes.min() >= problem.constraints.smallest and sizes.max() <= problem.largest
                and not (together & problem.items.apart).any())


def _limits(k: int, problem: Problem) -> Any:
    """Each item once, sizes within limits, items apart: rows over variables item · k + group."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import coo_array, vstack

    items = problem.items
    n_items = len(items)
    variable = np.arange(n_items * k).reshape(n_items, k)
    once = coo_array((np.ones(n_items * k), (np.repeat(np.arange(n_items), k), variable.ravel())))
    sized = coo_array((np.repeat(items.sizes, k).astype(float),
                       (np.tile(np.arange(k), n_items), variable.ravel())))
    one, other = np.nonzero(np.triu(items.apart))
    rows = np.arange(len(one) * k)
    separate = coo_array(
        (np.ones(2 * len(rows)), (np.concatenate([rows, rows]),
                                  np.concatenate([variable[one].ravel(),
                                                  variable[other].ravel()]))),
        shape=(len(rows), n_items * k))
    low = np.concatenate([np.ones(n_items), np.full(k, float(problem.constraints.smallest)),
                          np.zeros(len(rows))])
    high = np.concatenate([np.ones(n_items), np.full(k, float(problem.largest)),
                           np.ones(len(rows))])
    return LinearConstraint(vstack([once, sized, separate]).tocsr(), low, high)
