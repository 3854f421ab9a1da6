"""From a similarity to groups of languages, by a strategy chosen by name.

Conventions
-----------
Similarity is (L, L), larger is nearer; languages are indexes 0..L-1 and names serve messages
alone. K is one number, a range (both ends included), or free: 1..L. Where K is free or a
range, the best objective decides, and it favours many small groups when similarities are
positive (see `result`). The same input and seed give the same groups on every run; only an
integer program that meets its time limit may differ, and its note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradsim_core.errors import GroupingError, choice
from gradsim_core.grouping.clustering import agglomerative, k_means, spectral
from gradsim_core.grouping.comparisons import all_languages, family, monolingual, random
from gradsim_core.grouping.constraints import Constraints
from gradsim_core.grouping.exact import exact, optima_by_k
from gradsim_core.grouping.local_search import local_search
from gradsim_core.grouping.overlapping import overlapping
from gradsim_core.grouping.problem import KRule, Problem, problem_of
from gradsim_core.grouping.result import Grouping

STRATEGIES: Mapping[str, Callable[[Problem], Grouping]] = {
    "exact": exact,
    "overlapping": overlapping,
    "agglomerative": agglomerative,
    "spectral": spectral,
    "k_means": k_means,
    "local_search": local_search,
    "monolingual": monolingual,
    "all_languages": all_languages,
    "family": family,
    "random": random,
}

COMPARISONS = ("monolingual", "all_languages", "family", "random")
"""Strategies that do not look at the similarity."""

_K_RULES: Mapping[str, KRule] = {"overlapping": "most", "monolingual": "none",
                                 "all_languages": "none", "family": "none"}


def group(similarity: np.ndarray, strategy: str = "exact", *, k: int | None = None,
          k_range: tuple[int, int] | None = None, constraints: Constraints | None = None,
          alone: float = 0.0, seed: int = 0,
          lineages: Sequence[Sequence[str]] | None = None, sizes: Sequence[int] | None = None,
          names: Sequence[str] | None = None, time_limit_s: float = 60.0) -> Grouping:
    """Group languages by similarity.

    Parameters
    ----------
    similarity : (L, L), finite off the diagonal; row l counts for language l
    strategy : a name in STRATEGIES
    k, k_range : number of groups, or the least and the most; neither: 1..L
    constraints : sizes, must-links and cannot-links
    alone : score of a language that is alone in its group
    seed : of strategies that draw at random
    lineages : per language its genealogy from the family down, for `family`
    sizes : group sizes, for `random`; without them K nearly equal groups
    names : per language, for messages
    time_limit_s : seconds for each integer program

    Returns
    -------
    Grouping
        With objective, bound and proof as far as the strategy has them.

    Raises
    ------
    GroupingError
        If the strategy is unknown, a similarity is NaN or infinite (the languages are named),
        or no grouping can meet K, sizes and links (those in conflict are named).

    Examples
    --------
    >>> near = np.array([[1, .9, .1, 0], [.9, 1, 0, .1], [.1, 0, 1, .8], [0, .1, .8, 1]])
    >>> group(near, k=2).groups
    ((0, 1), (2, 3))
    """
    if strategy not in STRATEGIES:
        raise GroupingError(choice("Strategy", strategy, STRATEGIES))
    problem = problem_of(similarity, k, k_range, constraints or Constraints(), alone=alone,
                         seed=seed, lineages=lineages, sizes=sizes, names=names,
                         time_limit_s=time_limit_s, k_rule=_K_RULES.get(strategy, "groups"))
    return STRATEGIES[strategy](problem)


def groupings_by_k(similarity: np.ndarray, *, k_range: tuple[int, int] | None = None,
                   constraints: Constraints | None = None, alone: float = 0.0,
                   names: Sequence[str] | None = None) -> dict[int, Grouping]:
    """The proved best grouping for every possible K, in one run; for up to 17 languages.

    Parameters
    ----------
    similarity, k_range, constraints, alone, names : as for `group`

    Returns
    -------
    dict
        K -> Grouping, ascending; a K that no grouping within the limits has is left out.

    Raises
    ------
    GroupingError
        As `group`, and if there are too many languages for one table.
    """
    problem = problem_of(similarity, None, k_range, constraints or Constraints(), alone=alone,
                         seed=0, lineages=None, sizes=None, names=names, time_limit_s=60.0)
    return optima_by_k(problem)
