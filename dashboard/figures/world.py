"""Where languages are at home: a map of the world, without asking anyone for it.

Conventions
-----------
As in `map_frame`; the plane is that of `land.equal_earth`. A language stands at the one point that
Glottolog gives it; the land of a language is of course wider. The map shows the part of the world
that holds all its languages; whoever zooms out sees the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.frame import ChartText
from dashboard.figures.land import equal_earth, land_picture
from dashboard.figures.map_frame import (
    BESIDE_PX,
    MapPoint,
    Window,
    language_lines,
    legend_labels,
    map_frame,
)
from dashboard.figures.map_points import add_points, points_overlay, shared_places
from dashboard.figures.marks import Colouring
from dashboard.figures.overlay import Overlay
from dashboard.figures.palette import palette
from dashboard.figures.placing import MOST_SPREAD

if TYPE_CHECKING:
    from dashboard.shown import LanguageFacts

_SMALLEST, _AIR = 0.7, 0.14
_FLATTEST = 0.5
_TALLEST_PX = 400


def with_place(facts: Mapping[str, LanguageFacts], codes: Sequence[str]) -> list[str]:
    """Those of some languages whose place is known."""
    return [code for code in codes
            if facts[code].latitude is not None and facts[code].longitude is not None]


def world_map(facts: Mapping[str, LanguageFacts], codes: Sequence[str], colouring: Colouring,
              text: ChartText, *, legend: bool = True,
              width_px: float = BESIDE_PX, dark: bool = False) -> go.Figure:
    """Draw languages where they are spoken.

    Parameters
    ----------
    facts : what is known of each language
    codes : of the languages to draw, all with a place (`with_place`)
    colouring : their marks
    legend : whether the map tells what the marks mean
    width_px : that it is made for

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colours = palette(dark)
    points, window = _placed(facts, codes, width_px)
    if len(points) > MOST_SPREAD:
        points = _with_company(points, window)
    figure = map_frame(text, window, legend_labels(colouring) if legend else (), colours)
    figure.layout.images = [land_picture()]
    add_points(figure, points, colouring, window, colours, legend=legend)
    return figure


def world_overlay(facts: Mapping[str, LanguageFacts], codes: Sequence[str], colouring: Colouring,
                  chosen: Sequence[str], *, width_px: float = BESIDE_PX,
                  dark: bool = False) -> Overlay:
    """Names, and what marks languages, on the map of `world_map`.

    Parameters
    ----------
    chosen : codes of the languages that are marked
    """
    points, window = _placed(facts, codes, width_px)
    return points_overlay(points, colouring, window, chosen, palette(dark))


def place_words(latitude: float, longitude: float) -> str:
    """A place as atlases write it.

    Examples
    --------
    >>> place_words(-1.26, 36.8)
    '1.3° S, 36.8° E'
    """
    return (f"{abs(latitude):.1f}° {'N' if latitude >= 0 else 'S'}, "
            f"{abs(longitude):.1f}° {'E' if longitude >= 0 else 'W'}")


def _placed(facts: Mapping[str, LanguageFacts], codes: Sequence[str],
            width_px: float) -> tuple[list[MapPoint], Window]:
    points = _points(facts, codes)
    return points, _window(points, width_px)


def _points(facts: Mapping[str, LanguageFacts], codes: Sequence[str]) -> list[MapPoint]:
    found = []
    for code in codes:
        one = facts[code]
        latitude, longitude = one.latitude or 0.0, one.longitude or 0.0
        x, y = equal_earth(longitude, latitude)
        found.append(MapPoint(code, float(x), float(y), one.name, (
            *language_lines(one), place_words(latitude, longitude))))
    return found


def _window(points: Sequence[MapPoint], width_px: float) -> Window:
    """All points with some air, no flatter and no taller than a map should be."""
    if not points:
        return Window(-2.71, 2.71, -1.32, 1.32, width_px)
    x, y = (np.array([getattr(one, axis) for one in points]) for axis in ("x", "y"))
    wide, high = (float(np.ptp(one)) * (1 + 2 * _AIR) for one in (x, y))
    width = min(max(_SMALLEST, wide, high * width_px / _TALLEST_PX), 5.42)
    height = max(high, min(_FLATTEST, _TALLEST_PX / width_px) * width)
    middle_x, middle_y = (float(x.max() + x.min()) / 2, float(y.max() + y.min()) / 2)
    middle_x = min(max(middle_x, -2.71 + width / 2), 2.71 - width / 2)
    return Window(middle_x - width / 2, middle_x + width / 2,
                  middle_y - height / 2, middle_y + height / 2, width_px)


def _with_company(points: Sequence[MapPoint], window: Window) -> list[MapPoint]:
    """Points whose hovers tell how many others lie under them."""
    names = {one.code: one.name for one in points}
    others = shared_places(points, window)
    told = []
    for one in points:
        also = others[one.code]
        more = (f"and {len(also)} more here: " + ", ".join(names[code] for code in also[:5])
                + (" …" if len(also) > 5 else ""),) if also else ()
        told.append(MapPoint(one.code, one.x, one.y, one.name, (*one.hover, *more)))
    return told
