"""Own scores and own similarities: uploaded, looked at, understood, and kept with the study."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.loads.correlations import save_scores
from dashboard.loads.data import results, store
from dashboard.selection import Selection
from dashboard.state import bound, select
from dashboard.views.correlation.similarity_import import bring_similarity
from dashboard.views.table_upload import (
    MOST_MEGABYTES,
    ask_anew,
    choose_columns,
    held_file,
    kept_name,
    show_preview,
    show_understood,
    wrong_cells_told,
)
from gradsim_core import UNITS, align, imported_names, preview_table, read_scores

_KINDS = {"scores": "Scores", "similarity": "A similarity"}


def bring_in(selection: Selection, signature: str) -> None:
    """Let the reader bring scores or a similarity that were measured elsewhere."""
    kind = st.segmented_control("What is brought in", list(_KINDS), required=True,
                                format_func=_KINDS.__getitem__,
                                help="Scores are what is predicted; a similarity is one more "
                                     "measure that predicts.",
                                **bound("bringing", selection.bringing))
    loaded = results(signature)
    if kind == "similarity":
        bring_similarity(signature, list(loaded.record["sources"]))
    else:
        _bring_scores(signature, list(loaded.names))


def _bring_scores(signature: str, codes: list[str]) -> None:
    st.markdown("A table of what a model trained on one language scores on another. *Wide*: one "
                "row a source, one column a target. *Long*: one row a pair, with columns for "
                "source, target and score. Languages may be written as codes or English names; "
                "empty cells are missing.")
    uploaded = st.file_uploader("Table of scores (.csv, .tsv or .txt)", ["csv", "tsv", "txt"],
                                key="upload.scores", max_upload_size=MOST_MEGABYTES,
                                help="It stays in memory until you keep it with the study.")
    if uploaded is None:
        return
    ask_anew("upload.scores", [uploaded], ("upload.unit", "upload.metric", "upload.split"))
    file = held_file(uploaded)
    preview = preview_table(file)
    show_preview(preview, file.name)
    columns = choose_columns(preview, "upload.scores")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        unit = st.segmented_control("Unit of the scores", list(UNITS), key="upload.unit",
                                    help="Never guessed. Fractions go from 0 to 1, percent from "
                                         "0 to 100.")
        metric = st.text_input("Metric", key="upload.metric", max_chars=60, width=200,
                               placeholder="such as macro_f1",
                               help="What the score is; or which rows to take, where the table "
                                    "has a column for it.")
        split = st.text_input("Split", key="upload.split", max_chars=60, width=160,
                              placeholder="such as test",
                              help="As for the metric.")
    if unit is None:
        st.info("Choose the unit of the scores: fraction or percent.")
    if unit is None or columns is None:
        return
    rows: dict[str, Any] = {"columns": columns, "metric": metric.strip() or None,
                            "split": split.strip() or None}
    with st.spinner("Reading the table …"), wrong_cells_told([file], unit, **rows):
        found, report = read_scores(file, unit, known=codes, **rows)
    seeds = f", {len(found.seeds)} seeds" * (len(found.seeds) > 1)
    outline = (f"A {report.layout} table, {len(found.sources)} sources x {len(found.targets)} "
               f"targets{seeds}.")
    kept, alignment = align(found, codes)
    show_understood(report.languages, [outline, *report.sentences(), *alignment.sentences()])
    name = kept_name(file.stem, "upload.scores", imported_names(store(), signature))
    if st.button("Keep with the study", type="primary",
                 help="From then on it can be chosen for a new correlation."):
        save_scores(signature, name, kept)
        select(correlating="plan", against=name)
        st.rerun()
