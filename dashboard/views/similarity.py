"""The similarity page: the heatmap with its tree, and the neighbours of one language."""

from __future__ import annotations

import streamlit as st

from dashboard.data import results, study_title
from dashboard.escaping import markdown_text, plain_text
from dashboard.exports import matrix_csv
from dashboard.figures.heatmap import colour_limit, similarity_heatmap
from dashboard.figures.heatmap_frame import HeatmapText
from dashboard.figures.nearest import nearest_bars
from dashboard.pictures import Picture, picture
from dashboard.selection import Selection, reading_of
from dashboard.stabilities import certainty_of
from dashboard.state import bound
from dashboard.summaries import (
    count,
    method_lines,
    neighbours,
    number,
    picture_sentence,
    support_line,
    unreliable,
)
from dashboard.views.chart import choose_picture, is_dark, show_chart, table_height
from dashboard.views.reading import choose_reading, scale_lines
from dashboard.views.waiting import ready_study
from gradsim_core import Certainty, Results, newick

MOST_NEIGHBOURS = 15
_DECIMALS = st.column_config.NumberColumn(format="%.3f")
_SHORT = st.column_config.NumberColumn(format="%.2f", width=70)


def similarity_page() -> None:
    """Show which languages are alike."""
    st.header("Similarity", anchor=False)
    found = ready_study()
    if found is None:
        return
    selection, signature = found
    loaded = results(signature)
    choose_reading(selection, loaded.series)
    shown = picture(signature, reading_of(selection))
    st.markdown(markdown_text(picture_sentence(shown.found, shown.names, shown.branches)))
    sure, reason = certainty_of(signature, reading_of(selection))
    _heatmap(shown, loaded, selection, sure)
    if reason:
        st.caption(f"How sure the tree is cannot be said: {markdown_text(reason)}")
    _downloads(shown, loaded, selection, sure)
    _nearest(shown, loaded, selection, sure)


def _heatmap(shown: Picture, loaded: Results, selection: Selection,
             sure: Certainty | None) -> None:
    found = shown.found
    text = HeatmapText(
        title=f"Similarity of {count(len(found.languages), 'language')}: {study_title(loaded)}",
        scale=scale_lines(found),
        method=(*method_lines(found, loaded.signature, loaded.record["study"]["steps"],
                              colour_limit(found)), *support_line(sure)),
        names=shown.names, branches=shown.branches)
    figure = similarity_heatmap(found, shown.order, text, tree=shown.tree,
                                support=sure.support if sure else None,
                                hatched=unreliable(found), dark=is_dark())
    show_chart(figure, f"gradsim-{loaded.signature[:8]}-similarity", selection,
               alt=f"Heatmap. {picture_sentence(found, shown.names, shown.branches)}")
    targets = [code for code in loaded.names if code not in set(found.languages)]
    for code, reason in loaded.series.invalid.items():
        st.warning(f"{markdown_text(shown.label(code))} is left out: {markdown_text(reason)}")
    if targets:
        names = ", ".join(markdown_text(shown.label(code), 60) for code in targets)
        st.caption(f"Not in the picture, for want of training rows: {names}.")


def _downloads(shown: Picture, loaded: Results, selection: Selection,
               sure: Certainty | None) -> None:
    found, name = shown.found, f"gradsim-{loaded.signature[:8]}"
    with st.container(horizontal=True, vertical_alignment="center"):
        choose_picture(selection)
        st.download_button("Matrix as CSV", matrix_csv(found, shown.names, shown.order),
                           f"{name}-similarity.csv", "text/csv", on_click="ignore")
        if shown.tree is not None:
            placed = sorted(shown.order[:len(shown.tree) + 1])
            tree = newick(shown.tree, [found.languages[i] for i in placed],
                          sure.support if sure else None)
            st.download_button("Tree as Newick", tree + "\n", f"{name}-tree.nwk", "text/plain",
                               on_click="ignore")
    with st.expander("The matrix as a table"):
        table = matrix_table(shown)
        st.dataframe(table, hide_index=True, height=table_height(len(shown.order)),
                     column_config=dict.fromkeys(list(table)[2:], _DECIMALS))


def matrix_table(shown: Picture) -> dict[str, list[object]]:
    """The similarities as columns of a table, in the order of the picture."""
    found, codes = shown.found, [shown.found.languages[i] for i in shown.order]
    columns: dict[str, list[object]] = {
        "Language": [plain_text(shown.label(code), 60) for code in codes],
        "Branch": [plain_text(shown.branches.get(code) or "unknown", 40) for code in codes],
        "Reliability": [round(float(found.reliability[i]), 3) for i in shown.order]}
    rounded = found.matrix.round(3)
    for code, column in zip(codes, shown.order, strict=True):
        columns[plain_text(code, 20)] = [float(rounded[row, column]) for row in shown.order]
    return columns


def _nearest(shown: Picture, loaded: Results, selection: Selection,
             sure: Certainty | None) -> None:
    st.subheader("Nearest languages", anchor=False)
    found = shown.found
    codes = [found.languages[i] for i in shown.order]
    code = selection.language or codes[0]
    st.selectbox("Language", codes, format_func=lambda one: plain_text(shown.label(one), 60),
                 **bound("language", code))
    rows = neighbours(found, code)
    if not rows:
        st.info(f"{markdown_text(shown.label(code))} has no defined similarity here. Try the "
                "correction “raw”, or other blocks.")
        return
    low = {found.languages[i] for i in unreliable(found)}
    between = _intervals(sure, code)
    chart, table = st.columns([9, 11], gap="medium")
    with chart:
        title = f"Nearest to {shown.label(code)}"
        figure = nearest_bars(rows[:MOST_NEIGHBOURS], shown.names, title, hatched=list(low),
                              intervals=between, dark=is_dark())
        show_chart(figure, f"gradsim-{loaded.signature[:8]}-nearest", selection,
                   alt=f"Bars. {title}: {shown.label(rows[0].code)} "
                       f"({rows[0].similarity:+.2f}) comes first.")
    with table:
        st.dataframe({
            "Language": [plain_text(shown.label(row.code), 60) for row in rows],
            "Branch": [plain_text(shown.branches.get(row.code) or "unknown", 40) for row in rows],
            "Similarity": [round(row.similarity, 2) for row in rows],
            **({"95% interval": [" to ".join(map(number, between[row.code])) for row in rows]}
               if between else {}),
            "Reliability": [round(row.reliability, 2) for row in rows]},
            hide_index=True, height=table_height(len(rows)),
            column_config=dict.fromkeys(("Similarity", "Reliability"), _SHORT))


def _intervals(sure: Certainty | None, code: str) -> dict[str, tuple[float, float]]:
    """Code -> 95% interval of its similarity to one language; empty where it is not known."""
    if sure is None or code not in sure.languages:
        return {}
    at = sure.languages.index(code)
    return {other: (float(sure.low[at, i]), float(sure.high[at, i]))
            for i, other in enumerate(sure.languages)}
