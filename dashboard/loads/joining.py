"""Languages that joined a study later, loaded through the engine and kept for the next look."""

from __future__ import annotations

import streamlit as st

from dashboard.loads.data import results, stamp, store, written
from dashboard.shown import Picture, drawn
from gradsim_core import (
    Joined,
    Placement,
    Reading,
    Results,
    Rule,
    Store,
    joined_increments,
    joined_names,
    load_joined,
    placement,
    read_similarity,
    with_joined,
)


def newcomers(signature: str) -> dict[str, Joined]:
    """``code-id`` -> a language that joined, the newest first; a damaged one is left out."""
    here = store()
    return {name: one for name in joined_names(here, signature)
            if (one := _joined(str(here.root), signature, name, _when(signature, name)))}


def results_with(signature: str, name: str) -> Results:
    """A study's results together with one newcomer."""
    return _with(str(store().root), signature, stamp(signature), name, _when(signature, name))


def place_of(signature: str, name: str, reading: Reading, rule: Rule) -> Placement:
    """Where a newcomer belongs among the groups of a rule."""
    return _place(str(store().root), signature, stamp(signature), name, _when(signature, name),
                  reading, rule)


def picture_with(signature: str, name: str, reading: Reading, names: dict[str, str],
                 branches: dict[str, str | None]) -> Picture:
    """The similarity of all languages and a newcomer, with its tree."""
    loaded = results_with(signature, name)
    found = read_similarity(loaded, reading)
    code = found.languages[-1]
    return drawn(Picture(found, (), None, {**names, code: f"{loaded.names[code]} (joined later)"},
                         {**branches, code: branches.get(code)}, {}), found)


def _when(signature: str, name: str) -> int:
    return written(store().path(signature, f"joined/{name}.safetensors"))


@st.cache_resource(max_entries=32, show_spinner=False)
def _joined(root: str, signature: str, name: str, when: int) -> Joined | None:
    return load_joined(Store(root), signature, name)


@st.cache_resource(max_entries=8, show_spinner=False)
def _with(root: str, signature: str, written: tuple[int, ...], name: str, when: int) -> Results:
    return with_joined(Store(root), results(signature), [name])


@st.cache_resource(max_entries=32, show_spinner="Looking for its place …")
def _place(root: str, signature: str, written: tuple[int, ...], name: str, when: int,
           reading: Reading, rule: Rule) -> Placement:
    here, both = Store(root), results_with(signature, name)
    return placement(results(signature), both, name.rpartition("-")[0],
                     joined_increments(here, both), reading, rule)
