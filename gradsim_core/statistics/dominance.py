"""What explains a similarity: how much of its variance each block of predictors accounts for.

Predictors overlap: related languages live near each other and share scripts. What a block explains
therefore depends on what was there before it, and general dominance (Budescu 1993, *Psychol. Bull.*
114; Azen and Budescu 2003, *Psychol. Methods* 8; the Shapley value of R^2) is the mean over all
orders in which the blocks could come. The blocks' parts add up to the R^2 of all predictors.

Conventions
-----------
Response and predictors are (L, L), NaN missing, the diagonal ignored; pairs count where response
and all predictors are defined. Predictors that are constant there, or wholly missing, are dropped
and named; a block that keeps none explains nothing.

Predictors explain something by chance, the more the more there are. So each block's part is
compared with its parts when the response's labels are permuted against all predictors: `p` is how
often chance explains as much, `adjusted` is the part minus its mean over all orders (which can be
negative). Intervals are over languages (see `jackknife`), of the adjusted part.

Over depth, the profile is the first block's adjusted part minus the second's, in R^2: a quotient of
the two would mean nothing at a layer that neither explains. Every layer meets the same label orders
and loses the same languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import DataError
from gradsim_core.statistics.depth import DepthTrend, depth_trend
from gradsim_core.statistics.jackknife import (
    Interval,
    batches_to_leave_out,
    jackknife_interval,
    without_each,
)
from gradsim_core.statistics.pairs import among, checked, taking_part
from gradsim_core.statistics.permuting import is_exact, label_orders, p_value, relabelled
from gradsim_core.statistics.regression import Predictors, explained, varies
from gradsim_core.statistics.shapley import shapley_weights

Block = Mapping[str, np.ndarray] | Sequence[np.ndarray]
_MOST_BLOCKS = 8


@dataclass(frozen=True)
class BlockPart:
    """What one block of predictors explains.

    Attributes
    ----------
    name : of the block
    r2 : its general dominance, its part of the R^2 of all predictors
    adjusted : r2 minus the mean of `r2` under permuted labels
    share : adjusted as a share of what all blocks' adjusted parts add up to; NaN where that is
        not above 0, and no more than 1 or less than 0
    interval : 95%, of adjusted
    p : by label permutation, greater
    predictors : names of those kept
    """

    name: str
    r2: float
    adjusted: float
    share: float
    interval: Interval
    p: float
    predictors: tuple[str, ...]


@dataclass(frozen=True)
class Dominance:
    """What all blocks explain of a response, and what each adds.

    Attributes
    ----------
    blocks : in the order given
    r2, adjusted, p : of all predictors together
    dropped : names of predictors that do not vary or are wholly missing
    n_pairs, n_languages : pairs with response and all predictors, languages with any
    permutations, exact : label orders, and whether these are all there are
    """

    blocks: tuple[BlockPart, ...]
    r2: float
    adjusted: float
    p: float
    dropped: tuple[str, ...]
    n_pairs: int
    n_languages: int
    permutations: int
    exact: bool


@dataclass(frozen=True)
class DominanceProfile:
    """Dominance at every layer, and the trend of the first block over the second.

    Attributes
    ----------
    by_layer : in depth order
    differences : adjusted part of the first block minus that of the second, a layer
    trend : slope of the differences over depth; below 0, the first block gives way with depth
    """

    by_layer: tuple[Dominance, ...]
    differences: tuple[float, ...]
    trend: DepthTrend


def dominance(response: np.ndarray, blocks: Mapping[str, Block], *, permutations: int = 9_999,
              seed: int = 0) -> Dominance:
    """Divide what predictors explain of a response among blocks of them.

    Parameters
    ----------
    response : (L, L)
    blocks : name -> predictors, (L, L) each, with names or in order
    permutations, seed : of the response's labels

    Raises
    ------
    DataError
        Without blocks, with more than eight, or if tables are not of the same languages.
    """
    stack = np.asarray(response, dtype=np.float64)[None]
    return _analysis(stack, blocks, permutations, seed)[0][0]


def dominance_by_depth(stack: np.ndarray, blocks: Mapping[str, Block], *,
                       permutations: int = 9_999, seed: int = 0) -> DominanceProfile:
    """Divide what predictors explain at every layer, and test the trend between two blocks.

    Parameters
    ----------
    stack : (N, L, L), layers in depth order
    blocks : as in `dominance`; the first two are compared over depth
    permutations, seed : of the labels, the same at every layer

    Raises
    ------
    DataError
        With fewer than two blocks, and as in `dominance`.
    """
    if len(blocks) < 2:
        raise DataError(f"A trend compares two blocks of predictors, but there are {len(blocks)}. "
                        "Pass two, the one expected in lower layers first.")
    found, parts, left_out, null = _analysis(stack, blocks, permutations, seed)
    chance = _chance(parts, null, found[0].exact)
    ahead, without, by_chance = (table[..., 0] - table[..., 1] for table in (
        parts - chance, left_out, null - chance))
    trend = depth_trend(ahead, without, by_chance, exact=found[0].exact)
    return DominanceProfile(found, tuple(map(float, ahead)), trend)


def _analysis(stack: np.ndarray, blocks: Mapping[str, Block], permutations: int, seed: int
              ) -> tuple[tuple[Dominance, ...], np.ndarray, np.ndarray, np.ndarray]:
    """Dominance a layer; parts of K blocks (N, K), without each language and under each order."""
    names, layers, tables = _checked(stack, blocks)
    kept = _kept(layers, tables)
    defined = np.logical_and.reduce([np.isfinite(tables[at]) for at in kept]
                                    + [np.isfinite(layers).any(axis=0)])
    part = taking_part(defined)
    layers, n = among(layers, part), len(part)
    predictors = Predictors.of([among(tables[at], part) for at in kept], n)
    blocks_of = [names[at][0] for at in kept]
    subsets, weights = shapley_weights(list(blocks), blocks_of)

    def parts_of(responses: np.ndarray) -> np.ndarray:
        return explained(predictors, responses, subsets) @ weights

    parts = parts_of(layers)
    left_out = np.concatenate([
        np.stack([parts_of(without_each(layer, some)) for layer in layers], axis=1)
        for some in batches_to_leave_out(n)])
    null = np.concatenate([
        np.stack([parts_of(relabelled(layer, orders)) for layer in layers], axis=1)
        for orders in label_orders(n, permutations, seed)])
    exact = is_exact(n, permutations)
    dropped = tuple(key for at, (_, key) in enumerate(names) if at not in kept)
    keys = [tuple(names[at][1] for at in kept if names[at][0] == block) for block in blocks]
    found = tuple(
        _dominance(list(blocks), keys, parts[at], left_out[:, at], null[:, at], dropped,
                   predictors.pairs & np.isfinite(layer), exact) for at, layer in enumerate(layers))
    return found, parts, left_out, null


def _checked(stack: np.ndarray, blocks: Mapping[str, Block]
             ) -> tuple[list[tuple[str, str]], np.ndarray, list[np.ndarray]]:
    """(block, predictor) names, layers and predictors."""
    if not 0 < len(blocks) <= _MOST_BLOCKS:
        raise DataError(f"There are {len(blocks)} blocks of predictors. Pass 1 to {_MOST_BLOCKS}.")
    (layers,) = checked(response=stack)
    names, tables = [], []
    for block, given in blocks.items():
        named = given if isinstance(given, Mapping) else {
            f"{block} {number}": table for number, table in enumerate(given, 1)}
        for key, table in named.items():
            names.append((block, key))
            tables.append(checked(response=layers, **{f"predictor {key!r}": table})[1])
    if layers.ndim != 3 or len(layers) == 0:
        raise DataError(f"The responses have the shape {layers.shape}. Pass at least one, as "
                        "(layers, languages, languages).")
    return names, layers, tables


def _kept(layers: np.ndarray, tables: Sequence[np.ndarray]) -> list[int]:
    """Positions of the predictors that vary over the pairs that are left to look at."""
    there = [at for at, table in enumerate(tables) if np.isfinite(table).any()]
    pairs = np.logical_and.reduce([np.isfinite(tables[at]) for at in there]
                                  + [np.isfinite(layers).any(axis=0)])
    return [at for at in there if varies(tables[at][pairs])]


def _dominance(blocks: Sequence[str], keys: Sequence[tuple[str, ...]], parts: np.ndarray,
               left_out: np.ndarray, null: np.ndarray, dropped: tuple[str, ...],
               pairs: np.ndarray, exact: bool) -> Dominance:
    adjusted = parts - _chance(parts, null, exact)
    positive = np.maximum(adjusted, 0.0)
    shares = positive / positive.sum() if positive.sum() > 0 else np.full(len(parts), np.nan)
    found = [BlockPart(
        name, float(parts[k]), float(adjusted[k]), float(shares[k]),
        jackknife_interval(float(adjusted[k]), left_out[:, k], correlation=False) if keys[k]
        else None,
        p_value(parts[k], null[:, k], "greater", exact) if keys[k] else float("nan"), keys[k])
        for k, name in enumerate(blocks)]
    total = float(parts.sum())
    p = p_value(total, null.sum(axis=1), "greater", exact) if any(keys) else float("nan")
    return Dominance(tuple(found), total, float(adjusted.sum()), p, dropped, int(pairs.sum()),
                     len(taking_part(pairs)), len(null), exact)


def _chance(parts: np.ndarray, null: np.ndarray, exact: bool) -> np.ndarray:
    """Mean parts over all orders, the true one among them."""
    return null.mean(axis=0) if exact else (null.sum(axis=0) + parts) / (len(null) + 1)
