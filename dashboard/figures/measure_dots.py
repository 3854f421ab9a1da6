"""Measures side by side: how well each ranks the sources of a target, with its interval.

Conventions
-----------
One row a measure, the best on top. A dot is the mean over targets of Spearman's rank correlation,
its line the 95% interval, a tick the ceiling that noise in similarity and scores sets. A hollow
dot is not beyond chance after the correction for having several measures, so that nothing is told
by colour alone. Titles arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import add_trace
from dashboard.figures.heatmap_frame import label_width
from dashboard.figures.palette import Palette, palette
from dashboard.figures.plot_frame import PlotText, padded, plot_frame
from dashboard.words.summaries import between, coefficient, p_words

CHANCE = 0.05
"""Corrected p from which a correlation is not told from chance."""

_ROW_PX, _RIGHT_PX = 34, 150


def measure_dots(measures: Sequence[Mapping[str, Any]], text: PlotText, *, chosen: str = "",
                 dark: bool = False) -> go.Figure:
    """Draw the measures of a finding.

    Parameters
    ----------
    measures : of the content, best first; at least one
    chosen : name of the measure that the other charts show; its row is marked

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colours, n = palette(dark), len(measures)
    labels = [plotly_text(one["title"], 40) for one in measures]
    figure = plot_frame(text, _ROW_PX * n + 14, colours, left=label_width(labels, 13),
                        right=_RIGHT_PX)
    clear = [_is_clear(one) for one in measures]
    for known, words in ((True, "beyond chance"), (False, "not beyond chance")):
        rows = [at for at in range(n) if clear[at] is known and _value(measures[at]) is not None]
        if rows:
            _add_dots(figure, measures, rows, labels, words, colours, hollow=not known)
    _add_ceilings(figure, measures, labels, colours)
    for row, one in enumerate(measures):
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=10, y=row, showarrow=False, align="left",
            text=_written(one), font={"size": 12, "color": colours.ink})
    if chosen:
        row = next((at for at, one in enumerate(measures) if one["name"] == chosen), 0)
        figure.add_hrect(y0=row - 0.5, y1=row + 0.5, line_width=0, layer="below",
                         fillcolor="rgba(128,128,128,0.14)")
    figure.add_vline(x=0, line={"color": colours.faint, "width": 1}, layer="below")
    figure.update_xaxes(range=padded([0.0, *_drawn(measures)]), nticks=9)
    figure.update_yaxes(tickvals=list(range(n)), ticktext=labels, range=[n - 0.5, -0.5],
                        showgrid=False, ticks="", tickfont={"size": 13, "color": colours.ink})
    return figure


def _value(measure: Mapping[str, Any]) -> float | None:
    return measure["target_spearman"]["value"]


def _is_clear(measure: Mapping[str, Any]) -> bool:
    p = measure["target_spearman"]["p_corrected"]
    return p is not None and p < CHANCE


def _add_dots(figure: go.Figure, measures: Sequence[Mapping[str, Any]], rows: Sequence[int],
              labels: Sequence[str], words: str, colours: Palette, *, hollow: bool) -> None:
    """The dots of some rows with their intervals."""
    found = [measures[row]["target_spearman"] for row in rows]
    values = [one["value"] for one in found]
    ends = [one["interval"] or (one["value"], one["value"]) for one in found]
    add_trace(
        figure, "scatter",
        x=values, y=list(rows), mode="markers", name=words, showlegend=True,
        customdata=[f"{labels[row]}<br>{_hover(measures[row])}" for row in rows],
        hovertemplate="%{customdata}<extra></extra>",
        marker={"symbol": "circle-open" if hollow else "circle", "size": 12,
                "color": colours.bar, "line": {"width": 2, "color": colours.bar}},
        error_x={"type": "data", "symmetric": False, "width": 0, "thickness": 2,
                 "color": colours.bar,
                 "array": [high - value for value, (_, high) in zip(values, ends, strict=True)],
                 "arrayminus": [value - low for value, (low, _) in zip(values, ends, strict=True)]})


def _add_ceilings(figure: go.Figure, measures: Sequence[Mapping[str, Any]],
                  labels: Sequence[str], colours: Palette) -> None:
    known = [(at, one["ceiling"]["value"]) for at, one in enumerate(measures)
             if one["ceiling"]["value"] is not None]
    if not known:
        return
    add_trace(
        figure, "scatter",
        x=[value for _, value in known], y=[at for at, _ in known], mode="markers",
        name="ceiling that noise sets",
        customdata=[f"{labels[at]}<br>ceiling {coefficient(value)}" for at, value in known],
        hovertemplate="%{customdata}<extra></extra>",
        marker={"symbol": "line-ns", "size": 18, "color": colours.warning,
                "line": {"width": 3, "color": colours.warning}})


def _written(measure: Mapping[str, Any]) -> str:
    found = measure["target_spearman"]
    if found["value"] is None:
        return "undefined"
    return plotly_text(f"{coefficient(found['value'])} · {p_words(found['p_corrected'])}")


def _hover(measure: Mapping[str, Any]) -> str:
    found = measure["target_spearman"]
    ends = f"<br>95% interval {between(found['interval'])}" if found["interval"] else ""
    return (f"mean Spearman {coefficient(found['value'])}{ends}<br>"
            + plotly_text(f"{p_words(found['p_corrected'])} corrected, "
                          f"{p_words(found['p'])} alone"))


def _drawn(measures: Sequence[Mapping[str, Any]]) -> list[float]:
    """Every number that has to be inside the picture."""
    return [value for one in measures for value in (
        _value(one), one["ceiling"]["value"], *(one["target_spearman"]["interval"] or ()))
        if value is not None]
