"""The slow, obvious twins of the statistics: one pair, one order, one language after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations
from math import log2

import numpy as np
from sklearn.linear_model import LinearRegression


def ref_pairs(*tables: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of two different languages that all tables have."""
    n = len(tables[0])
    return [(s, t) for s in range(n) for t in range(n)
            if s != t and all(np.isfinite(table[s, t]) for table in tables)]


def ref_ranks(values: Sequence[float]) -> list[float]:
    """How many are smaller, and half of those that are equal."""
    return [1 + sum(b < a for b in values) + (sum(b == a for b in values) - 1) / 2 for a in values]


def ref_pearson(x: Sequence[float], y: Sequence[float]) -> float:
    n = len(x)
    if n < 3 or len(set(x)) == 1 or len(set(y)) == 1:
        return float("nan")
    mean_x, mean_y = sum(x) / n, sum(y) / n
    both = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return both / (sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y)) ** 0.5


def ref_adjusted(table: np.ndarray, adjust: str) -> np.ndarray:
    """What a regression on dummies of targets, or of sources and targets, leaves."""
    if adjust == "none":
        return table
    pairs, n = ref_pairs(table), len(table)
    dummies = np.zeros((len(pairs), 2 * n))
    for row, (s, t) in enumerate(pairs):
        dummies[row, t] = 1
        dummies[row, n + s] = adjust == "both"
    values = np.array([table[pair] for pair in pairs])
    left = np.full(table.shape, np.nan)
    for pair, value in zip(pairs, values - dummies @ np.linalg.pinv(dummies) @ values,
                           strict=True):
        left[pair] = round(value, 10)
    return left


def ref_statistic(similarity: np.ndarray, transfer: np.ndarray, statistic: str = "target_spearman",
                  adjust: str = "none") -> float:
    """A statistic over the pairs of both tables."""
    pairs = ref_pairs(similarity, transfer)
    x, y = (np.full(similarity.shape, np.nan) for _ in range(2))
    for pair in pairs:
        x[pair], y[pair] = similarity[pair], transfer[pair]
    x, y = ref_adjusted(x, adjust), ref_adjusted(y, adjust)
    if statistic == "target_spearman":
        found = []
        for target in range(len(x)):
            rows = [s for s, t in pairs if t == target]
            found.append(ref_pearson(ref_ranks([x[s, target] for s in rows]),
                                     ref_ranks([y[s, target] for s in rows])))
        found = [one for one in found if np.isfinite(one)]
        return sum(found) / len(found) if found else float("nan")
    a, b = [x[pair] for pair in pairs], [y[pair] for pair in pairs]
    return ref_pearson(a, b) if statistic == "pearson" else ref_pearson(ref_ranks(a), ref_ranks(b))


def ref_relabelled(table: np.ndarray, order: Sequence[int]) -> np.ndarray:
    return np.array([[table[a, b] for b in order] for a in order])


def ref_entering(table: np.ndarray, statistic: str, adjust: str) -> np.ndarray:
    """A table adjusted and ranked over all its own pairs."""
    left = ref_adjusted(table, adjust)
    if statistic == "pearson":
        return left
    ranked = np.full(table.shape, np.nan)
    for s, t in ref_pairs(table):
        beside = [pair for pair in ref_pairs(table) if statistic == "spearman" or pair[1] == t]
        values = [left[pair] for pair in beside]
        ranked[s, t] = ref_ranks(values)[beside.index((s, t))]
    return ranked


def ref_exact_p(similarity: np.ndarray, transfer: np.ndarray, statistic: str, adjust: str,
                alternative: str = "two-sided") -> float:
    """Share of all orders at least as extreme; orders without a value count as such."""
    seen = {"two-sided": abs, "greater": lambda v: v, "less": lambda v: -v}[alternative]
    x, y = (ref_entering(table, statistic, adjust) for table in (similarity, transfer))

    def of(order: Sequence[int]) -> float:
        permuted = ref_relabelled(x, order)
        if statistic != "target_spearman":
            pairs = ref_pairs(permuted, y)
            return ref_pearson([permuted[pair] for pair in pairs], [y[pair] for pair in pairs])
        columns = [[pair for pair in ref_pairs(permuted, y) if pair[1] == target]
                   for target in range(len(y))]
        found = [ref_pearson([permuted[pair] for pair in column], [y[pair] for pair in column])
                 for column in columns]
        found = [one for one in found if np.isfinite(one)]
        return sum(found) / len(found) if found else float("nan")

    orders = list(permutations(range(len(similarity))))
    least = seen(of(orders[0])) - 1e-9
    return sum(not seen(of(order)) < least for order in orders) / len(orders)


