"""Which pairs of languages tables share, and the checks that all statistics start with.

Conventions
-----------
A table is (L, L) float64: rows are sources (trained on), columns targets (tested on). NaN, or
anything else that is not finite, is missing. The diagonal is never looked at: a language is
compared with others alone. A pair is *defined* where every table concerned has it. A language
without any defined pair takes no part: it is neither counted, nor relabelled, nor resampled.
"""

from __future__ import annotations

import numpy as np

from gradsim_core.errors import DataError, choice

STATISTICS = ("target_spearman", "spearman", "pearson")
ADJUSTMENTS = ("none", "target", "both")
ALTERNATIVES = ("two-sided", "greater", "less")


def checked(**tables: object) -> list[np.ndarray]:
    """Tables of the same languages as float64, the diagonal and all that is not finite as NaN.

    Parameters
    ----------
    tables : what a message calls each -> (..., L, L)

    Raises
    ------
    DataError
        If a table is not square or the tables are not of equally many languages.
    """
    found: list[np.ndarray] = []
    for name, given in tables.items():
        table = np.array(given, dtype=np.float64)
        n = table.shape[-1] if table.ndim > 1 else 0
        if table.ndim < 2 or table.shape[-2] != n:
            raise DataError(f"The {name} has the shape {table.shape}, but one row and one column "
                            "a language are needed. Pass a square table.")
        if found and n != found[0].shape[-1]:
            first = next(iter(tables))
            raise DataError(f"The {name} is of {n} languages, the {first} of "
                            f"{found[0].shape[-1]}. Pass tables of the same languages, in the "
                            "same order.")
        table[~np.isfinite(table)] = np.nan
        table[..., range(n), range(n)] = np.nan
        found.append(table)
    return found


def known(statistic: str, adjust: str, alternative: str = "two-sided") -> None:
    """Refuse a name that is none of STATISTICS, ADJUSTMENTS or ALTERNATIVES."""
    for kind, name, names in (("Statistic", statistic, STATISTICS),
                              ("Adjustment", adjust, ADJUSTMENTS),
                              ("Alternative", alternative, ALTERNATIVES)):
        if name not in names:
            raise DataError(choice(kind, name, names))


def shared(*tables: np.ndarray) -> list[np.ndarray]:
    """The tables with NaN wherever any of them lacks the pair."""
    both = np.logical_and.reduce([np.isfinite(table) for table in tables])
    return [np.where(both, table, np.nan) for table in tables]


def taking_part(defined: np.ndarray) -> np.ndarray:
    """Positions of the languages with any defined pair, of (L, L) bool."""
    return np.flatnonzero(defined.any(axis=0) | defined.any(axis=1))


def among(table: np.ndarray, languages: np.ndarray) -> np.ndarray:
    """The (..., L, L) table of some languages, by their positions."""
    return table[..., languages, :][..., languages]
