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

from dataclasses import dataclass, replace
from typing import NamedTuple

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
_DIGITS = 10  # decimals to which two scores are the same score


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


class _Node(NamedTuple):
    """A partition in the making: the best score it can reach, and what is still to be split."""

    value: float
    k: int
    left: int
    mask: int
    chosen: tuple[int, ...]


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
    ranked = _ranked(table, ks, floor)
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


def _ranked(table: _Table, ks: range | list[int], floor: float) -> list[tuple[int, ...]]:
    """The best partitions as masks, best first, down to a floor and at most 11.

    Each step chooses the group of the highest item left. What a choice can still reach is known
    exactly and each choice holds another partition, so the best 11 choices of every step hold
    the best 11 partitions.
    """
    nodes = [_Node(table.value(k), k, k, table.full, ()) for k in ks if table.value(k) >= floor]
    while any(node.left for node in nodes):
        grown = []
        for node in nodes:
            if node.left == 0:
                grown.append(node)
                continue
            groups, rests, values = splits_of(node.mask, node.left, table.score, table.best)
            values = values + (node.value - values.max())
            for index in np.argsort(-values, kind="stable")[:MOST_ALTERNATIVES + 1]:
                grown.append(_Node(float(values[index]), node.k, node.left - 1,
                                   int(rests[index]), (*node.chosen, int(groups[index]))))
        grown.sort(key=lambda node: (-round(node.value, _DIGITS), node.k))
        nodes = [node for node in grown[:MOST_ALTERNATIVES + 1] if node.value >= floor]
    return [node.chosen for node in nodes]


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
