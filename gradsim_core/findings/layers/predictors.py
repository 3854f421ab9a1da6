"""Which measures can explain a similarity: those that are there and tell pairs of languages apart.

Conventions
-----------
A predictor is symmetric, because what it explains is: of a directed measure the mean of both ways
is taken. A measure that cannot be used is named with its reason, never dropped in silence.
Pure functions of arrays and measures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.measures import Measure
from gradsim_core.statistics.centring import doubly_centred

_FEWEST_PAIRS = 0.5
_FEWEST_OTHERS = 2
_NOTHING = 1e-9


@dataclass(frozen=True)
class Predictors:
    """The measures that can be used, on the languages that all of them know.

    Attributes
    ----------
    codes : the languages, L of them
    sides : side -> measure -> (L, L) float64, NaN where any of the measures lacks the pair
    unused : measure -> why it cannot be used
    unknown : code -> the measure that knows too little of it
    """

    codes: tuple[str, ...]
    sides: dict[str, dict[str, np.ndarray]]
    unused: dict[str, str]
    unknown: dict[str, str]


def usable_predictors(measures: Mapping[str, Measure], sides: Mapping[str, Sequence[str]],
                      codes: Sequence[str], *, centred: bool = True,
                      absent: Mapping[str, str] | None = None) -> Predictors:
    """Choose what can explain a similarity of these languages.

    Parameters
    ----------
    measures : name -> measure, of any languages
    sides : side -> names of the measures wanted
    centred : whether each predictor is doubly centred over the pairs that all of them know
    absent : name -> why a measure is not there

    Notes
    -----
    A measure that knows fewer than half of the pairs is left out before it costs languages; then a
    language that shares fewer than two known pairs is left out.
    """
    wanted = [name for names in sides.values() for name in names]
    unused = {name: (absent or {}).get(name) or "it is not available for this study"
              for name in wanted if name not in measures}
    found = {name: _symmetric(measures[name], codes) for name in wanted if name in measures}
    for name, matrix in list(found.items()):
        if reason := _useless(matrix, centred):
            unused[name] = reason
            del found[name]
    kept, unknown = _known_languages(found, codes)
    at = [list(codes).index(code) for code in kept]
    found = {name: matrix[np.ix_(at, at)] for name, matrix in found.items()}
    common = np.all([np.isfinite(matrix) for matrix in found.values()], axis=0)
    ready: dict[str, np.ndarray] = {}
    for name, matrix in found.items():
        cells = np.where(common, matrix, np.nan)
        if reason := _useless(cells, centred):
            unused[name] = reason
        else:
            ready[name] = doubly_centred(cells) if centred else cells
    return Predictors(kept, {side: {name: ready[name] for name in names if name in ready}
                             for side, names in sides.items()},
                      {name: unused[name] for name in wanted if name in unused}, unknown)


def describe(measure: Measure, codes: Sequence[str]) -> dict[str, float | None]:
    """How far a measure spreads over these languages, and whether its two halves say the same.

    Returns
    -------
    dict
        "low", "high": of its values; "halves": correlation over pairs of what either half of the
        data gives, None for a measure that has no halves or where a half is constant.
    """
    here = measure.among(codes)
    low, high = float(np.nanmin(here.values)), float(np.nanmax(here.values))
    if here.halves is None:
        return {"low": low, "high": high, "halves": None}
    one, other = here.halves[:, np.isfinite(here.halves).all(axis=0)]
    varies = len(one) > 2 and min(np.ptp(one), np.ptp(other)) > _NOTHING
    return {"low": low, "high": high,
            "halves": float(np.corrcoef(one, other)[0, 1]) if varies else None}


def _symmetric(measure: Measure, codes: Sequence[str]) -> np.ndarray:
    values = measure.among(codes).values
    return (values + values.T) / 2


def _useless(matrix: np.ndarray, centred: bool) -> str:
    """Why a predictor says nothing about pairs; "" if it does."""
    n, values = len(matrix), matrix[np.isfinite(matrix)]
    if len(values) < _FEWEST_PAIRS * n * (n - 1) or not len(values):
        return f"it is known for only {len(values) // 2} of {n * (n - 1) // 2} pairs of languages"
    if np.ptp(values) <= _NOTHING:
        return "it is the same for all pairs of languages"
    if centred and np.nanmax(np.abs(doubly_centred(matrix))) <= _NOTHING * np.ptp(values) * n:
        return "it sets single languages apart from all others, but no pair from another"
    return ""


def _known_languages(found: Mapping[str, np.ndarray],
                     codes: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The languages of which every measure knows enough; of the others, which does not."""
    kept, unknown = list(range(len(codes))), {}
    while found:
        common = np.all([np.isfinite(matrix[np.ix_(kept, kept)]) for matrix in found.values()],
                        axis=0)
        counts = common.sum(axis=1)
        if not kept or counts.min() >= _FEWEST_OTHERS:
            break
        worst = kept.pop(int(counts.argmin()))
        unknown[codes[worst]] = min(found, key=lambda name: np.isfinite(found[name][worst]).sum())
    return tuple(codes[i] for i in kept), unknown