def ref_expected_over_ties(near: Sequence[float], gained: Sequence[float]) -> tuple[float, float]:
    """NDCG@3 and regret@1, each the mean over all orders from near to far."""
    gains = [value - min(gained) for value in gained]
    best = sum(gain / log2(2 + place) for place, gain in enumerate(sorted(gains)[::-1][:3]))
    ndcg, regret = [], []
    for order in permutations(range(len(near))):
        if all(near[a] >= near[b] for a, b in pairwise(order)):
            found = sum(gains[at] / log2(2 + place) for place, at in enumerate(order[:3]))
            ndcg.append(found / best)
            regret.append(max(gained) - gained[order[0]])
    return sum(ndcg) / len(ndcg), sum(regret) / len(regret)


def ref_r2(predictors: Sequence[np.ndarray], response: np.ndarray,
           pairs: Sequence[tuple[int, int]]) -> float:
    """R^2 of a linear regression over given pairs."""
    if not predictors:
        return 0.0
    x = np.array([[table[pair] for table in predictors] for pair in pairs])
    y = np.array([response[pair] for pair in pairs])
    return LinearRegression().fit(x, y).score(x, y)


def ref_dominance(response: np.ndarray, blocks: dict[str, list[np.ndarray]]) -> dict[str, float]:
    """What each block adds when it joins, over all orders of joining."""
    pairs = ref_pairs(response, *(table for tables in blocks.values() for table in tables))
    parts = dict.fromkeys(blocks, 0.0)
    orders = list(permutations(blocks))
    for order in orders:
        before: list[np.ndarray] = []
        for name in order:
            after = before + blocks[name]
            parts[name] += (ref_r2(after, response, pairs)
                            - ref_r2(before, response, pairs)) / len(orders)
            before = after
    return parts


def ref_left_out_r2(predictors: Sequence[np.ndarray], response: np.ndarray,
                    pairs: Sequence[tuple[int, int]]) -> float:
    """R^2 on the pairs of each language, predicted from the pairs of the others."""
    error = error_mean = 0.0
    for language in range(len(response)):
        train = [pair for pair in pairs if language not in pair]
        test = [pair for pair in pairs if language in pair]
        mean = np.mean([response[pair] for pair in train])
        predicted = [mean] * len(test)
        if predictors:
            model = LinearRegression().fit(
                [[table[pair] for table in predictors] for pair in train],
                [response[pair] for pair in train])
            predicted = model.predict([[table[pair] for table in predictors] for pair in test])
        for pair, guess in zip(test, predicted, strict=True):
            error += (response[pair] - guess) ** 2
            error_mean += (response[pair] - mean) ** 2
    return 1 - error / error_mean


def ref_t(columns: np.ndarray, y: np.ndarray) -> float:
    """t of the last column's coefficient in an ordinary regression."""
    coefficients, *_ = np.linalg.lstsq(columns, y, rcond=None)
    left = y - columns @ coefficients
    variance = left @ left / (len(y) - columns.shape[1])
    return coefficients[-1] / np.sqrt(variance * np.linalg.inv(columns.T @ columns)[-1, -1])


def ref_mrqap_p(similarity: np.ndarray, controls: Sequence[np.ndarray], transfer: np.ndarray
                ) -> float:
    """Two-sided p of double semi-partialling over all orders; tables without missing pairs."""
    pairs = ref_pairs(similarity)
    z = np.array([[1.0, *(table[pair] for table in controls)] for pair in pairs])
    x, y = (np.array([table[pair] for pair in pairs]) for table in (similarity, transfer))
    residual = np.full(similarity.shape, np.nan)
    for pair, value in zip(pairs, x - z @ np.linalg.lstsq(z, x, rcond=None)[0], strict=True):
        residual[pair] = value
    found = []
    for order in permutations(range(len(similarity))):
        permuted = ref_relabelled(residual, order)
        found.append(abs(ref_t(np.column_stack([z, [permuted[pair] for pair in pairs]]), y)))
    return sum(one >= found[0] - 1e-6 for one in found) / len(found)
