"""What the groups page says of groups, in words and small tables.

Conventions
-----------
Functions are pure and return plain text; who shows it escapes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from dashboard.words.summaries import count
from gradsim_core import (
    SavedGrouping,
    Similarity,
    agreement,
    linkage_tree,
    serving_groups,
    tree_labels,
    worth,
)

HOW = {"exact": "by the objective", "overlapping": "by the objective, may overlap",
       "agglomerative": "by average linkage", "spectral": "by spectral clustering",
       "k_means": "by k-means", "monolingual": "of one language each",
       "all_languages": "of all languages", "random": "at random"}
"""Strategy -> how groups were made, after their number, where its own name does not say it."""

MOST_MOVED = 12
"""Languages that move, up to which each is named."""


@dataclass(frozen=True)
class Compared:
    """One of several groupings that are held against each other.

    Attributes
    ----------
    groups : codes of each
    serves : code -> position of the group that serves the language
    """

    title: str
    groups: Sequence[Sequence[str]]
    serves: Mapping[str, int]


def compared(title: str, decision: Mapping[str, Any]) -> Compared:
    """A decision, to be held against others."""
    return Compared(title, [[one["code"] for one in group["languages"]]
                            for group in decision["groups"]], serving_groups(decision))


def comparison_table(several: Sequence[Compared], found: Similarity,
                     names: Mapping[str, str]) -> dict[str, list[Any]]:
    """Every two of some groupings: how alike they are, who moves, and what each is worth.

    Parameters
    ----------
    found : the similarity by which all are scored
    names : code -> name of its language
    """
    value = [worth(found, one.groups, one.serves) for one in several]
    rows: dict[str, list[Any]] = {name: [] for name in (
        "First", "Second", "Adjusted Rand index", "Objective of the first", "Of the second",
        "Difference", "Who moves")}
    for a, b in combinations(range(len(several)), 2):
        likeness = agreement(several[a].serves, several[b].serves)
        first, second = value[a], value[b]
        told = [_listed(likeness.moved, names) or "nobody"]
        told += [f"only the {which} groups {_listed(codes, names)}" for which, codes in (
            ("first", likeness.only_one), ("second", likeness.only_other)) if codes]
        rows["First"].append(several[a].title)
        rows["Second"].append(several[b].title)
        rows["Adjusted Rand index"].append(likeness.index)
        rows["Who moves"].append("; ".join(told))
        rows["Objective of the first"].append(first)
        rows["Of the second"].append(second)
        rows["Difference"].append(
            None if first is None or second is None else second - first)
    return rows


def saved_table(saved: Sequence[SavedGrouping]) -> dict[str, list[Any]]:
    """The groupings that are kept, one a row."""
    return {"Name": [one.name for one in saved],
            "K": [len(one.decision["groups"]) for one in saved],
            "How": [how_made(str(one.decision["rule"]["strategy"])) for one in saved],
            "Objective": [(one.decision.get("result") or {}).get("objective") for one in saved],
            "Read from": [f"{one.decision['similarity'].get('blocks')}, "
                          f"{str(one.decision['similarity'].get('correction')).replace('_', ' ')}"
                          for one in saved]}


def halves(found: Similarity, codes: Sequence[str]) -> tuple[list[str], list[str]]:
    """The two branches of the tree of a group's languages; the second empty for one language."""
    at = [found.languages.index(code) for code in codes]
    if len(at) < 2:
        return list(codes), []
    labels = tree_labels(linkage_tree(found.matrix[at][:, at]), k=2)
    first, second = ([code for code, label in zip(codes, labels, strict=True) if label == which]
                     for which in (0, 1))
    return first, second


def how_made(strategy: str) -> str:
    """How groups were made, to stand after their number.

    Examples
    --------
    >>> how_made("exact"), how_made("local_search")
    ('by the objective', 'by local search')
    """
    return HOW.get(strategy, f"by {strategy.replace('_', ' ')}")


def shown_name(name: str) -> str:
    """A group's name as a title: numbers get a capital, names that somebody gave stay.

    Examples
    --------
    >>> shown_name("group 2"), shown_name("west")
    ('Group 2', 'west')
    """
    return name.capitalize() if re.fullmatch(r"group \d+", name) else name


def changes_words(changes: int, undone: int) -> str:
    """How many changes by hand there are, and how many are undone."""
    if not changes and not undone:
        return "No change yet. Every one can be undone."
    return count(changes, "change") + (f", {undone} undone" if undone else "")


def kept_words(changes: int, k: int, strategy: str, opened: bool) -> str:
    """What edited groups that were left are: their changes, and what was changed.

    Examples
    --------
    >>> kept_words(2, 3, "agglomerative", False), kept_words(1, 0, "exact", True)
    ('2 changes to 3 groups by average linkage', '1 change to a saved grouping')
    """
    base = ("a saved grouping" if opened else
            f"{count(k, 'group') if k else 'groups'} {how_made(strategy)}")
    return f"{count(changes, 'change')} to {base}"


def _listed(codes: Sequence[str], names: Mapping[str, str]) -> str:
    shown = ", ".join(names.get(code, code) for code in codes[:MOST_MOVED])
    more = len(codes) - MOST_MOVED
    return f"{shown} and {more} more" if more > 0 else shown
