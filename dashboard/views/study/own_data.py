"""Data of one's own: where they are, what was recognised in them, and every row that is wrong."""

from __future__ import annotations

import re

import streamlit as st

from dashboard.drafts import Draft, changed
from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.checks import looked_at
from dashboard.state import bound, current_selection
from dashboard.views.chart import show_table, table_height
from dashboard.views.study.data_upload import show_upload, uploaded_words
from dashboard.words.data import (
    lacking_roles,
    language_rows,
    problem_lines,
    problem_rows,
    roles_sentence,
    splits_sentences,
)
from dashboard.words.summaries import count
from gradsim_core import DataLook, GradSimError

ROLE_WORDS = {"text": "Text", "label": "Label", "language": "Language", "split": "Split",
              "topic": "Topic", "id": "Id"}
_ROLE_HELP = {
    "text": "What the model reads: one text, or (in Parquet and JSONL) a list of words.",
    "label": "What it learns: one label, or a list of tags, one a word.",
    "language": "Needed where files do not say their language by their name or folder.",
    "split": "train, dev (or validation) and test; where there is none, rows are split by hash.",
    "topic": "For the question “topic or language?”; may be left out.",
    "id": "The same in every language for parallel texts, so that they share a split."}
MOST_LISTED = 20
"""Rows that cannot be read, up to which each stands in the message itself."""

_OF_SENTENCES = ("text", "label")
_NOT_THERE = ""


def name_own_data(draft: Draft) -> None:
    """Let the reader say where own data are, by a path or by an upload."""
    path = str(draft.values.get("data") or "")
    by_path, by_upload = st.tabs(["By its path on this machine", "By upload"])
    with by_path:
        st.text_input(
            "File or folder", placeholder="/data/reviews.csv or /data/reviews", max_chars=1000,
            help="CSV, TSV, JSONL, Parquet, CoNLL or CoNLL-U: one file with a column for the "
                 "language, one file a language, or one folder a language with files named train, "
                 "dev and test. Nothing is copied, so there is no limit to its size.",
            **bound("draft.path", path, lambda typed: {"health": 0, "draft": changed(
                current_selection().draft, data=typed.strip(),
                columns=kept_columns(draft, typed.strip()))}))
    with by_upload:
        show_upload(lambda chosen: kept_columns(draft, chosen))


def show_recognised(draft: Draft) -> bool:
    """Show what was recognised in own data.

    Returns
    -------
    bool
        Whether all of it can be read.
    """
    path = str(draft.values.get("data") or "")
    if not path:
        st.info("Give a path, or upload files: what is recognised in them is shown here.")
        return False
    try:
        look = looked_at(path, _columns(draft))
    except GradSimError as error:
        st.error(markdown_text(error, 600))
        return False
    st.subheader("What was recognised", anchor=False)
    st.caption(f"In {uploaded_words(path)}")
    _show_preview(look)
    _choose_roles(draft, look)
    if lacking := lacking_roles(look):
        st.info(f"Choose the column for {' and for '.join(lacking)}.")
        return False
    _show_problems(look)
    if not any(map(sum, (counts.values() for counts in look.rows.values()))):
        if not look.n_problems:
            st.error("There is no row to read: the files are empty, or hold a header alone.")
        return False
    _show_languages(look)
    return not look.n_problems


def _columns(draft: Draft) -> dict[str, str]:
    given = draft.shown("columns")
    return dict(given) if isinstance(given, dict) else {}


def _show_preview(look: DataLook) -> None:
    """The first rows, as they are written."""
    if not look.preview:
        return
    n_files = count(len(look.files), "file")
    name = markdown_text(next(iter(look.files)), 100)
    st.caption(f"The first rows of {name}" + (f", the first of {n_files}:"
                                              if len(look.files) > 1 else ":"))
    st.dataframe({(plain_text(column, 40) if look.kind != "conll" else "") or f"column {at}":
                  [plain_text(row[at - 1], 120) for row in look.preview]
                  for at, column in enumerate(look.columns, 1)},
                 hide_index=True, height=table_height(len(look.preview)))


def _choose_roles(draft: Draft, look: DataLook) -> None:
    """Say which column is what, and let the reader say it otherwise."""
    st.caption(roles_sentence(look))
    roles = tuple(ROLE_WORDS) if look.kind == "table" else _OF_SENTENCES
    given = _columns(draft)
    for column, role in zip(st.columns(len(roles)), roles, strict=True):
        found = look.roles.get(role, _NOT_THERE)
        offered = [_NOT_THERE, *look.columns, *([found] if found and found not in look.columns
                                                else [])]

        def changes(chosen: str, role: str = role) -> dict[str, object]:
            kept = {**given, role: chosen} if chosen else {
                name: value for name, value in given.items() if name != role}
            return {"draft": changed(current_selection().draft, columns=kept or None)}

        column.selectbox(ROLE_WORDS[role], offered, help=_ROLE_HELP[role],
                         format_func=lambda name: plain_text(name, 40) or "none",
                         **bound(f"draft.columns.{role}", found, changes))


def kept_columns(draft: Draft, path: str) -> dict[str, str] | None:
    """The columns that were chosen before, as far as other data have them too."""
    try:
        known = looked_at(path, {}).columns
    except GradSimError:
        return None
    return {role: name for role, name in _columns(draft).items() if name in known} or None


def _show_problems(look: DataLook) -> None:
    """Every row that cannot be read, with its place."""
    if not look.n_problems:
        return
    told, every = len(look.problems), look.n_problems
    what = "row" if all(one.line for one in look.problems) else "place"
    st.error("\n".join([
        f"**{count(every, what)} cannot be read.** The study cannot start before "
        f"{'it is' if every == 1 else 'they are'} mended.", "",
        *(f"- {line}" for line in problem_lines(look, MOST_LISTED)),
        *([f"- … and {every - MOST_LISTED:,} more"] if every > MOST_LISTED else [])]))
    if told > MOST_LISTED:
        show_table(problem_rows(look), "gradsim-rows-to-mend")
    if st.button("Read the files again", help="After they were mended on the disk. Mended files "
                                              "that were uploaded are uploaded again."):
        st.rerun()


def _show_languages(look: DataLook) -> None:
    """Which language each spelling was taken for, its rows, and how they are split."""
    rows = language_rows(look)
    st.dataframe(rows, hide_index=True, height=table_height(len(look.languages)), column_config={
        "Note": st.column_config.TextColumn(width=240)})
    for sentence in splits_sentences(look):
        st.caption(markdown_text(sentence, 600))
    if look.unknown:
        lines = [markdown_text(re.sub(r"\s+", " ", one), 400) for one in look.unknown.values()]
        st.warning("\n".join([
            f"{count(len(lines), 'spelling')} of a language not known. Such a language is kept "
            "under the spelling as it stands, without family, script and place. To have them, "
            "write its code in the data:".replace("1 spelling of", "1 spelling is that of"), "",
            *(f"- {line}" for line in lines[:20])]))
