"""Taking out what a language does as a source or as a target, whatever the other language is.

Some targets are easy and some sources teach every target well. Neither has to do with how near
two languages are, so both can be taken out before tables are compared:

    table[s, t] = mean + source effect[s] + target effect[t] + what is left.

Conventions
-----------
Effects are least-squares over the defined pairs of two different languages, so missing pairs bias
nothing, and what is left adds up to zero over each row and each column. With no pair missing that
is the additive part of the social relations model (Warner, Kenny and Stoto 1979, *J. Pers. Soc.
Psychol.* 37), not the plain means of rows and columns, which the empty diagonal would bias.

What is left is rounded to twelve digits of the table's largest value: what was equal, or nothing,
stays so for ranks and for the question whether anything varies.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_DIGITS = 12


def doubly_centred(table: np.ndarray) -> np.ndarray:
    """What additive effects of source and target leave of a table.

    Parameters
    ----------
    table : (..., L, L), NaN missing, the diagonal ignored

    Returns
    -------
    np.ndarray
        (..., L, L) float64, NaN where missing and on the diagonal; rows and columns add up to 0.
    """
    return _each(table, _without_both)


def target_centred(table: np.ndarray) -> np.ndarray:
    """A table without its targets' means: (..., L, L), NaN where missing and on the diagonal."""
    return _each(table, _without_targets)


def _each(table: np.ndarray,
          centred: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Centre every (L, L) of a stack, over its defined pairs of two languages."""
    whole = np.array(table, dtype=np.float64)
    n = whole.shape[-1]
    whole[..., range(n), range(n)] = np.nan
    for at in np.ndindex(whole.shape[:-2]):
        one = whole[at]
        defined = np.isfinite(one)
        filled = np.where(defined, one, 0.0)
        scale = np.abs(filled).max(initial=0.0) or 1.0
        left = np.round(centred(filled / scale, defined), _DIGITS) * scale
        whole[at] = np.where(defined, left, np.nan)
    return whole


def _without_targets(filled: np.ndarray, defined: np.ndarray) -> np.ndarray:
    return filled - filled.sum(axis=0) / np.maximum(defined.sum(axis=0), 1)


def _without_both(filled: np.ndarray, defined: np.ndarray) -> np.ndarray:
    """Residuals of the least-squares fit of L source and L target effects.

    The targets' effects are eliminated from the normal equations, which leaves L equations for
    the sources; one constant (or one a connected part of the table) is free, and set by lstsq.
    """
    share = defined.astype(float)
    per_source, per_target = share.sum(axis=1), np.maximum(share.sum(axis=0), 1)
    means = filled.sum(axis=0) / per_target
    equations = np.diag(per_source) - (share / per_target) @ share.T
    sources = np.linalg.lstsq(equations, filled.sum(axis=1) - share @ means, rcond=1e-10)[0]
    targets = means - (share.T @ sources) / per_target
    return filled - sources[:, None] - targets
