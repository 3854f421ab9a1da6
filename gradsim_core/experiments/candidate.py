"""A candidate: the groups that a strategy trains, and which of them serves each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradsim_core.grouping import Grouping


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


def candidate_of(strategy: str, made: Grouping, codes: Sequence[str], how: str) -> Candidate:
    """The candidate of a grouping of these languages."""
    groups = tuple(tuple(sorted(codes[i] for i in members)) for members in made.groups)
    serves = made.serves or tuple(next(at for at, members in enumerate(made.groups)
                                       if i in members) for i in range(len(codes)))
    return Candidate(strategy, groups, {code: serves[i] for i, code in enumerate(codes)}, how)
