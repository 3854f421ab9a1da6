"""Axes, labels and words around square tables that stand side by side.

Conventions
-----------
Panel p has the axes x(p+1) and y(p+1), which carry all names for the hover, and over them x(p+4)
and y(p+4), which show those that have room; x3 is the strip beside the first panel. Row and column
p of a table stand at place p. Texts arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import TOP_PX, ChartText, add_trace, framed
from dashboard.figures.heatmap_frame import label_width, with_room
from dashboard.figures.heatmap_sides import STEADY, language_token
from dashboard.figures.marked_rows import RowLabels, over_rows
from dashboard.figures.overlay import Overlay
from dashboard.figures.palette import Palette, palette

RIGHT_PX = 172
_TITLE_PX, _MOST_PX = 24, 1000
_STRIP, _FIRST, _LAST, _BETWEEN = 0.018, 0.024, 1.0, 0.03
_BARE = {"showgrid": False, "zeroline": False, "ticks": "", "showline": False,
         "ticklabeloverflow": "allow"}  # else the browser measures every label


@dataclass(frozen=True)
class PanelRows:
    """What the rows and columns are, as plain text.

    Attributes
    ----------
    labels, ticks : at the rows; at the columns
    names : in the hover
    codes, branches : of languages, for the strip of branches; empty where rows are none
    """

    labels: tuple[str, ...]
    ticks: tuple[str, ...]
    names: tuple[str, ...]
    codes: tuple[str, ...] = ()
    branches: Mapping[str, str | None] = field(default_factory=dict)


def panel_frame(titles: Sequence[str], rows: PanelRows, text: ChartText,
                colours: Palette) -> go.Figure:
    """The empty panels.

    Parameters
    ----------
    titles : one a panel; "" for none
    """
    n, several = len(rows.labels), len(titles)
    beside = _row_labels(rows, several, colours)
    font = beside.font
    places = with_room(n, 11 * several * n / 470)
    ticks = [plotly_text(rows.ticks[at], 14) for at in places]
    flat = n * several * max(map(len, rows.ticks)) <= 66
    below = 20 + (16 if flat else round(max(map(len, ticks)) * font["size"] * 0.56))
    figure = framed(text, colours, plot_px=max(180.0, cell_px(n, several) * n),
                    left=beside.left_px, right=RIGHT_PX, below=below,
                    top=TOP_PX + _TITLE_PX * any(titles))
    every = {"tickvals": list(range(n)), "showticklabels": False, **_BARE,
             "ticktext": [plotly_text(name, 40) for name in rows.names]}
    first = _FIRST if rows.codes else 0.0
    width = (_LAST - first - _BETWEEN * (several - 1)) / several
    for at, title in enumerate(titles):
        start = first + at * (width + _BETWEEN)
        _add_axes(figure, at, [start, start + width], n, every, {
            "tickvals": places, "ticktext": ticks, "tickangle": 0 if flat else -90,
            "tickfont": font}, {
            "tickvals": beside.labelled, "tickfont": font, "showticklabels": at == 0,
            "ticktext": [beside.labels[one] for one in beside.labelled]})
        if title:
            figure.add_annotation(
                text=plotly_text(title, 60), x=start + width / 2, xref="paper", y=1,
                yref="paper", xanchor="center", yanchor="bottom", yshift=3, showarrow=False,
                font={"size": 13, "color": colours.ink})
    figure.update_layout(clickmode="event")
    if rows.codes:
        figure.update_layout(
            yaxis4={"anchor": "x3"},
            xaxis3={"domain": [0, _STRIP], "anchor": "y", "range": [-0.5, 0.5],
                    "fixedrange": True, "showticklabels": False, **_BARE},
            legend={"x": 1.03, "y": 1, "yanchor": "top", "itemclick": False,
                    "itemdoubleclick": False, "bgcolor": "rgba(0,0,0,0)",
                    "font": {"size": 12, "color": colours.ink}})
    return figure


def panel_overlay(rows: PanelRows, marked: Collection[str], *, several: int = 1,
                  dark: bool = False) -> Overlay:
    """What marks languages in panels.

    Parameters
    ----------
    marked : codes of the languages that are marked
    several : number of panels
    """
    colours = palette(dark)
    axes = [("x", "y"), *((f"x{at}", f"y{at}") for at in range(2, several + 1))]
    return over_rows([at for at, code in enumerate(rows.codes) if code in marked],
                     _row_labels(rows, several, colours), colours, axes=axes, width=1.4)


def _row_labels(rows: PanelRows, several: int, colours: Palette) -> RowLabels:
    cell = cell_px(len(rows.labels), several)
    size = max(7, min(12, int(cell * 0.75)))
    labels = [plotly_text(one, 34) for one in rows.labels]
    return RowLabels(labels, with_room(len(labels), 8.5 / cell), label_width(labels, size),
                     {"size": size, "color": colours.ink})


def cell_px(n: int, several: int) -> float:
    """Side of a cell; beyond a hundred rows cells grow smaller, not the picture larger."""
    least, most = (10.0, 36.0) if several == 1 else (6.0, 30.0)
    return min(max(least, min(most, 620 / n)), _MOST_PX / n)


def _add_axes(figure: go.Figure, at: int, domain: Sequence[float], n: int,
              every: Mapping[str, Any], columns: Mapping[str, Any],
              beside: Mapping[str, Any]) -> None:
    """Both pairs of axes of a panel: those of the cells, and those of the labels over them."""
    number = "" if at == 0 else str(at + 1)
    shared_x = {"domain": domain, "range": [-0.5, n - 0.5]}
    shared_y = {"range": [n - 0.5, -0.5]}
    linked = at > 0
    figure.update_layout({
        f"xaxis{number}": {**shared_x, **every, "anchor": f"y{number}",
                           **({"matches": "x"} if linked else {})},
        f"yaxis{number}": {**shared_y, **every, "anchor": f"x{number}",
                           **({"matches": "y"} if linked else {})},
        f"xaxis{at + 4}": {**shared_x, **_BARE, **columns, "anchor": f"y{at + 4}",
                           "overlaying": f"x{number}", "matches": "x"},
        f"yaxis{at + 4}": {**shared_y, **_BARE, **beside, "anchor": f"x{at + 4}",
                           "overlaying": f"y{number}", "matches": "y"}})


def add_points(figure: go.Figure, rows: PanelRows, at: int, cell: float,
               colours: Palette) -> None:
    """A point on each diagonal cell of a panel, to be clicked.

    Rows that are no languages have none; their axes bear labels all the same.
    """
    axes = {"xaxis": f"x{at + 4}", "yaxis": f"y{at + 4}"}
    n = len(rows.labels)
    if not rows.codes:
        add_trace(figure, "scatter", x=[None], y=[None], mode="markers", showlegend=False, **axes)
        return
    add_trace(
        figure, "scatter",
        x=list(range(n)), y=list(range(n)), mode="markers", showlegend=False, **axes,
        customdata=[language_token(place) for place in range(n)],
        text=[plotly_text(name, 40) for name in rows.names],
        hovertemplate="%{text}<br>(click to mark it)<extra></extra>", **STEADY,
        marker={"symbol": "diamond", "size": max(4.0, min(11.0, 0.55 * cell)),
                "line": {"width": 1, "color": colours.faint},
                "color": colours.page})
