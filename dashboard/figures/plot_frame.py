"""The frame of a plot: two named axes, a title, and lines that say how it was made.

Conventions
-----------
Texts arrive plain and are escaped here. Margins are pixels, so that words never run into the
picture, whatever its height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.palette import FONT, Palette

GRID = "rgba(128,128,128,0.18)"
_LINE_PX, _AXIS_PX = 17, 50


@dataclass(frozen=True)
class PlotText:
    """What is written around a plot, as plain text.

    Attributes
    ----------
    title : what is shown, of which study
    x, y : names of the axes, with their units; "" for an axis whose labels need none
    method : lines below the picture
    """

    title: str
    x: str
    y: str
    method: tuple[str, ...]


def plot_frame(text: PlotText, height: int, colours: Palette, *, left: int = 70, top: int = 44,
               right: int = 24) -> go.Figure:
    """An empty plot.

    Parameters
    ----------
    height : of the picture itself, in pixels
    left, top, right : margins, in pixels
    """
    foot = _AXIS_PX + _LINE_PX * len(text.method) + 6
    axis = {"zeroline": False, "gridcolor": GRID, "fixedrange": False,
            "tickfont": {"size": 11, "color": colours.ink}}
    figure = go.Figure(layout={
        "height": height + top + foot, "margin": {"l": left, "r": right, "t": top, "b": foot},
        "paper_bgcolor": colours.page, "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours.ink, "family": FONT}, "hoverlabel": {"align": "left"},
        "title": {"text": plotly_text(text.title), "x": 0, "xref": "container", "y": 1,
                  "yref": "container", "yanchor": "top", "pad": {"t": 10, "l": 8},
                  "font": {"size": 15, "color": colours.ink}},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
                   "font": {"size": 12, "color": colours.ink}, "bgcolor": "rgba(0,0,0,0)",
                   "itemsizing": "constant"},
        "xaxis": {**axis, "title": _axis_title(text.x, colours)},
        "yaxis": {**axis, "title": _axis_title(text.y, colours)}})
    for row, line in enumerate(text.method):
        figure.add_annotation(
            text=plotly_text(line, 240), xref="paper", yref="paper", x=0, y=0, xanchor="left",
            yanchor="top", xshift=8 - left, yshift=-_AXIS_PX - _LINE_PX * row, showarrow=False,
            align="left", font={"size": 11, "color": colours.faint})
    return figure


def padded(values: Sequence[float], share: float = 0.05) -> list[float]:
    """From the lowest to the highest value, with air at both ends."""
    low, high = min(values), max(values)
    air = share * (high - low) or 1.0
    return [low - air, high + air]


def _axis_title(name: str, colours: Palette) -> dict:
    return {"text": plotly_text(name), "standoff": 6, "font": {"size": 12, "color": colours.ink}}
