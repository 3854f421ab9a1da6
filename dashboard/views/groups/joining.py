"""Languages added later: an upload, its run in the background, and the newcomer's place."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.figures.heatmap import colour_limit, heatmap_overlay, similarity_heatmap
from dashboard.figures.heatmap_frame import HeatmapText
from dashboard.loads.data import results, store, study_title
from dashboard.loads.drawn import drawn
from dashboard.loads.groupings import ShownGroups
from dashboard.loads.joining import newcomers, picture_with, place_of, results_with
from dashboard.selection import Selection
from dashboard.shown import MOST_IN_FULL, Picture
from dashboard.views.chart import is_dark, show_chart, table_height
from dashboard.views.folds import fold
from dashboard.views.reading import scale_lines
from dashboard.words.joining import NOT_TRAINED_ON, gain_rows, placement_sentences
from dashboard.words.summaries import about, count, method_lines, unreliable
from gradsim_core import (
    ENDINGS,
    GradSimError,
    HeldFile,
    check_joinable,
    estimate_join,
    find_joined,
    keep_uploads,
    newcomer_notes,
    newcomer_rows,
    submit_join,
)

_MOST_MEGABYTES = 20
_SENT = "join.sent"
_ASKED = "join.asked"
"""How many languages were added in this session: the form of each is another one, and empty."""


def show_joining(selection: Selection, signature: str, shown: Picture,
                 groups: ShownGroups) -> None:
    """Let the reader add a language to the finished study, and show where those belong."""
    with fold("Add a language", "join", icon=":material/person_add:") as folded:
        if not folded.open:
            return
        st.markdown("A language can join without computing the others anew: its gradients are "
                    "taken at the weights that this study kept. About 100 labelled rows or more; "
                    "its reliability says how far its place can be trusted.")
        _form(signature)
        found = newcomers(signature)
        if found:
            name = st.selectbox(
                "Joined later", list(found), key="join.shown",
                help="Whose place is shown; the newest stands first.",
                format_func=lambda one: f"{plain_text(str(found[one].language['name']), 40)}, "
                                        f"{found[one].facts['rows']['train']:,} rows")
            _show(selection, signature, shown, groups, name, found[name].facts["rows"]["train"])


def _form(signature: str) -> None:
    """Ask for the language and its rows, or say why none can join."""
    loaded = results(signature)
    try:
        kept = check_joinable(store(), loaded)
    except GradSimError as error:
        st.info(markdown_text(error, 600))
        return
    key = f"join.{st.session_state.get(_ASKED, 0)}"
    with st.form("join.form", border=False):
        language = st.text_input("Language", max_chars=60, help="A name or a code.",
                                 key=f"{key}.language")
        uploaded = st.file_uploader(
            "Its rows", [ending.removeprefix(".") for ending in ENDINGS],
            max_upload_size=_MOST_MEGABYTES, key=f"{key}.rows", help=(
                "One file. Left out, the rows come from the study's own data, which may have "
                "languages that the study left out."))
        text, label = st.columns(2)
        columns = {role: place.text_input(f"{role.capitalize()} column", max_chars=60,
                                          help="Empty: as usual.", key=f"{key}.{role}")
                   for role, place in (("text", text), ("label", label))}
        asked = st.form_submit_button("Add it", type="primary", help=(
            "Runs in the background; the page can be left meanwhile."))
    if not asked:
        for line in st.session_state.pop(_SENT, ()):
            st.info(line)
        return
    try:
        _begin(signature, language, uploaded, {role: one.strip() for role, one in columns.items()
                                               if one.strip()}, kept)
    except GradSimError as error:
        st.error(markdown_text(error, 600))


def _begin(signature: str, language: str, uploaded: Any, columns: dict[str, str],
           kept: Any) -> None:
    """Read the rows, and queue the newcomer's run."""
    if not language.strip():
        raise GradSimError("Which language is it? Write its name or its code.")
    loaded = results(signature)
    data = keep_uploads(store(), [HeldFile(uploaded.name, uploaded.getvalue())]) \
        if uploaded else None
    newcomer = newcomer_rows(loaded.record, language, data, columns if data else None)
    if find_joined(store(), loaded, newcomer) is not None:
        raise GradSimError(f"{newcomer.language.name} has joined with these rows already: choose "
                           "it below.")
    took = estimate_join(loaded, newcomer, kept)
    submit_join(store(), signature, newcomer, data, columns if data else None)
    st.session_state[_SENT] = [
        *(markdown_text(one) for one in newcomer_notes(store(), loaded, newcomer)),
        f"{markdown_text(newcomer.language.name)} is being added from "
        f"{count(took['rows'], 'training row')}, about {about(took['seconds'])}; it appears here "
        "when it is done."]
    st.session_state[_ASKED] = st.session_state.get(_ASKED, 0) + 1
    st.rerun()


def _show(selection: Selection, signature: str, shown: Picture, groups: ShownGroups, name: str,
          rows: int) -> None:
    """The newcomer's place among the groups that the rule makes, and a heatmap with it."""
    code, loaded = name.rpartition("-")[0], results_with(signature, name)
    names = {**shown.names, code: loaded.names[code]}
    try:
        found = place_of(signature, name, groups.reading, groups.rule)
    except GradSimError as error:
        st.warning(markdown_text(error, 600))
        return
    for line in placement_sentences(found, names, rows):
        st.markdown(markdown_text(line, 600))
    gains = gain_rows(found, names)
    st.dataframe({key: [plain_text(one, 200) if isinstance(one, str) else one for one in column]
                  for key, column in gains.items()}, hide_index=True,
                 height=table_height(len(found.gains)))
    st.dataframe({"Block": list(found.block_reliability),
                  "Reliability": [round(one, 3) for one in found.block_reliability.values()]},
                 hide_index=True, height=table_height(len(found.block_reliability)))
    st.caption(NOT_TRAINED_ON)
    both = picture_with(signature, name, groups.reading, dict(shown.names), dict(shown.branches))
    if len(both.found.languages) > MOST_IN_FULL:
        return
    last = len(both.found.languages) - 1
    text = HeatmapText(
        title=f"With {names[code]}, joined later: {study_title(loaded)}",
        scale=scale_lines(both.found), names=both.names, branches=both.branches,
        method=method_lines(both.found, signature, loaded.record["study"]["steps"],
                            colour_limit(both.found),
                            order="ordered by the tree; joined later: hatched"))
    figure = drawn(similarity_heatmap, both.found, list(both.order), text, tree=both.tree,
                   hatched=sorted({*unreliable(both.found), last}), dark=is_dark())
    show_chart(figure, f"gradsim-{signature[:8]}-with-{code}", selection,
               over=heatmap_overlay([both.found.languages[i] for i in both.order], both.names,
                                    (code,), dark=is_dark()),
               table={"Language": [both.names[both.found.languages[i]] for i in both.order],
                      "Similarity to it": [round(float(both.found.matrix[i, last]), 3)
                                           for i in both.order]},
               alt=f"Heatmap of all languages with {names[code]}, which joined later and is "
                   "hatched.")
