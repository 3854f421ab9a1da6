"""What the reader has marked in a square table: framed rows and columns, and names on a band.

Conventions
-----------
Row and column p hold what stands at place p, one unit each. Labels are escaped already.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.figures.overlay import Overlay
from dashboard.figures.palette import Palette

MOST_NAMED = 45
"""Marked rows up to which each has its name, though its label has no room; the hover has all."""


@dataclass(frozen=True)
class RowLabels:
    """The labels beside a table's rows.

    Attributes
    ----------
    labels : of all rows
    labelled : places whose label the axis shows
    left_px : room for labels
    font : of the labels
    """

    labels: Sequence[str]
    labelled: Sequence[int]
    left_px: int
    font: Mapping[str, Any]


def over_rows(marked: Collection[int], rows: RowLabels, colours: Palette, *,
              axes: Sequence[tuple[str, str]] = (("x", "y"),), width: float = 1.6) -> Overlay:
    """Mark rows, those side by side as one.

    Parameters
    ----------
    marked : places
    axes : of the cells of each table that has these rows
    width : of a frame's line
    """
    first, last = -0.5, len(rows.labels) - 0.5
    frames = [
        {"type": "rect", "x0": x0, "x1": x1, "y0": y0, "y1": y1, "xref": x, "yref": y,
         "line": {"color": colours.mark, "width": width}}
        for x, y in axes for start, end in runs(marked)
        for x0, x1, y0, y1 in ((first, last, start - 0.5, end + 0.5),
                               (start - 0.5, end + 0.5, first, last))]
    bands = [{"type": "rect", "layer": "below", "xref": "paper", "xsizemode": "pixel",
              "xanchor": 0, "x0": -rows.left_px, "x1": -1, "yref": "y", "y0": start - 0.5,
              "y1": end + 0.5, "line": {"width": 0}, "fillcolor": colours.mark, "opacity": 0.22}
             for start, end in runs(marked)]
    hidden = sorted(set(marked) - set(rows.labelled))
    names = [{"text": rows.labels[at], "xref": "paper", "x": 0, "xanchor": "right", "xshift": -2,
              "yref": "y", "y": at, "yanchor": "middle", "showarrow": False, "borderpad": 0,
              "bgcolor": colours.page, "font": {**rows.font, "color": colours.mark}}
             for at in (hidden if len(marked) <= MOST_NAMED else ())]
    return Overlay(tuple(names), (*bands, *frames))


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
