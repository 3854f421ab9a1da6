"""Title, margins and method lines around a figure, the same for every chart along depth.

Conventions
-----------
Heights are pixels. Texts arrive plain and are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.palette import FONT, Palette
from dashboard.figures.text_width import text_width
from dashboard.words.blocks import block_words

TOP_PX, LINE_PX = 44, 17

LEAST_PX = 700
"""Width below which a figure scrolls instead of growing narrower: a figure's `meta`. A number,
because plotly takes an object for a change and draws everything anew."""
LINE_SIGNS = 150
"""Signs of a method line that have room there; longer ones are broken."""


@dataclass(frozen=True)
class ChartText:
    """What is written around a chart, as plain text: title, scale, and the lines below."""

    title: str
    scale: str
    method: tuple[str, ...]


def empty_figure(layout: Mapping[str, Any]) -> go.Figure:
    """A figure without the template that plotly would send along with each."""
    figure = go.Figure(layout=dict(layout))
    figure.layout.template = None
    return figure


def plain_numbers(values: np.ndarray) -> list[float | None]:
    """Coordinates as a list, to a hundred-thousandth; None where there are none."""
    return [None if math.isnan(value) else value
            for value in np.asarray(values, dtype=float).round(5).tolist()]


def framed(text: ChartText, colours: Palette, *, plot_px: float, left: int, right: int, below: int,
           top: int = TOP_PX, title_px: int = 10,
           layout: Mapping[str, Any] | None = None) -> go.Figure:
    """An empty figure with its words.

    Parameters
    ----------
    plot_px : height of what is inside the axes
    left, right : margins
    below : room for the ticks and the title of the horizontal axis
    title_px : air above the title
    layout : what else belongs to it; added later, it is checked again and again
    """
    foot = foot_px(text.method, below)
    figure = empty_figure({
        "height": round(plot_px) + top + foot,
        "margin": {"l": left, "r": right, "t": top, "b": foot},
        "paper_bgcolor": colours.page, "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours.ink, "family": FONT}, "hoverlabel": {"align": "left"},
        "title": {"text": plotly_text(text.title), "x": 0, "xref": "container", "y": 1,
                  "yref": "container", "yanchor": "top", "pad": {"t": title_px, "l": 8},
                  "font": {"size": 15, "color": colours.ink}},
        "meta": LEAST_PX, **(layout or {})})
    add_all(figure, method_lines(text.method, left, below, colours))
    return figure


def foot_px(lines: Sequence[str], below: int) -> int:
    """Height of what is below a plot: ``below`` pixels, and there its method lines."""
    return below + LINE_PX * len(_broken(lines)) + 6


def method_lines(lines: Sequence[str], left: int, below: int,
                 colours: Palette) -> list[dict[str, Any]]:
    """Annotations that say under a plot how it was made, lines too long for it as several."""
    return [{"text": plotly_text(line, 240), "xref": "paper", "yref": "paper", "x": 0, "y": 0,
             "xanchor": "left", "yanchor": "top", "xshift": 8 - left,
             "yshift": -below - LINE_PX * row, "showarrow": False, "align": "left",
             "font": {"size": 11, "color": colours.faint}}
            for row, line in enumerate(_broken(lines))]


def _broken(lines: Sequence[str]) -> list[str]:
    return [part for line in lines for part in wrap(line, LINE_SIGNS) or [""]]


def add_all(figure: go.Figure, annotations: Sequence[Mapping[str, Any]] = (),
            shapes: Sequence[Mapping[str, Any]] = ()) -> None:
    """Add annotations and shapes together: one by one plotly checks all before it each time."""
    if annotations:
        figure.layout.annotations = [*figure.layout.annotations, *annotations]
    if shapes:
        figure.layout.shapes = [*figure.layout.shapes, *shapes]


def add_trace(figure: go.Figure, kind: str, **given: Any) -> None:
    """Add a trace of a kind: ``figure.add_scatter`` checks every value twice, this once."""
    figure.add_trace({"type": kind, **given})


def legend_above(colours: Palette) -> dict[str, Any]:
    """A legend in one line over the plot."""
    return {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
            "font": {"size": 12, "color": colours.ink}, "bgcolor": "rgba(0,0,0,0)",
            "itemsizing": "constant", "traceorder": "normal", "itemclick": False,
            "itemdoubleclick": False}


def legend_rows(entries: Sequence[str], room_px: float) -> int:
    """Lines that a legend above a plot takes, where all entries are as wide as the widest."""
    widest = max((text_width(entry, 12) for entry in entries), default=0) + 48
    return -(-len(entries) // max(1, int(room_px // widest)))


def block_label(block: str) -> str:
    """A block as an axis shows it.

    Examples
    --------
    >>> block_label("layer.3")
    'layer 3'
    """
    return plotly_text(block_words(block), 24)
