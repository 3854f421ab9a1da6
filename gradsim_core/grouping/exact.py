"""The best partition there is, with a proof.

Up to about 17 items (languages after must-links), dynamic programming over subsets gives the
optimum for every K and counts the near ties. Above that, while the allowed groups can be
listed, an integer program over them gives optimum and proof (`set_partitioning`). Beyond, local
search gives a good grouping, an upper bound and the gap between them, and `proved` is False.

Conventions
-----------
Equal scores are settled the same way every time: fewer groups first, then the order in which
`splits_of` lists the choices. Sums are compared with a slack of 1e-9 times their size.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.constraints import impossible
from gradsim_core.grouping.local_search import local_search
from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.result import NEAR, Alternative, Grouping, grouping_of
from gradsim_core.grouping.set_partitioning import best_partition
from gradsim_core.grouping.subsets import allowed_groups, best_splits, mask_scores, splits_of

MOST_TRANSITIONS = 400_000_000
"""Steps of dynamic programming up to which it is used: 17 items for every K, 18 for K ≤ 6."""

MOST_ALTERNATIVES = 10
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class _Table:
    """Scores of all groups and of the best splits of all subsets."""

    problem: Problem
    score: np.ndarray  # (2^n,)
    best: np.ndarray   # (K + 1, 2^(n-1))

    @property
    def full(self) -> int:
        return len(self.score) - 1

    def value(self, k: int) -> float:
        return float(splits_of(self.full, k, self.score, self.best)[2].max())


def exact(problem: Problem) -> Grouping:
    """The best partition within the limits, proved where that is possible.

    Raises
    ------
    GroupingError
        If no partition meets the limits.
    """
    if tabulated(problem):
        table = _table(problem)
        return _optimum(table, range(problem.low, problem.high + 1))
    start = local_search(problem)
    if start.proved:
        return replace(start, strategy="exact")
    found = best_partition(problem, start)
    note = "Too many possible groups to prove an optimum: local search, with an upper bound."
    return replace(start, strategy="exact", note=note) if found is None else found


def optima_by_k(problem: Problem) -> dict[int, Grouping]:
    """The best partition for every possible K of the problem, from one table."""
    if not tabulated(problem):
        raise GroupingError(
            f"Every K at once needs at most 17 languages or tied languages; here are "
            f"{len(problem.items)}. Ask for one K at a time, or for a lower range of K.")
    table = _table(problem)
    possible = [k for k in range(problem.low, problem.high + 1) if table.value(k) > -np.inf]
    return {k: _optimum(table, [k]) for k in possible}


def tabulated(problem: Problem) -> bool:
    """Whether dynamic programming is quick enough for a problem."""
    n_items = len(problem.items)
    return 3 ** (n_items - 1) // 2 * min(problem.high, n_items) <= MOST_TRANSITIONS


def _table(problem: Problem) -> _Table:
    items = problem.items
    listed = allowed_groups(items, problem.constraints.smallest, problem.largest,
                            limit=1 << len(items))
    assert listed is not None  # 2^n groups can never be more than 2^n
    masks, totals = listed
    bits = (masks[:, None] >> np.arange(len(items))) & 1
    score = np.full(1 << len(items), -np.inf)
    score[masks] = mask_scores(totals, bits @ items.sizes, problem.alone)
    return _Table(problem, score, best_splits(score, len(items), problem.high))


def _optimum(table: _Table, ks: range | list[int]) -> Grouping:
    problem = table.problem
    best = max((table.value(k) for k in ks), default=-np.inf)
    if best == -np.inf:
        raise GroupingError(impossible(ks[0], ks[-1], problem.constraints, problem.names))
    slack = 1e-9 * max(1.0, abs(best))
    floor = best - NEAR * abs(best) - slack
    ranked = list(islice(_ranked(table, ks, floor), MOST_ALTERNATIVES + 1))
    groupings = [grouping_of(_languages(masks, problem), "exact", problem.similarity,
                             problem.alone, proved=True) for masks in ranked]
    first = groupings[0]
    found = 0
    for k in ks:
        found += _near(table, table.full, k, floor, MOST_COUNTED + 1 - found)
    alternatives = tuple(Alternative(other.groups, other.objective) for other in groupings[1:])
    note = "Proved by dynamic programming over subsets."
    if len(ks) > 1:
        note += f" K was free between {ks[0]} and {ks[-1]}: the best objective decides."
    return Grouping(first.groups, "exact", first.k, first.objective, first.objective, True,
                    alternatives, min(found - 1, MOST_COUNTED), found > MOST_COUNTED,
                    first.serves, note)


def _ranked(table: _Table, ks: range | list[int], floor: float) -> Iterator[tuple[int, ...]]:
    """Partitions as masks, best first, down to a floor; at most a few are ever taken.

    Best-first search whose estimate is exact, so that no step is wasted.
    """
    order = count()
    heap: list = [(-table.value(k), k, next(order), table.full, k, ()) for k in ks]
    heapq.heapify(heap)
    while heap:
        negative, n_groups, _, mask, k, chosen = heapq.heappop(heap)
        if -negative < floor:
            return
        if k == 0:
            yield chosen
            continue
        groups, rests, values = splits_of(mask, k, table.score, table.best)
        values = values + (-negative - values.max())
        # no more than this many choices can matter, because each holds at least one partition
        for index in np.argsort(-values, kind="stable")[:MOST_ALTERNATIVES + 1]:
            if values[index] >= floor:
                heapq.heappush(heap, (-float(values[index]), n_groups, next(order),
                                      int(rests[index]), k - 1, (*chosen, int(groups[index]))))


def _near(table: _Table, mask: int, k: int, floor: float, most: int) -> int:
    """How many splits of a mask into k groups score at least `floor`, counted up to `most`."""
    if k > mask.bit_count():
        return 0
    groups, rests, values = splits_of(mask, k, table.score, table.best)
    good = np.flatnonzero(values >= floor)
    if k <= 2:
        return min(len(good), most)
    found = 0
    for index in good:
        if found >= most:
            break
        found += _near(table, int(rests[index]), k - 1, floor - table.score[groups[index]],
                       most - found)
    return found


def _languages(masks: tuple[int, ...], problem: Problem) -> list[list[int]]:
    members = problem.items.members
    return [[language for item in range(len(members)) if mask >> item & 1
             for language in members[item]] for mask in masks]
