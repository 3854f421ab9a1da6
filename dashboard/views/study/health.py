"""The health of a study's data: what to know before anything is computed from it."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.loads.checks import checked
from dashboard.state import current_selection
from dashboard.views.chart import table_height
from dashboard.views.folds import fold
from dashboard.words.health import health_table, label_table, names_of, warning_lines
from dashboard.words.summaries import count
from gradsim_core import Study, csv_text

_SHOWN_AS = {"serious": (st.error, "Serious: results would mean nothing"),
             "caution": (st.warning, "Caution: results may mislead"),
             "note": (st.info, "Good to know")}
MOST_WARNINGS = 20
"""Of one kind, up to which all are shown at once."""
_WIDTHS = {"Commonest": 120, "Script": 90, "Duplicates": 80,
           "Length": 62}
"""Pixels, where a number's are too few."""

_COLUMN_HELP = {
    "Train": "Rows to train on.", "Dev": "Rows to choose settings by.",
    "Test": "Rows to be scored on.", "Empty": "Rows left out: no text or no label.",
    "Duplicates": "Training rows whose text stood before.",
    "Leaks": "Dev and test rows that are in training too.",
    "Labels": "Labels among the training rows.",
    "Commonest": "The commonest label of training, and its share.",
    "Length": "The median, over all rows.", "Long": "95 of 100 rows are at most so long.",
    "Script": "The commonest script of the letters, and its share."}


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
    corpus = prepared.corpus
    names = names_of(corpus.languages, current_selection().naming)
    labels = markdown_text(", ".join(corpus.labels), 120)
    st.markdown(f"**{markdown_text(corpus.source)}**: {count(len(corpus.languages), 'language')}, "
                f"{len(prepared.sources)} to train on; {count(len(corpus.labels), 'label')} "
                f"({labels}); lengths in {health.length_unit}")
    for severity, (show, title) in _SHOWN_AS.items():
        lines = warning_lines([one for one in health.warnings if one.severity == severity], names)
        if lines:
            show("\n".join([f"**{title}**", "", *(f"- {line}" for line in lines[:MOST_WARNINGS])]))
        if lines[MOST_WARNINGS:]:
            with st.expander(f"{len(lines) - MOST_WARNINGS} more of this kind"):
                st.markdown("\n".join(f"- {line}" for line in lines[MOST_WARNINGS:]))
    if not health.warnings:
        st.success("Nothing unusual was found in the data.")
    table = health_table(health, names)
    st.dataframe(table, hide_index=True, height=table_height(len(health.rows)), column_config={
        name: st.column_config.Column(help=text, width=_WIDTHS.get(name, 54))
        for name, text in _COLUMN_HELP.items()})
    balance = label_table(health, corpus, names)
    if balance:
        with fold("Label balance, in percent of each language's training rows", "balance"):
            percent = st.column_config.NumberColumn(format="%.1f")
            st.dataframe(balance, hide_index=True,
                         height=table_height(len(balance["Code"])),
                         column_config=dict.fromkeys(list(balance)[2:], percent))
    every = {**table, **{f"{label}, %": values for label, values in
                         list(balance.items())[2:]}} if _same_rows(table, balance) else table
    st.download_button("Health as CSV", csv_text([list(every), *zip(*every.values(), strict=True)]),
                       f"gradsim-{prepared.signature[:8]}-health.csv", "text/csv",
                       on_click="ignore", help="The table above, UTF-8, one header line.")


def _same_rows(table: dict[str, list], balance: dict[str, list]) -> bool:
    return bool(balance) and balance["Code"] == table["Code"]
