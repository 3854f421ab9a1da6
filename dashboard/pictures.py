"""Similarities with what it takes to draw them, and groups, kept for the next look (see `data`).

Languages go by their English names, or by their own where the address asks for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard.data import results, stamp, store
from dashboard.state import current_selection
from gradsim_core import (
    Grouping,
    Language,
    Reading,
    Rule,
    Similarity,
    leaf_order,
    linkage_tree,
    make_grouping,
    own_name,
    placed_languages,
    read_similarity,
)


@dataclass(frozen=True)
class LanguageFacts:
    """What is known of a language, as plain text.

    Attributes
    ----------
    name : as the page calls it
    english : English name
    family, branch, script : None where unknown
    latitude, longitude : degrees; None where unknown
    rows : training rows
    """

    code: str
    name: str
    english: str
    glottocode: str | None
    family: str | None
    branch: str | None
    script: str | None
    latitude: float | None
    longitude: float | None
    rows: int


@dataclass(frozen=True)
class Picture:
    """A similarity with what it takes to draw it.

    Attributes
    ----------
    found : the similarity
    order : positions of its languages: those of the tree in leaf order, then the undefined ones
    tree : linkage over the placed languages; None with fewer than two
    names, branches : code -> name as the page calls it, code -> branch
    facts : code -> what is known of every language of the study
    """

    found: Similarity
    order: tuple[int, ...]
    tree: np.ndarray | None
    names: Mapping[str, str]
    branches: Mapping[str, str | None]
    facts: Mapping[str, LanguageFacts]

    def label(self, code: str) -> str:
        """Name with code, as plain text."""
        name = self.names.get(code, code)
        return name if name == code else f"{name} ({code})"


def picture(signature: str, reading: Reading) -> Picture:
    """A study's similarity, read as asked, with its tree."""
    return _picture(str(store().root), signature, stamp(signature), reading,
                    current_selection().naming)


def facts(signature: str, naming: str | None = None) -> Mapping[str, LanguageFacts]:
    """Code -> what is known of each language of a study."""
    return _facts(str(store().root), signature, stamp(signature),
                  naming or current_selection().naming)


def grouping(signature: str, reading: Reading, rule: Rule) -> Grouping:
    """The groups that a rule makes of a study's languages."""
    return _grouping(str(store().root), signature, stamp(signature), reading, rule)


@st.cache_resource(max_entries=16, show_spinner=False)
def _facts(root: str, signature: str, written: tuple[int, ...],
           naming: str) -> Mapping[str, LanguageFacts]:
    record = results(signature).record
    found = {}
    for one in record["languages"]:
        language = Language(one["code"], one["name"], lineage=tuple(one["lineage"]))
        own = own_name(one["iso639_3"] or one["code"], one["script"]) if naming == "own" else None
        found[language.code] = LanguageFacts(
            language.code, own or language.name, language.name, one["glottocode"],
            language.family, language.branch, one["script"], one["latitude"], one["longitude"],
            record["rows"].get(language.code, {}).get("train", 0))
    return found


@st.cache_resource(max_entries=64, show_spinner=False)
def _picture(root: str, signature: str, written: tuple[int, ...], reading: Reading,
             naming: str) -> Picture:
    loaded = results(signature)
    found = read_similarity(loaded, reading)
    placed = placed_languages(found)
    tree, order = None, list(placed)
    if len(placed) > 1:
        tree = linkage_tree(found.matrix[placed][:, placed])
        order = [placed[leaf] for leaf in leaf_order(tree)]
    order += [i for i in range(len(found.languages)) if i not in set(placed)]
    known = _facts(root, signature, written, naming)
    return Picture(found, tuple(order), tree, {code: one.name for code, one in known.items()},
                   {code: one.branch for code, one in known.items()}, known)


@st.cache_resource(max_entries=64, show_spinner="Looking for the best groups …")
def _grouping(root: str, signature: str, written: tuple[int, ...], reading: Reading,
              rule: Rule) -> Grouping:
    loaded = results(signature)
    return make_grouping(loaded, read_similarity(loaded, reading), rule)
