"""Pairs and languages that move from lower to higher blocks, and how all blocks agree."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from dashboard.agreement import agreement_rows, agreement_sentence
from dashboard.escaping import markdown_text, plain_text
from dashboard.exports import agreement_csv, moves_csv
from dashboard.figures.frame import ChartText
from dashboard.figures.movers import move_picks, pair_moves
from dashboard.figures.panel_frame import PanelRows
from dashboard.figures.panels import Panel, square_panels
from dashboard.layers import Move, Sides, language_changes
from dashboard.loads.blocks import RESAMPLES, agreement
from dashboard.loads.data import study_title
from dashboard.loads.drawn import drawn
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.views.chart import choose_picture, is_dark, show_chart, table_height
from dashboard.views.folds import fold
from dashboard.words.blocks import short_words
from dashboard.words.summaries import count, number
from gradsim_core import Reading, Results

MOST_MOVES = 15
_DECIMALS = st.column_config.NumberColumn(format="%.3f")


def show_moves(found: Sequence[Move], whole: Picture, sides: Sides, selection: Selection,
               loaded: Results, why_not: str = "") -> None:
    """Show the pairs that change most, then all pairs and all languages as tables.

    Parameters
    ----------
    why_not : why changes have no intervals
    """
    if not found:
        return
    shown, study = found[:MOST_MOVES], study_title(loaded)
    of = "" if len(shown) == len(found) else f" of {len(found):,}"
    text = ChartText(
        f"The {count(len(shown), 'pair')}{of} that change most: {study}", "similarity",
        (f"From {sides.words[0]} to {sides.words[1]}; orange: more alike, blue: less; at the right "
         "the change", *_interval_line(shown, loaded)))
    names = {code: whole.names.get(code, code) for one in shown for code in one.pair}
    figure = drawn(pair_moves, list(shown), names, sides.titles, text, marked=selection.chosen,
                   dark=is_dark())
    name = f"gradsim-{loaded.signature[:8]}-layers"
    show_chart(figure, f"{name}-pairs", selection, picking=move_picks(shown),
               table=lambda: pair_table(found, whole, sides),
               alt="Dot chart, one row a pair of languages, from its similarity in the first "
                   "blocks to that in the second; the same numbers stand in the table.")
    if why_not:
        st.caption(markdown_text(why_not))
    with st.container(horizontal=True, vertical_alignment="center"):
        choose_picture(selection)
        st.download_button("Pairs as CSV", lambda: moves_csv(found, whole.names),
                           f"{name}-pairs.csv", "text/csv", on_click="ignore",
                           help="Codes, names, both similarities, and the change with its "
                                "interval.")
    with fold("How much each language moves", "moves") as folded:
        if folded.open:
            rows = language_changes(found)
            st.dataframe({
                "Language": [plain_text(whole.label(code), 60) for code, _, _ in rows],
                "Mean change": [round(mean, 3) for _, mean, _ in rows],
                "Mean size of it": [round(size, 3) for _, _, size in rows]},
                hide_index=True, height=table_height(len(rows)),
                column_config=dict.fromkeys(("Mean change", "Mean size of it"), _DECIMALS))


def _interval_line(shown: Sequence[Move], loaded: Results) -> tuple[str]:
    line = (f"Bands: 95% intervals of the change, from {RESAMPLES} bootstrap resamples of "
            "stretches of the training; " if any(one.interval for one in shown) else "")
    return (f"{line}study {loaded.signature}",)


def pair_table(found: Sequence[Move], whole: Picture, sides: Sides) -> dict[str, list[object]]:
    """Pairs with their similarity in both selections, the one that changes most first."""
    return {"Language": [plain_text(whole.label(one.pair[0]), 60) for one in found],
            "Other": [plain_text(whole.label(one.pair[1]), 60) for one in found],
            sides.titles[0]: [round(one.first, 3) for one in found],
            sides.titles[1]: [round(one.second, 3) for one in found],
            "Change": [round(one.change, 3) for one in found],
            "95% interval": ["–" if one.interval is None else " to ".join(map(number, one.interval))
                             for one in found]}


def show_agreement(signature: str, reading: Reading, selection: Selection,
                   loaded: Results) -> None:
    """Show how far the blocks see the same languages as alike."""
    blocks = agreement_rows(loaded.series.blocks)
    if len(blocks) < 2:
        return
    table = agreement(signature, reading)
    st.subheader("Do the layers agree?", anchor=False)
    st.markdown(markdown_text(agreement_sentence(table, blocks)))
    labels = tuple(map(short_words, blocks))
    text = ChartText(
        f"Agreement of the blocks: {study_title(loaded)}", "Spearman",
        ("Rank correlation between two blocks of the similarities of all pairs of languages; "
         "colours to ±1.00",
         f"{count(len(loaded.series.languages), 'language')}; study {signature}"))
    figure = drawn(square_panels, [Panel("", table)], PanelRows(labels, labels, labels), text,
                   limit=1.0, word="rank correlation", dark=is_dark())
    name = f"gradsim-{signature[:8]}-layers-agreement"
    show_chart(figure, name, selection, table=lambda: {"Block": list(labels), **{
        label: [_rounded(value) for value in column]
        for label, column in zip(labels, table.T, strict=True)}},
               alt="Heatmap, one row and one column a block: how alike two blocks rank the pairs "
                   f"of languages. {agreement_sentence(table, blocks)}")
    st.download_button("Agreement as CSV", agreement_csv(table, blocks), f"{name}.csv",
                       "text/csv", on_click="ignore", help="All digits, blocks by their names.")


def _rounded(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
