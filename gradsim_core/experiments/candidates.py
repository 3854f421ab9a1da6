"""Candidates: the groups that each strategy of an experiment trains.

Conventions
-----------
Every strategy groups the same languages: those whose gradient similarity is defined. The random
groupings have the sizes of the plan's first strategy, `family` takes the depth of the genealogy
that gives nearest to its number of groups; a measure, a table or the oracle gives as many. K is the
rule's; without one it is the square root of the number of languages, rounded; among several
(``k_min`` to ``k_max``) an experiment takes the one whose gradient groups score best on DEV with
the first seed, and a plan led by another strategy that needs a K the least.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.decision import make_grouping, placed_languages, read_similarity
from gradsim_core.errors import GroupingError
from gradsim_core.experiments.plans import EVERY_MEASURE, Plan, is_measure
from gradsim_core.gram import Similarity
from gradsim_core.grouping import Constraints, Grouping, group
from gradsim_core.measures import Measure
from gradsim_core.results import Results


@dataclass(frozen=True)
class Candidate:
    """The groups that a strategy trains.

    Attributes
    ----------
    groups : codes of each group
    serves : code -> position of the group whose model serves the language
    how : what made it, in a few words for people
    """

    strategy: str
    groups: tuple[tuple[str, ...], ...]
    serves: Mapping[str, int]
    how: str

    def group_of(self, code: str) -> tuple[str, ...]:
        """The languages that are trained together for this one."""
        return self.groups[self.serves[code]]


def similarity_of(results: Results, plan: Plan) -> tuple[Similarity, list[str]]:
    """The gradient similarity as the plan reads it, and the codes that can be grouped."""
    found = read_similarity(results, plan.reading)
    return found, [found.languages[i] for i in placed_languages(found)]


def numbers_of_groups(plan: Plan, n_languages: int) -> list[int]:
    """K, or those among which dev scores choose.

    Raises
    ------
    GroupingError
        If both K and a range are given, half of a range, or one without a K that can be met.
    """
    k, low, high = plan.rule.k, plan.rule.k_min, plan.rule.k_max
    if (low is None) != (high is None) or (k and low):
        raise GroupingError("Give k, or both k_min and k_max, or none of them "
                            f"(k={k}, k_min={low}, k_max={high}).")
    if k:
        return [k]
    if low and high:
        found = list(range(low, min(high, n_languages) + 1))
        if not found:
            raise GroupingError(f"k_min={low} to k_max={high} holds no number of groups for "
                                f"{n_languages} languages. Lower k_min, or raise k_max.")
        return found
    return [round(math.sqrt(n_languages))]


def gradient_options(results: Results, plan: Plan) -> list[Candidate]:
    """The gradient groups for every K that the plan leaves open; none where it compares none."""
    if "gradient" not in plan.strategies:
        return []
    _, codes = similarity_of(results, plan)
    return [gradient_groups(results, plan, k) for k in numbers_of_groups(plan, len(codes))]


def known_candidates(results: Results, plan: Plan, gradient: Candidate | None,
                     measures: Mapping[str, Measure] | None = None
                     ) -> dict[str, list[Candidate]]:
    """The groups that follow from study and plan: of every strategy but `oracle`.

    Parameters
    ----------
    gradient : the gradient groups, if the plan has them
    measures : those of the study; the strategy `measures` stands for each that can group

    Returns
    -------
    dict
        Strategy -> its one candidate, the plan's first strategy first; `random` has one a draw.

    Raises
    ------
    GroupingError
        If a measure that the plan names is not among those given, or cannot group.
    """
    _, codes = similarity_of(results, plan)
    given = measures or {}
    name, *others = _with_measures(plan.strategies, given, codes)
    first = _known(name, results, plan, codes, gradient, given,
                   numbers_of_groups(plan, len(codes))[0])
    found = {name: [first]}
    for other in others:
        if other == "random":
            found[other] = random_groups(codes, sizes_served(first), plan.draws)
        elif other != "oracle":
            found[other] = [_known(other, results, plan, codes, gradient, given,
                                   len(first.groups))]
    return found


def _with_measures(strategies: Sequence[str], measures: Mapping[str, Measure],
                   codes: Sequence[str]) -> list[str]:
    """The strategies, with `measures` put in words."""
    every = [name for name, one in measures.items()
             if is_measure(name) and not one.directed and _can_group(one, codes)]
    return list(dict.fromkeys(name for asked in strategies
                              for name in (every if asked == EVERY_MEASURE else [asked])))


def _can_group(measure: Measure, codes: Sequence[str]) -> bool:
    """Whether every language has a value with some other one."""
    return bool(np.isfinite(measure.among(codes).values).any(axis=1).all())


def _known(name: str, results: Results, plan: Plan, codes: Sequence[str],
           gradient: Candidate | None, measures: Mapping[str, Measure], k: int) -> Candidate:
    if name == "gradient" and gradient:
        return gradient
    if is_measure(name):
        return measure_groups(name, plan, codes, measures, k)
    if name == "hand":
        return hand_groups(plan, codes)
    if name == "table":
        return table_groups(plan, codes, k)
    return comparison_groups(name, results, plan, k)


def sizes_served(candidate: Candidate) -> list[int]:
    """How many languages each group serves, largest first."""
    served = list(candidate.serves.values())
    return sorted((served.count(at) for at in set(served)), reverse=True)


def gradient_groups(results: Results, plan: Plan, k: int) -> Candidate:
    """The groups that the gradients' similarity gives."""
    found, codes = similarity_of(results, plan)
    rule = plan.rule.model_copy(update={"k": k, "k_min": None, "k_max": None})
    made = make_grouping(results, found, rule)
    return _candidate("gradient", made, codes, f"{made.strategy}, K = {made.k}, "
                      f"{plan.reading.blocks}, {found.correction}")


