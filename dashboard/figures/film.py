"""Similarities over training: one heatmap that plays, or all of them side by side.

Conventions
-----------
Frames have one order and one colour scale, so that only what is learned moves. All of it happens
in the browser: playing asks the server for nothing. Texts arrive plain and are escaped here.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import TOP_PX, ChartText, add_trace, framed
from dashboard.figures.heatmap_sides import add_branches, add_legend_entry
from dashboard.figures.palette import Palette, palette
from dashboard.figures.panel_frame import RIGHT_PX, PanelRows, add_points, panel_frame
from dashboard.figures.panels import MOST_WITH_GAPS, add_scale

MOST_BESIDE = 8
_CONTROLS_PX, _FRAME_MS = 74, 700
_BUTTON, _BUTTON_INK = "#E6E8EE", "#31333F"
"""Of the buttons on either page: a browser lights them up in a near white when pointed at."""


def snapshot_film(frames: np.ndarray, steps: tuple[int, ...], rows: PanelRows, text: ChartText, *,
                  limit: float, dark: bool = False) -> go.Figure:
    """Draw a heatmap with a frame a snapshot, a slider, and buttons to play and to pause.

    Parameters
    ----------
    frames : (n_frames, n, n) float32, NaN where undefined; the last is shown first
    limit : end of the colour scale, the same for all frames
    """
    colours, n = palette(dark), frames.shape[1]
    z = _without_diagonal(frames)
    figure = panel_frame([""], rows, text, colours)
    gap = int(n <= MOST_WITH_GAPS)
    add_trace(
        figure, "heatmap",
        z=z[-1], coloraxis="coloraxis", xaxis="x", yaxis="y", xgap=gap, ygap=gap,
        hoverongaps=False, hovertemplate="%{y} – %{x}<br>similarity %{z:+.3f}<extra></extra>")
    add_points(figure, replace(rows, codes=()), 0, 10.0, colours)
    _add_undefined(figure, z, colours)
    add_branches(figure, rows.codes, dict(zip(rows.codes, rows.names, strict=True)),
                 rows.branches)
    add_scale(figure, limit, text.scale, colours)
    names = [f"{step:,}" for step in steps]
    figure.frames = [go.Frame(name=name, traces=[0], data=[go.Heatmap(z=one)])
                     for name, one in zip(names, z, strict=True)]
    figure.update_layout(
        height=figure.layout.height + _CONTROLS_PX,
        margin={**figure.layout.margin.to_plotly_json(), "t": TOP_PX + _CONTROLS_PX},
        updatemenus=[_buttons()], sliders=[_slider(names, colours)])
    return figure


def snapshot_panels(frames: np.ndarray, steps: tuple[int, ...], rows: PanelRows, text: ChartText,
                    *, limit: float, dark: bool = False) -> go.Figure:
    """Draw up to MOST_BESIDE snapshots side by side, the last among them."""
    colours, n = palette(dark), frames.shape[1]
    taken = sorted({round(float(at)) for at in np.linspace(
        0, len(steps) - 1, min(MOST_BESIDE, len(steps)))})
    columns = min(4, len(taken))
    n_rows = math.ceil(len(taken) / columns)
    figure = framed(text, colours, plot_px=200 * n_rows, left=16, right=RIGHT_PX, below=12,
                    top=TOP_PX + 20)
    names = [plotly_text(name, 40) for name in rows.names]
    z = _without_diagonal(frames[taken])
    for place, at in enumerate(taken):
        column, row = place % columns, place // columns
        number = "" if place == 0 else str(place + 1)
        left, top = column / columns, 1 - row / n_rows
        bare = {"tickvals": list(range(n)), "ticktext": names, "showticklabels": False,
                "showgrid": False, "zeroline": False, "ticks": "", "matches": None}
        figure.update_layout({
            f"xaxis{number}": {**bare, "domain": [left, left + 1 / columns - 0.02],
                               "anchor": f"y{number}", "range": [-0.5, n - 0.5]},
            f"yaxis{number}": {**bare, "domain": [top - 1 / n_rows + 0.02, top - 24 / (200 * n_rows)
                                                  * (row > 0)],
                               "anchor": f"x{number}", "range": [n - 0.5, -0.5]}})
        add_trace(
            figure, "heatmap",
            z=z[place], coloraxis="coloraxis", xaxis=f"x{number}", yaxis=f"y{number}",
            hoverongaps=False, hovertemplate=f"step {steps[at]:,}<br>%{{y}} – %{{x}}<br>"
                                             "similarity %{z:+.3f}<extra></extra>")
        figure.add_annotation(
            text=f"step {steps[at]:,}", x=left + (1 / columns - 0.02) / 2, xref="paper",
            y=top - 24 / (200 * n_rows) * (row > 0), yref="paper", yanchor="bottom",
            showarrow=False, font={"size": 12, "color": colours.ink})
    _add_undefined(figure, z, colours)
    add_scale(figure, limit, text.scale, colours)
    return figure


def _without_diagonal(frames: np.ndarray) -> np.ndarray:
    z = frames.astype(np.float32)
    z[:, np.arange(z.shape[1]), np.arange(z.shape[1])] = np.nan
    return z


def _add_undefined(figure: go.Figure, z: np.ndarray, colours: Palette) -> None:
    """Grey behind cells that are undefined in some frame, and what it means."""
    if not np.isnan(z[:, ~np.eye(z.shape[1], dtype=bool)]).any():
        return
    for axis in {one.yaxis for one in figure.data if one.type == "heatmap"} - {None}:
        figure.add_shape(type="rect", x0=0, x1=1, y0=0, y1=1, layer="below",
                         xref=f"x{axis[1:]} domain", yref=f"{axis} domain", line={"width": 0},
                         fillcolor=colours.undefined)
    figure.update_layout(showlegend=True, legend={
        "x": 1.03, "y": 1, "font": {"size": 12, "color": colours.ink}, "itemclick": False,
        "bgcolor": "rgba(0,0,0,0)"})
    add_legend_entry(figure, "undefined", colours.undefined, rank=2000)


def _buttons() -> dict[str, Any]:
    play = {"frame": {"duration": _FRAME_MS, "redraw": True}, "transition": {"duration": 0},
            "mode": "immediate", "fromcurrent": False}
    stop = {"frame": {"duration": 0, "redraw": False}, "mode": "immediate"}
    return {"type": "buttons", "direction": "left", "showactive": False, "x": 0, "xanchor": "left",
            "y": 1, "yanchor": "bottom", "pad": {"b": 26, "l": 0, "r": 8}, "bgcolor": _BUTTON,
            "borderwidth": 0, "font": {"size": 12, "color": _BUTTON_INK},
            "buttons": [{"label": "▶ Play", "method": "animate", "args": [None, play]},
                        {"label": "❚❚ Pause", "method": "animate", "args": [[None], stop]}]}


def _slider(names: list[str], colours: Palette) -> dict[str, Any]:
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": True},
            "transition": {"duration": 0}}
    return {"active": len(names) - 1, "x": 0.33, "len": 0.67, "xanchor": "left", "y": 1,
            "yanchor": "bottom", "pad": {"b": 4, "t": 0}, "bgcolor": colours.faint,
            "activebgcolor": colours.mark, "bordercolor": colours.faint, "borderwidth": 0,
            "tickcolor": colours.faint, "font": {"size": 11, "color": colours.ink},
            "currentvalue": {"prefix": "step ", "xanchor": "left", "offset": 4,
                             "font": {"size": 13, "color": colours.ink}},
            "steps": [{"label": name, "method": "animate", "args": [[name], jump]}
                      for name in names]}
