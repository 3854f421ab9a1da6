"""Overlapping groups, as in TAG: each language is served by the best group that holds it.

At most K groups are trained; a group may hold languages that it helps with but does not serve.
An optimum is a partition of the languages into those served together, with the best group for
each part: h(P) = max over allowed groups g ⊇ P of Σ_{l ∈ P} mean similarity of l in g. So
the dynamic programming of `exact` solves it once h stands in for the score of a group.

Conventions
-----------
K is the most groups, not a count to be met: one more group never hurts, and a group that
serves nobody is left out. Size limits hold for every group; must-links and cannot-links say
which languages every group holds together or never holds together.

Source: Fifty et al. 2021 (TAG), whose network selection this is; the reduction to partitions
is ours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.bounds import serving_bound
from gradsim_core.grouping.constraints import impossible, k_bounds
from gradsim_core.grouping.local_search import local_search
from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.result import Grouping, canonical, grouping_of
from gradsim_core.grouping.subsets import allowed_groups, best_splits, mask_scores, splits_of

MOST_ITEMS = 16
"""Items up to which the optimum is proved."""

_WORK = 20_000_000
_CELLS = 1 << 18


def overlapping(problem: Problem) -> Grouping:
    """At most K groups that together serve the languages best; proved for up to 16 items.

    Raises
    ------
    GroupingError
        If some language can be in no group within the limits.
    """
    if len(problem.items) > MOST_ITEMS:
        return _searched(problem)
    value, holder = _served(problem)
    n_items, full = len(problem.items), len(value) - 1
    best = best_splits(value, n_items, problem.high)
    totals = [splits_of(full, k, value, best)[2].max() for k in range(1, problem.high + 1)]
    k = int(np.argmax(totals)) + 1
    if totals[k - 1] == -np.inf:
        raise GroupingError(impossible(1, problem.high, problem.constraints, problem.names))
    groups, mask = [], full
    while mask:
        parts, rests, scores = splits_of(mask, k, value, best)
        index = int(scores.argmax())
        groups.append(_languages(int(holder[parts[index]]), problem))
        mask, k = int(rests[index]), k - 1
    return _finished(groups, problem, None, True)


def _served(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """For every set of items the best total that one group gives it, and that group."""
    items, n_items = problem.items, len(problem.items)
    value = np.full(1 << n_items, -np.inf)
    holder = np.zeros(1 << n_items, dtype=np.int64)
    listed = allowed_groups(items, problem.constraints.smallest, problem.largest,
                            limit=1 << n_items)
    assert listed is not None  # 2^n groups can never be more than 2^n
    bits = (np.arange(1 << n_items)[:, None] >> np.arange(n_items)) & 1
    counts = bits @ items.sizes
    allowed = np.zeros(1 << n_items, dtype=bool)
    allowed[listed[0]] = True
    for count in range(1, n_items + 1):
        served = np.flatnonzero(bits.sum(axis=1) == count)
        rows_at_once = max(1, _CELLS >> (n_items - count))
        for start in range(0, len(served), rows_at_once):
            parts = served[start:start + rows_at_once]
            group, total = _extensions(parts, bits[parts], items.sums)
            score = mask_scores(total, counts[group], problem.alone)
            score[~allowed[group]] = -np.inf
            best = score.argmax(axis=1)[:, None]
            value[parts] = np.take_along_axis(score, best, axis=1)[:, 0]
            holder[parts] = np.take_along_axis(group, best, axis=1)[:, 0]
    return value, holder


def _extensions(parts: np.ndarray, bits: np.ndarray,
                sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All groups that hold each of some equally large sets, and what they give it in sum."""
    gains = bits @ sums  # what each item gives the set
    group, total = parts[:, None], (gains * bits).sum(axis=1)[:, None]
    outside = np.nonzero(1 - bits)[1].reshape(len(parts), -1)
    rows = np.arange(len(parts))
    for item in outside.T:
        group = np.hstack([group, group | (1 << item)[:, None]])
        total = np.hstack([total, total + gains[rows, item][:, None]])
    return group, total


