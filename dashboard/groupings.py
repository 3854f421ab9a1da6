"""The groups that pages show: those of the rule, or as they were changed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.pictures import grouping, picture
from dashboard.selection import Selection, reading_of, rule_of
from gradsim_core import Grouping, Rule, placed_languages


@dataclass(frozen=True)
class ShownGroups:
    """Groups of a study's languages.

    Attributes
    ----------
    rule : what they come from
    made : the groups, over the languages of `placed_languages`
    names : of the groups
    group_of : code -> position of the group that serves the language
    """

    rule: Rule
    made: Grouping
    names: tuple[str, ...]
    group_of: Mapping[str, int]


def shown_groups(signature: str, selection: Selection) -> ShownGroups:
    """The groups that the selection asks for.

    Raises
    ------
    GroupingError
        If the rule cannot be met.
    """
    reading, rule = reading_of(selection), rule_of(selection)
    found = picture(signature, reading).found
    made = grouping(signature, reading, rule)
    codes = [found.languages[i] for i in placed_languages(found)]
    names = tuple(f"group {at + 1}" for at in range(len(made.groups)))
    return ShownGroups(rule, made, names, dict(zip(codes, made.serves, strict=True)))
