"""The layers page: lower beside higher blocks, what moves between them, and what explains it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.figures.frame import ChartText
from dashboard.figures.heatmap_sides import picks_of
from dashboard.figures.overlay import Overlay
from dashboard.figures.panel_frame import PanelRows, panel_overlay
from dashboard.figures.panels import (
    Panel,
    change_limit,
    goes_beyond,
    square_panels,
    symmetric_limit,
)
from dashboard.layers import Move, Sides, block_choices, fitting_sides, layers_sentence, moves
from dashboard.loads.blocks import change_bounds, tree_pair
from dashboard.loads.data import results, study_title
from dashboard.loads.drawn import drawn
from dashboard.loads.pictures import part, picture
from dashboard.selection import Selection, reading_of
from dashboard.shown import Picture, shown_sentence
from dashboard.sides import side_of
from dashboard.state import bound
from dashboard.views.chart import drawn_first, is_dark, show_chart
from dashboard.views.languages_shown import choose_languages
from dashboard.views.layers.facing_trees import show_facing_trees
from dashboard.views.layers.film import show_film
from dashboard.views.layers.findings import show_layer_findings
from dashboard.views.layers.modules import show_modules
from dashboard.views.layers.moves import pair_table, show_agreement, show_moves
from dashboard.views.reading import choose_reading, scale_lines
from dashboard.views.waiting import ready_study
from dashboard.words.blocks import block_words
from dashboard.words.changes import change_scale_words
from dashboard.words.summaries import CORRECTION_WORDS, READING_WORDS, count, unreliable
from gradsim_core import Results, Similarity


@dataclass(frozen=True)
class _Beside:
    """What both heatmaps of the page are drawn from.

    Attributes
    ----------
    whole : all layers: rows, order, names
    pools : row -> its languages; empty where each row is one
    first, second : the sides, on the rows of `whole`
    """

    whole: Picture
    pools: Mapping[str, tuple[str, ...]]
    first: Similarity
    second: Similarity
    sides: Sides


def layers_page() -> None:
    """Show how lower and higher blocks see the languages."""
    st.header("Layers", anchor=False)
    found = ready_study()
    if found is None:
        return
    selection, signature = found
    loaded, reading = results(signature), reading_of(selection)
    choose_reading(selection, loaded.series)
    sides = _choose_sides(selection, loaded.series.blocks)
    first, second, all_of = (picture(signature, reading.model_copy(update={"blocks": name}))
                             for name in (sides.first, sides.second, "layers"))
    codes = choose_languages(selection, all_of.facts, all_of.found.languages)
    if codes is None:
        return
    whole, pools = part(signature, reading.model_copy(update={"blocks": "layers"}), codes)
    rows = whole.found.languages
    shown = _Beside(whole, pools, side_of(first.found, rows, pools),
                    side_of(second.found, rows, pools), sides)
    bounds, why_not = change_bounds(signature, reading, sides)
    found_moves = moves(first.found, second.found, bounds, set(codes))
    st.markdown(markdown_text(layers_sentence(found_moves, whole.names, sides)))
    _beside(shown, found_moves, selection, loaded)
    drawn_first(time.monotonic())
    _difference(shown, found_moves, selection, loaded)
    show_moves(found_moves, whole, sides, selection, loaded, why_not)
    show_facing_trees(tree_pair(signature, reading, sides, codes), whole, sides, selection, loaded,
                      _read(shown, loaded))
    show_modules(signature, reading, selection, loaded)
    show_agreement(signature, reading, selection, loaded)
    show_film(signature, selection, loaded, codes)
    show_layer_findings(signature, selection, study_title(loaded))


def _choose_sides(selection: Selection, blocks: tuple[str, ...]) -> Sides:
    """Let the reader choose which blocks are held against each other."""
    choices, sides = block_choices(blocks), fitting_sides(selection.left, selection.right, blocks)
    with st.container(horizontal=True, gap="small"):
        for name, label, shown in (("left", "From", sides.first), ("right", "To", sides.second)):
            st.selectbox(label, choices, width=200, **bound(name, shown),
                         format_func=lambda one: plain_text(block_words(one), 30),
                         help="*Lower* and *higher* are the halves of the layers.")
    return sides


def _rows(shown: _Beside) -> PanelRows:
    whole = shown.whole
    codes = _codes(shown)
    return PanelRows(tuple(whole.label(code) for code in codes), tuple(codes),
                     tuple(whole.names.get(code, code) for code in codes), tuple(codes),
                     whole.branches)


def _over(shown: _Beside, selection: Selection, several: int) -> Overlay:
    marked = {row for row in _codes(shown) if any(
        code in selection.chosen for code in shown.pools.get(row, (row,)))}
    return panel_overlay(_rows(shown), marked, several=several, dark=is_dark())


def _codes(shown: _Beside) -> list[str]:
    return [shown.whole.found.languages[i] for i in shown.whole.order]


def _picking(shown: _Beside) -> dict[str, tuple[str, ...]]:
    return {token: tuple(code for row in rows for code in shown.pools.get(row, (row,)))
            for token, rows in picks_of(None, _codes(shown)).items()}


def _ordered(side: Similarity, shown: _Beside) -> np.ndarray:
    return side.matrix[np.ix_(shown.whole.order, shown.whole.order)]


def _hatched(side: Similarity, shown: _Beside) -> tuple[int, ...]:
    low = set(unreliable(side))
    return tuple(place for place, i in enumerate(shown.whole.order) if i in low)


def _read(shown: _Beside, loaded: Results) -> str:
    found = shown.whole.found
    return (f"{READING_WORDS[found.reading].capitalize()}, "
            f"{CORRECTION_WORDS.get(found.correction, found.correction)}; step {found.step} of "
            f"{loaded.record['study']['steps']}")


def _method(shown: _Beside, drawn: str, loaded: Results) -> tuple[str, ...]:
    found = shown.whole.found
    part_line = shown_sentence(shown.whole, len(loaded.series.languages), shown.pools)
    return (f"{_read(shown, loaded)}; order: tree of all layers (average linkage)",
            f"{count(len(found.languages), 'row' if shown.pools else 'language')}; {drawn}; study "
            f"{loaded.signature}", *([part_line] if part_line else []))


def _beside(shown: _Beside, found: Sequence[Move], selection: Selection,
            loaded: Results) -> None:
    sides = shown.sides
    panels = [Panel(title, _ordered(side, shown), _hatched(side, shown))
              for title, side in zip(sides.titles, (shown.first, shown.second), strict=True)]
    limit = symmetric_limit([panel.values for panel in panels])
    text = ChartText(f"{sides.titles[0]} beside {sides.titles[1].lower()}: {study_title(loaded)}",
                     " ".join(scale_lines(shown.whole.found)), _method(
                         shown, f"one order and one scale, to ±{limit:.2f}", loaded))
    show_chart(drawn(square_panels, panels, _rows(shown), text, limit=limit, dark=is_dark()),
               f"gradsim-{loaded.signature[:8]}-layers", selection,
               over=_over(shown, selection, 2), picking=_picking(shown),
               table=lambda: pair_table(found, shown.whole, sides),
               alt=f"Two heatmaps with the same order and the same colours: {sides.titles[0]} and "
                   f"{sides.titles[1].lower()}. {layers_sentence(found, shown.whole.names, sides)}")


def _difference(shown: _Beside, found: Sequence[Move], selection: Selection,
                loaded: Results) -> None:
    sides = shown.sides
    change = _ordered(shown.second, shown) - _ordered(shown.first, shown)
    hatched = tuple(sorted({*_hatched(shown.first, shown), *_hatched(shown.second, shown)}))
    limit = change_limit(change, hatched)
    text = ChartText(f"Change from {sides.words[0]} to {sides.words[1]}: {study_title(loaded)}",
                     "change", _method(shown, change_scale_words(
                         limit, goes_beyond([change], limit)), loaded))
    show_chart(drawn(square_panels, [Panel("", change, hatched)], _rows(shown), text, limit=limit,
                     word="change", dark=is_dark()),
               f"gradsim-{loaded.signature[:8]}-layers-change", selection,
               over=_over(shown, selection, 1), picking=_picking(shown),
               table=lambda: pair_table(found, shown.whole, sides),
               alt="Heatmap of how each pair's similarity changes; the table of pairs below holds "
                   "the same numbers.")
