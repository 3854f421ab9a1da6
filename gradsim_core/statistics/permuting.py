"""Label permutations: how often chance does as well when it does not know whose row is whose.

Pairs of languages are not independent: two pairs that share a language share what is special about
it. So a plain p over pairs is far too small (`python -m benchmarks.type_one` measures how far).
Mantel (1967, *Cancer Res.* 27) permutes the languages instead: rows and columns of the similarity
together, which keeps each table's inner structure and breaks only what lies between the two.

Conventions
-----------
p is (1 + permutations at least as extreme) / (1 + permutations): the order that was found is one
of those that chance could have drawn. Where all L! orders are no more than the permutations asked
for, each is taken once (the true one among them) and p is the share at least as extreme: exact.
Two-sided: at least as far from zero, on either side. What differs by rounding alone is a tie, and
ties count as extreme. So does a permutation under which the statistic is undefined.

Several tables that are tested together meet the same orders, and the p that is corrected for having
chosen among them compares each with the largest of all under every order (maximum statistic;
Westfall and Young 1993; Nichols and Holmes 2002, *Hum. Brain Mapp.* 15): among unrelated tables,
one in twenty choices ends at 5%, however many there are and however alike they are. Before the
maximum is taken, each table's values are divided by their standard deviation over all orders: a
table with fewer pairs varies more by chance, and would otherwise set the bar for all. An order
under which a table has no value counts as extreme for it here too: choosing never lowers a p.

Missing pairs
    A permuted similarity meets the transfer where both are defined. Effects and ranks are those of
    each table over all its own pairs, for the true order too, so that every order is treated alike.
    Without missing pairs that is the same as the value that is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations
from math import factorial

import numpy as np

from gradsim_core.statistics.correlating import correlations

TIE = 1e-9
"""Statistics that differ by less are equal: correlations and shares are of the order of 1."""

_MANY = 100
"""Languages from which a table is put in order row by row."""

_CELLS = 1_000_000
"""Of a batch of permuted tables: 8 MB, whatever the number of permutations."""


def is_exact(n_languages: int, n_permutations: int) -> bool:
    """Whether all orders are taken, because they are no more than the permutations asked for."""
    return n_languages < 13 and factorial(n_languages) <= n_permutations  # 13! is 6 billion


def label_orders(n_languages: int, n_permutations: int, seed: int) -> Iterator[np.ndarray]:
    """Orders of the languages in batches of bounded size: (B, L) int, all orders where exact.

    The same arguments give the same orders: tables that are tested together meet the same ones.
    """
    size = max(1, _CELLS // max(n_languages, 1) ** 2)
    if is_exact(n_languages, n_permutations):
        every = permutations(range(n_languages))
        while batch := list(islice(every, size)):
            yield np.array(batch, dtype=np.intp).reshape(len(batch), n_languages)
        return
    draw = np.random.default_rng(seed)
    for start in range(0, n_permutations, size):
        n = min(size, n_permutations - start)
        yield draw.permuted(np.tile(np.arange(n_languages), (n, 1)), axis=1)


def relabelled(table: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """(B, L, L): rows and columns of an (L, L) table in each order."""
    if len(table) < _MANY:
        return table[orders[:, :, None], orders[:, None, :]]
    found = np.empty((len(orders), *table.shape), dtype=table.dtype)
    for at, order in enumerate(orders):  # whole rows first: a third of the time
        np.take(table[order], order, axis=1, out=found[at], mode="clip")
    return found


def permuted_correlations(x: np.ndarray, y: np.ndarray, orders: np.ndarray,
                          within_columns: bool) -> np.ndarray:
    """Correlations of relabelled x with y: (B,); both as they enter the statistic."""
    off = ~np.eye(len(x), dtype=bool)
    if not (np.isfinite(x[off]).all() and np.isfinite(y[off]).all()):
        return correlations(relabelled(x, orders), y, within_columns)
    x, y = (_standardised(table, off, within_columns) for table in (x, y))
    products = relabelled(x, orders).reshape(len(orders), -1) @ y.ravel()
    if not within_columns:
        varies = bool(x.any() and y.any()) and off.sum() >= 3
        return products if varies else np.full(len(orders), np.nan)
    # A column without variance is all zeros: its products add nothing, and it does not count.
    columns = np.any(x, axis=0)[orders].astype(float) @ np.any(y, axis=0)
    enough = (columns > 0) & (len(x) > 3)
    return np.where(enough, products / np.maximum(columns, 1), np.nan)


def _standardised(table: np.ndarray, off: np.ndarray, within_columns: bool) -> np.ndarray:
    """Mean 0 and length 1 off the diagonal, of each column or of all; zeros where constant."""
    axis = 0 if within_columns else None
    filled = np.where(off, table, 0.0)
    count = off.sum(axis=axis, keepdims=True)
    left = np.where(off, filled - filled.sum(axis=axis, keepdims=True) / count, 0.0)
    squared = (left ** 2).sum(axis=axis, keepdims=True)
    varies = squared > 1e-12 * (filled ** 2).sum(axis=axis, keepdims=True)
    return np.where(varies, left / np.sqrt(np.where(varies, squared, 1.0)), 0.0)


def extremeness(values: np.ndarray, alternative: str) -> np.ndarray:
    """Larger is more extreme, in the direction that an alternative looks in."""
    return {"two-sided": np.abs, "greater": np.positive, "less": np.negative}[alternative](values)


def p_value(observed: float, null: np.ndarray, alternative: str, exact: bool) -> float:
    """Share of the permutations at least as extreme as what was observed (module's Conventions).

    Parameters
    ----------
    observed : the statistic in the true order; NaN gives NaN
    null : (n_permutations,) the statistic under each
    exact : whether these are all orders, the true one among them
    """
    if not np.isfinite(observed):
        return float("nan")
    least = extremeness(np.asarray(observed), alternative) - TIE
    extreme = int((~(extremeness(null, alternative) < least)).sum())
    return extreme / len(null) if exact else (1 + extreme) / (1 + len(null))


def corrected_p_values(observed: np.ndarray, null: np.ndarray, alternative: str,
                       exact: bool) -> np.ndarray:
    """p of each of several statistics for having chosen among them (module's Conventions).

    Parameters
    ----------
    observed : (N,) in the true order; NaN is left out, and stays
    null : (n_permutations, N) under each order, the same for all
    """
    chosen = np.isfinite(observed)
    p = np.full(len(observed), np.nan)
    if chosen.any():
        every = null if exact else np.concatenate([null, observed[None]])
        unit = np.nanstd(every[:, chosen], axis=0)  # of the true order too: any could be it
        unit = np.where(unit > TIE, unit, 1.0)
        far = extremeness(null[:, chosen] / unit, alternative)
        most = np.fmax.reduce(far, axis=1)
        p[chosen] = [p_value(float(extremeness(one, alternative)),
                             np.where(np.isfinite(own), most, np.nan), "greater", exact)
                     for one, own in zip(observed[chosen] / unit, far.T, strict=True)]
    return p
