"""Maps of languages as pages show them: layouts, how faithful they are, and what they say.

Conventions
-----------
Functions return plain text and numbers; who shows it escapes it. Layouts of different blocks, steps
and readings of a study are all laid over one map, the MDS of all its layers, so that a language
that moves between two pictures has moved among the languages, not with the paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import streamlit as st

from dashboard.loads.umap_process import UmapProcess, UmapUnavailable, map_key
from dashboard.selection import STRIPS
from dashboard.shown import LanguageFacts, Picture
from dashboard.words.summaries import coefficient, count
from gradsim_core import (
    distance_agreement,
    laid_over,
    mds_layout,
    placed_languages,
    script_name,
    trustworthiness,
)

COLOURS = ("branch", "family", "script", "group")
ARRANGEMENTS = {"umap": "UMAP", "mds": "MDS"}
SEED = 0
MOST_BESIDE = 24
"""Languages up to which two maps stand beside each other; more need the whole width."""


@dataclass(frozen=True)
class Arranged:
    """Languages as points of a plane.

    Attributes
    ----------
    codes : of the languages whose similarity is defined
    layout : (n, 2) their places
    kind : key of ARRANGEMENTS: how they were arranged in fact
    waiting : key of the map that is being made; "" if this is what was asked for
    trouble : why it is not what was asked for, if it never will be
    trust, agreement : `trustworthiness` and `distance_agreement`; NaN for very few languages
    nearest : position of each language's most similar one
    """

    codes: tuple[str, ...]
    layout: np.ndarray
    kind: str
    waiting: str
    trouble: str
    trust: float
    agreement: float
    nearest: tuple[int, ...]


@cache
def umap_process() -> UmapProcess:
    """The one process of this server that makes maps by UMAP."""
    return UmapProcess()


def colour_of(strips: Sequence[str]) -> str:
    """What colours the maps: the first strip of a heatmap, where a map can show it.

    Examples
    --------
    >>> colour_of(("script", "size")), colour_of(("size",)), colour_of(())
    ('script', 'branch', 'branch')
    """
    return strips[0] if strips and strips[0] in COLOURS else "branch"


def strips_with(strips: Sequence[str], colour: str) -> tuple[str, ...]:
    """The strips with another one in the first place.

    Examples
    --------
    >>> strips_with(("branch", "size"), "script")
    ('script', 'size')
    """
    assert colour in STRIPS
    rest = strips[1:] if strips and strips[0] in COLOURS else strips
    return (colour, *(one for one in rest if one != colour))


def arranged(shown: Picture, codes: Sequence[str], reference: Picture, wanted: str) -> Arranged:
    """Arrange languages in a plane, without waiting for anything.

    Parameters
    ----------
    shown : holds the similarity
    codes : of the languages to arrange; those without a defined similarity are left out
    reference : the picture over which all of the study's are laid
    wanted : key of ARRANGEMENTS; where UMAP is not there yet it is MDS, and `waiting` says so
    """
    found = shown.found
    at = [i for i in placed_languages(found) if found.languages[i] in set(codes)]
    own, matrix = tuple(found.languages[i] for i in at), found.matrix[np.ix_(at, at)]
    layout, kind, waiting, trouble = _by_mds(matrix), "mds", "", ""
    if wanted == "umap" and len(own) > 3:
        try:
            made = umap_process().layout(matrix, SEED)
            waiting = map_key(matrix, SEED) if made is None else ""
            layout, kind = (layout, "mds") if made is None else (made, "umap")
        except UmapUnavailable as error:
            trouble = str(error)
    near = matrix.copy()
    np.fill_diagonal(near, -np.inf)
    return Arranged(own, laid_over(layout, _onto(own, reference)), kind, waiting, trouble,
                    *_faithful(matrix, layout),
                    tuple(map(int, near.argmax(axis=1))) if len(own) > 1 else ())


def _onto(codes: Sequence[str], reference: Picture) -> np.ndarray:
    """Places of languages in the MDS of the reference; NaN for those that it lacks."""
    found = reference.found
    at = placed_languages(found)
    places = dict(zip([found.languages[i] for i in at],
                      _by_mds(found.matrix[np.ix_(at, at)]), strict=True))
    return np.array([places.get(code, np.full(2, np.nan)) for code in codes]).reshape(-1, 2)


@st.cache_resource(max_entries=128, show_spinner=False)
def _by_mds(matrix: np.ndarray) -> np.ndarray:
    return mds_layout(matrix)


@st.cache_resource(max_entries=128, show_spinner=False)
def _faithful(matrix: np.ndarray, layout: np.ndarray) -> tuple[float, float]:
    return trustworthiness(matrix, layout), distance_agreement(matrix, layout)


def faithful_sentence(found: Arranged) -> str:
    """How far a map can be believed, in words."""
    if not math.isfinite(found.trust):
        return (f"{count(len(found.codes), 'language')} always fit a map that way; it says little "
                "more than their similarities." if len(found.codes) < 4 else "")
    if found.trust >= 0.9:
        said = "Who lies near on the map is near"
    elif found.trust >= 0.75:
        said = "Who lies near on the map is mostly near"
    else:
        said = "Who lies near on the map is often not near at all: believe the heatmap"
    if found.agreement >= 0.8:
        also = "the distances, too, can be read off it"
    elif found.agreement >= 0.5:
        also = "long distances mean something only roughly"
    else:
        also = "long distances mean little"
    return (f"{said} (trustworthiness {found.trust:.2f} of 1); {also} (Spearman "
            f"{coefficient(found.agreement)} with the dissimilarities).")


def missing_sentence(what: str, codes: Sequence[str], names: Mapping[str, str]) -> str:
    """Which languages a map lacks; empty where it lacks none."""
    if not codes:
        return ""
    told = ", ".join(names.get(code, code) for code in codes[:8])
    more = f" and {len(codes) - 8} more" if len(codes) > 8 else ""
    return f"Not on the map, {what}: {told}{more}."


def places_table(facts: Mapping[str, LanguageFacts], codes: Sequence[str],
                 labels: Mapping[str, str]) -> dict[str, list[object]]:
    """The world map's numbers as columns."""
    rows = [facts[code] for code in codes]
    return {"Language": [one.name for one in rows], "Code": [one.code for one in rows],
            "Glottocode": [one.glottocode or "" for one in rows],
            "Latitude": [one.latitude for one in rows],
            "Longitude": [one.longitude for one in rows],
            "Marked as": [labels[code] for code in codes],
            "Branch": [one.branch or "unknown" for one in rows],
            "Family": [one.family or "unknown" for one in rows],
            "Script": [script_name(one.script) if one.script else "unknown" for one in rows],
            "Training rows": [one.rows for one in rows]}


def layout_table(found: Arranged, matrix: np.ndarray,
                 names: Mapping[str, str]) -> dict[str, list[object]]:
    """The map's numbers as columns.

    Parameters
    ----------
    matrix : (n, n) similarities of the map's languages
    """
    near = found.nearest or tuple(range(len(found.codes)))
    return {"Language": [names.get(code, code) for code in found.codes],
            "Code": list(found.codes),
            "x": [round(float(x), 4) + 0.0 for x in found.layout[:, 0]],
            "y": [round(float(y), 4) + 0.0 for y in found.layout[:, 1]],
            "Most similar": [names.get(found.codes[i], found.codes[i]) for i in near],
            "Similarity": [round(float(matrix[at, i]), 3) + 0.0 for at, i in enumerate(near)]}
