"""An own similarity of languages: one table, or one a layer, kept as a measure of the study."""

from __future__ import annotations

from itertools import takewhile

import streamlit as st

from dashboard.loads.correlations import kept_similarities, save_similarity
from dashboard.state import select
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
from gradsim_core import GradSimError, HeldFile, preview_table, read_similarity_files

MOST_FILES = 200
"""Layers of one measure: deeper models than there are."""

_ROLES = ("source", "target", "score")


def bring_similarity(signature: str, sources: list[str]) -> None:
    """Let the reader bring a similarity.

    Parameters
    ----------
    sources : codes of the study's sources
    """
    st.markdown("A table of how near languages are to each other; larger is nearer. *Wide*: a "
                "matrix with languages in the first column and in the header. *Long*: one row a "
                "pair. Several files are the layers of one measure, in the order of the numbers "
                "in their names.")
    uploaded = st.file_uploader("Tables of similarity (.csv, .tsv or .txt)", ["csv", "tsv", "txt"],
                                accept_multiple_files=True, key="upload.similarity",
                                max_upload_size=MOST_MEGABYTES,
                                help="They stay in memory until you keep them with the study.")
    if not uploaded:
        return
    if len(uploaded) > MOST_FILES:
        raise GradSimError(f"{len(uploaded):,} files are too many layers for one measure; "
                           f"{MOST_FILES} are possible. Leave some out.")
    ask_anew("upload.similarity", uploaded)
    files = [held_file(one) for one in uploaded]
    preview = preview_table(files[0])
    show_preview(preview, files[0].name)
    columns = choose_columns(preview, "upload.similarity", _ROLES)
    if columns is None:
        return
    name = kept_name(_shared_name(files), "upload.similarity", kept_similarities(signature))
    with st.spinner("Reading the tables …"), wrong_cells_told(files, None, columns=columns):
        found = read_similarity_files(name, files, columns=columns, known=sources)
    lacking = [code for code in sources if code not in found.languages]
    show_understood(found.languages, [*found.sentences, *(
        [f"In the study alone, without similarity: {', '.join(lacking)}."] if lacking else [])])
    if st.button("Keep with the study", type="primary",
                 help="From then on it is one of the study's measures."):
        save_similarity(signature, sources, found)
        select(correlating="plan")
        st.rerun()


def _shared_name(files: list[HeldFile]) -> str:
    """What the names of several files begin with, but their number; one file's own name."""
    if len(files) == 1:
        return files[0].stem
    same = takewhile(lambda signs: len(set(signs)) == 1, zip(*(file.stem for file in files),
                                                             strict=False))
    return "".join(signs[0] for signs in same).rstrip("0123456789")
