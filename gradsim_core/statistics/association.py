"""Does similarity predict transfer? The correlation, its p, its interval, and who is ahead.

Three things are kept apart. The *value* says how strong the relation is (`correlating`). *p* says
how often random labels do as well (`permuting`). The *interval* says what other languages might
have shown (`jackknife`). A small p beside an interval that holds zero is no contradiction: these
languages go together beyond chance, but a few of them make most of it.

A choice among many, such as the best layer, is paid for: `p_corrected` compares each with the best
that random labels reach anywhere (maximum statistic, see `permuting`).

Conventions
-----------
(L, L) tables, rows sources, columns targets, NaN missing; see `pairs`, and `correlating` for the
names of statistics and adjustments. Undefined values are NaN, unknown intervals None.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import DataError
from gradsim_core.statistics.correlating import (
    by_target,
    entering,
    statistic_value,
    statistic_values,
)
from gradsim_core.statistics.jackknife import (
    Interval,
    batches_to_leave_out,
    jackknife_interval,
    without_each,
)
from gradsim_core.statistics.pairs import among, checked, known, shared, taking_part
from gradsim_core.statistics.permuting import (
    corrected_p_values,
    is_exact,
    label_orders,
    p_value,
    permuted_correlations,
)


@dataclass(frozen=True)
class Association:
    """How one similarity goes with the transfer.

    Attributes
    ----------
    value : the statistic, -1 to 1; NaN where undefined
    interval : 95%, over languages
    p : by label permutation
    n_pairs, n_languages : pairs that both tables have, and languages with any of them
    permutations : label orders that were compared with
    exact : whether these are all orders there are
    """

    value: float
    interval: Interval
    p: float
    n_pairs: int
    n_languages: int
    permutations: int
    exact: bool


@dataclass(frozen=True, eq=False)
class Associations:
    """How each of several similarities goes with the transfer, and the best of them.

    Attributes
    ----------
    values, p, p_corrected : (N,); p_corrected holds for having chosen among all N
    intervals : N of them, each for itself
    best : position of the largest value (of the smallest, if the alternative is "less"); None
        where no value is defined
    permutations, exact : as in `Association`, the same orders for all
    """

    values: np.ndarray
    intervals: list[Interval]
    p: np.ndarray
    p_corrected: np.ndarray
    best: int | None
    permutations: int
    exact: bool


@dataclass(frozen=True)
class Difference:
    """By how much one similarity's statistic is above another's, on the pairs of both.

    Attributes
    ----------
    n_pairs, n_languages : pairs that all three tables have, and languages with any of them
    """

    value: float
    interval: Interval
    n_pairs: int
    n_languages: int


def associate(similarity: np.ndarray, transfer: np.ndarray, statistic: str = "target_spearman", *,
              adjust: str = "none", alternative: str = "two-sided", permutations: int = 9_999,
              seed: int = 0) -> Association:
    """Correlate a similarity with the transfer.

    Parameters
    ----------
    similarity, transfer : (L, L), NaN missing, the diagonal ignored
    statistic, adjust, alternative : one of STATISTICS, ADJUSTMENTS, ALTERNATIVES
    permutations : random label orders; all of them where there are no more
    seed : of the label orders

    Raises
    ------
    DataError
        If a name is unknown or the tables are not of the same languages.

    Notes
    -----
    One test of one similarity: to choose among several, use `associate_all`.
    """
    near, gained = checked(similarity=similarity, transfer=transfer)
    found = associate_all(near[None], gained, statistic, adjust=adjust, alternative=alternative,
                          permutations=permutations, seed=seed)
    pairs = np.isfinite(near) & np.isfinite(gained)
    return Association(float(found.values[0]), found.intervals[0], float(found.p[0]),
                       int(pairs.sum()), len(taking_part(pairs)), found.permutations, found.exact)


def associate_all(stack: np.ndarray, transfer: np.ndarray, statistic: str = "target_spearman", *,
                  adjust: str = "none", alternative: str = "two-sided", permutations: int = 9_999,
                  seed: int = 0) -> Associations:
    """Correlate several similarities (layers, readings, measures) with the transfer.

    Parameters
    ----------
    stack : (N, L, L), NaN missing, the diagonals ignored
    transfer : (L, L)
    statistic, adjust, alternative, permutations, seed : as in `associate`

    Raises
    ------
    DataError
        If a name is unknown or the tables are not of the same languages.
    """
    known(statistic, adjust, alternative)
    tables, gained = checked(similarity=stack, transfer=transfer)
    if tables.ndim != 3:
        raise DataError(f"Several similarities have the shape {tables.shape}. Pass them as one "
                        "(N, languages, languages) table.")
    part = taking_part((np.isfinite(tables) & np.isfinite(gained)).any(axis=0))
    tables, gained = among(tables, part), among(gained, part)
    values = np.array([statistic_value(table, gained, statistic, adjust) for table in tables])
    observed, null = _permuted(tables, gained, statistic, adjust, permutations, seed)
    observed[~np.isfinite(values)] = np.nan  # tested is what is reported
    exact = is_exact(len(part), permutations)
    p = [p_value(one, of, alternative, exact) for one, of in zip(observed, null.T, strict=True)]
    return Associations(
        values, [_interval(table, gained, statistic, adjust, value)
                 for table, value in zip(tables, values, strict=True)],
        np.array(p), corrected_p_values(observed, null, alternative, exact),
        _best(values, alternative), len(null), exact)


def difference(similarity: np.ndarray, other: np.ndarray, transfer: np.ndarray,
               statistic: str = "target_spearman", *, adjust: str = "none") -> Difference:
    """Compare two similarities on the pairs that both have, with the same languages left out.

    Parameters
    ----------
    similarity, other, transfer : (L, L)
    statistic, adjust : as in `associate`

    Returns
    -------
    Difference
        The statistic of the first minus that of the other; the interval holds both together, so
        it is not what two separate intervals suggest.

    Raises
    ------
    DataError
        If a name is unknown or the tables are not of the same languages.
    """
    known(statistic, adjust)
    tables = np.stack(shared(*checked(similarity=similarity, other=other, transfer=transfer)))
    pairs = np.isfinite(tables[0])
    part = taking_part(pairs)
    *two, gained = among(tables, part)
    ours, theirs = (statistic_value(near, gained, statistic, adjust) for near in two)
    left_out = [_left_out(near, gained, statistic, adjust) for near in two]
    interval = jackknife_interval(ours - theirs, left_out[0] - left_out[1], correlation=False)
    return Difference(ours - theirs, interval, int(pairs.sum()), len(part))


def _permuted(tables: np.ndarray, gained: np.ndarray, statistic: str, adjust: str,
              permutations: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Statistic of N tables in the true order (N,) and in each random one (P, N)."""
    within, n = by_target(statistic), len(gained)
    y = entering(gained, statistic, adjust)
    x = [entering(table, statistic, adjust) for table in tables]

    def in_order(orders: np.ndarray) -> np.ndarray:
        return np.stack([permuted_correlations(one, y, orders, within) for one in x], axis=1)

    if n == 0 or len(x) == 0:
        return np.full(len(x), np.nan), np.empty((0, len(x)))
    return (in_order(np.arange(n)[None])[0],
            np.concatenate([in_order(orders) for orders in label_orders(n, permutations, seed)]))


def _interval(near: np.ndarray, gained: np.ndarray, statistic: str, adjust: str,
              value: float) -> Interval:
    near, gained = shared(near, gained)
    part = taking_part(np.isfinite(near))
    near, gained = among(near, part), among(gained, part)
    return jackknife_interval(value, _left_out(near, gained, statistic, adjust), correlation=True)


def _left_out(near: np.ndarray, gained: np.ndarray, statistic: str, adjust: str) -> np.ndarray:
    """The statistic without each language, from tables that have the same pairs: (L,)."""
    return np.concatenate([
        statistic_values(without_each(near, some), without_each(gained, some), statistic, adjust)
        for some in batches_to_leave_out(len(near))])


def _best(values: np.ndarray, alternative: str) -> int | None:
    if not np.isfinite(values).any():
        return None
    return int(np.nanargmin(values) if alternative == "less" else np.nanargmax(values))
