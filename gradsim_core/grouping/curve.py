"""What each number of groups is worth, beside groups of the same sizes filled at random.

Conventions
-----------
The objective alone says little about K (see `result`), and groups that were looked for are worth
more than random ones at any K: what tells is where the distance to chance stops growing, against
one more model to keep for each further group.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.chance import random_objectives
from gradsim_core.grouping.constraints import Constraints
from gradsim_core.grouping.result import Grouping
from gradsim_core.grouping.strategies import group, groupings_by_k

MOST_GROUPS = 20
DRAWS = 200


@dataclass(frozen=True)
class KPoint:
    """The groups that a strategy makes at one K.

    Attributes
    ----------
    k : groups, and so models to keep
    objective, proved : of the groups
    mean_similarity : mean over the languages that are not alone, of what their group gives them;
        NaN if all are alone
    alone : languages alone in their group
    chance : mean objective of random groups of the same sizes
    chance_low, chance_high : between which 95% of them lie
    """

    k: int
    objective: float
    proved: bool
    mean_similarity: float
    alone: int
    chance: float
    chance_low: float
    chance_high: float


def k_curve(similarity: np.ndarray, strategy: str = "exact", *, most: int = MOST_GROUPS,
            constraints: Constraints | None = None, alone: float = 0.0,
            names: Sequence[str] | None = None, seed: int = 0) -> tuple[KPoint, ...]:
    """Group by every K from 1 on.

    Parameters
    ----------
    similarity : (L, L), finite off the diagonal
    strategy : "exact" takes all K from one table (up to about 17 languages); any other that takes
        a K is run anew for each
    most : largest K
    constraints, alone, names, seed : as for `group`

    Returns
    -------
    tuple of KPoint
        Ascending; a K that no grouping within the constraints has is left out.

    Raises
    ------
    GroupingError
        As `group`, if no K is possible.

    Examples
    --------
    >>> near = np.array([[1, .9, .1, 0], [.9, 1, 0, .1], [.1, 0, 1, .8], [0, .1, .8, 1]])
    >>> [round(point.objective, 2) for point in k_curve(near)]
    [1.27, 3.4, 1.8, 0.0]
    """
    largest = min(most, len(similarity))
    if strategy == "exact":
        made = groupings_by_k(similarity, k_range=(1, largest), constraints=constraints,
                              alone=alone, names=names)
    else:
        made = {}
        for k in range(1, largest + 1):
            with suppress(GroupingError):
                made[k] = group(similarity, strategy, k=k, constraints=constraints, alone=alone,
                                seed=seed, names=names)
        if not made:
            group(similarity, strategy, constraints=constraints, alone=alone, names=names)
    return tuple(_point(one, similarity, alone, seed) for one in made.values())


def _point(made: Grouping, similarity: np.ndarray, alone: float, seed: int) -> KPoint:
    sizes = [len(members) for members in made.groups]
    n_alone = sum(size == 1 for size in sizes)
    drawn = random_objectives(similarity, sizes, draws=DRAWS, alone=alone, seed=seed)
    low, high = np.quantile(drawn, (0.025, 0.975))
    together = len(similarity) - n_alone
    mean = (made.objective - alone * n_alone) / together if together else float("nan")
    return KPoint(made.k, made.objective, made.proved, mean, n_alone, float(drawn.mean()),
                  float(low), float(high))
