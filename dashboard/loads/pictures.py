"""Similarities with what it takes to draw them, and groups, kept for the next look (see `data`).

Languages go by their English names, or by their own where the address asks for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import streamlit as st

from dashboard.loads.data import results, stamp, store
from dashboard.shown import MOST_IN_FULL, LanguageFacts, Picture, drawn, part_of, pooled
from dashboard.state import current_selection
from gradsim_core import (
    Grouping,
    Language,
    Reading,
    Rule,
    make_grouping,
    own_name,
    read_similarity,
)


def picture(signature: str, reading: Reading) -> Picture:
    """A study's similarity, read as asked, with its tree."""
    return _picture(str(store().root), signature, stamp(signature), reading,
                    current_selection().naming)


def part(signature: str, reading: Reading,
         codes: tuple[str, ...]) -> tuple[Picture, Mapping[str, tuple[str, ...]]]:
    """Some languages of a study's similarity, and what `pooled` makes of very many.

    Returns
    -------
    tuple
        The picture; and row -> its languages, empty where each row is one.
    """
    return _part(str(store().root), signature, stamp(signature), reading,
                 current_selection().naming, codes)


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
    return MappingProxyType(found)


@st.cache_resource(max_entries=64, show_spinner=False)
def _picture(root: str, signature: str, written: tuple[int, ...], reading: Reading,
             naming: str) -> Picture:
    loaded = results(signature)
    found = read_similarity(loaded, reading)
    known = _facts(root, signature, written, naming)
    names = MappingProxyType({code: one.name for code, one in known.items()})
    branches = MappingProxyType({code: one.branch for code, one in known.items()})
    return drawn(Picture(found, (), None, names, branches, known), found)


@st.cache_resource(max_entries=64, show_spinner=False)
def _part(root: str, signature: str, written: tuple[int, ...], reading: Reading, naming: str,
          codes: tuple[str, ...]) -> tuple[Picture, Mapping[str, tuple[str, ...]]]:
    found = part_of(_picture(root, signature, written, reading, naming), codes)
    return pooled(found) if len(codes) > MOST_IN_FULL else (found, {})


@st.cache_resource(max_entries=64, show_spinner="Looking for the best groups …")
def _grouping(root: str, signature: str, written: tuple[int, ...], reading: Reading,
              rule: Rule) -> Grouping:
    loaded = results(signature)
    return make_grouping(loaded, read_similarity(loaded, reading), rule)
