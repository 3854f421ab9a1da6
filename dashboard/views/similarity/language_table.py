"""The languages of a study as a table whose rows are marked as in every picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from dashboard.escaping import plain_text
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.state import select
from dashboard.views.chart import table_height
from dashboard.views.folds import fold
from gradsim_core import csv_text

_KEY = "view.languages"
_SHORT = st.column_config.NumberColumn(format="%.2f")


def show_languages(whole: Picture, selection: Selection, name: str) -> None:
    """Show the languages in the order of the tree; a ticked row is a marked language.

    Parameters
    ----------
    name : of the CSV file, without its ending
    """
    codes = [whole.found.languages[i] for i in whole.order]
    table = language_columns(whole, codes)
    with fold("All languages as a table", "languages") as opened:
        if not opened.open:
            return
        rows = [at for at, code in enumerate(codes) if code in selection.chosen]
        held = st.session_state.get(_KEY)
        if held is None or sorted(held["selection"]["rows"]) != rows:
            st.session_state[_KEY] = {"selection": {"rows": rows, "columns": [], "cells": []}}
        st.dataframe({title: [plain_text(value, 60) if isinstance(value, str) else value
                              for value in values] for title, values in table.items()},
                     hide_index=True, height=table_height(len(codes)), key=_KEY,
                     on_select=lambda: _mark(codes), selection_mode="multi-row",
                     alt="The languages of the study; a ticked row is a marked language.",
                     column_config=dict.fromkeys(("Reliability", "Mean similarity"), _SHORT))
        st.download_button("Table as CSV", csv_text([list(table), *zip(*table.values(),
                                                                       strict=True)]),
                           f"{name}.csv", "text/csv", on_click="ignore", key=f"csv.{name}",
                           help="One line a language, with codes, family, script and place.")


def language_columns(whole: Picture, codes: Sequence[str]) -> Mapping[str, list[Any]]:
    """What is known of languages, as the columns of a table, in the order of the codes."""
    found, facts = whole.found, [whole.facts[code] for code in codes]
    at = [found.languages.index(code) for code in codes]
    matrix = found.matrix.copy()
    np.fill_diagonal(matrix, np.nan)
    counted = np.isfinite(matrix).sum(axis=1)
    sums = np.nansum(matrix, axis=1)
    return {
        "Language": [one.name for one in facts], "Code": list(codes),
        "Glottocode": [one.glottocode or "" for one in facts],
        "Family": [one.family or "unknown" for one in facts],
        "Branch": [one.branch or "unknown" for one in facts],
        "Script": [one.script or "unknown" for one in facts],
        "Training rows": [one.rows for one in facts],
        "Reliability": [_number(found.reliability[i]) for i in at],
        "Mean similarity": [_number(sums[i] / counted[i]) if counted[i] else None for i in at],
        "Latitude": [one.latitude for one in facts],
        "Longitude": [one.longitude for one in facts]}


def _mark(codes: Sequence[str]) -> None:
    select(chosen=tuple(codes[at] for at in st.session_state[_KEY]["selection"]["rows"]))


def _number(value: float) -> float | None:
    return round(float(value), 3) + 0.0 if np.isfinite(value) else None
