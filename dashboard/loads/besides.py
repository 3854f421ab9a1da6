"""Two studies held against each other, computed once and kept for the next look (see `data`)."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.beside import Beside, among, groupable, held_beside, rule_for
from dashboard.loads.data import results, stamp, store
from gradsim_core import (
    GradSimError,
    Grouping,
    Reading,
    Rule,
    adjusted_rand_index,
    make_grouping,
    moved,
)


@dataclass(frozen=True)
class GroupsBeside:
    """What one rule makes of the languages that two studies share.

    Attributes
    ----------
    languages : codes of those that both can group
    first, second : the groups
    agreement : adjusted Rand index
    moved : codes of the fewest languages that must move so that the groups are the same
    """

    languages: tuple[str, ...]
    first: Grouping
    second: Grouping
    agreement: float
    moved: tuple[str, ...]


def beside_of(signature: str, other: str, reading: Reading) -> Beside:
    """What two studies say of the languages that both have."""
    return _beside(str(store().root), signature, other, (stamp(signature), stamp(other)), reading)


def groups_beside(signature: str, other: str, reading: Reading,
                  rule: Rule) -> tuple[GroupsBeside | None, str]:
    """The groups of one rule in two studies; or None and why there are none."""
    try:
        return _groups(str(store().root), signature, other, (stamp(signature), stamp(other)),
                       reading, rule), ""
    except GradSimError as error:
        return None, str(error)


@st.cache_resource(max_entries=32, show_spinner="Holding the studies against each other …")
def _beside(root: str, signature: str, other: str, written: tuple[tuple[int, ...], ...],
            reading: Reading) -> Beside:
    return held_beside(results(signature), results(other), reading)


@st.cache_resource(max_entries=32, show_spinner="Looking for the best groups …")
def _groups(root: str, signature: str, other: str, written: tuple[tuple[int, ...], ...],
            reading: Reading, rule: Rule) -> GroupsBeside:
    found = _beside(root, signature, other, written, reading)
    codes = groupable(found)
    fitting = rule_for(rule, codes)
    one, two = (make_grouping(results(name), among(similarity, codes), fitting)
                for name, similarity in ((signature, found.first), (other, found.second)))
    return GroupsBeside(codes, one, two, adjusted_rand_index(one.serves, two.serves),
                        tuple(codes[i] for i in moved(one.serves, two.serves)))
