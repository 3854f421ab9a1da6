"""The best partition as an integer program over all allowed groups.

One variable a group, each item in exactly one chosen group, the number of groups within the
range. The linear relaxation is solved by column generation: all groups (up to millions) are
priced at once, and only those that pay enter. Its value bounds every partition from above, and
a group whose reduced cost exceeds the distance from that bound to the best known partition is
in no better one: what is left is small, and HiGHS settles it.

Sources: set partitioning and reduced-cost fixing are textbook (Wolsey, *Integer Programming*);
HiGHS (Huangfu and Hall 2018) through scipy. Proofs hold to the solver's tolerance of 1e-6.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.result import Grouping, grouping_of
from gradsim_core.grouping.subsets import allowed_groups, mask_scores, subset_sums

MOST_GROUPS = 4_200_000
"""Allowed groups that may be listed: all of 22 items, or those of up to 4 among 100."""

_MOST_ITEMS = 62
_MOST_KEPT = 20_000
_ENTERING = 300
_TOLERANCE = 1e-9


def best_partition(problem: Problem, start: Grouping) -> Grouping | None:
    """The best partition, proved unless the time limit is reached.

    Parameters
    ----------
    problem : what is asked
    start : a grouping within the limits, from which to start

    Returns
    -------
    Grouping or None
        None if there are too many groups to list.
    """
    from scipy.optimize import LinearConstraint, milp

    items, began = problem.items, time.monotonic()
    listed = None if len(items) > _MOST_ITEMS else allowed_groups(
        items, problem.constraints.smallest, problem.largest, MOST_GROUPS)
    if listed is None:
        return None
    masks, totals = listed
    score = mask_scores(totals, np.rint(subset_sums(items.sizes.astype(float), masks)).astype(int),
                        problem.alone)
    relaxed = _relaxation(problem, masks, score, _chosen(start, problem, masks), began)
    if relaxed is None:
        return _finished(start.groups, problem, start.bound, False)
    bound, reduced = relaxed
    slack = bound - start.objective
    if slack <= _TOLERANCE * max(1.0, abs(bound)):
        return _finished(start.groups, problem, bound, True)
    kept = np.flatnonzero(reduced >= -slack - _TOLERANCE)
    complete = len(kept) <= _MOST_KEPT
    if not complete:
        kept = kept[np.argsort(-reduced[kept], kind="stable")[:_MOST_KEPT]]
    left = max(1.0, problem.time_limit_s - (time.monotonic() - began))
    found = milp(-score[kept], integrality=np.ones(len(kept)), bounds=(0, 1),
                 constraints=LinearConstraint(_rows(masks[kept], len(items)), *_sides(problem)),
                 options={"time_limit": left, "mip_rel_gap": 0.0})
    groups, value = start.groups, start.objective
    if found.x is not None and -found.fun > value:
        value = float(-found.fun)
        groups = tuple(_languages(int(mask), problem) for mask in masks[kept][found.x > 0.5])
    solved = complete and found.status in (0, 2)  # 2: nothing left, the start is the best
    if complete and not solved and found.mip_dual_bound is not None:
        bound = min(bound, max(value, float(-found.mip_dual_bound)))
    return _finished(groups, problem, bound, solved)


def _relaxation(problem: Problem, masks: np.ndarray, score: np.ndarray, start: np.ndarray,
                began: float) -> tuple[float, np.ndarray] | None:
    """Value of the linear relaxation and every group's reduced cost; None if out of time."""
    from scipy.optimize import linprog

    n_items = len(problem.items)
    best_of_size = np.argsort(-score, kind="stable")[:_ENTERING]
    inside = np.unique(np.concatenate([start, best_of_size]))
    low, high = _sides(problem)
    while time.monotonic() - began < problem.time_limit_s:
        rows = _rows(masks[inside], n_items)
        count = rows[[n_items]]
        solved = linprog(-score[inside], A_eq=rows[:n_items], b_eq=low[:n_items],
                         A_ub=_stacked(count), b_ub=[high[-1], -low[-1]], method="highs")
        if solved.status != 0:
            return None
        prices = -solved.eqlin.marginals
        a_group = -(solved.ineqlin.marginals[0] - solved.ineqlin.marginals[1])
        reduced = score - subset_sums(prices, masks) - a_group
        entering = np.flatnonzero(reduced > _TOLERANCE)
        if not len(entering):
            # prices are feasible up to the tolerance: every group may exceed it by that much
            return float(-solved.fun) + _TOLERANCE * problem.high, reduced
        if len(entering) > _ENTERING:
            entering = entering[np.argpartition(-reduced[entering], _ENTERING)[:_ENTERING]]
        inside = np.union1d(inside, entering)
    return None


def _rows(masks: np.ndarray, n_items: int) -> Any:
    """(n + 1, groups): which items each group holds, and a last row that counts groups."""
    from scipy.sparse import csr_array

    held = (masks[None, :] >> np.arange(n_items)[:, None]) & 1
    return csr_array(np.vstack([held, np.ones(len(masks), dtype=held.dtype)]).astype(float))


def _stacked(count: Any) -> np.ndarray:
    dense = count.toarray()
    return np.vstack([dense, -dense])


def _sides(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    ones = np.ones(len(problem.items))
    return np.append(ones, problem.low), np.append(ones, problem.high)


def _chosen(start: Grouping, problem: Problem, masks: np.ndarray) -> np.ndarray:
    """Positions in `masks` of the groups of a grouping."""
    item_of = {language: item for item, members in enumerate(problem.items.members)
               for language in members}
    wanted = [sum({1 << item_of[language] for language in group}) for group in start.groups]
    return np.searchsorted(masks, np.array(wanted, dtype=np.int64))


def _languages(mask: int, problem: Problem) -> tuple[int, ...]:
    return tuple(language for item, members in enumerate(problem.items.members)
                 if mask >> item & 1 for language in members)


def _finished(groups: tuple[tuple[int, ...], ...], problem: Problem, bound: float | None,
              proved: bool) -> Grouping:
    note = ("Proved by an integer program over all allowed groups (to 1e-6)." if proved else
            f"Not proved: the integer program was not settled in {problem.time_limit_s:g} s.")
    return grouping_of(groups, "exact", problem.similarity, problem.alone, bound=bound,
                       proved=proved, note=note)
