"""Distributions: labels, lengths, script and size of each language's training rows.

Conventions
-----------
``labels``: 1 minus the Jensen-Shannon distance (base 2, so 0 to 1) of the shares of labels, of
tags in token tasks. ``lengths``: 1 minus the Kolmogorov-Smirnov distance of the lengths of rows,
the greatest difference of their cumulative shares: it needs no bins. ``script``: 1 where the
training text of both is mostly in one script, else 0. ``size``: the logarithm of the source's
number of rows, whatever the target: the one measure with a direction. Rows go to either half by
turns.

Sources
-------
Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on Information Theory
37 (1991); Endres and Schindelin, ibid. 49 (2003), for its root as a metric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradsim_core.languages.own_names import script_name
from gradsim_core.measures.frequencies import half_counts, jensen_shannon, whole_and_halves
from gradsim_core.measures.measure import Measure

_JENSEN_SHANNON = "Endres and Schindelin, IEEE Trans. Inf. Theory 49 (2003)"


def labels(rows: Mapping[str, Sequence[str | Sequence[str]]]) -> Measure:
    """Compare languages by their label priors.

    Parameters
    ----------
    rows : code -> the label of each row, or its tags

    Returns
    -------
    Measure
        Symmetric, 0 (no label in common) to 1 (the same prior), with halves.
    """
    counts = half_counts({code: [[row] if isinstance(row, str) else row for row in several]
                          for code, several in rows.items()})
    return Measure("distribution.labels", "Label prior", tuple(rows),
                   source=f"Jensen-Shannon distance: {_JENSEN_SHANNON}; training labels",
                   note="1 minus the distance of the shares of labels.",
                   **whole_and_halves(counts, lambda some: jensen_shannon(some.toarray())))


def lengths(rows: Mapping[str, Sequence[int]], unit: str = "characters") -> Measure:
    """Compare languages by the lengths of their rows.

    Parameters
    ----------
    rows : code -> length of each row
    unit : what is counted, for the note

    Returns
    -------
    Measure
        Symmetric, 0 to 1, with halves.
    """
    parts = [np.asarray(several) for several in rows.values()]

    def similarity(several: list[np.ndarray]) -> np.ndarray:
        return np.array([[_same_lengths(one, other) for other in several] for one in several])

    return Measure("distribution.lengths", "Length of rows", tuple(rows), similarity(parts),
                   "Kolmogorov-Smirnov distance of row lengths; training text",
                   f"Lengths in {unit}.", halves=np.stack([
                       similarity([part[half::2] for part in parts]) for half in (0, 1)]))


def _same_lengths(one: np.ndarray, other: np.ndarray) -> float:
    """1 minus the greatest difference of two cumulative distributions."""
    if not len(one) or not len(other):
        return float("nan")
    at = np.union1d(one, other)
    shares = [np.searchsorted(np.sort(some), at, side="right") / len(some) for some in (one, other)]
    return float(1 - np.abs(shares[0] - shares[1]).max())


def script(scripts: Mapping[str, str]) -> Measure:
    """Compare languages by the script that most of their text is in.

    Parameters
    ----------
    scripts : code -> ISO 15924 code, "" where the text has no letters

    Returns
    -------
    Measure
        Symmetric, 1 or 0; NaN where a script is unknown.
    """
    values = np.array([[float(one == other) if one and other else np.nan
                        for other in scripts.values()] for one in scripts.values()])
    found = sorted({script_name(one) for one in scripts.values() if one})
    return Measure("distribution.script", "Same script", tuple(scripts), values,
                   "Script of most letters of the training text (Unicode)",
                   f"Script{'s' * (len(found) != 1)}: {', '.join(found)}.")


def size(rows: Mapping[str, int]) -> Measure:
    """Rate sources by how many training rows they have.

    Parameters
    ----------
    rows : code -> number of rows, at least 1

    Returns
    -------
    Measure
        Directed: the natural logarithm of the source's rows, the same for each target.
    """
    logs = np.log(np.fromiter(rows.values(), dtype=np.float64, count=len(rows)))
    return Measure("distribution.size", "Size of the source", tuple(rows),
                   np.repeat(logs[:, None], len(logs), axis=1), "Number of training rows",
                   "Natural logarithm of the source's rows, whatever the target.", directed=True)
