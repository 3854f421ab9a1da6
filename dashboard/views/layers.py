"""The layers page: lower beside higher blocks, what moves between them, and what explains it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.blocks import change_bounds
from dashboard.data import results, study_title
from dashboard.escaping import markdown_text, plain_text
from dashboard.figures.frame import ChartText
from dashboard.figures.panels import Panel, PanelRows, square_panels, symmetric_limit
from dashboard.layers import Sides, block_choices, fitting_sides, layers_sentence, moves
from dashboard.pictures import picture
from dashboard.selection import Selection, reading_of
from dashboard.shown import Picture
from dashboard.state import bound
from dashboard.summaries import CORRECTION_WORDS, READING_WORDS, count, unreliable
from dashboard.views.chart import is_dark, show_chart
from dashboard.views.layer_findings import show_layer_findings
from dashboard.views.layer_moves import show_agreement, show_moves
from dashboard.views.reading import choose_reading, scale_lines
from dashboard.views.waiting import ready_study
from gradsim_core import Results


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
    first, second, whole = (picture(signature, reading.model_copy(update={"blocks": name}))
                            for name in (sides.first, sides.second, "layers"))
    bounds, why_not = change_bounds(signature, reading, sides)
    found_moves = moves(first.found, second.found, bounds)
    st.markdown(markdown_text(layers_sentence(found_moves, whole.names, sides)))
    _beside(first, second, whole, sides, selection, loaded)
    _difference(first, second, whole, sides, selection, loaded)
    show_moves(found_moves, whole, sides, selection, loaded, why_not)
    show_agreement(signature, reading, selection, loaded)
    show_layer_findings(signature, selection, study_title(loaded))


def _choose_sides(selection: Selection, blocks: tuple[str, ...]) -> Sides:
    """Let the reader choose which blocks are held against each other."""
    choices, sides = block_choices(blocks), fitting_sides(selection.left, selection.right, blocks)
    with st.container(horizontal=True, gap="small"):
        for name, label, shown in (("left", "From", sides.first), ("right", "To", sides.second)):
            st.selectbox(label, choices, width=200, **bound(name, shown),
                         format_func=lambda one: plain_text(one.replace(".", " "), 30),
                         help="*Lower* and *higher* are the halves of the layers.")
    return sides


def _rows(whole: Picture) -> PanelRows:
    codes = [whole.found.languages[i] for i in whole.order]
    return PanelRows(tuple(whole.label(code) for code in codes), tuple(codes),
                     tuple(whole.names.get(code, code) for code in codes), tuple(codes),
                     whole.branches)


def _ordered(shown: Picture, whole: Picture) -> np.ndarray:
    return shown.found.matrix[np.ix_(whole.order, whole.order)]


def _hatched(shown: Picture, whole: Picture) -> tuple[int, ...]:
    low = set(unreliable(shown.found))
    return tuple(place for place, i in enumerate(whole.order) if i in low)


def _method(whole: Picture, drawn: str, loaded: Results) -> tuple[str, str]:
    found = whole.found
    return (f"{READING_WORDS[found.reading].capitalize()}, "
            f"{CORRECTION_WORDS.get(found.correction, found.correction)}; step {found.step} of "
            f"{loaded.record['study']['steps']}; order: tree of all layers (average "
            "linkage)",
            f"{count(len(found.languages), 'language')}; {drawn}; study {loaded.signature}")


def _beside(first: Picture, second: Picture, whole: Picture, sides: Sides, selection: Selection,
            loaded: Results) -> None:
    panels = [Panel(title, _ordered(shown, whole), _hatched(shown, whole))
              for title, shown in zip(sides.titles, (first, second), strict=True)]
    limit = symmetric_limit([panel.values for panel in panels])
    text = ChartText(f"{sides.titles[0]} beside {sides.titles[1].lower()}: {study_title(loaded)}",
                     " ".join(scale_lines(whole.found)), _method(
                         whole, f"one order and one scale, to ±{limit:.2f}", loaded))
    show_chart(square_panels(panels, _rows(whole), text, limit=limit, dark=is_dark()),
               f"gradsim-{loaded.signature[:8]}-layers", selection,
               alt=f"Two heatmaps with the same order and the same colours: {sides.titles[0]} and "
                   f"{sides.titles[1].lower()}.")


def _difference(first: Picture, second: Picture, whole: Picture, sides: Sides,
                selection: Selection, loaded: Results) -> None:
    change = _ordered(second, whole) - _ordered(first, whole)
    limit = symmetric_limit([change])
    hatched = tuple(sorted({*_hatched(first, whole), *_hatched(second, whole)}))
    text = ChartText(f"Change from {sides.words[0]} to {sides.words[1]}: {study_title(loaded)}",
                     "change", _method(
                         whole, "similarity in the second minus that in the first; zero in the "
                         f"middle, to ±{limit:.2f}", loaded))
    show_chart(square_panels([Panel("", change, hatched)], _rows(whole), text, limit=limit,
                             word="change", dark=is_dark()),
               f"gradsim-{loaded.signature[:8]}-layers-change", selection,
               alt="Heatmap of how each pair's similarity changes; the table of pairs below holds "
                   "the same numbers.")
