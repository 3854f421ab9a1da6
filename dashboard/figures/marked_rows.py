"""What the reader has marked in a square table: framed rows and columns, and names on a band.

Conventions
-----------
Marks are shapes and notes over the picture and never part of its traces and axes: a browser draws
those anew in a tenth of the time that the whole picture takes. Row and column p hold what stands
at place p, one unit each. Labels are escaped already.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.figures.frame import add_all
from dashboard.figures.palette import Palette

MOST_NAMED = 45
"""Marked rows up to which each has its name, though its label has no room; the hover has all."""


def frame_marked(figure: go.Figure, marked: Collection[int], n: int, colours: Palette, *,
                 axes: tuple[str, str] = ("x", "y"), width: float = 1.6) -> None:
    """Frames around the rows and columns that are marked, those side by side in one.

    Parameters
    ----------
    marked : places
    n : rows of the table
    axes : of the cells
    """
    first, last = -0.5, n - 0.5
    add_all(figure, shapes=[
        {"type": "rect", "x0": x0, "x1": x1, "y0": y0, "y1": y1, "xref": axes[0], "yref": axes[1],
         "line": {"color": colours.mark, "width": width}}
        for start, end in runs(marked)
        for x0, x1, y0, y1 in ((first, last, start - 0.5, end + 0.5),
                               (start - 0.5, end + 0.5, first, last))])


def name_marked(figure: go.Figure, marked: Collection[int], labels: Sequence[str],
                labelled: Collection[int], colours: Palette, *, left_px: float,
                font: Mapping[str, Any]) -> None:
    """A band behind the labels of marked rows; their names where the axis has no room for them.

    Parameters
    ----------
    labels : of all rows
    labelled : places whose label the axis shows
    left_px : room for labels
    font : of the labels
    """
    bands = [{"type": "rect", "layer": "below", "xref": "paper", "xsizemode": "pixel",
              "xanchor": 0, "x0": -left_px, "x1": -1, "yref": "y", "y0": start - 0.5,
              "y1": end + 0.5, "line": {"width": 0}, "fillcolor": colours.mark, "opacity": 0.22}
             for start, end in runs(marked)]
    hidden = sorted(set(marked) - set(labelled))
    names = [{"text": labels[at], "xref": "paper", "x": 0, "xanchor": "right", "xshift": -2,
              "yref": "y", "y": at, "yanchor": "middle", "showarrow": False, "borderpad": 0,
              "bgcolor": colours.page, "font": {**font, "color": colours.mark}}
             for at in (hidden if len(marked) <= MOST_NAMED else ())]
    add_all(figure, names, bands)


def runs(places: Collection[int]) -> list[tuple[int, int]]:
    """First and last of each row of places that stand side by side.

    Examples
    --------
    >>> runs({5, 1, 2})
    [(1, 2), (5, 5)]
    """
    found: list[tuple[int, int]] = []
    for place in sorted(places):
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
