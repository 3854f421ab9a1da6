"""How the similarities grew over training, as a film and side by side."""

from __future__ import annotations

import math

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.figures.depth_lines import DepthLine, depth_lines
from dashboard.figures.film import MOST_BESIDE, snapshot_film, snapshot_panels
from dashboard.figures.frame import ChartText
from dashboard.figures.panel_frame import PanelRows, panel_overlay
from dashboard.figures.panels import symmetric_limit
from dashboard.film import Film, film_sentence, film_table, frames_line
from dashboard.loads.blocks import training_film
from dashboard.loads.data import study_title
from dashboard.loads.pictures import part
from dashboard.selection import Selection, reading_of
from dashboard.shown import Picture
from dashboard.state import bound
from dashboard.views.chart import is_dark, show_chart
from dashboard.views.folds import fold
from dashboard.words.summaries import CORRECTION_WORDS, READING_WORDS, count
from gradsim_core import Results


def show_film(signature: str, selection: Selection, loaded: Results,
              codes: tuple[str, ...]) -> None:
    """Show, once asked for, how the similarities of the chosen blocks grew."""
    n_snapshots = len(loaded.series.snapshots)
    if n_snapshots < 2:
        return
    st.subheader("How did it grow?", anchor=False)
    st.toggle("Show the training as a film",
              help="One heatmap that plays from the first recorded step to the last, for the "
                   "blocks chosen at the left; all in your browser.",
              **bound("film", bool(selection.film), lambda on: {"film": int(on)}))
    if not selection.film:
        return
    reading = reading_of(selection).model_copy(update={"snapshot": -1})
    film = training_film(signature, reading, codes)
    last, pools = part(signature, reading, codes)
    st.markdown(markdown_text(film_sentence(film)))
    limit = symmetric_limit(list(film.frames))
    rows, title = _rows(film, last), study_title(loaded)
    method = (f"{READING_WORDS[last.found.reading].capitalize()}, "
              f"{CORRECTION_WORDS.get(last.found.correction, last.found.correction)}; blocks "
              f"{selection.blocks}; {frames_line(film, n_snapshots)}; order: tree of the last "
              "(average linkage)",
              f"{count(len(film.codes), 'row' if pools else 'language')}; one scale, to "
              f"±{limit:.2f}; study {loaded.signature}")
    name = f"gradsim-{signature[:8]}-film"
    text = ChartText(f"Similarity over training: {title}", "similarity", method)
    show_chart(snapshot_film(film.frames, film.steps, rows, text, limit=limit, dark=is_dark()),
               name, selection, over=panel_overlay(rows, selection.chosen, dark=is_dark()),
               alt=f"Heatmap that plays over {count(len(film.steps), 'snapshot')} of the training. "
                   f"{film_sentence(film)} The table and the chart below need no playing.")
    _closeness(film, title, method[1], selection, name)
    with fold("Snapshots side by side", "snapshots") as folded:
        if folded.open:
            show_chart(snapshot_panels(film.frames, film.steps, rows, text, limit=limit,
                                       dark=is_dark()), f"{name}-snapshots", selection,
                       alt=f"Up to {MOST_BESIDE} heatmaps, one a snapshot, in one order and on one "
                           "scale.")


def _closeness(film: Film, title: str, method: str, selection: Selection, name: str) -> None:
    none = (None,) * len(film.steps)
    near = tuple(value if math.isfinite(value) else None for value in film.closeness)
    lines = [DepthLine("Rank correlation of the pairs with the last", near, none, none)]
    if film.possible and None not in film.branches:
        lines.append(DepthLine("Share of the last tree's branches", tuple(
            (at or 0) / film.possible for at in film.branches), none, none))
    text = ChartText(f"How near each snapshot is to the last: {title}", "agreement", (
        "Spearman over all pairs; branches: the same languages below a merge (average linkage)",
        method))
    show_chart(depth_lines([f"step {step:,}" for step in film.steps], lines, text,
                           dark=is_dark()), f"{name}-closeness", selection, table=film_table(film),
               alt=f"Lines over the snapshots. {film_sentence(film)}")


def _rows(film: Film, last: Picture) -> PanelRows:
    return PanelRows(
        tuple(last.label(code) for code in film.codes), film.codes,
        tuple(last.names.get(code, code) for code in film.codes), film.codes, last.branches)
