"""Does something rise or fall with depth? A slope over layers, tested rather than looked at.

Conventions
-----------
Layers are equally spaced from 0 (first) to 1 (last), so a slope is the change from the first layer
to the last along the straight line that fits best. Layers without a value are left out of it. The
interval is over languages: all layers are of the same languages and lose the same one at a time
(see `jackknife`). p, two-sided, compares with the slopes under random labels, the same order for
every layer: it says whether a slope like this arises where labels mean nothing. Whether the trend
would hold for other languages is what the interval says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.statistics.jackknife import Interval, jackknife_interval
from gradsim_core.statistics.permuting import p_value

_FEWEST_LAYERS = 2


@dataclass(frozen=True)
class DepthTrend:
    """The straight line through a profile over depth.

    Attributes
    ----------
    slope : change from the first layer to the last; NaN with fewer than two layers
    interval : 95%, over languages
    p : by label permutation, two-sided; NaN without any
    """

    slope: float
    interval: Interval
    p: float


def depth_trend(profile: np.ndarray, left_out: np.ndarray, null: np.ndarray | None = None, *,
                exact: bool = False) -> DepthTrend:
    """Slope of a profile over depth, with what is known about its error.

    Parameters
    ----------
    profile : (N,) a value a layer, in depth order
    left_out : (L, N) the profile without each language (`each_left_out`)
    null : (P, N) the profile under label permutations, expected to be level; None for no p
    exact : whether the permutations are all there are

    Examples
    --------
    >>> depth_trend(np.array([0.0, 0.1, 0.2]), np.zeros((0, 3))).slope
    0.2
    """
    slope = float(depth_slopes(profile))
    p = float("nan") if null is None else p_value(slope, depth_slopes(null), "two-sided", exact)
    return DepthTrend(slope, jackknife_interval(slope, depth_slopes(left_out), correlation=False),
                      p)


def depth_slopes(profiles: np.ndarray) -> np.ndarray:
    """Least-squares slopes of (..., N) profiles over depth from 0 to 1: (...); NaN left out."""
    profiles = np.asarray(profiles, dtype=np.float64)
    depth = np.broadcast_to(np.linspace(0, 1, profiles.shape[-1]), profiles.shape)
    has = np.isfinite(profiles)
    count = np.maximum(has.sum(axis=-1, keepdims=True), 1)
    centred = np.where(has, depth - np.where(has, depth, 0).sum(axis=-1, keepdims=True) / count, 0)
    spread = (centred ** 2).sum(axis=-1)
    found = (centred * np.where(has, profiles, 0)).sum(axis=-1)
    fine = has.sum(axis=-1) >= _FEWEST_LAYERS
    return np.where(fine, found / np.where(fine, spread, 1.0), np.nan)
