"""The button that gives a study's report: one HTML file, made when somebody asks for it."""

from __future__ import annotations

import streamlit as st

from dashboard.loads.data import results, store
from dashboard.loads.groupings import shown_groups
from dashboard.report.assembling import study_report
from dashboard.selection import fitted, reading_of, rule_of
from dashboard.state import current_selection
from gradsim_core import GradSimError


def show_report(signature: str) -> None:
    """The button, for a study whose similarity is there."""
    loaded = results(signature)
    selection = fitted(current_selection(), loaded.series, loaded.default_correction)

    def written() -> bytes:
        try:
            groups = shown_groups(signature, selection)
            reading, rule = groups.reading, groups.rule
        except GradSimError:  # the report says why there are no groups
            reading, rule = reading_of(selection), rule_of(selection)
        return study_report(store(), signature, reading, rule).encode()

    st.download_button(
        "Report of this study", written, f"gradsim-{signature[:8]}-report.html", "text/html",
        on_click="ignore", icon=":material/description:", key="report",
        help="One HTML file that opens without a network and prints: data, similarity, layers, "
             "groups, all that was found, and how to check it; read and grouped as this address "
             "says. It takes a few seconds, and about 5 MB.")
