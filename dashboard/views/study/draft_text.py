"""A described study as text: its YAML to edit, to bring and to take away."""

from __future__ import annotations

import streamlit as st

from dashboard.drafts import FILE_NAME, MOST_CHARACTERS, Draft, text_from_upload
from dashboard.escaping import markdown_text
from dashboard.state import bound, current_selection, select
from gradsim_core import GradSimError, HeldFile

_HELP = ("The same study as in the form, as a file for `gradsim run`. Each line is one setting; "
         "what is left out stands at its default. Change either: the other follows.")
_PLACEHOLDER = "preset: afrisenti\nlanguages: [hau, ibo, yor]\nsteps: 200"


def show_draft_text(draft: Draft) -> None:
    """Show the draft as YAML, which can be edited, replaced by a file and taken away."""
    st.text_area("The study as YAML", height=320, max_chars=MOST_CHARACTERS, help=_HELP,
                 placeholder=_PLACEHOLDER, **bound("draft", draft.text))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button("Download", draft.text, FILE_NAME, "application/yaml",
                           on_click="ignore", disabled=not draft.text,
                           help="The text above as study.yaml, for `gradsim run study.yaml`.")
        if st.button("Start over", disabled=not draft.text,
                     help="Empties form and text; the browser's Back brings them again."):
            select(draft="", health=0)
            st.rerun()
    with st.expander("Open a study file"):
        _open_file()


def _open_file() -> None:
    uploaded = st.file_uploader(
        "A study in YAML", ["yaml", "yml"], key="upload.study", max_upload_size=1,
        help="At most 1 MB; it takes the place of what is described now. One comes from the "
             "Download above, from the folder of a study, or from your own hand.")
    if uploaded is None or st.session_state.get("upload.study.taken") == uploaded.file_id:
        return
    try:
        text = text_from_upload(HeldFile(uploaded.name, uploaded.getvalue()))
    except GradSimError as error:
        st.error(markdown_text(error, 600))
        return
    st.session_state["upload.study.taken"] = uploaded.file_id
    if text != current_selection().draft:
        select(draft=text, health=0)
    st.rerun()
