"""What each number of groups is worth, kept for the next look (see `data`)."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.loads.data import results, stamp, store
from gradsim_core import (
    Constraints,
    KPoint,
    Reading,
    Rule,
    k_curve,
    placed_languages,
    read_similarity,
)

MOST_EXACT = 16
"""Languages up to which every K is solved exactly: 0.02 s for 12, 1.4 s for 16."""


@dataclass(frozen=True)
class Curve:
    """The best that a strategy makes at each K.

    Attributes
    ----------
    strategy : by which every K was grouped: "exact" or "agglomerative"
    points : ascending in K
    """

    strategy: str
    points: tuple[KPoint, ...]


def curve(signature: str, reading: Reading, rule: Rule) -> Curve:
    """The curve over K under a rule's limits.

    The strategy is the rule's where that is quick, else the nearest that is: with up to MOST_EXACT
    languages the best groups, with more a cut of the tree (0.04 s for 100 languages and 20 K,
    where a local search takes 3 s).

    Raises
    ------
    GroupingError
        If no K can meet the limits.
    """
    limits = Rule(smallest=rule.smallest, largest=rule.largest, must_link=rule.must_link,
                  cannot_link=rule.cannot_link, alone=rule.alone,
                  strategy="agglomerative" if rule.strategy == "agglomerative" else "exact")
    return _curve(str(store().root), signature, stamp(signature), reading, limits)


@st.cache_resource(max_entries=64, show_spinner="Grouping by every K …")
def _curve(root: str, signature: str, written: tuple[int, ...], reading: Reading,
           limits: Rule) -> Curve:
    found = read_similarity(results(signature), reading)
    placed = placed_languages(found)
    codes = [found.languages[i] for i in placed]
    links = [tuple((codes.index(a), codes.index(b)) for a, b in pairs
                   if a in codes and b in codes)
             for pairs in (limits.must_link, limits.cannot_link)]
    strategy = limits.strategy if len(codes) <= MOST_EXACT else "agglomerative"
    return Curve(strategy, k_curve(
        found.matrix[placed][:, placed], strategy, alone=limits.alone,
        constraints=Constraints(limits.smallest, limits.largest, *links)))
