"""Groupings that a chosen one is compared with; they follow a rule and optimise nothing.

`monolingual` and `all_languages` are the two ends. `family` takes genealogy. `random` draws
groups of given sizes. The oracle of an experiment needs no strategy of its own: it is `exact`
on a matrix of measured transfer.

Conventions
-----------
The first three follow from the languages alone, so K, sizes and links do not apply to them,
and the note says so where any were given. `random` respects all limits, by drawing again.
"""

from __future__ import annotations

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.constraints import broken, impossible
from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.result import Grouping, grouping_of

_DRAWS = 2_000


def monolingual(problem: Problem) -> Grouping:
    """Each language alone."""
    groups = [[language] for language in range(len(problem.similarity))]
    return _comparison(groups, "monolingual", problem, "Each language alone.")


def all_languages(problem: Problem) -> Grouping:
    """All languages in one group."""
    groups = [list(range(len(problem.similarity)))]
    return _comparison(groups, "all_languages", problem, "All languages together.")


def family(problem: Problem) -> Grouping:
    """Languages by genealogy, at the depth that gives nearest to K groups (else by family).

    A lineage that ends early stays one branch; a language of unknown lineage is alone.

    Raises
    ------
    GroupingError
        If there are no lineages, or not one for each language.
    """
    n_languages = len(problem.similarity)
    if problem.lineages is None or len(problem.lineages) != n_languages:
        given = 0 if problem.lineages is None else len(problem.lineages)
        raise GroupingError(f"Grouping by family needs a lineage for each of {n_languages} "
                            f"languages; {given} were given. Pass lineages, or choose another "
                            "strategy.")
    lineages = [tuple(lineage) for lineage in problem.lineages]
    deepest = max(1, *(len(lineage) for lineage in lineages))
    cuts = [_branches(lineages, depth) for depth in range(1, deepest + 1)]
    chosen = 0
    if problem.k is not None:
        k = problem.k
        chosen = min(range(deepest), key=lambda depth: (abs(len(cuts[depth]) - k), depth))
    unknown = sum(not lineage for lineage in lineages)
    note = f"Genealogy at depth {chosen + 1} (1 is the family)."
    if unknown:
        note += f" {unknown} languages of unknown lineage are alone."
    return _comparison(cuts[chosen], "family", problem, note)


def random(problem: Problem) -> Grouping:
    """Groups of given sizes, or K nearly equal ones, filled at random.

    Raises
    ------
    GroupingError
        If neither sizes nor K are given, sizes do not sum to the number of languages, or 2,000
        draws never meet the constraints.
    """
    sizes = _sizes(problem)
    generator = np.random.default_rng(problem.seed)
    ends = np.cumsum(sizes)[:-1]
    for _ in range(_DRAWS):
        groups = [[int(language) for language in part] for part in
                  np.split(generator.permutation(len(problem.similarity)), ends)]
        if not broken(groups, problem.constraints):
            shown = ", ".join(str(size) for size in sizes[:12]) + ("…" if len(sizes) > 12 else "")
            return grouping_of(groups, "random", problem.similarity, problem.alone,
                               note=f"Random groups of {shown} languages, "
                                    f"seed {problem.seed}.")
    reason = impossible(len(sizes), len(sizes), problem.constraints, problem.names)
    raise GroupingError(f"{_DRAWS} random draws met no such grouping. {reason}"[:400])


def _sizes(problem: Problem) -> list[int]:
    n_languages = len(problem.similarity)
    if problem.sizes is None:
        if problem.k is None:
            raise GroupingError("Random groups have no best number. Give K, or in Python sizes.")
        return [len(part) for part in np.array_split(np.arange(n_languages), problem.k)]
    sizes = list(problem.sizes)
    if any(size < 1 for size in sizes) or sum(sizes) != n_languages:
        raise GroupingError(f"Random groups of sizes {str(sizes)[:80]} do not hold "
                            f"{n_languages} languages exactly. Change the sizes.")
    if problem.k is not None and problem.k != len(sizes):
        raise GroupingError(f"K = {problem.k}, but {len(sizes)} sizes were given. Drop one.")
    return sizes


def _branches(lineages: list[tuple[str, ...]], depth: int) -> list[list[int]]:
    branches: dict[tuple, list[int]] = {}
    for language, lineage in enumerate(lineages):
        branches.setdefault(lineage[:depth] or (language,), []).append(language)
    return list(branches.values())


def _comparison(groups: list[list[int]], strategy: str, problem: Problem, note: str) -> Grouping:
    if not problem.constraints.free:
        note += " Sizes and links do not apply to this comparison."
    return grouping_of(groups, strategy, problem.similarity, problem.alone, note=note)
