"""What a similarity knows about the transfer that simpler things do not know already.

Near languages also share words and families, and large languages teach well; a similarity may
predict the transfer through these alone. Two questions are asked of it.

Does it predict better?
    Leave one language out, fit the transfer on the pairs of the others, predict all pairs that
    involve the one; so for every language. R^2 = 1 - squared errors / squared errors of the mean of
    the pairs fitted on. It is below 0 where predictions are worse than that mean. The gain is the
    R^2 of controls and similarity together minus that of the controls; its interval is over
    languages (see `jackknife`: the whole procedure is repeated without each).
Is its coefficient more than chance?
    MRQAP with double semi-partialling (Dekker, Krackhardt and Snijders 2007, *Psychometrika* 72):
    what the controls leave of the similarity is relabelled, and the coefficient's t (here the
    partial correlation, which orders alike) compared with its values under random labels. It holds
    where controls and similarity are related, and where families run through both.

Conventions
-----------
Pairs count where transfer, similarity and all controls are defined. Adjustments (see `correlating`)
are made to every table over these pairs. Controls that are wholly missing, or do not vary once
adjusted, are dropped and named. Least squares on standardised tables with a ridge of 1e-9 of the
number of pairs, so controls that repeat each other do no harm (see `regression`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gradsim_core.statistics.correlating import adjusted
from gradsim_core.statistics.jackknife import (
    FEWEST_LANGUAGES,
    Interval,
    each_left_out,
    jackknife_interval,
)
from gradsim_core.statistics.pairs import among, checked, known, shared, taking_part
from gradsim_core.statistics.permuting import is_exact, label_orders, p_value, relabelled
from gradsim_core.statistics.regression import (
    REPEATED,
    Predictors,
    equations,
    partial_correlations,
    varies,
)


@dataclass(frozen=True)
class Incremental:
    """The value of a similarity beyond controls.

    Attributes
    ----------
    controls, dropped : names of the controls used, and of those that could not be
    error_controls, error_both, gain : leave-one-language-out R^2 (1 minus the share of error) of
        the controls, of controls and similarity, and the difference; NaN with fewer than five
        languages or too few pairs
    interval : 95%, of the gain
    beta : coefficient of the similarity, in standard deviations of the transfer a standard
        deviation of the similarity
    p : of beta, two-sided, by label permutation
    n_pairs, n_languages : with transfer, similarity and all controls used
    permutations, exact : label orders, and whether these are all there are
    """

    controls: tuple[str, ...]
    dropped: tuple[str, ...]
    error_controls: float
    error_both: float
    gain: float
    interval: Interval
    beta: float
    p: float
    n_pairs: int
    n_languages: int
    permutations: int
    exact: bool


def incremental_value(similarity: np.ndarray, controls: Mapping[str, np.ndarray],
                      transfer: np.ndarray, *, adjust: str = "target",
                      permutations: int = 9_999, seed: int = 0) -> Incremental:
    """Ask what a similarity adds to controls in predicting the transfer.

    Parameters
    ----------
    similarity, transfer : (L, L), NaN missing, the diagonal ignored
    controls : name -> (L, L)
    adjust : one of ADJUSTMENTS
    permutations, seed : of the labels

    Raises
    ------
    DataError
        If the adjustment is unknown or the tables are not of the same languages.
    """
    known("pearson", adjust)
    gained, near, *others = checked(transfer=transfer, similarity=similarity, **{
        f"control {name!r}": table for name, table in controls.items()})
    names, tables = _usable(dict(zip(controls, others, strict=True)), near, gained, adjust)
    whole = np.stack(shared(gained, near, *tables))
    pairs = np.isfinite(whole[0])
    part = taking_part(pairs)
    whole, n_pairs = among(whole, part), int(pairs.sum())
    exact = is_exact(len(part), permutations)
    dropped = tuple(name for name in controls if name not in names)
    if len(part) < FEWEST_LANGUAGES or n_pairs < len(whole) + 2:
        nothing = float("nan")
        return Incremental(names, dropped, nothing, nothing, nothing, None, nothing, nothing,
                           n_pairs, len(part), 0, False)
    without, both = _left_out(whole, adjust)
    left_out = each_left_out(
        len(part), lambda stay: np.subtract(*_left_out(among(whole, stay), adjust)[::-1]))
    interval = jackknife_interval(both - without, left_out, correlation=False)
    beta, observed, null = _coefficient(adjusted(whole, adjust), permutations, seed)
    return Incremental(names, dropped, without, both, both - without, interval, beta,
                       p_value(observed, null, "two-sided", exact), n_pairs, len(part), len(null),
                       exact)


def _usable(controls: Mapping[str, np.ndarray], near: np.ndarray, gained: np.ndarray,
            adjust: str) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """The controls that vary, once adjusted, over the pairs that all those with values have."""
    there = {name: table for name, table in controls.items() if np.isfinite(table).any()}
    tables = shared(gained, near, *there.values())[2:]
    pairs = np.isfinite(tables[0]) if tables else np.zeros(near.shape, dtype=bool)
    names = tuple(name for name, table in zip(there, tables, strict=True)
                  if varies(adjusted(table, adjust)[pairs]))
    return names, [there[name] for name in names]


def _left_out(tables: np.ndarray, adjust: str) -> tuple[float, float]:
    """R^2 of the pairs of each language left out: of the controls, and with the similarity.

    Parameters
    ----------
    tables : (2 + k, L, L): transfer, similarity, controls, all with the same pairs
    """
    gained, near, *controls = adjusted(tables, adjust)
    predictors = Predictors.of([*controls, near], len(near))
    values = gained[predictors.pairs]
    source, target = np.nonzero(predictors.pairs)
    involved = np.arange(len(near))[:, None]
    held_out = (source == involved) | (target == involved)  # (L, n)
    error_mean = _squared_errors(predictors.columns[:, :1], values, held_out)
    return (_r2(_squared_errors(predictors.columns[:, :-1], values, held_out), error_mean),
            _r2(_squared_errors(predictors.columns, values, held_out), error_mean))


def _squared_errors(columns: np.ndarray, values: np.ndarray, held_out: np.ndarray) -> float:
    """Sum over languages of the squared errors on what is held out for each."""
    products, sums, _ = equations(columns, np.where(held_out, np.nan, values))
    predicted = np.linalg.solve(products, sums[..., None])[..., 0] @ columns.T
    return float(((values - predicted) ** 2)[held_out].sum())


def _r2(error: float, error_mean: float) -> float:
    return 1 - error / error_mean if error_mean > 0 else float("nan")


def _coefficient(tables: np.ndarray, permutations: int, seed: int
                 ) -> tuple[float, float, np.ndarray]:
    """Standardised coefficient of the similarity; its partial correlation, found and permuted."""
    gained, near, *controls = tables
    predictors = Predictors.of(controls, len(near))
    pairs = predictors.pairs & np.isfinite(near)
    columns = predictors.columns[pairs[predictors.pairs]]
    y, x = gained[pairs], near[pairs]
    nothing = float("nan"), float("nan"), np.empty(0)
    if not (varies(x) and varies(y)):
        return nothing
    y, x = (y - y.mean()) / y.std(), (x - x.mean()) / x.std()
    products, sums, _ = equations(columns, x[None])
    left = x - columns @ np.linalg.solve(products[0], sums[0])
    if left @ left <= REPEATED * (x @ x):  # the controls say all that the similarity says
        return nothing
    beta = float(left @ y / (left @ left))
    residual = np.full(near.shape, np.nan)
    residual[pairs] = left

    def partial(orders: np.ndarray) -> np.ndarray:
        permuted = relabelled(residual, orders)[:, pairs]
        return partial_correlations(columns, np.broadcast_to(y, permuted.shape), permuted)

    observed = float(partial(np.arange(len(near))[None])[0])
    return beta, observed, np.concatenate([
        partial(orders) for orders in label_orders(len(near), permutations, seed)])
