"""Own data through the browser: files are kept under the cache folder, and named from then on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.drafts import changed
from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.data import store
from dashboard.state import current_selection, select
from dashboard.views.chart import table_height
from gradsim_core import (
    ENDINGS,
    MOST_UPLOADED_BYTES,
    GradSimError,
    HeldFile,
    Holding,
    guessed_holdings,
    is_data,
    keep_uploads,
    placed,
)

MOST_MEGABYTES = 20
MOST_FILES = 600
_SPLITS = ("", "train", "dev", "test")
_TAKEN = "upload.data.taken"
_HELP = (f"At most {MOST_MEGABYTES} MB a file and {MOST_UPLOADED_BYTES / 1e6:.0f} MB together; "
         "larger data are named by their path. What you upload is kept in this server's cache "
         "folder, because the run reads it from there.")

_Columns = Callable[[str], dict[str, str] | None]


def show_upload(columns: _Columns) -> None:
    """Let the reader upload files or a folder, and keep them once it is known what they hold.

    Parameters
    ----------
    columns : path of what was kept -> columns that the draft is to name for it
    """
    folder = st.toggle("A whole folder", key="upload.data.folder",
                       help="With its folders of languages, as in hau/train.tsv.")
    uploaded = st.file_uploader(
        "One file with a column for the language, or one or several files a language",
        [ending.removeprefix(".") for ending in ENDINGS], key=f"upload.data.{int(folder)}",
        accept_multiple_files="directory" if folder else True, help=_HELP,
        max_upload_size=MOST_MEGABYTES)
    st.caption(upload_place())
    newest = {one.name: one for one in uploaded or []}  # mended, and brought under the same name
    files = [one for one in newest.values() if is_data(one.name)]
    if not files:
        return
    if len(files) > MOST_FILES:
        raise GradSimError(f"{len(files):,} files are too many to upload; {MOST_FILES} are "
                           "possible. Put them into a folder of this machine, and give its path.")
    taken = [one.file_id for one in files]
    if len(files) == 1:
        if st.session_state.get(_TAKEN) != taken:
            _keep([_held(files[0])], taken, columns)
        return
    _say_what_they_hold(files, taken, columns)


def upload_place() -> str:
    """Where uploads are kept, and how they go; Markdown."""
    return (f"Uploads are kept in *{markdown_text(store().root / '.uploads', 200)}* on the machine "
            "that shows this page, for as long as a study or a run names them. After a day, "
            "`gradsim uploads --remove-unused --yes` removes those that none does (`--cache` says "
            "which folder).")


def uploaded_words(path: str) -> str:
    """How a path of own data is named on the page; Markdown."""
    try:
        inside = Path(path).relative_to(store().root / ".uploads")
    except ValueError:
        return f"*{markdown_text(path, 200)}*"
    return f"the upload *{markdown_text(inside.name, 100)}*" if len(inside.parts) > 1 else \
        "the uploaded files"


def _held(uploaded: Any) -> HeldFile:
    return HeldFile(uploaded.name, uploaded.getvalue())


def _say_what_they_hold(files: list[Any], taken: list[str], columns: _Columns) -> None:
    """Several files: show what their names seem to say, and let the reader put it right."""
    st.caption("What each file holds, as its name seems to say. Put it right where it is wrong; "
               "a language may be written in any spelling. No split: rows are split by hash.")
    guesses = guessed_holdings([one.name for one in files])
    edited = st.data_editor(
        {"File": [plain_text(one.name, 80) for one in files],
         "Language": [one.language for one in guesses],
         "Split": [one.split for one in guesses]},
        hide_index=True, disabled=["File"], height=table_height(len(files)),
        key=f"upload.data.holding.{hash(tuple(taken))}",
        column_config={"Split": st.column_config.SelectboxColumn(options=_SPLITS),
                       "Language": st.column_config.TextColumn(
                           help="Empty where a column of the file says it.", max_chars=60)})
    if st.button("Use these files", type="primary",
                 disabled=st.session_state.get(_TAKEN) == [*taken, str(edited)]):
        holdings = [Holding(str(language or ""), str(split or "")) for language, split in
                    zip(edited["Language"], edited["Split"], strict=True)]
        try:
            _keep(placed([_held(one) for one in files], holdings), [*taken, str(edited)],
                  columns)
        except GradSimError as error:
            st.error(markdown_text(error, 600))


def _keep(files: list[HeldFile], taken: list[str], columns: _Columns) -> None:
    """Keep the files, and name them in the draft."""
    with st.spinner("Keeping the files …"):
        path = keep_uploads(store(), files)
    st.session_state[_TAKEN] = taken
    select(draft=changed(current_selection().draft, data=str(path),
                         columns=columns(str(path))), health=0)
    st.rerun()
