"""Downhill in the space of partitions: what `local_search` does from one start.

Conventions
-----------
Groups are columns 0..C-1. While another group may be opened there is an empty column, and
there are never more columns than groups allowed. `ties` is (n, C), see `local_search`. Gains
are changes of the objective, −inf where not allowed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.subsets import mask_scores

_LEAST_GAIN = 1e-10


@dataclass
class State:
    """A partition with the sums that make moves cheap."""

    labels: np.ndarray   # (n,)
    sizes: np.ndarray    # (C,) languages
    totals: np.ndarray   # (C,) similarity over ordered pairs of languages
    ties: np.ndarray     # (n, C)
    clashes: np.ndarray  # (n, C) how many members of the group an item is kept apart from
    score: float

    @property
    def n_groups(self) -> int:
        """Groups that are not empty."""
        return int((self.sizes > 0).sum())


def descended(labels: np.ndarray, problem: Problem) -> State:
    """The local optimum reached from labels within the limits."""
    state = _state(labels, problem)
    while True:
        if (_take_moves(state, problem) or _take_merges(state, problem)
                or _take_splits(state, problem) or _take_swaps(state, problem)):
            continue
        return state


def kicked(state: State, problem: Problem, random: np.random.Generator) -> np.ndarray:
    """Labels after a few random allowed moves, or swaps where sizes leave no move."""
    state = _state(state.labels, problem)
    for _ in range(max(2, len(state.labels) // 12)):
        item = int(random.integers(len(state.labels)))
        origin = int(state.labels[item])
        gains = (_joins(state, problem, np.array([item]), np.arange(len(state.sizes)))[0]
                 + _leaves(state, problem)[item])
        gains[origin] = -np.inf
        groups = np.flatnonzero(np.isfinite(gains))
        if len(groups):
            _relabel(state, problem, {item: int(random.choice(groups))})
            continue
        others = np.flatnonzero(np.isfinite(_swap_gains(state, problem, np.array([item]))[0]))
        if len(others):
            other = int(random.choice(others))
            _relabel(state, problem, {item: int(state.labels[other]), other: origin})
    return state.labels


def _state(labels: np.ndarray, problem: Problem) -> State:
    """Count everything anew, with groups in columns 0.. and one empty column if one may open."""
    items = problem.items
    labels = np.unique(labels, return_inverse=True)[1]  # a copy, 0..C-1
    columns = int(labels.max()) + 1
    columns += columns < problem.high
    member = (labels[:, None] == np.arange(columns)[None, :]).astype(float)
    ties = items.both @ member
    totals = (member * (ties / 2 + np.diag(items.sums)[:, None])).sum(axis=0)
    sizes = np.rint(items.sizes @ member).astype(int)
    clashes = items.apart @ member
    score = float(mask_scores(totals, sizes, problem.alone).sum())
    return State(labels, sizes, totals, ties, clashes, score)


def _relabel(state: State, problem: Problem, changes: dict[int, int]) -> None:
    """Put items into other columns and bring every sum they touch up to date."""
    items = problem.items
    touched = set(changes.values())
    for item, group in changes.items():
        origin = int(state.labels[item])
        touched.add(origin)
        for sums, amounts in ((state.ties, items.both[:, item]),
                              (state.clashes, items.apart[:, item])):
            sums[:, origin] -= amounts
            sums[:, group] += amounts
        state.labels[item] = group
    for group in touched:
        inside = np.flatnonzero(state.labels == group)
        state.sizes[group] = items.sizes[inside].sum()
        state.totals[group] = (state.ties[inside, group].sum() / 2
                               + items.sums[inside, inside].sum())
    if (state.sizes > 0).all() and len(state.sizes) < problem.high:
        state.sizes, state.totals = np.append(state.sizes, 0), np.append(state.totals, 0.0)
        column = np.zeros((len(state.labels), 1))
        state.ties = np.hstack([state.ties, column])
        state.clashes = np.hstack([state.clashes, column])
    state.score = float(mask_scores(state.totals, state.sizes, problem.alone).sum())


def _joins(state: State, problem: Problem, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(rows, columns) what a group gains when an item joins it; own groups are not told apart."""
    items = problem.items
    cells = np.ix_(rows, columns)
    sizes = state.sizes[columns][None, :] + items.sizes[rows][:, None]
    inner = np.diag(items.sums)[rows][:, None]
    old = mask_scores(state.totals[columns], state.sizes[columns], problem.alone)
    new = mask_scores(state.totals[columns][None, :] + state.ties[cells] + inner, sizes,
                      problem.alone)
    barred = (sizes > problem.largest) | (sizes < problem.constraints.smallest)
    return np.where(barred | (state.clashes[cells] > 0), -np.inf, new - old[None, :])