def _searched(problem: Problem) -> Grouping:
    """Move languages between served sets while that helps, from the best partition found."""
    items = problem.items
    loose = replace(problem.constraints, smallest=1)  # what is served together may be few
    low, high = k_bounds(1, problem.high, items, loose)
    start = local_search(replace(problem, low=low, high=high, constraints=loose))
    item_of = {member: item for item, group in enumerate(items.members) for member in group}
    parts = [sorted({item_of[language] for language in group}) for group in start.groups]
    parts += [[] for _ in range(problem.high - len(parts))]
    held = [_holder(part, problem) for part in parts]
    tried, improved = 0, True
    while improved and tried < _WORK // len(items):
        improved = False
        for item in range(len(items)):
            origin = next(index for index, part in enumerate(parts) if item in part)
            without = _holder([other for other in parts[origin] if other != item], problem)
            options = [index for index, part in enumerate(parts) if part and index != origin]
            options += [index for index, part in enumerate(parts) if not part][:1]
            tried += len(options)
            best = (1e-10, origin, without)
            for index in options:
                joined = _holder([*parts[index], item], problem)
                after = joined[0] + without[0]
                gain = after - held[index][0] - held[origin][0] if after > -np.inf else -np.inf
                if gain > best[0]:
                    best = gain, index, joined
            if best[1] != origin:
                parts[origin].remove(item)
                parts[best[1]].append(item)
                held[origin], held[best[1]] = without, best[2]
                improved = True
    if any(value == -np.inf for value, _ in held):
        raise GroupingError(impossible(1, problem.high, problem.constraints, problem.names))
    groups = [_languages(sum(1 << item for item in group), problem)
              for (_, group), part in zip(held, parts, strict=True) if part]
    return _finished(groups, problem, serving_bound(problem), False)


def _holder(part: list[int], problem: Problem) -> tuple[float, list[int]]:
    """A good group that holds some items: those nearest to them are added one after another."""
    if not part:
        return 0.0, []
    items = problem.items
    barred: np.ndarray = np.any(items.apart[part], axis=0)
    if barred[part].any():
        return -np.inf, part
    gain = items.sums[part].sum(axis=0)
    nearness = gain / items.sizes
    nearness[part] = -np.inf
    added = np.argsort(-nearness, kind="stable")[:len(items) - len(part)]
    if items.apart.any():
        added = _compatible(added, barred, items.apart)
    sizes = np.cumsum(np.append(items.sizes[part].sum(), items.sizes[added]))
    totals = np.cumsum(np.append(gain[part].sum(), gain[added]))
    values = mask_scores(totals, sizes, problem.alone)
    values[(sizes < problem.constraints.smallest) | (sizes > problem.largest)] = -np.inf
    count = int(values.argmax())
    return float(values[count]), [*part, *(int(item) for item in added[:count])]


def _compatible(order: np.ndarray, barred: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Items in order, without those that may not share a group with an earlier one."""
    kept = []
    for item in order:
        if not barred[item]:
            kept.append(item)
            barred = barred | apart[item]
    return np.array(kept, dtype=int)


def _languages(mask: int, problem: Problem) -> list[int]:
    members = problem.items.members
    return [language for item in range(len(members)) if mask >> item & 1
            for language in members[item]]


def _finished(groups: list[list[int]], problem: Problem, bound: float | None,
              proved: bool) -> Grouping:
    """Score the groups and leave out those that serve nobody."""
    first = grouping_of(canonical(groups), "overlapping", problem.similarity, problem.alone)
    serving = [first.groups[index] for index in sorted(set(first.serves))]
    note = ("Proved by dynamic programming over who is served together." if proved else
            "Not proved: local search; the bound takes every language's best group.")
    return grouping_of(serving, "overlapping", problem.similarity, problem.alone, bound=bound,
                       proved=proved, note=f"{note} K = {problem.high} is the most groups.")
