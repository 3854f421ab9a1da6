"""Good partitions of hundreds of languages: moves, swaps, merges and splits from many starts.

From each start the search takes every improving move of an item to another group (several at a
time, as long as they touch different groups), then merges and splits where K may change, then
improving swaps; at a standstill it kicks the best grouping by random allowed moves and tries
again. Starts are cuts of the average-linkage tree and balanced random groups.

Everything is seeded; no clock decides.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.bounds import upper_bound
from gradsim_core.grouping.descent import descended, kicked
from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.repair import nearest_allowed
from gradsim_core.grouping.result import Grouping, grouping_of, objective
from gradsim_core.grouping.sums import State
from gradsim_core.grouping.trees import linkage_tree, tree_labels

_WORK = 15_000_000


def local_search(problem: Problem) -> Grouping:
    """A partition that no move, swap, merge or split improves, with an upper bound.

    Raises
    ------
    GroupingError
        If no partition within the limits is found.
    """
    random = np.random.default_rng(problem.seed)
    n_items = len(problem.items)
    kicks = max(1, min(n_items, 30, _WORK // n_items**3))
    best: State | None = None
    for labels in _starts(problem, random):
        state = descended(labels, problem)
        for _ in range(kicks):
            other = descended(kicked(state, problem, random), problem)
            if other.score > state.score + 1e-12:
                state = other
        if best is None or state.score > best.score + 1e-12:
            best = state
    assert best is not None  # _starts yields at least once or raises
    groups = problem.items.groups(best.labels)
    found = grouping_of(groups, "local_search", problem.similarity, problem.alone,
                        bound=upper_bound(problem))
    assert found.bound is not None
    proved = found.bound - found.objective <= 1e-9 * max(1.0, abs(found.bound))
    note = ("Proved: the upper bound is reached." if proved else
            "A local optimum; the bound relaxes who shares a group with whom.")
    return grouping_of(groups, "local_search", problem.similarity, problem.alone,
                       bound=found.bound, proved=proved, note=note)


def _starts(problem: Problem, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Labels within the limits: tree cuts and balanced random ones, for the most promising K."""
    n_items = len(problem.items)
    draws, most = (3, 3) if n_items <= 300 else (1, 1)
    tree = linkage_tree(problem.similarity, ordered=False)
    cuts = {k: problem.items.labels(tree_labels(tree, k=k)) for k in problem.tried_k()}
    value = {k: objective(problem.similarity, problem.items.groups(labels), problem.alone)
             for k, labels in cuts.items()}
    failure: GroupingError | None = None
    started = 0
    # the finest cut first: merging from there finds what no coarser start does
    for k in sorted(cuts, key=lambda k: (k != problem.high, -value[k], k)):
        proposals = [cuts[k], *(random.permutation(np.arange(n_items) % k)
                                for _ in range(draws))]
        try:
            for labels in proposals:
                yield nearest_allowed(labels, k, problem)
        except GroupingError as error:
            failure = error
            continue
        started += 1
        if started == most:
            return
    if not started and failure is not None:
        raise failure
