"""Downhill in the space of partitions: what `local_search` does from one start.

State and gains are those of `sums`: labels are columns, and some columns may be empty.
"""

from __future__ import annotations

import numpy as np

from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.subsets import mask_scores
from gradsim_core.grouping.sums import (
    State,
    join_gains,
    leave_gains,
    relabel,
    state_of,
    swap_gains,
)

_LEAST_GAIN = 1e-10


def descended(labels: np.ndarray, problem: Problem) -> State:
    """The local optimum reached from labels within the limits."""
    state = state_of(labels, problem)
    while True:
        if (_take_moves(state, problem) or _take_merges(state, problem)
                or _take_splits(state, problem) or _take_swaps(state, problem)):
            continue
        return state


def kicked(state: State, problem: Problem, random: np.random.Generator) -> np.ndarray:
    """Labels after a few random allowed moves, or swaps where sizes leave no move."""
    state = state_of(state.labels, problem)
    for _ in range(max(2, len(state.labels) // 12)):
        item = int(random.integers(len(state.labels)))
        origin = int(state.labels[item])
        gains = (join_gains(state, problem, np.array([item]), np.arange(len(state.sizes)))[0]
                 + leave_gains(state, problem)[item])
        gains[origin] = -np.inf
        groups = np.flatnonzero(np.isfinite(gains))
        if len(groups):
            relabel(state, problem, {item: int(random.choice(groups))})
            continue
        others = np.flatnonzero(np.isfinite(swap_gains(state, problem, np.array([item]))[0]))
        if len(others):
            other = int(random.choice(others))
            relabel(state, problem, {item: int(state.labels[other]), other: origin})
    return state.labels


def _take_moves(state: State, problem: Problem) -> bool:
    """Move single items as long as that gains."""
    rows = np.arange(len(state.labels))
    joins = join_gains(state, problem, rows, np.arange(len(state.sizes)))
    taken = False
    while True:
        gains = joins + leave_gains(state, problem)[:, None]
        gains[rows, state.labels] = -np.inf
        changes, touched = _best_moves(gains, state, problem)
        if not changes:
            return taken
        taken = True
        relabel(state, problem, changes)
        if len(state.sizes) > joins.shape[1]:  # a new empty group
            touched.add(joins.shape[1])
            joins = np.hstack([joins, np.zeros((len(rows), 1))])
        columns = np.array(sorted(touched))
        joins[:, columns] = join_gains(state, problem, rows, columns)


def _best_moves(gains: np.ndarray, state: State,
                problem: Problem) -> tuple[dict[int, int], set[int]]:
    """Moves that gain, the best first, none touching a group twice nor K more than once."""
    target = gains.argmax(axis=1)
    gain = gains[np.arange(len(gains)), target]
    touched: set[int] = set()
    changes: dict[int, int] = {}
    count_changed = False
    for item in np.argsort(-gain, kind="stable"):
        if gain[item] <= _LEAST_GAIN:
            break
        a, b = int(state.labels[item]), int(target[item])
        changes_count = state.sizes[b] == 0 or state.sizes[a] == problem.items.sizes[item]
        if a in touched or b in touched or (changes_count and count_changed):
            continue
        count_changed = count_changed or bool(changes_count)
        touched |= {a, b}
        changes[int(item)] = b
    return changes, touched


def _take_swaps(state: State, problem: Problem) -> bool:
    """Make improving exchanges of two items, the best first, none touching a group twice."""
    gains = swap_gains(state, problem, np.arange(len(state.labels)))
    partner = gains.argmax(axis=1)
    gain = gains[np.arange(len(gains)), partner]
    touched: set[int] = set()
    changes: dict[int, int] = {}
    for one in np.argsort(-gain, kind="stable"):
        if gain[one] <= _LEAST_GAIN:
            break
        other = int(partner[one])
        a, b = int(state.labels[one]), int(state.labels[other])
        if not touched & {a, b}:
            touched |= {a, b}
            changes |= {int(one): b, other: a}
    if changes:
        relabel(state, problem, changes)
    return bool(changes)


def _take_merges(state: State, problem: Problem) -> bool:
    """Join pairs of groups that gain by it, the best first, as far as K may fall."""
    spare = state.n_groups - problem.low
    if spare <= 0:
        return False
    member = (state.labels[:, None] == np.arange(len(state.sizes))[None, :]).astype(float)
    old = mask_scores(state.totals, state.sizes, problem.alone)
    sizes = state.sizes[:, None] + state.sizes[None, :]
    totals = state.totals[:, None] + state.totals[None, :] + member.T @ state.ties
    gains = mask_scores(totals, sizes, problem.alone) - old[:, None] - old[None, :]
    empty = state.sizes == 0
    gains[(sizes > problem.largest) | (member.T @ state.clashes > 0)] = -np.inf
    gains[empty, :] = gains[:, empty] = -np.inf
    np.fill_diagonal(gains, -np.inf)
    joined: dict[int, int] = {}
    for a, b in _best_pairs(gains)[:spare]:
        joined[b] = a
    changes = {int(item): joined[int(label)] for item, label in enumerate(state.labels)
               if int(label) in joined}
    if changes:
        relabel(state, problem, changes)
    return bool(changes)


def _take_splits(state: State, problem: Problem) -> bool:
    """Split groups around their two least similar items where it gains, as far as K may rise."""
    items, both = problem.items, problem.items.both
    taken = False
    for group in range(len(state.sizes)):
        inside = np.flatnonzero(state.labels == group)
        if state.n_groups >= problem.high:
            break
        if len(inside) < 4:
            continue  # single moves already try these splits
        block = both[np.ix_(inside, inside)] / np.outer(items.sizes[inside], items.sizes[inside])
        np.fill_diagonal(block, np.inf)
        one, other = np.unravel_index(int(block.argmin()), block.shape)
        np.fill_diagonal(block, -np.inf)
        parted = block[:, other] > block[:, one]
        parted[[one, other]] = False, True
        parts = inside[~parted], inside[parted]
        if min(items.sizes[part].sum() for part in parts) < problem.constraints.smallest:
            continue
        gain = (sum(_score_of(part, problem) for part in parts)
                - _score_of(inside, problem))  # as it is now: it may be half of a group split here
        if gain > _LEAST_GAIN:
            empty = int(np.flatnonzero(state.sizes == 0)[0])
            relabel(state, problem, {int(item): empty for item in parts[1]})
            taken = True
    return taken


def _best_pairs(gains: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of columns that gain, best first, each column in one pair at most."""
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    partner = gains.argmax(axis=1)
    gain = gains[np.arange(len(gains)), partner]
    for one in np.argsort(-gain, kind="stable"):
        other = int(partner[one])
        if gain[one] > _LEAST_GAIN and not used & {int(one), other}:
            used |= {int(one), other}
            pairs.append((int(one), other))
    return pairs


def _score_of(part: np.ndarray, problem: Problem) -> float:
    items = problem.items
    total = items.sums[np.ix_(part, part)].sum()
    return float(mask_scores(total, items.sizes[part].sum(), problem.alone))
