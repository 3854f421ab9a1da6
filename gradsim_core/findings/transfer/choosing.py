"""What choosing among many similarities is worth, and what each choice contributes.

The best of many looks better than it is, because chance helped to choose it. So a choice is made on
one half of the languages and scored on the other, where nothing was chosen; over many random
halves. And the levels of a factor are compared with everything else equal, not best against best.

Conventions
-----------
(N, L, L) similarities and (L, L) transfer, rows sources, columns targets, NaN missing, diagonal
NaN; statistics and adjustments as in `statistics.correlating`. Pure functions of arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.statistics.correlating import adjusted, by_target, ranks
from gradsim_core.statistics.jackknife import Interval, each_left_out, jackknife_interval
from gradsim_core.statistics.pairs import among

FEWEST_LANGUAGES = 8
"""With fewer a half has no four languages, and no target three sources."""

_FEWEST = 3
_NOTHING = 1e-12


@dataclass(frozen=True)
class Effect:
    """A level of a factor against the factor's reference, everything else equal.

    Attributes
    ----------
    factor, level, reference : by name
    mean : of the level's values; NaN without any
    difference : mean over the pairs of readings that differ in this factor alone
    interval : 95% of the difference, over languages
    n : such pairs with both values, whichever language is left out
    """

    factor: str
    level: str
    reference: str
    mean: float
    difference: float
    interval: Interval
    n: int


def stack_values(stack: np.ndarray, transfer: np.ndarray, statistic: str = "target_spearman",
                 adjust: str = "none") -> np.ndarray:
    """The statistic of each of N similarities: as `statistic_value`, all at once.

    Returns
    -------
    np.ndarray
        (N,); NaN where undefined.
    """
    both = np.isfinite(stack) & np.isfinite(transfer)
    tables = [adjusted(np.where(both, table, np.nan), adjust)
              for table in (stack, np.broadcast_to(transfer, stack.shape))]
    within = by_target(statistic)
    if statistic != "pearson":
        tables = [_ranked(table, within) for table in tables]
    axis = (1,) if within else (1, 2)
    count = both.sum(axis=axis, keepdims=True)
    x, y = (np.where(both, table, 0.0) for table in tables)
    x, y = (np.where(both, table - table.sum(axis=axis, keepdims=True) / np.maximum(count, 1), 0.0)
            for table in (x, y))
    vary_x, vary_y = (x * x).sum(axis=axis), (y * y).sum(axis=axis)
    fine = ((count.squeeze(axis) >= _FEWEST) & (vary_x > _NOTHING * _size(tables[0], axis))
            & (vary_y > _NOTHING * _size(tables[1], axis)))
    found = np.where(fine, (x * y).sum(axis=axis)
                     / np.sqrt(np.where(fine, vary_x * vary_y, 1.0)), 0.0)
    if not within:
        return np.where(fine, found, np.nan)
    n_targets = fine.sum(axis=1)
    return np.where(n_targets > 0, found.sum(axis=1) / np.maximum(n_targets, 1), np.nan)


def _size(table: np.ndarray, axis: tuple[int, ...]) -> np.ndarray:
    return np.nansum(table * table, axis=axis)


def _ranked(stack: np.ndarray, within: bool) -> np.ndarray:
    n, size, _ = stack.shape
    if not within:
        return np.stack([ranks(table, within_columns=False) for table in stack])
    columns = stack.transpose(1, 0, 2).reshape(size, n * size)
    return ranks(columns, within_columns=True).reshape(size, n, size).transpose(1, 0, 2)


def effects(levels: Sequence[Mapping[str, str]], reference: Mapping[str, str],
            stack: np.ndarray, transfer: np.ndarray) -> list[Effect]:
    """Compare every level of every factor with the factor's reference.

    Parameters
    ----------
    levels : factor -> level, of each of the N similarities
    reference : factor -> the level that the others are compared with
    """
    values = stack_values(stack, transfer)
    without = each_left_out(len(transfer), lambda stay: stack_values(
        among(stack, stay), among(transfer, stay)))  # (L, N)
    defined = np.isfinite(values) & np.isfinite(without).all(axis=0)
    place = {tuple(one.values()): at for at, one in enumerate(levels)}
    found = []
    for factor, base in reference.items():
        for level in dict.fromkeys(one[factor] for one in levels):
            mine = [at for at, one in enumerate(levels) if one[factor] == level]
            twins = [(at, place.get(tuple({**levels[at], factor: base}.values()))) for at in mine]
            pairs = [(at, twin) for at, twin in twins
                     if twin is not None and defined[at] and defined[twin]]
            found.append(_effect(factor, level, base, mine, pairs, values, without))
    return found


def _effect(factor: str, level: str, base: str, mine: list[int], pairs: list[tuple[int, int]],
            values: np.ndarray, without: np.ndarray) -> Effect:
    defined = values[mine][np.isfinite(values[mine])]
    mean = float(defined.mean()) if len(defined) else float("nan")
    if level == base or not pairs:
        return Effect(factor, level, base, mean, float("nan"), None, len(pairs))
    here, there = (list(side) for side in zip(*pairs, strict=True))
    difference = float((values[here] - values[there]).mean())
    left_out = (without[:, here] - without[:, there]).mean(axis=1)
    return Effect(factor, level, base, mean, difference,
                  jackknife_interval(difference, left_out, correlation=False), len(pairs))


@dataclass(frozen=True, eq=False)
class Choice:
    """What the readings chosen on one half of the languages score on the other.

    Attributes
    ----------
    chosen : (H,) positions of what was chosen, two a halving
    scored : (H,) the statistic of it on the half where it was not chosen
    looked : (H,) the statistic of it on the half where it was chosen
    fixed : name -> (H,), of similarities that were not chosen, on the same halves as `scored`
    """

    chosen: np.ndarray
    scored: np.ndarray
    looked: np.ndarray
    fixed: dict[str, np.ndarray]


def choice_by_halves(stack: np.ndarray, transfer: np.ndarray, fixed: Mapping[str, int], *,
                     halvings: int = 200, seed: int = 0) -> Choice | None:
    """Choose on a random half of the languages, score on the other, and the other way round.

    Parameters
    ----------
    fixed : name -> position of a similarity to hold the choice against
    halvings : random halves; each serves twice

    Returns
    -------
    Choice or None
        None with fewer than `FEWEST_LANGUAGES` languages, or where nothing is defined on a half.
    """
    n = len(transfer)
    if n < FEWEST_LANGUAGES:
        return None
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(halvings):
        order = draw.permutation(n)
        halves = [np.sort(order[:n // 2]), np.sort(order[n // 2:])]
        values = [stack_values(among(stack, half), among(transfer, half)) for half in halves]
        for here, there in (values, values[::-1]):
            if np.isfinite(here).any():
                best = int(np.nanargmax(here))
                if np.isfinite(there[best]):
                    rows.append((best, there[best], here[best],
                                 *(there[at] for at in fixed.values())))
    if not rows:
        return None
    chosen, scored, looked, *others = np.array(rows, dtype=float).T
    return Choice(chosen.astype(int), scored, looked, dict(zip(fixed, others, strict=True)))
