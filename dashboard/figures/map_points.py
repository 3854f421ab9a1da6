"""Languages as marks with names on a flat map, whatever the map shows.

Conventions
-----------
As in `map_frame`. A mark's ``customdata`` is its language's code, so that a click or a lasso can
pick it. Marks that would overlap stand a little aside, with a line to their place. Names lie over
the picture: which of them find room depends on what is marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import plain_numbers
from dashboard.figures.map_frame import MapPoint, Window, legend_entry, shortened
from dashboard.figures.marks import Colouring, Mark
from dashboard.figures.overlay import Overlay
from dashboard.figures.palette import Palette, readable_on
from dashboard.figures.placing import SIDES, label_sides, spread
from dashboard.figures.text_width import text_width

MOST_LABELLED = 45
"""Languages up to which all that find room have their name; so many marked ones always have."""
MOST_WITH_LETTERS = 60

_LABEL_PX, _LONGEST = 12, 20
_LARGE_PX, _SMALL_PX, _RING_PX = 15, 8, 10
_ROOMIER = {"triangle-up": 1.3, "diamond": 1.15, "star-square": 1.15}
"""How much larger shapes are drawn whose sign would not fit otherwise."""


def add_points(figure: go.Figure, points: Sequence[MapPoint], colouring: Colouring, window: Window,
               colours: Palette, *, legend: bool = True) -> None:
    """Draw languages: a mark with its letter.

    Parameters
    ----------
    legend : whether the labels stand in the legend
    """
    lettered = len(points) <= MOST_WITH_LETTERS
    marks = [colouring.mark(one.code) for one in points]
    size, marks_px = _spread(points, window)
    figure.add_traces([
        *_leaders(points, window, marks_px, size, colours),
        *_marks(points, marks, window.places(marks_px), _sizes(marks, size), lettered, colours),
        *(_legend(colouring, size, colours) if legend else ())])


def points_overlay(points: Sequence[MapPoint], colouring: Colouring, window: Window,
                   chosen: Sequence[str], colours: Palette) -> Overlay:
    """Rings around marked languages, and names beside their marks.

    Names that found no room stand in the hover alone; of many languages the marked ones alone
    have theirs.

    Parameters
    ----------
    chosen : codes of the languages that are marked
    """
    picked = set(chosen)
    marked = [at for at, one in enumerate(points) if one.code in picked]
    size, marks_px = _spread(points, window)
    sizes = _sizes([colouring.mark(one.code) for one in points], size)
    return Overlay(tuple(_names(points, window, marks_px, sizes, marked, colours)),
                   tuple(_rings(window.places(marks_px)[marked], size, colours)))


def _spread(points: Sequence[MapPoint], window: Window) -> tuple[float, np.ndarray]:
    """Size of a mark, and the marks' places in pixels."""
    size = _LARGE_PX if len(points) <= MOST_WITH_LETTERS else _SMALL_PX
    return size, spread(window.pixels(points), size * 0.94)


def _sizes(marks: Sequence[Mark], size: float) -> list[float]:
    return [size * _ROOMIER.get(mark.symbol, 1.0) for mark in marks]


def _marks(points: Sequence[MapPoint], marks: Sequence[Mark], places: np.ndarray,
           sizes_px: Sequence[float], lettered: bool,
           colours: Palette) -> list[dict[str, Any]]:
    """All languages, in one trace, or in one for each colour of their letters."""
    inks = [readable_on(mark.colour) if lettered else colours.ink for mark in marks]
    traces = []
    for ink in dict.fromkeys(inks):
        own = [at for at in range(len(points)) if inks[at] == ink]
        traces.append({
            "type": "scatter", "x": plain_numbers(places[own, 0]),
            "y": plain_numbers(places[own, 1]), "mode": "markers+text" if lettered else "markers",
            "showlegend": False, "marker": {
                "symbol": [marks[at].symbol for at in own], "opacity": 1,
                "color": [marks[at].colour for at in own], "size": [sizes_px[at] for at in own],
                "line": {"width": 0.8, "color": colours.ink}},
            "text": [marks[at].sign for at in own], "textposition": "middle center",
            "textfont": {"size": 9, "color": ink}, "customdata": [points[at].code for at in own],
            "hovertext": ["<br>".join(plotly_text(line, 90) for line in points[at].hover)
                          for at in own],
            "hovertemplate": "%{hovertext}<extra></extra>", **_steady(1, ink)})
    return traces