def comparison_groups(name: str, results: Results, plan: Plan, k: int) -> Candidate:
    """Groups that look at neither gradients nor scores: monolingual, all_languages, family."""
    _, codes = similarity_of(results, plan)
    lineages = {one["code"]: tuple(one["lineage"]) for one in results.record["languages"]}
    made = group(np.eye(len(codes)), name, k=k if name == "family" else None,
                 lineages=[lineages[code] for code in codes])
    if name == "all_languages":  # those that cannot be grouped are trained along
        every = tuple(sorted(results.record["sources"]))
        return Candidate(name, (every,), dict.fromkeys(codes, 0), f"{len(every)} languages")
    return _candidate(name, made, codes, made.note.rstrip("."))


def random_groups(codes: Sequence[str], sizes: Sequence[int], draws: int) -> list[Candidate]:
    """Groupings of given sizes, drawn at random, each with its own seed from 0 on."""
    return [_candidate("random", group(np.eye(len(codes)), "random", sizes=sizes, seed=draw),
                       codes, f"sizes {', '.join(map(str, sizes))}") for draw in range(draws)]


def groups_from_matrix(name: str, matrix: np.ndarray, codes: Sequence[str], plan: Plan, k: int,
                       how: str) -> Candidate:
    """The best groups by any similarity; row l says how near the others are to language l."""
    off = ~np.eye(len(codes), dtype=bool) & np.isfinite(matrix)
    level = np.array([row[known].mean() if known.any() else 0.0
                      for row, known in zip(matrix, off, strict=True)])
    rows = np.where(off, matrix - level[:, None], 0.0)  # a language's own level is no nearness
    made = group(rows, "exact" if len(codes) <= 17 else "local_search", k=k, names=list(codes),
                 constraints=Constraints(plan.rule.smallest, plan.rule.largest))
    return _candidate(name, made, codes, f"{how}, K = {k}")


def table_groups(plan: Plan, codes: Sequence[str], k: int) -> Candidate:
    """The best groups by the plan's own table."""
    if plan.table is None:
        raise GroupingError("The strategy 'table' needs a similarity table. Give one with --table.")
    at = {code: i for i, code in enumerate(plan.table.languages)}
    absent = [code for code in codes if code not in at]
    if absent:
        raise GroupingError(f"The table {plan.table.title[:60]!r} lacks {', '.join(absent[:10])}. "
                            "Add them, or run a study without them.")
    whole = np.array([[np.nan if cell is None else cell for cell in row]
                      for row in plan.table.matrix], dtype=float)
    rows = [at[code] for code in codes]
    matrix = whole[np.ix_(rows, rows)]
    missing = np.argwhere(~np.isfinite(matrix) & ~np.eye(len(codes), dtype=bool))
    if len(missing):
        a, b = missing[0]
        raise GroupingError(f"The table {plan.table.title[:60]!r} has no value for {codes[a]} and "
                            f"{codes[b]}. Fill it in, or run a study without them.")
    return groups_from_matrix("table", matrix, codes, plan, k, plan.table.title)


def measure_groups(name: str, plan: Plan, codes: Sequence[str],
                   measures: Mapping[str, Measure], k: int) -> Candidate:
    """The best groups by a measure; row l says what others bring to language l."""
    if name not in measures:
        raise GroupingError(f"The study has no measure {name[:60]!r}. `gradsim measures` shows "
                            "those it has, and why others cannot be had.")
    measure = measures[name]
    if not _can_group(measure, codes):
        bare = [code for code, row in zip(codes, measure.among(codes).values, strict=True)
                if not np.isfinite(row).any()]
        raise GroupingError(f"Measure {name} has no value for {', '.join(bare[:10])}. Leave it out "
                            "of the strategies, or run a study without them.")
    missing = 1 - measure.among(codes).coverage
    how = measure.title + (f", {missing:.0%} of pairs missing" if missing else "")
    return groups_from_matrix(name, measure.among(codes).values.T, codes, plan, k, how)


def hand_groups(plan: Plan, codes: Sequence[str]) -> Candidate:
    """The plan's own groups: each language that can be grouped stands in exactly one."""
    if not plan.groups:
        raise GroupingError("The strategy 'hand' needs groups. Give a JSON file with --groups.")
    serves: dict[str, int] = {}
    for at, members in enumerate(plan.groups):
        for code in members:
            if code in serves:
                raise GroupingError(f"Language {code!r} stands twice in the given groups. Leave "
                                    "it in one, once.")
            serves[code] = at
    absent = [code for code in codes if code not in serves]
    unknown = [code for code in serves if code not in codes]
    if absent or unknown:
        raise GroupingError(
            "The given groups " + " and ".join(filter(None, (
                f"lack {', '.join(absent[:8])}" if absent else "",
                f"name {', '.join(map(repr, unknown[:8]))}, which this study cannot group"
                if unknown else ""))) + ". Put each language of the study in one group.")
    return Candidate("hand", tuple(tuple(sorted(members)) for members in plan.groups), serves,
                     plan.groups_title or f"K = {len(plan.groups)}")


def _candidate(strategy: str, made: Grouping, codes: Sequence[str], how: str) -> Candidate:
    groups = tuple(tuple(sorted(codes[i] for i in members)) for members in made.groups)
    serves = made.serves or tuple(next(at for at, members in enumerate(made.groups)
                                       if i in members) for i in range(len(codes)))
    return Candidate(strategy, groups, {code: serves[i] for i, code in enumerate(codes)}, how)
