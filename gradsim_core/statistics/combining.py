"""Several studies together: each first, then their mean, and a warning where pooling would mislead.

Two models may each show that nearer languages transfer better, and all their pairs thrown together
the opposite, because the model with the higher similarities has the lower scores (Simpson 1951,
*J. R. Stat. Soc. B* 13). So what counts is the mean of the studies' own values. The pooled value is
there to be compared with it, never instead of it.

Conventions
-----------
A study is a model, a task or a data set with its own similarity and transfer; studies need not have
the same languages. The interval of the mean is Student's over studies, None with fewer than three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import DataError
from gradsim_core.statistics.association import Association, associate
from gradsim_core.statistics.correlating import adjusted
from gradsim_core.statistics.jackknife import Interval
from gradsim_core.statistics.pairs import checked, shared
from gradsim_core.statistics.permuting import TIE

_FEWEST_STUDIES = 3
_TAIL = 0.025


@dataclass(frozen=True)
class Combined:
    """What several studies say, one by one and together.

    Attributes
    ----------
    studies : name -> its own association
    signs : name -> 1, -1, or 0 where its value is zero or undefined
    mean, interval : of the studies' values that are defined, and 95% over studies
    pooled : over all pairs of all studies thrown together, each study adjusted first; Spearman's
        correlation where the statistic is one, else Pearson's
    reversed : whether the pooled value has the sign that most studies do not have
    """

    studies: dict[str, Association]
    signs: dict[str, int]
    mean: float
    interval: Interval
    pooled: float
    reversed: bool


def combine(studies: Mapping[str, tuple[np.ndarray, np.ndarray]],
            statistic: str = "target_spearman", *, adjust: str = "none",
            alternative: str = "two-sided", permutations: int = 9_999, seed: int = 0) -> Combined:
    """Relate similarity and transfer in several studies.

    Parameters
    ----------
    studies : name -> (similarity, transfer), each (L, L) of that study's languages
    statistic, adjust, alternative, permutations, seed : as in `associate`

    Raises
    ------
    DataError
        Without studies, and as `associate`.
    """
    if not studies:
        raise DataError("There is no study to combine. Pass at least one.")
    found = {name: associate(near, gained, statistic, adjust=adjust, alternative=alternative,
                             permutations=permutations, seed=seed)
             for name, (near, gained) in studies.items()}
    values = np.array([one.value for one in found.values()])
    signs = {name: _sign(one.value) for name, one in found.items()}
    pooled = _pooled(studies, statistic, adjust)
    values = values[np.isfinite(values)]
    return Combined(found, signs, float(values.mean()) if len(values) else float("nan"),
                    _interval(values), pooled, _sign(pooled) * sum(signs.values()) < 0)


def _sign(value: float) -> int:
    return int(value > TIE) - int(value < -TIE)


def _pooled(studies: Mapping[str, tuple[np.ndarray, np.ndarray]], statistic: str,
            adjust: str) -> float:
    """One correlation over the pairs of all studies."""
    from scipy.stats import pearsonr, spearmanr

    columns = []
    for near, gained in studies.values():
        tables = shared(*checked(similarity=near, transfer=gained))
        pairs = np.isfinite(tables[0])
        columns.append(np.stack([adjusted(table, adjust)[pairs] for table in tables]))
    x, y = np.concatenate(columns, axis=1)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float((pearsonr if statistic == "pearson" else spearmanr)(x, y).statistic)


def _interval(values: np.ndarray) -> Interval:
    from scipy.stats import t

    n = len(values)
    if n < _FEWEST_STUDIES:
        return None
    half = float(t.isf(_TAIL, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return max(float(values.mean()) - half, -1.0), min(float(values.mean()) + half, 1.0)
