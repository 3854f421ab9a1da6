"""Where the languages are spoken, beside where their similarities put them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.figures.frame import ChartText
from dashboard.figures.language_map import language_map, language_overlay
from dashboard.figures.map_frame import ALONE_PX, BESIDE_PX
from dashboard.figures.marks import Colouring, colouring
from dashboard.figures.world import with_place, world_map, world_overlay
from dashboard.loads.data import results, study_title
from dashboard.loads.drawn import drawn
from dashboard.loads.groupings import shown_groups
from dashboard.loads.maps import (
    ARRANGEMENTS,
    COLOURS,
    MOST_BESIDE,
    SEED,
    Arranged,
    arranged,
    colour_of,
    faithful_sentence,
    layout_table,
    missing_sentence,
    places_table,
    strips_with,
    umap_process,
)
from dashboard.loads.pictures import picture
from dashboard.selection import Selection
from dashboard.shown import Picture, strips_of, wanted_languages
from dashboard.state import bound
from dashboard.views.chart import drawn_first, is_dark, show_chart
from dashboard.words.blocks import span_words
from dashboard.words.summaries import CORRECTION_WORDS, READING_WORDS, count
from gradsim_core import GradSimError, Reading, Results

_ARRANGEMENT_HELP = (
    "**UMAP** keeps neighbours together; what lies far apart may lie anywhere. **MDS** keeps all "
    "distances as well as a plane can. Both are turned to lie over the same map of all layers, so "
    "that you may compare pictures of different layers.")


def show_maps(signature: str, selection: Selection, whole: Picture, since: float) -> None:
    """Show the world and the map of similarities, and let the reader pick languages on both.

    Parameters
    ----------
    whole : the study's picture, all languages in it, each for itself
    since : when what stands above was sent; the maps are made while the browser draws it
    """
    st.subheader("Maps", anchor=False)
    loaded = results(signature)
    codes = wanted_languages(selection, whole.facts, whole.found.languages)
    colours = _colouring(signature, selection, whole, codes)
    reference = picture(signature, Reading(correction=selection.correction or None))
    found = arranged(whole, codes, reference, selection.arrangement)
    beside = len(codes) <= MOST_BESIDE
    left, right = st.columns(2) if beside else (st.container(), st.container())
    width_px = BESIDE_PX if beside else ALONE_PX
    there = with_place(whole.facts, codes)
    world = _world_figure(whole, there, colours, loaded, width_px) if there else ""
    own = _own_figure(whole, found, colours, loaded, width_px, legend=not there)
    drawn_first(since)
    with left:
        _world(world, whole, there, colours, loaded, selection, width_px)
        missing = missing_sentence("because no catalogue tells their place",
                                   [code for code in codes if code not in set(there)], whole.names)
        if there and missing:
            st.caption(markdown_text(missing))
    with right:
        _similarities(own, whole, found, colours, loaded, selection, width_px)


def _colouring(signature: str, selection: Selection, whole: Picture,
               codes: tuple[str, ...]) -> Colouring:
    """Let the reader choose what colours the maps, and how languages are arranged."""
    colour = colour_of(selection.strips)
    with st.container(horizontal=True, gap="small"):
        st.segmented_control(
            "Coloured by", COLOURS, required=True, format_func=str.capitalize,
            help="Colour, sign and shape of the marks; also the first strip beside the heatmap. "
                 "Groups are those of the Groups page.",
            **bound("colour", colour, lambda one: {"strips": strips_with(selection.strips, one)}))
        st.segmented_control(
            "Similarities by", ARRANGEMENTS, required=True, help=_ARRANGEMENT_HELP,
            format_func=ARRANGEMENTS.__getitem__, **bound("arrangement", selection.arrangement))
    groups: Mapping[str, int] = {}
    names: tuple[str, ...] = ()
    if colour == "group":
        try:
            made = shown_groups(signature, selection)
            groups, names = made.group_of, made.names
        except GradSimError as error:
            st.caption(f"There are no groups to show: {markdown_text(error)}")
    strips = strips_of((colour,), whole, codes, {}, groups, names) or strips_of(
        ("branch",), whole, codes, {}, {}, ())
    return colouring(strips[0], codes)


def _picks(codes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    return {code: (code,) for code in codes}


def _world_figure(whole: Picture, there: Sequence[str], colours: Colouring, loaded: Results,
                  width_px: float) -> str:
    text = ChartText(
        f"Where {_spoken(len(there))} spoken: {study_title(loaded)}", "",
        ("Glottolog's point of each language; Equal Earth projection; land: Natural Earth",
         f"{colours.title} by colour, sign and shape; study {loaded.signature}"))
    return drawn(world_map, whole.facts, there, colours, text, width_px=width_px, dark=is_dark())


def _world(figure: str, whole: Picture, there: Sequence[str], colours: Colouring, loaded: Results,
           selection: Selection, width_px: float) -> None:
    if not there:
        st.info("No place is known for any of these languages, so there is no map of the world. "
                "Languages have places if their codes are known to ISO 639-3.")
        return
    show_chart(figure, f"gradsim-{loaded.signature[:8]}-world", selection,
               over=world_overlay(whole.facts, there, colours, selection.chosen,
                                  width_px=width_px, dark=is_dark()),
               picking=_picks(there), table=lambda: places_table(whole.facts, there,
                                                                 colours.label_of),
               alt=f"Map of the world with {count(len(there), 'language')}, marked by "
                   f"{colours.title.lower()}. The table holds their places.")


def _spoken(n: int) -> str:
    return f"{count(n, 'language')} {'is' if n == 1 else 'are'}"


def _own_figure(whole: Picture, found: Arranged, colours: Colouring, loaded: Results,
                width_px: float, *, legend: bool) -> str:
    """The map of similarities; "" of fewer than two languages."""
    if len(found.codes) < 2:
        return ""
    text = ChartText(f"Map of similarities, by {ARRANGEMENTS[found.kind]}: {study_title(loaded)}",
                     "", _method(whole, found, loaded))
    return drawn(language_map, found, _matrix(whole, found), whole.facts, colours, text,
                 width_px=width_px, dark=is_dark(), legend=legend)


def _matrix(whole: Picture, found: Arranged) -> np.ndarray:
    at = [whole.found.languages.index(code) for code in found.codes]
    return whole.found.matrix[np.ix_(at, at)]


def _similarities(figure: str, whole: Picture, found: Arranged, colours: Colouring,
                  loaded: Results, selection: Selection, width_px: float) -> None:
    if not figure:
        st.info("A map of similarities takes two languages with defined similarities. Try the "
                "correction “raw”, or other blocks.")
        return
    said = faithful_sentence(found)
    show_chart(figure, f"gradsim-{loaded.signature[:8]}-{found.kind}", selection,
               over=language_overlay(found, _matrix(whole, found), whole.facts, colours,
                                     selection.chosen, width_px=width_px, dark=is_dark()),
               picking=_picks(found.codes),
               table=lambda: layout_table(found, _matrix(whole, found), whole.names),
               alt=f"Map of {count(len(found.codes), 'language')} by {ARRANGEMENTS[found.kind]}, "
                   f"those alike near each other. {said}")
    if found.waiting:
        _wait(found.waiting)
    elif found.trouble:
        st.warning(f"This is the MDS map: there is no UMAP map now, because "
                   f"{markdown_text(found.trouble)}.")
    missing = [code for code in colours.label_of if code not in set(found.codes)]
    st.caption(" ".join(filter(None, (markdown_text(said), markdown_text(missing_sentence(
        "because a similarity is undefined", missing, whole.names))))))


def _method(whole: Picture, found: Arranged, loaded: Results) -> tuple[str, ...]:
    """How the map was made."""
    shown = whole.found
    made = f"UMAP from MDS, seed {SEED}" if found.kind == "umap" else "Classical MDS"
    return (f"{READING_WORDS[shown.reading].capitalize()}, "
            f"{CORRECTION_WORDS.get(shown.correction, shown.correction)}; blocks "
            f"{span_words(shown.blocks)}; step {shown.step} of {loaded.record['study']['steps']}",
            f"{made}; a line leads to the most similar; {count(len(found.codes), 'language')}; "
            f"study {loaded.signature}")


@st.fragment(run_every="1s")
def _wait(key: str) -> None:
    """Say that a map is being made; draw the page anew once it is there."""
    if not umap_process().waiting(key):
        st.rerun()
    st.caption(":material/hourglass_top: **UMAP is being prepared; it appears by itself.** This is "
               "the MDS map meanwhile.")
