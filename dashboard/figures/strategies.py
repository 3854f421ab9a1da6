"""Strategies compared: one dot chart over all languages, and one language by language.

Conventions
-----------
The content is an experiment's JSON; fractions there, percent and percentage points here. A
strategy has a colour and a shape of its own, the same in both charts and in every experiment.
Lines are 95% intervals. What was chosen on test scores is hollow and marked with a dagger. Titles
and names arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import (
    LEAST_PX,
    add_all,
    add_trace,
    empty_figure,
    foot_px,
    legend_rows,
    method_lines,
)
from dashboard.figures.heatmap_frame import label_width, language_label
from dashboard.figures.palette import FONT, Palette, palette, strategy_colour
from dashboard.figures.plot_frame import padded
from gradsim_core import percent, points

SYMBOLS = {"gradient": "circle", "monolingual": "triangle-up", "all_languages": "square",
           "family": "diamond", "random": "x", "oracle": "star", "hand": "pentagon",
           "table": "triangle-down"}
GIVEN_SYMBOLS = {f"given.{at}": symbol for at, symbol in enumerate((
    "hexagon", "hourglass", "cross", "bowtie", "star-square", "hexagram", "star-triangle-up",
    "star-diamond"), 1)}
"""Shapes of further groups made by hand, which share one colour."""
MOST_WITH_INTERVALS = 40
"""Languages up to which each marker has its interval."""

_TOP_PX, _LEGEND_ROW_PX = 44, 22


@dataclass(frozen=True)
class StrategyText:
    """What is written around a chart, as plain text: title, axis, and the lines below."""

    title: str
    axis: str
    method: tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """A mean with its interval, both in percent or percentage points."""

    mean: float
    interval: tuple[float, float] | None


def strategy_dots(content: Mapping[str, Any], text: StrategyText, *, over: str = "",
                  dark: bool = False) -> go.Figure:
    """Draw every strategy's mean with its interval, and each random grouping as a faint dot.

    Parameters
    ----------
    content : an experiment's content
    over : strategy over which gains are drawn; "" draws scores

    Returns
    -------
    plotly.graph_objects.Figure
        Strategies in the order of the plan, from the top down.
    """
    colours, strategies = palette(dark), content["strategies"]
    figure = _frame(text, [_title(one) for one in strategies], 40, colours)
    single = _single_groupings(content, over)
    for row, strategy in enumerate(strategies):
        if strategy["name"] == "random" and single:
            _add_single(figure, single, row, strategy_colour("random", dark))
        value = _overall(strategy, over)
        _add_marks(figure, strategy, [value], [row], [_hover(_title(strategy), value, over)],
                   size=13, thick=2, dark=dark)
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=10, y=row, showarrow=False,
            text=_written(value.mean, over), font={"size": 13, "color": colours.ink})
    if over:
        _add_zero(figure, colours)
    ends = [end for one in strategies for end in _ends(_overall(one, over))]
    figure.update_layout(xaxis={"range": padded([*ends, *single, *([0.0] if over else [])])},
                         margin={"r": 70}, showlegend=False)
    return figure


def language_dots(content: Mapping[str, Any], text: StrategyText, *,
                  gains: Mapping[str, Sequence[Measured]] | None = None, over: str = "",
                  dark: bool = False) -> go.Figure:
    """Draw every strategy's mean on each language.

    Parameters
    ----------
    gains : strategy -> its gain on each language over the strategy `over`, in percentage points;
        None draws scores

    Returns
    -------
    plotly.graph_objects.Figure
        Languages from the top down in the order of the content; a strategy's marks stand at one
        height in every row.
    """
    colours, languages = palette(dark), content["languages"]
    shown = [one for one in content["strategies"] if gains is None or one["name"] != over]
    names = {one["code"]: one["name"] for one in languages}
    n, several = len(languages), len(shown)
    dense = n > MOST_WITH_INTERVALS
    row_px = 20 if dense else max(26, 7 * several + 6)
    figure = _frame(text, [language_label(one["code"], names, 24) for one in languages], row_px,
                    colours, legend=[_title(one) for one in shown])
    drawn: list[float] = [0.0] if gains is not None else []
    for place, strategy in enumerate(shown):
        values = (list(gains[strategy["name"]]) if gains is not None else
                  [_percent(one["mean"], one["interval"]) for one in strategy["per_language"]])
        drawn += [end for value in values for end in ((value.mean,) if dense else _ends(value))]
        shift = 0.0 if dense else 0.7 * ((place + 0.5) / several - 0.5)
        hovers = [_hover(f"{language_label(one['code'], names, 40)}<br>{_title(strategy)}", value,
                         over if gains is not None else "")
                  for one, value in zip(languages, values, strict=True)]
        _add_marks(figure, strategy, values, [row + shift for row in range(n)], hovers, size=8,
                   thick=0 if dense else 1, dark=dark)
    for row in range(1, n, 2):
        figure.add_hrect(y0=row - 0.5, y1=row + 0.5, line_width=0, layer="below",
                         fillcolor="rgba(128,128,128,0.08)")
    if gains is not None:
        _add_zero(figure, colours)
    figure.update_layout(
        xaxis={"range": padded(drawn)}, margin={"r": 24}, showlegend=True,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
                "font": {"size": 12, "color": colours.ink}, "bgcolor": "rgba(0,0,0,0)",
                "itemsizing": "constant", "traceorder": "normal"})
    return figure


def _frame(text: StrategyText, labels: Sequence[str], row_px: float, colours: Palette,
           legend: Sequence[str] = ()) -> go.Figure:
    """Axes, margins and words; one row a label, from the top down, below a legend's entries."""
    n, below = len(labels), 46
    foot = foot_px(text.method, below)
    left = label_width(labels, 13)
    rows = legend_rows(legend, LEAST_PX - left - 24)
    top_px = _TOP_PX + 8 * bool(rows) + _LEGEND_ROW_PX * rows
    figure = empty_figure({
        "height": round(row_px * n) + 14 + top_px + foot,
        "margin": {"l": left, "r": 24, "t": top_px, "b": foot}, "meta": LEAST_PX,
        "paper_bgcolor": colours.page, "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours.ink, "family": FONT}, "hoverlabel": {"align": "left"},
        "title": {"text": plotly_text(text.title), "x": 0, "xref": "container", "y": 1,
                  "yref": "container", "yanchor": "top", "pad": {"t": 10, "l": 8},
                  "font": {"size": 15, "color": colours.ink}},
        "xaxis": {"zeroline": False, "gridcolor": "rgba(128,128,128,0.18)", "nticks": 8,
                  "fixedrange": True, "tickfont": {"size": 11, "color": colours.ink},
                  "title": {"text": plotly_text(text.axis), "standoff": 6,
                            "font": {"size": 12, "color": colours.ink}}},
        "yaxis": {"tickvals": list(range(n)), "ticktext": list(labels), "showgrid": False,
                  "range": [n - 0.5, -0.5], "zeroline": False, "ticks": "", "fixedrange": True,
                  "tickfont": {"size": 13 if row_px >= 26 else 11, "color": colours.ink}}})
    add_all(figure, method_lines(text.method, left, below, colours))
    return figure


