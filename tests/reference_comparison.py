"""The slow, obvious twin of the comparison: every resample there is, one after the other."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.stats import norm, t


def ref_gain(a, b) -> tuple[float, int]:
    """Mean of a - b over cells, and the languages (columns) whose own mean is above zero."""
    total, wins = 0.0, 0
    for language in range(len(a[0])):
        column = sum(a[seed][language] - b[seed][language] for seed in range(len(a)))
        total += column
        wins += column > 1e-9 * len(a)
    return total / (len(a) * len(a[0])), wins


def ref_axis_means(table: np.ndarray, axis: int) -> list[float]:
    """Mean of everything that has one place on an axis, for each place."""
    means = []
    for place in range(table.shape[axis]):
        cells = [float(table[cell]) for cell in np.ndindex(*table.shape) if cell[axis] == place]
        means.append(sum(cells) / len(cells))
    return means


def ref_interval(table: np.ndarray) -> tuple[float, float]:
    """95% interval of a table's mean from all resamples of its axes longer than one."""
    mean, drawn, spread = float(table.mean()), [], []
    for axis, n in enumerate(table.shape):
        if n == 1:
            continue
        means = ref_axis_means(table, axis)
        drawn.append([(sum(means[place] for place in picks) / n - mean) * (n / (n - 1)) ** 0.5
                      for picks in product(range(n), repeat=n)])
        spread.append((sum((value - mean) ** 2 for value in means) / (n - 1) / n, n - 1))
    freedom = sum(v for v, _ in spread) ** 2 / sum(v ** 2 / df for v, df in spread)
    widening = t.ppf(0.975, freedom) / norm.ppf(0.975)
    deviations = [widening * sum(one) for one in product(*drawn)]
    return (mean + float(np.quantile(deviations, 0.025)),
            mean + float(np.quantile(deviations, 0.975)))


def ref_percentile(mean: float, draws) -> tuple[float, float]:
    """Share of draws that score lower (ties half), and the one-sided p."""
    share, at_least = 0.0, 0
    for draw in draws:
        if draw < mean:
            share += 1
        elif draw == mean:
            share += 0.5
        at_least += draw >= mean
    return share / len(draws), (1 + at_least) / (1 + len(draws))