def _legend(colouring: Colouring, size: float, colours: Palette) -> list[dict[str, Any]]:
    """A trace without points for each label."""
    return [{"type": "scatter", "x": [None], "y": [None], "mode": "markers", "showlegend": True,
             "name": plotly_text(legend_entry(f"{mark.sign}  {label}")), "hoverinfo": "skip",
             "marker": {"symbol": mark.symbol, "color": mark.colour, "size": size,
                        "line": {"width": 0.8, "color": colours.ink}}}
            for label, mark in colouring.marks.items()]


def _leaders(points: Sequence[MapPoint], window: Window, marks_px: np.ndarray, size: float,
             colours: Palette) -> list[dict[str, Any]]:
    """A line from each mark that stands aside to its place."""
    x: list[float | None] = []
    y: list[float | None] = []
    away = np.sqrt(((marks_px - window.pixels(points)) ** 2).sum(axis=1))
    for one, place, distance in zip(points, window.places(marks_px), away, strict=True):
        if distance > size / 4:
            x += [one.x, float(place[0]), None]
            y += [one.y, float(place[1]), None]
    return [{"type": "scatter", "x": x, "y": y, "mode": "lines", "hoverinfo": "skip",
             "showlegend": False, "line": {"color": colours.faint, "width": 1}}] if x else []


def _rings(places: np.ndarray, size: float, colours: Palette) -> list[dict[str, Any]]:
    """Rings over the picture, of the same width however far it is zoomed."""
    radius = (size + _RING_PX) / 2
    return [{"type": "circle", "xref": "x", "yref": "y", "xsizemode": "pixel",
             "ysizemode": "pixel", "xanchor": float(x), "yanchor": float(y), "x0": -radius,
             "x1": radius, "y0": -radius, "y1": radius,
             "line": {"width": 3, "color": colours.mark}} for x, y in places]


def _names(points: Sequence[MapPoint], window: Window, marks_px: np.ndarray,
           sizes_px: Sequence[float], marked: Sequence[int],
           colours: Palette) -> list[dict[str, Any]]:
    shown = list(range(len(points))) if len(points) <= MOST_LABELLED else list(marked)
    if not 0 < len(shown) <= MOST_LABELLED:
        return []
    names = [shortened(one.name, _LONGEST) for one in points]
    bold, wanted = set(marked), set(shown)
    sizes = np.array([size + _RING_PX * (at in bold) for at, size in enumerate(sizes_px)])
    sides = label_sides(
        marks_px, sizes / 2, [text_width(name, _LABEL_PX) if at in wanted else 0.0
                              for at, name in enumerate(names)], _LABEL_PX + 2,
        (0.0, 0.0, window.width_px, window.height_px), first=marked)
    places, font = window.places(marks_px), {"size": _LABEL_PX, "color": colours.ink}
    texts = [f"<b>{plotly_text(name)}</b>" if at in bold else plotly_text(name)
             for at, name in enumerate(names)]
    return [_note(texts[at], places[at], float(sizes[at]) / 2, sides[at], font)
            for at in shown if sides[at]]


def _note(text: str, place: np.ndarray, radius: float, side: str,
          font: Mapping[str, Any]) -> dict[str, Any]:
    """A text where plotly would write it beside a mark."""
    right, down = SIDES[side]
    away = radius / 0.8 + 1
    return {"text": text, "x": float(place[0]), "y": float(place[1]), "xref": "x", "yref": "y",
            "showarrow": False, "borderpad": 0, "font": dict(font),
            "xanchor": {1: "left", 0: "center", -1: "right"}[right], "xshift": right * away,
            "yanchor": {1: "top", 0: "middle", -1: "bottom"}[down], "yshift": -down * away}


def _steady(opacity: float, letters: str) -> dict[str, Any]:
    """Points that look the same whether or not the browser thinks them selected."""
    same = {"marker": {"opacity": opacity}, "textfont": {"color": letters}}
    return {"selected": same, "unselected": same}


def shared_places(points: Sequence[MapPoint], window: Window) -> Mapping[str, tuple[str, ...]]:
    """Code -> codes of the others whose marks lie over its own where none moves aside."""
    pixels = window.pixels(points)
    found = {}
    for at, one in enumerate(points):
        near = np.flatnonzero(((pixels - pixels[at]) ** 2).sum(axis=1) < 16.0)
        found[one.code] = tuple(points[int(i)].code for i in near if i != at)
    return found
