"""Groups that somebody made by hand: what they are worth, and which limits they break.

Conventions
-----------
Each language stands in one group, or in none: then it is left out, and counts neither for the
objective nor for the bound. Limits that the groups break are told in words and never refused; the
bound is then that of any groups with the same K, without the limits. Up to 14 languages the bound
is the score of the best groups with that K, above that `bounds.upper_bound`, so that an edit is
answered at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.bounds import upper_bound
from gradsim_core.grouping.constraints import Constraints
from gradsim_core.grouping.exact import exact
from gradsim_core.grouping.problem import problem_of
from gradsim_core.grouping.result import Grouping, canonical, grouping_of

MOST_SOLVED = 14
"""Languages up to which the best groups are looked for: a few hundredths of a second."""

_MOST_TOLD = 4


def by_hand(similarity: np.ndarray, groups: Sequence[Sequence[int]], *,
            constraints: Constraints | None = None, alone: float = 0.0,
            names: Sequence[str] | None = None) -> Grouping:
    """Score groups that are given.

    Parameters
    ----------
    similarity : (L, L), finite off the diagonal
    groups : language indexes; no language twice, and not every language need be there
    constraints : limits that were asked for; those that are broken are named in the note
    alone : score of a language that is alone in its group
    names : per language, for the note

    Returns
    -------
    Grouping
        Never proved; a language that is left out is served by −1.

    Raises
    ------
    GroupingError
        If there is no group, one is empty, or a language stands in two.
    """
    everyone = [member for group in groups for member in group]
    if not groups or not all(groups) or len(set(everyone)) < len(everyone):
        raise GroupingError("Groups made by hand hold each language once, and none is empty. "
                            "Change them.")
    names = names or [f"language {index}" for index in range(len(similarity))]
    limits = constraints or Constraints()
    told = breaches(groups, limits, names)
    inside = sorted(everyone)
    place = {language: at for at, language in enumerate(inside)}
    kept = Constraints() if told else Constraints(
        limits.smallest, limits.largest,
        tuple((place[a], place[b]) for a, b in limits.must_link if {a, b} <= set(inside)),
        tuple((place[a], place[b]) for a, b in limits.cannot_link if {a, b} <= set(inside)))
    matrix = np.asarray(similarity, dtype=np.float64)[np.ix_(inside, inside)]
    problem = problem_of(matrix, len(groups), None, kept, alone=alone, seed=0, lineages=None,
                         sizes=None, names=[names[i] for i in inside], time_limit_s=0.0)
    bound = exact(problem).objective if len(inside) <= MOST_SOLVED else upper_bound(problem)
    made = grouping_of([[place[one] for one in group] for group in groups], "hand",
                       problem.similarity, alone, bound=bound if np.isfinite(bound) else None)
    serves = np.full(len(similarity), -1)
    serves[inside] = made.serves
    left_out = len(similarity) - len(inside)
    note = " ".join(filter(None, (
        "Made by hand.", f"{left_out} left out." if left_out else "",
        f"Not as asked: {'; '.join(told)}." if told else "")))
    return Grouping(canonical(groups), "hand", made.k, made.objective, made.bound, False,
                    serves=tuple(map(int, serves)), note=note)


def breaches(groups: Sequence[Sequence[int]], limits: Constraints,
             names: Sequence[str]) -> list[str]:
    """What groups do against the limits, a few words each; links of languages left out are kept.

    Examples
    --------
    >>> breaches([[0, 1], [2]], Constraints(smallest=2, must_link=((1, 2),)), ["Ewe", "Twi", "Ga"])
    ['a group of 1 language, at least 2 asked', 'Twi and Ga stand apart']
    """
    sizes, at = [len(group) for group in groups], {
        member: number for number, group in enumerate(groups) for member in group}
    found = []
    if min(sizes) < limits.smallest:
        found.append(f"a group of {_languages(min(sizes))}, at least {limits.smallest} asked")
    if limits.largest is not None and max(sizes) > limits.largest:
        found.append(f"a group of {_languages(max(sizes))}, at most {limits.largest} asked")
    for links, together, words in ((limits.must_link, True, "stand apart"),
                                   (limits.cannot_link, False, "share a group")):
        pairs = [f"{names[a][:30]} and {names[b][:30]} {words}" for a, b in links
                 if a in at and b in at and (at[a] == at[b]) != together]
        found += pairs[:_MOST_TOLD]
        if len(pairs) > _MOST_TOLD:
            found.append(f"{len(pairs) - _MOST_TOLD} more pairs {words}")
    return found


def _languages(n: int) -> str:
    return f"{n} language{'s' * (n != 1)}"
