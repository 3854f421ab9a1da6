"""Candidates: the groups that each strategy of an experiment trains.

Conventions
-----------
Every strategy groups the same languages: those whose gradient similarity is defined. The random
groupings have the sizes of the plan's first strategy and heed no links; `family` takes the depth of
the genealogy that gives nearest to its number of groups; a measure, a table or the oracle gives as
many. K is the rule's; without one it is the square root of the number of languages, rounded; among
several (``k_min`` to ``k_max``) an experiment takes the one whose gradient groups score best on DEV
with the first seed, and a plan led by another strategy that needs a K the least.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gradsim_core.decisions.decision import make_grouping, placed_languages, read_similarity
from gradsim_core.errors import GroupingError
from gradsim_core.experiments.candidate import Candidate, candidate_of
from gradsim_core.experiments.matrix_groups import can_group, measure_groups, table_groups
from gradsim_core.experiments.plans import EVERY_MEASURE, Plan, given_place, is_measure
from gradsim_core.grouping import group
from gradsim_core.measures import Measure
from gradsim_core.results import Results
from gradsim_core.similarities.gram import Similarity


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
             if is_measure(name) and not one.directed and can_group(one, codes)]
    return list(dict.fromkeys(name for asked in strategies
                              for name in (every if asked == EVERY_MEASURE else [asked])))


def _known(name: str, results: Results, plan: Plan, codes: Sequence[str],
           gradient: Candidate | None, measures: Mapping[str, Measure], k: int) -> Candidate:
    if name == "gradient" and gradient:
        return gradient
    if is_measure(name):
        return measure_groups(name, plan, codes, measures, k)
    if name == "hand":
        return hand_groups(plan, codes)
    place = given_place(name)
    if place is not None:
        further = plan.given[place]
        return _whole(name, further.groups, codes, f"K = {len(further.groups)}")
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
    return candidate_of("gradient", made, codes, f"{made.strategy}, K = {made.k}, "
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
    return candidate_of(name, made, codes, made.note.rstrip("."))


def random_groups(codes: Sequence[str], sizes: Sequence[int], draws: int) -> list[Candidate]:
    """Groupings of given sizes, drawn at random, each with its own seed from 0 on."""
    return [candidate_of("random", group(np.eye(len(codes)), "random", sizes=sizes, seed=draw),
                       codes, f"sizes {', '.join(map(str, sizes))}") for draw in range(draws)]


def hand_groups(plan: Plan, codes: Sequence[str]) -> Candidate:
    """The plan's own groups: each language that can be grouped stands in exactly one."""
    if not plan.groups:
        raise GroupingError("The strategy 'hand' needs groups. Give a JSON file with --groups.")
    return _whole("hand", plan.groups, codes, plan.groups_title or f"K = {len(plan.groups)}")


def _whole(name: str, groups: tuple[tuple[str, ...], ...], codes: Sequence[str],
           how: str) -> Candidate:
    """Groups that were given, once it is sure that they hold each language once."""
    serves: dict[str, int] = {}
    for at, members in enumerate(groups):
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
    return Candidate(name, tuple(tuple(sorted(members)) for members in groups), serves, how)
