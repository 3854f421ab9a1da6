"""Square tables side by side: two similarities on one order and one scale, or one of them.

Conventions
-----------
All panels of a figure share their rows, their order and one colour scale that is symmetric around
zero, so that a colour means the same in each. Row and column p hold what stands at place p; the
diagonal is left empty, what is undefined is grey. Texts arrive plain and are escaped here, labels
and hover names included.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import ChartText, add_trace
from dashboard.figures.heatmap_sides import add_branches, add_hatching, add_legend_entry
from dashboard.figures.palette import Palette, colour_at, palette, readable_on
from dashboard.figures.panel_frame import PanelRows, add_points, cell_px, panel_frame

MOST_WITH_NUMBERS = (20, 12)
"""Rows up to which cells hold their number: of a single panel, of one of several."""
MOST_WITH_GAPS = 60
"""Rows up to which cells stand apart."""


@dataclass(frozen=True)
class Panel:
    """One square table.

    Attributes
    ----------
    title : plain text above it; "" for none
    values : (n, n), in the order in which it is drawn; NaN where undefined
    hatched : places that are not to be trusted
    """

    title: str
    values: np.ndarray
    hatched: tuple[int, ...] = ()


def symmetric_limit(tables: Sequence[np.ndarray], step: float = 0.05, most: float = 1.0) -> float:
    """End of a symmetric colour scale that holds every value off the diagonals, rounded up.

    Parameters
    ----------
    step : what it is a multiple of, and at least
    most : what it is at most; larger values have the colour of the end
    """
    values = np.concatenate([table[~np.eye(len(table), dtype=bool)] for table in tables])
    largest = float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))
    return min(most, max(step, math.ceil(round(largest / step, 6)) * step))


def change_limit(change: np.ndarray, hatched: Sequence[int] = ()) -> float:
    """End of the colour scale of a map of changes, from the languages that can be trusted.

    What is divided by a reliability near zero changes by anything: in its scale all other changes
    would look alike.

    Parameters
    ----------
    change : (n, n), NaN where undefined
    hatched : places that are not to be trusted; they count where nothing else is defined

    Returns
    -------
    float
        A multiple of 0.05 between 0.05 and 2, the largest change of a cosine.
    """
    places = np.setdiff1d(np.arange(len(change)), hatched)
    trusted = change[np.ix_(places, places)]
    defined = np.isfinite(trusted) & ~np.eye(len(trusted), dtype=bool)
    return symmetric_limit([trusted if defined.any() else change], most=2.0)


def goes_beyond(tables: Sequence[np.ndarray], limit: float) -> bool:
    """Whether a value off the diagonals is larger than the end of the scale."""
    return any(bool((np.abs(table[~np.eye(len(table), dtype=bool)]) > limit + 1e-9).any())
               for table in tables)


def square_panels(panels: Sequence[Panel], rows: PanelRows, text: ChartText, *, limit: float,
                  word: str = "similarity", dark: bool = False) -> go.Figure:
    """Draw one or two square tables beside each other.

    Parameters
    ----------
    limit : end of the colour scale, the same for all panels
    word : what a value is, in the hover

    Returns
    -------
    plotly.graph_objects.Figure
        Points of languages bear the tokens of `picks_of`.
    """
    colours, n = palette(dark), len(rows.labels)
    figure = panel_frame([panel.title for panel in panels], rows, text, colours)
    for at, panel in enumerate(panels):
        _add_cells(figure, panel, word, at, colours)
        if panel.hatched:
            add_hatching(figure, panel.hatched, n, colours)
            figure.data[-1].update(xaxis=f"x{at + 1}", yaxis=f"y{at + 1}", showlegend=not any(
                one.hatched for one in panels[:at]))
        if n <= MOST_WITH_NUMBERS[len(panels) > 1]:
            _add_numbers(figure, panel, limit, at, colours, small=len(panels) > 1)
    for at in range(len(panels)):
        add_points(figure, rows, at, cell_px(n, len(panels)), colours)
    if any((~np.isfinite(panel.values) & ~np.eye(n, dtype=bool)).any() for panel in panels):
        add_legend_entry(figure, "undefined", colours.undefined, rank=2000)
    if rows.codes:
        add_branches(figure, rows.codes, dict(zip(rows.codes, rows.names, strict=True)),
                     rows.branches)
    add_scale(figure, limit, text.scale, colours,
              beyond=goes_beyond([panel.values for panel in panels], limit))
    return figure


def _add_cells(figure: go.Figure, panel: Panel, word: str, at: int, colours: Palette) -> None:
    """The cells, and over them grey ones where nothing is defined."""
    z = panel.values.astype(np.float32)
    undefined = ~np.isfinite(z) & ~np.eye(len(z), dtype=bool)
    np.fill_diagonal(z, np.nan)
    of = f"{plotly_text(panel.title, 60)}<br>" if panel.title else ""
    gap = int(len(z) <= MOST_WITH_GAPS)
    shared = {"xaxis": f"x{at + 1}", "yaxis": f"y{at + 1}", "hoverongaps": False,
              "xgap": gap, "ygap": gap}
    add_trace(figure, "heatmap", z=z, coloraxis="coloraxis", **shared, hovertemplate=(
        f"{of}%{{y}} – %{{x}}<br>{word} %{{z:+.3f}}<extra></extra>"))
    if undefined.any():
        add_trace(
            figure, "heatmap",
            z=np.where(undefined, np.float32(1), np.float32("nan")), showscale=False,
            colorscale=[(0, colours.undefined), (1, colours.undefined)], **shared,
            hovertemplate=f"{of}%{{y}} – %{{x}}<br>undefined<extra></extra>")


def _add_numbers(figure: go.Figure, panel: Panel, limit: float, at: int, colours: Palette, *,
                 small: bool) -> None:
    """Each cell's number, black or white, whichever its colour lets read; .12 for 0.12 if small."""
    z = panel.values.copy()
    np.fill_diagonal(z, np.nan)
    rows, columns = np.nonzero(np.isfinite(z))
    values = [float(z[row, column]) for row, column in zip(rows, columns, strict=True)]
    add_trace(
        figure, "scatter",
        x=columns.tolist(), y=rows.tolist(), mode="text", hoverinfo="skip", showlegend=False,
        xaxis=f"x{at + 1}", yaxis=f"y{at + 1}",
        text=[_number(value, small) for value in values],
        textfont={"size": 9 if small or len(z) > 14 else 11, "color": [readable_on(colour_at(
            colours.diverging, 0.5 + value / limit / 2)) for value in values]})


def _number(value: float, small: bool) -> str:
    text = f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # no −0.00
    return text.replace("0.", ".", 1) if small and abs(value) < 0.995 else text


def add_scale(figure: go.Figure, limit: float, scale: str, colours: Palette, *,
              beyond: bool = False) -> None:
    """The colour bar of all panels: symmetric, zero in the middle; values may lie beyond it."""
    low, high = ("≤ ", "≥ ") if beyond else ("", "")
    figure.update_layout(coloraxis={
        "cmin": -limit, "cmax": limit, "colorscale": list(colours.diverging),
        "colorbar": {"title": {"text": plotly_text(scale, 24), "side": "top",
                               "font": {"size": 12, "color": colours.ink}},
                     "x": 1.03, "y": 0, "yanchor": "bottom", "lenmode": "pixels", "len": 130,
                     "thickness": 14, "outlinewidth": 0, "tickvals": [-limit, 0, limit],
                     "ticktext": [f"{low}−{limit:.2f}", "0", f"{high}+{limit:.2f}"],
                     "tickfont": {"size": 11, "color": colours.ink}}})
