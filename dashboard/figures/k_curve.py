"""What each number of groups is worth, beside groups at random.

Conventions
-----------
A point a K; the band holds 95% of random groups of the same sizes, the dotted line their mean. The
groups in question are a star. Texts arrive plain and are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.figures.frame import add_trace
from dashboard.figures.heatmap_sides import STEADY
from dashboard.figures.palette import palette
from dashboard.figures.plot_frame import PlotText, padded, plot_frame
from dashboard.words.summaries import count
from gradsim_core import KPoint

_HEIGHT_PX = 300


def k_token(k: int) -> str:
    """What the point of a K is called when it is clicked."""
    return f"k {k}"


def k_curve_chart(points: Sequence[KPoint], chosen: tuple[int, float], text: PlotText, *,
                  clicked: bool = False, dark: bool = False) -> go.Figure:
    """Draw the objective over the number of groups.

    Parameters
    ----------
    points : ascending in K; at least one
    chosen : K and objective of the groups in question
    clicked : whether a click on a point, which bears its `k_token`, takes that K
    """
    colours, ks, (k, worth) = palette(dark), [one.k for one in points], chosen
    figure = plot_frame(text, _HEIGHT_PX, colours)
    figure.update_layout(clickmode="event" if clicked else "none")
    add_trace(
        figure, "scatter",
        x=[*ks, *reversed(ks)], mode="lines", fill="toself", hoverinfo="skip",
        y=[*(one.chance_high for one in points), *(one.chance_low for one in reversed(points))],
        fillcolor="rgba(128,128,128,0.22)", line={"width": 0},
        name="random groups of the same sizes, 95%")
    add_trace(
        figure, "scatter",
        x=ks, y=[one.chance for one in points], mode="lines", hoverinfo="skip", name="their mean",
        line={"color": colours.faint, "width": 1.5, "dash": "dot"})
    add_trace(
        figure, "scatter",
        x=ks, y=[one.objective for one in points], mode="lines+markers", name="groups looked for",
        customdata=[k_token(one.k) for one in points], hovertext=[
            _hover(one) + "<br>(click to take it)" * (clicked and one.k != k) for one in points],
        hovertemplate="%{hovertext}<extra></extra>", line={"color": colours.bar, "width": 2},
        marker={"size": 9, "color": [colours.bar if one.proved else colours.page
                                     for one in points],
                "line": {"width": 2, "color": colours.bar}}, **STEADY)
    add_trace(
        figure, "scatter",
        x=[k], y=[worth], mode="markers", name="the groups above",
        hovertemplate=f"the groups above: {count(k, 'group')}, objective {worth:.3f}"
                      "<extra></extra>",
        marker={"symbol": "star", "size": 17, "color": colours.warning,
                "line": {"width": 1, "color": colours.ink}})
    ends = [end for one in points for end in (one.objective, one.chance_low, one.chance_high)]
    last = max(*ks, k)
    figure.update_xaxes(range=[min(*ks, k) - 0.5, last + 0.5], fixedrange=True, showgrid=False,
                        dtick=1 if last <= 25 else max(1, last // 12))
    figure.update_yaxes(range=padded([*ends, worth]), nticks=7, fixedrange=True)
    return figure


def _hover(point: KPoint) -> str:
    alone = f"<br>{count(point.alone, 'language')} alone" if point.alone else ""
    mean = (f"<br>mean similarity in the group {point.mean_similarity:+.3f}"
            if math.isfinite(point.mean_similarity) else "")
    return (f"{count(point.k, 'group')}, {count(point.k, 'model')} to serve<br>objective "
            f"{point.objective:.3f}{' (proved best)' if point.proved else ''}{mean}{alone}<br>"
            f"random groups {point.chance:.3f} ({point.chance_low:.3f} to "
            f"{point.chance_high:.3f})").replace("-", "−")
