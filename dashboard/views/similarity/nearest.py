"""The languages nearest to one of them."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.figures.nearest import nearest_bars
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.state import bound
from dashboard.views.chart import is_dark, show_chart, table_height
from dashboard.words.summaries import neighbours, number, unreliable
from gradsim_core import Certainty, Results

MOST_NEIGHBOURS = 15
_CHART_PX = 380
_SHORT = st.column_config.NumberColumn(format="%.2f", width=70)


def show_nearest(shown: Picture, loaded: Results, selection: Selection,
                 sure: Certainty | None) -> None:
    """Let the reader choose a language, and show which others are most like it."""
    st.subheader("Nearest languages", anchor=False)
    found = shown.found
    codes = [found.languages[i] for i in shown.order]
    code = selection.language or next(iter(selection.chosen), codes[0])
    st.selectbox("Language", codes, help="The language whose neighbours are listed.",
                 format_func=lambda one: plain_text(shown.label(one), 60),
                 **bound("language", code))
    rows = neighbours(found, code)
    if not rows:
        st.info(f"{markdown_text(shown.label(code))} has no defined similarity here. Try the "
                "correction “raw”, or other blocks.")
        return
    low = {found.languages[i] for i in unreliable(found)}
    between = _intervals(sure, code)
    with st.container(horizontal=True, gap="medium"):
        # Whole pixels: a chart in a column of 363.8 is drawn for 364, and then once more.
        chart, table = st.container(width=_CHART_PX), st.container(width="stretch")
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