def _add_marks(figure: go.Figure, strategy: Mapping[str, Any], values: Sequence[Measured],
               rows: Sequence[float], hovers: Sequence[str], *, size: int, thick: float,
               dark: bool) -> None:
    """One strategy's marks, each with its interval as a line."""
    colour = strategy_colour(strategy["name"], dark)
    symbol = {**SYMBOLS, **GIVEN_SYMBOLS}.get(strategy["name"], "circle")
    hollow = strategy["uses_test_scores"]
    reach = [(value.interval or (value.mean, value.mean)) for value in values]
    add_trace(
        figure, "scatter",
        x=[value.mean for value in values], y=list(rows), mode="markers", name=_title(strategy),
        customdata=list(hovers), hovertemplate="%{customdata}<extra></extra>",
        marker={"symbol": f"{symbol}-open" if hollow else symbol, "color": colour,
                "size": size + (2 if symbol in ("star", "diamond") else 0),
                "line": {"width": 2 if hollow else 0, "color": colour}},
        error_x={"type": "data", "symmetric": False, "width": 0, "thickness": thick,
                 "color": colour, "visible": thick > 0,
                 "array": [high - value.mean for (_, high), value in
                           zip(reach, values, strict=True)],
                 "arrayminus": [value.mean - low for (low, _), value in
                                zip(reach, values, strict=True)]})


def _add_single(figure: go.Figure, single: Sequence[float], row: int, colour: str) -> None:
    """The single random groupings, strewn a little so that equal ones are seen."""
    strewn = 0.5 * (np.arange(1, len(single) + 1) * 0.618034 % 1 - 0.5)  # evenly, by golden ratio
    add_trace(
        figure, "scatter",
        x=list(single), y=(row + strewn).tolist(), mode="markers", showlegend=False,
        marker={"size": 6, "color": colour, "opacity": 0.35},
        customdata=[f"random grouping {i + 1}" for i in range(len(single))],
        hovertemplate="%{customdata}: %{x:.1f}<extra></extra>")


def _add_zero(figure: go.Figure, colours: Palette) -> None:
    figure.add_vline(x=0, line={"color": colours.faint, "width": 1}, layer="below")


def _title(strategy: Mapping[str, Any]) -> str:
    return plotly_text(strategy["title"], 40) + (" †" if strategy["uses_test_scores"] else "")


def _single_groupings(content: Mapping[str, Any], over: str) -> list[float]:
    less = next((one["mean"] for one in content["strategies"] if one["name"] == over), 0.0)
    return [100 * (mean - less) for mean in (content.get("random") or {"means": ()})["means"]]


def _overall(strategy: Mapping[str, Any], over: str) -> Measured:
    """Mean score, or gain; a strategy gains nothing over itself."""
    if not over:
        return _percent(strategy["mean"], strategy["interval"])
    gain = strategy["gains"].get(over)
    return _percent(gain["mean"], gain["interval"]) if gain else Measured(0.0, None)


def _percent(mean: float, interval: Sequence[float] | None) -> Measured:
    return Measured(100 * mean, (100 * interval[0], 100 * interval[1]) if interval else None)


def _ends(value: Measured) -> tuple[float, ...]:
    return (value.mean, *(value.interval or ()))


def _written(value: float, over: str) -> str:
    return points(value / 100) if over else percent(value / 100)


def _hover(title: str, value: Measured, over: str) -> str:
    unit = "points" if over else "%"
    between = ("" if value.interval is None else
               "<br>95% interval " + " to ".join(_written(end, over) for end in value.interval))
    return f"{title}<br>{_written(value.mean, over)} {unit}{between}"
