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

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.bounds import serving_bound
from gradsim_core.grouping.constraints import impossible
from gradsim_core.grouping.local_search import local_search
from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.result import Grouping, canonical, grouping_of
from gradsim_core.grouping.subsets import allowed_groups, best_splits, mask_scores, splits_of

MOST_ITEMS = 16
"""Items up to which the optimum is proved."""

_SWEEPS = 20
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
    start = local_search(problem)
    items = problem.items
    item_of = {member: item for item, group in enumerate(items.members) for member in group}
    parts = [sorted({item_of[language] for language in group}) for group in start.groups]
    parts += [[] for _ in range(problem.high - len(parts))]
    both = items.sums
    held = [_holder(part, both, problem) for part in parts]
    for _ in range(_SWEEPS):
        improved = False
        for item in range(len(items)):
            origin = next(index for index, part in enumerate(parts) if item in part)
            without = _holder([other for other in parts[origin] if other != item], both, problem)
            options = []
            for index, part in enumerate(parts):
                if index != origin and (part or index == _first_empty(parts)):
                    with_it = _holder([*part, item], both, problem)
                    options.append((with_it[0] + without[0] - held[index][0] - held[origin][0],
                                    index, with_it))
            gain, index, with_it = max(options, key=lambda option: option[0],
                                       default=(0.0, origin, held[origin]))
            if gain > 1e-10:
                parts[origin].remove(item)
                parts[index].append(item)
                held[origin], held[index] = without, with_it
                improved = True
        if not improved:
            break
    groups = [_languages(sum(1 << item for item in group), problem)
              for (_, group), part in zip(held, parts, strict=True) if part]
    bound = serving_bound(problem)
    return _finished(groups, problem, bound, False)


def _first_empty(parts: list[list[int]]) -> int:
    return next((index for index, part in enumerate(parts) if not part), -1)


def _holder(part: list[int], sums: np.ndarray, problem: Problem) -> tuple[float, list[int]]:
    """A good group that holds some items: those most similar to them are added one by one."""
    if not part:
        return 0.0, []
    items, constraints = problem.items, problem.constraints
    group, size = list(part), int(items.sizes[part].sum())
    barred: np.ndarray = np.any(items.apart[part], axis=0)
    if barred[part].any() or size > problem.largest:
        return -np.inf, group
    total = float(sums[np.ix_(part, part)].sum())
    gain = sums[part].sum(axis=0)
    nearness = gain / items.sizes
    nearness[part] = -np.inf
    best: tuple[float, list[int]] = (-np.inf, list(part))
    for item in [None, *np.argsort(-nearness, kind="stable")[:len(items) - len(part)]]:
        if item is not None:
            if barred[item] or size + items.sizes[item] > problem.largest:
                continue
            group.append(int(item))
            size += int(items.sizes[item])
            total += float(gain[item])
            barred = barred | items.apart[item]
        value = problem.alone if size == 1 else total / (size - 1)
        if size >= constraints.smallest and value > best[0]:
            best = value, list(group)
    return best


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
            "Not proved: a local optimum; the bound takes every language's best group.")
    return grouping_of(serving, "overlapping", problem.similarity, problem.alone, bound=bound,
                       proved=proved, note=f"{note} K = {problem.high} is the most groups.")
