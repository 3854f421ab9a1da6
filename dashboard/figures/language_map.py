"""Languages as points of a plane, those alike near each other.

Conventions
-----------
As in `map_frame`. The axes mean nothing, so they are not drawn; both have one scale. A faint line
leads from each language to the one most similar to it, wherever that lies: where lines are long,
the plane could not keep what the similarities say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.frame import ChartText, add_trace
from dashboard.figures.map_frame import (
    BESIDE_PX,
    MapPoint,
    Window,
    language_lines,
    legend_labels,
    map_frame,
)
from dashboard.figures.map_points import add_points, points_overlay
from dashboard.figures.marks import Colouring
from dashboard.figures.overlay import Overlay
from dashboard.figures.palette import palette
from dashboard.words.summaries import number

if TYPE_CHECKING:
    from dashboard.loads.maps import Arranged
    from dashboard.shown import LanguageFacts

_AIR = 0.12
_FLATTEST_PX, _TALLEST_PX = 230, 380


def language_map(found: Arranged, similarity: np.ndarray, facts: Mapping[str, LanguageFacts],
                 colouring: Colouring, text: ChartText, *, legend: bool = True,
                 width_px: float = BESIDE_PX, dark: bool = False) -> go.Figure:
    """Draw languages as they were arranged.

    Parameters
    ----------
    found : places of the languages, at least one
    similarity : (n, n) of these languages
    facts, colouring : what is known of them, and their marks
    legend : whether the map tells what the marks mean
    width_px : that it is made for

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colours = palette(dark)
    points, window = _placed(found, similarity, facts, width_px)
    figure = map_frame(text, window, legend_labels(colouring) if legend else (), colours)
    _add_nearest(figure, found)
    add_points(figure, points, colouring, window, colours, legend=legend)
    return figure


def language_overlay(found: Arranged, similarity: np.ndarray, facts: Mapping[str, LanguageFacts],
                     colouring: Colouring, chosen: Sequence[str], *, width_px: float = BESIDE_PX,
                     dark: bool = False) -> Overlay:
    """Names, and what marks languages, on the map of `language_map`.

    Parameters
    ----------
    chosen : codes of the languages that are marked
    """
    points, window = _placed(found, similarity, facts, width_px)
    return points_overlay(points, colouring, window, chosen, palette(dark))


def _placed(found: Arranged, similarity: np.ndarray, facts: Mapping[str, LanguageFacts],
            width_px: float) -> tuple[list[MapPoint], Window]:
    points = []
    for at, (code, (x, y)) in enumerate(zip(found.codes, found.layout, strict=True)):
        near = (f"most similar: {facts[found.codes[found.nearest[at]]].name} "
                f"({number(float(similarity[at, found.nearest[at]]))})",) if found.nearest else ()
        points.append(MapPoint(code, float(x), float(y), facts[code].name,
                               (*language_lines(facts[code]), *near)))
    return points, _window(found.layout, width_px)


def _window(layout: np.ndarray, width_px: float) -> Window:
    """All points with some air, no flatter and no taller than a map should be."""
    low, high = layout.min(axis=0), layout.max(axis=0)
    wide, tall = (high - low) * (1 + 2 * _AIR)
    width = max(float(wide), float(tall) * width_px / _TALLEST_PX) or 1.0
    height = max(float(tall), width * _FLATTEST_PX / width_px)
    x, y = (float(middle) for middle in (low + high) / 2)
    return Window(x - width / 2, x + width / 2, y - height / 2, y + height / 2, width_px)


def _add_nearest(figure: go.Figure, found: Arranged) -> None:
    """A line from each language to the one most similar to it."""
    pairs = sorted({(min(at, to), max(at, to)) for at, to in enumerate(found.nearest)})
    x: list[float | None] = []
    y: list[float | None] = []
    for one, other in pairs:
        x += [float(found.layout[one, 0]), float(found.layout[other, 0]), None]
        y += [float(found.layout[one, 1]), float(found.layout[other, 1]), None]
    add_trace(
        figure, "scatter", x=x, y=y, mode="lines",
        hoverinfo="skip", showlegend=False,
        line={"color": "rgba(128,128,128,0.45)", "width": 1})
