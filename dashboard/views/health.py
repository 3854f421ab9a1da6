"""The health of a study's data: what to know before anything is computed from it."""

from __future__ import annotations

import streamlit as st

from dashboard.checks import checked
from dashboard.escaping import markdown_text, plain_text
from dashboard.summaries import count
from dashboard.views.chart import table_height
from gradsim_core import Study

_SHOWN_AS = {"serious": st.error, "caution": st.warning, "note": st.info}


def show_health(study: Study, computed_as: str = "") -> None:
    """Show the data of a study, language by language, and what to beware of.

    Parameters
    ----------
    study : as it is asked for now
    computed_as : the signature of its results, where it has some
    """
    prepared, health = checked(study)
    if computed_as not in ("", prepared.signature):
        st.warning("This is the data as it is now. Since the study was computed the data, the "
                   "model's files or the method changed: run now, it would be study "
                   f"{prepared.signature}.")
    corpus, rows = prepared.corpus, health.rows
    st.markdown(f"**{markdown_text(corpus.source)}**: {count(len(corpus.languages), 'language')}, "
                f"{len(prepared.sources)} to train on; labels "
                f"{markdown_text(', '.join(corpus.labels), 120)}; lengths in {health.length_unit}")
    st.dataframe({
        "Language": [plain_text(row.name, 60) for row in rows],
        "Code": [plain_text(row.language, 20) for row in rows],
        "Train": [row.train for row in rows], "Dev": [row.dev for row in rows],
        "Test": [row.test for row in rows], "Empty": [row.dropped for row in rows],
        "Duplicates": [row.duplicates for row in rows], "Leaks": [row.leaks for row in rows],
        "Labels": [row.classes for row in rows],
        "Commonest": [f"{plain_text(row.majority_label, 30)} ({row.majority_share:.0%})"
                      if row.majority_label else "–" for row in rows],
        "Length": [row.median_length for row in rows],
        "Script": [plain_text(row.script, 20) for row in rows]}, hide_index=True,
        height=table_height(len(rows)),
        column_config={
            "Empty": st.column_config.Column(help="Rows left out: no text or no label."),
            "Duplicates": st.column_config.Column(help="Training rows whose text stood before."),
            "Leaks": st.column_config.Column(help="Dev and test rows that are in training too."),
            "Length": st.column_config.Column(help="The median, over all rows.")})
    for severity, show in _SHOWN_AS.items():
        lines = [markdown_text(one.sentence) for one in health.warnings
                 if one.severity == severity]
        if lines:
            show("\n".join(f"- {line}" for line in lines))
    if not health.warnings:
        st.success("Nothing unusual was found in the data.")
