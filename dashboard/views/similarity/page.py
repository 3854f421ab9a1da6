"""The similarity page: the heatmap with its tree, and the neighbours of one language."""

from __future__ import annotations

import time
from collections.abc import Mapping

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.exports import matrix_csv
from dashboard.figures.heatmap import colour_limit, heatmap_overlay, similarity_heatmap
from dashboard.figures.heatmap_frame import HeatmapText
from dashboard.figures.heatmap_sides import picks_of
from dashboard.loads.data import results, study_title
from dashboard.loads.drawn import drawn
from dashboard.loads.groupings import shown_groups
from dashboard.loads.pictures import part, picture
from dashboard.loads.stabilities import certainty_of
from dashboard.selection import Selection, reading_of
from dashboard.shown import Picture, shown_sentence, strips_of
from dashboard.state import select
from dashboard.views.chart import (
    choose_picture,
    is_dark,
    show_chart,
    table_height,
)
from dashboard.views.folds import fold
from dashboard.views.guide import show_guide
from dashboard.views.languages_shown import choose_languages
from dashboard.views.reading import choose_reading, scale_lines
from dashboard.views.similarity.language_table import show_languages
from dashboard.views.similarity.maps import show_maps
from dashboard.views.similarity.nearest import show_nearest
from dashboard.views.waiting import ready_study
from dashboard.words.summaries import (
    count,
    method_lines,
    picture_sentence,
    support_line,
    unreliable,
)
from gradsim_core import Certainty, GradSimError, Results, newick

MOST_ORDERED = 400
"""Languages up to which the engine puts leaves in the best order."""
MOST_UNASKED = 40
"""Languages up to which steps are drawn anew without a click."""
_DECIMALS = st.column_config.NumberColumn(format="%.3f")


def similarity_page() -> None:
    """Show which languages are alike."""
    st.header("Similarity", anchor=False)
    ready = ready_study()
    if ready is None:
        return
    selection, signature = ready
    show_guide("similarity", selection, signature)
    loaded, reading = results(signature), reading_of(selection)
    choose_reading(selection, loaded.series)
    whole = picture(signature, reading)
    codes = choose_languages(selection, whole.facts, whole.found.languages)
    if codes is None:
        return
    shown, pools = part(signature, reading, codes)
    st.markdown(markdown_text(picture_sentence(whole.found, whole.names, whole.branches)))
    sure, reason = _certainty(signature, selection, whole)
    _heatmap(shown, pools, whole, loaded, selection, sure)
    sent = time.monotonic()
    if reason:
        st.caption(f"How sure the tree is cannot be said: {markdown_text(reason)}")
    _downloads(shown, loaded, selection, sure if shown is whole else None)
    show_maps(signature, selection, whole, sent)
    show_languages(whole, selection, f"gradsim-{signature[:8]}-languages")
    show_nearest(whole, loaded, selection, sure)


def _certainty(signature: str, selection: Selection,
               whole: Picture) -> tuple[Certainty | None, str]:
    """How sure the picture is, unasked where that is quick."""
    if len(whole.found.languages) <= MOST_UNASKED or selection.sure:
        return certainty_of(signature, reading_of(selection))
    st.button("How sure is it?", on_click=select, kwargs={"sure": 1},
              help="Draws the training's steps anew 200 times, and says how often each branch "
                   "comes out, with an interval for each similarity. With so many languages that "
                   "takes a moment for every choice of blocks.")
    return None, ""


def _heatmap(shown: Picture, pools: Mapping[str, tuple[str, ...]], whole: Picture,
             loaded: Results, selection: Selection, sure: Certainty | None) -> None:
    found, whole_picture = shown.found, shown is whole
    codes = [found.languages[i] for i in shown.order]
    drawn_as = ("average linkage, optimal leaf order" if len(codes) <= MOST_ORDERED and not pools
                else "average linkage")
    part_line = shown_sentence(shown, len(whole.found.languages), pools)
    text = HeatmapText(
        title=f"Similarity of {count(sum(map(len, pools.values())) or len(codes), 'language')}: "
              f"{study_title(loaded)}",
        scale=scale_lines(found),
        method=(*method_lines(found, loaded.signature, loaded.record["study"]["steps"],
                              colour_limit(found), drawn_as),
                *([part_line] if part_line else []),
                *support_line(sure if whole_picture else None)),
        names=shown.names, branches=shown.branches)
    marked = {row for row in codes
              if any(code in selection.chosen for code in pools.get(row, (row,)))}
    figure = drawn(
        similarity_heatmap, found, shown.order, text, tree=shown.tree,
        support=sure.support if sure and whole_picture else None, hatched=unreliable(found),
        strips=strips_of(selection.strips, shown, codes, pools,
                         *_groups(loaded.signature, selection)),
        diagonal=bool(pools), dark=is_dark())
    picking = {token: tuple(code for row in rows for code in pools.get(row, (row,)))
               for token, rows in picks_of(shown.tree, codes).items()}
    show_chart(figure, f"gradsim-{loaded.signature[:8]}-similarity", selection, picking=picking,
               over=heatmap_overlay(codes, shown.names, marked, dark=is_dark()),
               alt=f"Heatmap. {picture_sentence(whole.found, whole.names, whole.branches)}")
    targets = [code for code in loaded.names if code not in set(whole.found.languages)]
    for code, reason in loaded.series.invalid.items():
        st.warning(f"{markdown_text(whole.label(code))} is left out: {markdown_text(reason)}")
    if targets:
        names = ", ".join(markdown_text(whole.label(code), 60) for code in targets)
        st.caption(f"Not in the picture, for want of training rows: {names}.")


def _groups(signature: str, selection: Selection) -> tuple[Mapping[str, int], tuple[str, ...]]:
    """Code -> its group, and the groups' names; empty where no strip tells them."""
    if "group" not in selection.strips:
        return {}, ()
    try:
        groups = shown_groups(signature, selection)
    except GradSimError as error:
        st.caption(f"There are no groups to tell: {markdown_text(error)}")
        return {}, ()
    return groups.group_of, groups.names


def _downloads(shown: Picture, loaded: Results, selection: Selection,
               sure: Certainty | None) -> None:
    found, name = shown.found, f"gradsim-{loaded.signature[:8]}"
    with st.container(horizontal=True, vertical_alignment="center"):
        choose_picture(selection)
        st.download_button("Matrix as CSV",
                           lambda: matrix_csv(found, shown.names, shown.order),
                           f"{name}-similarity.csv", "text/csv", on_click="ignore",
                           help="The numbers of the picture, with codes, names and reliabilities.")
        if shown.tree is not None:
            codes = [found.languages[i] for i in sorted(shown.order[:len(shown.tree) + 1])]
            st.download_button("Tree as Newick", newick(
                shown.tree, codes, sure.support if sure else None) + "\n",
                f"{name}-tree.nwk", "text/plain", on_click="ignore",
                help="For iTOL, FigTree and other readers of trees.")
    with fold("The matrix as a table", "matrix") as matrix:
        if matrix.open:
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
