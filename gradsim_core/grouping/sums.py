"""A partition with the sums that make moves cheap, and what every move would gain.

Conventions
-----------
Groups are columns 0..C-1. While another group may be opened there is an empty column, and
there are never more columns than groups allowed. ``ties[i, g]`` is the similarity sum, both
directions, between item i and the items of group g other than i. Gains are changes of the
objective, −inf where a limit forbids the move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.subsets import mask_scores


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


def state_of(labels: np.ndarray, problem: Problem) -> State:
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


def relabel(state: State, problem: Problem, changes: dict[int, int]) -> None:
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


def join_gains(state: State, problem: Problem, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
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


def leave_gains(state: State, problem: Problem) -> np.ndarray:
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


def swap_gains(state: State, problem: Problem, ones: np.ndarray) -> np.ndarray:
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