def _leaves(state: State, problem: Problem) -> np.ndarray:
    """(n,) what its group gains when an item leaves it."""
    items, origin = problem.items, state.labels
    old = mask_scores(state.totals, state.sizes, problem.alone)
    sizes = state.sizes[origin] - items.sizes
    totals = (state.totals[origin] - state.ties[np.arange(len(origin)), origin]
              - np.diag(items.sums))
    barred = (sizes > 0) & (sizes < problem.constraints.smallest)
    if state.n_groups <= problem.low:
        barred |= sizes == 0
    return np.where(barred, -np.inf, mask_scores(totals, sizes, problem.alone) - old[origin])


def _take_moves(state: State, problem: Problem) -> bool:
    """Move single items as long as that gains."""
    rows = np.arange(len(state.labels))
    joins = _joins(state, problem, rows, np.arange(len(state.sizes)))
    taken = False
    while True:
        gains = joins + _leaves(state, problem)[:, None]
        gains[rows, state.labels] = -np.inf
        changes, touched = _best_moves(gains, state, problem)
        if not changes:
            return taken
        taken = True
        _relabel(state, problem, changes)
        if len(state.sizes) > joins.shape[1]:  # a new empty group
            touched.add(joins.shape[1])
            joins = np.hstack([joins, np.zeros((len(rows), 1))])
        columns = np.array(sorted(touched))
        joins[:, columns] = _joins(state, problem, rows, columns)


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


def _swap_gains(state: State, problem: Problem, ones: np.ndarray) -> np.ndarray:
    """(len(ones), n) gain of exchanging each of some items with every item."""
    items = problem.items
    size, inner, both = items.sizes, np.diag(items.sums), items.both
    a, b = state.labels[ones][:, None], state.labels[None, :]
    rows, columns = ones[:, None], np.arange(len(size))[None, :]
    old = mask_scores(state.totals, state.sizes, problem.alone)
    grown = size[None, :] - size[ones][:, None]  # how much the first group grows
    size_a, size_b = state.sizes[a] + grown, state.sizes[b] - grown
    crossing = both[ones]
    exchanged = inner[None, :] - inner[ones][:, None]
    total_a = (state.totals[a] - state.ties[rows, a] + state.ties[columns, a] - crossing
               + exchanged)
    total_b = (state.totals[b] - state.ties[columns, b] + state.ties[rows, b] - crossing
               - exchanged)
    gains = (mask_scores(total_a, size_a, problem.alone)
             + mask_scores(total_b, size_b, problem.alone) - old[a] - old[b])
    apart = items.apart[ones]
    clash = ((state.clashes[rows, b] - apart) > 0) | ((state.clashes[columns, a] - apart) > 0)
    smallest = problem.constraints.smallest
    small, large = np.minimum(size_a, size_b), np.maximum(size_a, size_b)
    gains[(a == b) | clash | (small < smallest) | (large > problem.largest)] = -np.inf
    return gains


def _take_swaps(state: State, problem: Problem) -> bool:
    """Make improving exchanges of two items, the best first, none touching a group twice."""
    gains = _swap_gains(state, problem, np.arange(len(state.labels)))
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
        _relabel(state, problem, changes)
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
        _relabel(state, problem, changes)
    return bool(changes)


def _take_splits(state: State, problem: Problem) -> bool:
    """Split groups around their two least similar items where it gains, as far as K may rise."""
    items, both = problem.items, problem.items.both
    old = mask_scores(state.totals, state.sizes, problem.alone)
    taken = False
    for group in range(len(old)):
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
        gain = sum(_score_of(part, problem) for part in parts) - old[group]
        if gain > _LEAST_GAIN:
            empty = int(np.flatnonzero(state.sizes == 0)[0])
            _relabel(state, problem, {int(item): empty for item in parts[1]})
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
