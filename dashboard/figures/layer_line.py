"""How well each layer of a measure predicts transfer: a line over depth, with its band.

Conventions
-----------
Layers stand in depth order from left to right, one unit each. The line is the mean over targets
of Spearman's rank correlation, the band its 95% interval. A star marks the layer that is best
beyond chance, corrected for having looked at all of them; where there is none, no layer is marked.
Names arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import add_trace, block_label
from dashboard.figures.palette import Palette, palette
from dashboard.figures.plot_frame import PlotText, padded, plot_frame
from dashboard.words.summaries import between, coefficient, p_words

_HEIGHT_PX = 280


def layer_line(layers: Sequence[Mapping[str, Any]], best: str | None, text: PlotText, *,
               dark: bool = False) -> go.Figure:
    """Draw a measure's layers.

    Parameters
    ----------
    layers : of the content's measure, in depth order; at least one
    best : name of the layer to be marked; None for none

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colours = palette(dark)
    figure = plot_frame(text, _HEIGHT_PX, colours)
    for run in _runs(layers):
        _add_band(figure, layers, run, colours)
    names = [block_label(one["layer"]) for one in layers]
    add_trace(
        figure, "scatter",
        x=list(range(len(layers))), y=[one["value"] for one in layers], mode="lines+markers",
        name="mean Spearman, 95% interval", connectgaps=False,
        customdata=[_hover(name, one) for name, one in zip(names, layers, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
        line={"color": colours.bar, "width": 2}, marker={"size": 8, "color": colours.bar})
    at = next((i for i, one in enumerate(layers) if one["layer"] == best), None)
    if at is not None and layers[at]["value"] is not None:
        add_trace(
            figure, "scatter",
            x=[at], y=[layers[at]["value"]], mode="markers", hoverinfo="skip",
            name=f"best: {names[at]}, {plotly_text(p_words(layers[at]['p_corrected']))} corrected",
            marker={"symbol": "star", "size": 17, "color": colours.warning,
                    "line": {"width": 1, "color": colours.ink}})
    figure.add_hline(y=0, line={"color": colours.faint, "width": 1}, layer="below")
    drawn = [0.0] + [end for one in layers for end in (one["value"], *(one["interval"] or ()))
                     if end is not None]
    stride = max(1, -(-len(layers) // 14))
    figure.update_xaxes(tickvals=list(range(0, len(layers), stride)), ticktext=names[::stride],
                        range=[-0.4, len(layers) - 0.6], showgrid=False)
    figure.update_yaxes(range=padded(drawn), nticks=7)
    return figure


def _runs(layers: Sequence[Mapping[str, Any]]) -> Iterator[list[int]]:
    """Neighbouring layers that have an interval: each run is one band."""
    for known, run in groupby(range(len(layers)), lambda i: bool(layers[i]["interval"])):
        if known:
            yield list(run)


def _add_band(figure: go.Figure, layers: Sequence[Mapping[str, Any]], run: Sequence[int],
              colours: Palette) -> None:
    """The band over a run of layers; over one alone it is a line."""
    lows, highs = zip(*(layers[i]["interval"] for i in run), strict=True)
    add_trace(
        figure, "scatter",
        x=[*run, *reversed(run)], y=[*highs, *reversed(lows)], mode="lines", fill="toself",
        fillcolor="rgba(120,150,180,0.25)", hoverinfo="skip", showlegend=False,
        line={"width": 2 if len(run) == 1 else 0, "color": colours.bar})


def _hover(name: str, layer: Mapping[str, Any]) -> str:
    ends = f"<br>95% interval {between(layer['interval'])}" if layer["interval"] else ""
    return (f"{name}<br>mean Spearman {coefficient(layer['value'])}{ends}<br>"
            + plotly_text(f"{p_words(layer['p_corrected'])} corrected"))
