"""How every chart stands on a page."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from dashboard.state import PICTURES, Selection, bound


def is_dark() -> bool:
    """Whether the reader's page is dark."""
    return st.context.theme.type == "dark"


def show_chart(figure: Any, name: str, selection: Selection, alt: str) -> None:
    """Show a figure with a camera button that gives the chosen file type.

    Parameters
    ----------
    name : of the file, without its ending
    alt : what the figure shows, for readers who cannot see it; plain text
    """
    st.plotly_chart(figure, width="stretch", theme=None, key=f"chart.{name}", alt=alt, config={
        "displaylogo": False, "displayModeBar": True,
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        "toImageButtonOptions": {"format": selection.picture, "filename": name, "scale": 2}})


def table_height(n_rows: int) -> Literal["content", "auto"]:
    """All rows of a short table, some of a long one, which scrolls."""
    return "content" if n_rows <= 16 else "auto"


def choose_picture(selection: Selection) -> None:
    """Let the reader choose what the camera button gives."""
    st.segmented_control(
        "Camera button saves", PICTURES, required=True, format_func=str.upper,
        help="The camera stands at the top right of the chart.", label_visibility="collapsed",
        **bound("picture", selection.picture))
