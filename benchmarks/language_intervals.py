"""How often do 95% intervals over languages hold the truth? Printed by `type_one`.

The truth is the statistic's mean over all simulations of as many languages. Beside the interval as
it stands are those of the vertex bootstrap, whose copies of one language form no pair with each
other: percentiles of the resampled values, and percentiles mirrored ("basic").
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.family_tables import directed, families, nearness, related, symmetric_noise
from gradsim_core.statistics import associate, difference, dominance, incremental_value

_CENTRES = np.random.default_rng(5).normal(size=(4, 3))
_RESAMPLES = 199
_SIZES = (8, 12, 16, 30)
Case = Callable[[int, np.random.Generator], tuple[float, list[tuple[float, float]]]]


def coverage(simulations: int) -> None:
    """Print, for each statistic and number of languages, how many intervals hold the truth."""
    print(f"\n{'95% intervals of':<44}{'languages':>10}{'truth':>7}{'ours':>9}{'width':>7}"
          f"{'bootstrap':>11}{'width':>7}{'basic':>9}")
    for name, (case, sizes) in CASES.items():
        for n in sizes:
            draw = np.random.default_rng(n)
            found = [case(n, draw) for _ in range(simulations)]
            truth = float(np.mean([value for value, _ in found]))
            intervals = np.array([bounds for _, bounds in found])  # (simulations, kinds, 2)
            held = ((intervals[..., 0] <= truth) & (truth <= intervals[..., 1])).mean(axis=0)
            widths = np.diff(intervals, axis=2).mean(axis=0)[:, 0]
            shown = f"{held[0]:>9.1%}{widths[0]:>7.2f}" + "".join(
                f"{held[1]:>11.1%}{widths[1]:>7.2f}{held[2]:>9.1%}" if len(held) > 1 else "")
            print(f"{name:<44}{n:>10}{truth:>7.2f}{shown}", flush=True)


def _association(n: int, draw: np.random.Generator, statistic: str, strength: float,
                 centres: np.ndarray | None = _CENTRES
                 ) -> tuple[float, list[tuple[float, float]]]:
    near, gained = related(n, strength, draw, centres)
    found = associate(near, gained, statistic, permutations=1)
    shares = draw.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):  # too few distinct languages: NaN
        values = RESAMPLED[statistic](near, gained, shares)
    low, high = np.nanquantile(values, [0.025, 0.975])
    return found.value, [found.interval or (-1, 1), (low, high),
                         (2 * found.value - high, 2 * found.value - low)]


def _ahead(n: int, draw: np.random.Generator) -> tuple[float, list[tuple[float, float]]]:
    near, gained = related(n, 1.0, draw, _CENTRES)
    found = difference(near, near + 0.5 * symmetric_noise(n, draw), gained)
    return found.value, [found.interval or (-2, 2)]


def _gain(n: int, draw: np.random.Generator) -> tuple[float, list[tuple[float, float]]]:
    near, gained = related(n, 1.0, draw, _CENTRES)
    control = near + symmetric_noise(n, draw)
    found = incremental_value(near, {"control": control}, gained, permutations=1)
    return found.gain, [found.interval or (-np.inf, np.inf)]


def _part(n: int, draw: np.random.Generator) -> tuple[float, list[tuple[float, float]]]:
    member = families(n, draw)
    near = nearness(member, draw, _CENTRES)
    found = dominance(near + 0.7 * symmetric_noise(n, draw), {
        "family": [(member[:, None] == member).astype(float)],
        "place": [directed(near, draw, effects=0.3)]}, permutations=99).blocks[0]
    return found.adjusted, [found.interval or (-1, 1)]


# --- the vertex bootstrap, many resamples at once: a language counts as often as it was drawn


def _resampled_pearson(near: np.ndarray, gained: np.ndarray, shares: np.ndarray) -> np.ndarray:
    off = ~np.eye(len(near), dtype=bool)
    x, y = (np.where(off, table - table[off].mean(), 0.0) for table in (near, gained))

    def total(table: np.ndarray) -> np.ndarray:
        return ((shares @ table) * shares).sum(axis=1)

    n, sum_x, sum_y = total(off.astype(float)), total(x), total(y)
    return (total(x * y) - sum_x * sum_y / n) / np.sqrt(
        (total(x * x) - sum_x ** 2 / n) * (total(y * y) - sum_y ** 2 / n))


def _resampled_target_spearman(near: np.ndarray, gained: np.ndarray,
                               shares: np.ndarray) -> np.ndarray:
    n = len(near)
    weights = shares[:, :, None] * ~np.eye(n, dtype=bool)  # (resample, source, target)
    x, y = (_weighted_ranks(table, weights) for table in (near, gained))
    count = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    x, y = (table - (weights * table).sum(axis=1, keepdims=True) / count for table in (x, y))
    both, of_x, of_y = ((weights * product).sum(axis=1) for product in (x * y, x * x, y * y))
    fine = ((weights > 0).sum(axis=1) >= 3) & (shares > 0)
    found = np.where(fine, both / np.sqrt(np.where(of_x * of_y > 0, of_x * of_y, 1.0)), 0.0)
    return (shares * found).sum(axis=1) / (shares * fine).sum(axis=1)


def _weighted_ranks(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Ranks within columns, a source standing as often as it was drawn; no two values are equal."""
    order = np.argsort(table, axis=0)
    drawn = np.take_along_axis(weights, order[None], axis=1)
    return np.take_along_axis(np.cumsum(drawn, axis=1) - drawn / 2,
                              np.argsort(order, axis=0)[None], axis=1)


RESAMPLED = {"pearson": _resampled_pearson, "target_spearman": _resampled_target_spearman}

CASES: dict[str, tuple[Case, tuple[int, ...]]] = {
    **{f"{statistic}, {how}": (partial(_association, statistic=statistic, strength=strength),
                               _SIZES)
       for statistic in RESAMPLED
       for how, strength in (("unrelated", 0.0), ("related", 1.0), ("closely related", 2.0))},
    "target_spearman, 4 families drawn anew": (
        partial(_association, statistic="target_spearman", strength=1.0, centres=None), (16, 30)),
    "difference": (_ahead, (8, 16)),
    "gain beyond a control": (_gain, (8, 16)),
    "adjusted part of a block": (_part, (8, 16)),
}
