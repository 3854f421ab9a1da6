"""How the similarity is read: correction, reading and snapshot, the same on every page."""

from __future__ import annotations

import streamlit as st

from dashboard.state import Selection, bound
from gradsim_core import CORRECTIONS, READINGS, GramSeries, Similarity

_CORRECTIONS = {"raw": "As measured", "noise_corrected": "Noise-corrected", "centred": "Centred"}
_READINGS = {"cosine_of_mean": "Cosine of sums", "mean_cosine": "Mean of cosines"}
_CORRECTION_HELP = (
    "**As measured**: the cosine as it is. **Noise-corrected**: divided by what the noise in each "
    "language's own gradients takes away; undefined where a language's halves do not agree. "
    "**Centred**: measured from the mean of all languages, which near the end of training removes "
    "the common drift towards −1/(n−1).")
_READING_HELP = (
    "**Cosine of sums**: gradients are summed over training, then compared. **Mean of cosines**: "
    "compared at every step, then averaged, as in TAG (Fifty et al. 2021).")


def choose_reading(selection: Selection, series: GramSeries) -> None:
    """Let the reader choose how the similarity is read."""
    with st.container(horizontal=True, gap="medium"):
        st.segmented_control("Correction", CORRECTIONS, required=True, help=_CORRECTION_HELP,
                             format_func=lambda name: _CORRECTIONS.get(name, name),
                             **bound("correction", selection.correction))
        st.segmented_control("Reading", READINGS, required=True, help=_READING_HELP,
                             format_func=lambda name: _READINGS.get(name, name),
                             **bound("reading", selection.reading))
        steps, last = series.snapshots, len(series.snapshots) - 1
        if last > 0:
            st.select_slider(
                "Up to step", range(last + 1), format_func=lambda at: f"{steps[at]}", width=180,
                help="The training step at which the similarity is read.",
                **bound("snapshot", selection.snapshot % (last + 1),
                        lambda at: {"snapshot": -1 if at == last else at}))


def scale_lines(found: Similarity) -> tuple[str, ...]:
    """Words over the colour bar."""
    return {"raw": ("cosine", "similarity"), "noise_corrected": ("noise-corrected", "cosine"),
            "centred": ("centred", "cosine")}[found.correction]
