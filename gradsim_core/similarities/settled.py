"""How early a study's groups could have been known.

Conventions
-----------
Every snapshot is grouped by the same rule, with K fixed at the number of groups in question; the
languages are those that can be grouped at the last one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.decisions.decision import (
    Reading,
    Rule,
    make_grouping,
    placed_languages,
    read_similarity,
)
from gradsim_core.errors import GroupingError
from gradsim_core.grouping.stability import settled_at
from gradsim_core.results import Results
from gradsim_core.similarities.robustness import group_labels


@dataclass(frozen=True)
class Settling:
    """When the groups were there for good.

    Attributes
    ----------
    steps : of the snapshots that could be grouped
    agreement : each snapshot's groups against the last ones', adjusted Rand index
    step : the earliest from which on the groups stay the same
    saved : share of the training that stopping there would have saved
    """

    steps: tuple[int, ...]
    agreement: tuple[float, ...]
    step: int
    saved: float


def settling(results: Results, reading: Reading, rule: Rule) -> Settling:
    """Group every snapshot by the same rule, and say from which on nothing changes.

    Raises
    ------
    GroupingError
        If the last snapshot cannot be grouped, or the groups were made by hand.
    """
    from sklearn.metrics import adjusted_rand_score

    if rule.hand:
        raise GroupingError("Groups made by hand do not come from the training, so there is no "
                            "step from which on they were known. Choose another strategy.")
    series = results.series
    labels: list[np.ndarray] = []
    steps: list[int] = []
    last = read_similarity(results, reading.model_copy(update={"snapshot": -1}))
    k = make_grouping(results, last, rule).k
    fixed = rule.model_copy(update={"k": k, "k_min": None, "k_max": None})
    for at, step in enumerate(series.snapshots):
        found = read_similarity(results, reading.model_copy(update={"snapshot": at}))
        if placed_languages(found) != placed_languages(last):
            labels, steps = [], []  # not all languages are defined yet
            continue
        labels.append(group_labels(make_grouping(results, found, fixed),
                                   len(placed_languages(found))))
        steps.append(step)
    settled = steps[settled_at(labels)]
    return Settling(tuple(steps), tuple(float(adjusted_rand_score(labels[-1], one))
                                        for one in labels),
                    settled, 1 - settled / series.snapshots[-1])


def settling_sentence(found: Settling) -> str:
    """Say from when on the groups were there for good.

    Examples
    --------
    >>> settling_sentence(Settling((9, 18, 27), (0.2, 1.0, 1.0), 18, 1 / 3))
    'From step 18 of 27 on the groups stay the same: stopping there saves 33% of the training.'
    """
    last = found.steps[-1]
    if found.step == last:
        return (f"The groups still changed before the last snapshot (step {last:,}): a longer "
                "training may change them again.")
    return (f"From step {found.step:,} of {last:,} on the groups stay the same: stopping there "
            f"saves {100 * found.saved:.0f}% of the training.")
