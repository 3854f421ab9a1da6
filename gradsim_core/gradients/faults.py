"""Which gradients of a step cannot be used."""

from __future__ import annotations

import numpy as np

EXPLODING = 1e4
"""A gradient this many times longer than the median language's counts as exploding."""


def faulty_rows(grams: np.ndarray) -> list[int]:
    """Rows whose gradient is not finite, or far longer than the others'.

    Parameters
    ----------
    grams : (n_blocks, 2L, 2L) Grams of one step
    """
    with np.errstate(invalid="ignore"):
        return faulty_lengths(np.sqrt(np.diagonal(grams, axis1=1, axis2=2).sum(axis=0)))


def faulty_lengths(lengths: np.ndarray) -> list[int]:
    """The same from the lengths of all rows' gradients."""
    usual = lengths[np.isfinite(lengths) & (lengths > 0)]
    limit = EXPLODING * np.median(usual) if len(usual) else np.inf
    return [int(row) for row in np.flatnonzero(~(lengths <= limit))]
