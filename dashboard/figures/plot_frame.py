"""The frame of a plot: two named axes, a title, and lines that say how it was made.

Conventions
-----------
Texts arrive plain and are escaped here. Margins are pixels, so that words never run into the
picture, whatever its height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import ChartText, framed, legend_above
from dashboard.figures.palette import Palette

_AXIS_PX = 50


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


def plot_frame(text: PlotText, height: int, colours: Palette, *, left: int = 80, top: int = 72,
               right: int = 24) -> go.Figure:
    """An empty plot with its axes, and a legend above it.

    Parameters
    ----------
    height : of the picture itself, in pixels
    left, top, right : margins, in pixels
    """
    figure = framed(ChartText(text.title, text.y, text.method), colours, plot_px=height, left=left,
                    right=right, below=_AXIS_PX, top=top)
    figure.update_layout(showlegend=True, legend={**legend_above(colours),
                                                  "itemsizing": "constant"},
                         xaxis=_axis(text.x, colours), yaxis=_axis(text.y, colours))
    return figure


def padded(values: Sequence[float], share: float = 0.05) -> list[float]:
    """From the lowest to the highest value, with air at both ends."""
    low, high = min(values), max(values)
    air = share * (high - low) or 1.0
    return [low - air, high + air]


def _axis(name: str, colours: Palette) -> dict[str, Any]:
    return {"zeroline": False, "gridcolor": "rgba(128,128,128,0.18)",
            "tickfont": {"size": 11, "color": colours.ink},
            "title": {"text": plotly_text(name), "standoff": 6,
                      "font": {"size": 12, "color": colours.ink}}}
