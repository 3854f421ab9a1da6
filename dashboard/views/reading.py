"""How the similarity is read: correction, reading and snapshot, the same on every page."""

from __future__ import annotations

import streamlit as st

from dashboard.selection import Selection
from dashboard.state import bound
from gradsim_core import CORRECTIONS, READINGS, GramSeries, Similarity

CORRECTION_LABELS = {"raw": "Raw", "noise_corrected": "Noise-corrected", "centred": "Centred",
                     "all_but_top": "All but top"}
READING_LABELS = {"cosine_of_mean": "Cosine of sums", "mean_cosine": "Mean of cosines"}
_CORRECTION_HELP = (
    "**Raw**: the cosine as it is. **Noise-corrected**: divided by what the noise in each "
    "language's own gradients takes away; undefined where a language's halves do not agree. "
    "**Centred**: measured from the mean of all languages, which near the end of training removes "
    "the common drift towards −1/(n−1). **All but top**: centred, and without the one direction "
    "that sets languages apart most; for pictures in which it drowns all others.")
_READING_HELP = (
    "**Cosine of sums**: gradients are summed over training, then compared. **Mean of cosines**: "
    "compared at every step, then averaged, as in TAG (Fifty et al. 2021).")


def choose_reading(selection: Selection, series: GramSeries) -> None:
    """Let the reader choose how the similarity is read."""
    with st.container(horizontal=True, gap="small"):
        st.segmented_control("Correction", CORRECTIONS, required=True, help=_CORRECTION_HELP,
                             format_func=lambda name: CORRECTION_LABELS.get(name, name),
                             **bound("correction", selection.correction))
        st.segmented_control("Reading", READINGS, required=True, help=_READING_HELP,
                             format_func=lambda name: READING_LABELS.get(name, name),
                             **bound("reading", selection.reading))
        steps, last = series.snapshots, len(series.snapshots) - 1
        if last > 0:
            st.select_slider(
                "Up to step", range(last + 1), format_func=lambda at: f"{steps[at]}", width=150,
                help="The training step at which the similarity is read.",
                **bound("snapshot", selection.snapshot % (last + 1),
                        lambda at: {"snapshot": -1 if at == last else at}))


def scale_lines(found: Similarity) -> tuple[str, ...]:
    """Words over the colour bar."""
    if found.correction == "raw":
        return ("cosine", "similarity")
    return (CORRECTION_LABELS.get(found.correction, found.correction).lower(), "cosine")
