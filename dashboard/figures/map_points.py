"""Languages as marks with names on a flat map, whatever the map shows.

Conventions
-----------
As in `map_frame`. A mark's ``customdata`` is its language's code, so that a click or a lasso can
pick it. Marks that would overlap stand a little aside, with a line to their place.
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
from dashboard.figures.palette import Palette, readable_on
from dashboard.figures.placing import label_sides, spread
from dashboard.figures.text_width import text_width

MOST_LABELLED = 45
"""Languages up to which all that find room have their name; marked ones always have."""
MOST_WITH_LETTERS = 60

_LABEL_PX, _LONGEST = 12, 20
_LARGE_PX, _SMALL_PX, _RING_PX = 15, 8, 10
_ROOMIER = {"triangle-up": 1.3, "diamond": 1.15, "star-square": 1.15}
"""How much larger shapes are drawn whose sign would not fit otherwise."""


def add_points(figure: go.Figure, points: Sequence[MapPoint], colouring: Colouring, window: Window,
               colours: Palette, *, chosen: Sequence[str] = (), legend: bool = True) -> None:
    """Draw languages: a mark with its letter, its name where there is room, a ring if marked.

    Parameters
    ----------
    chosen : codes of the languages that are marked
    legend : whether the labels stand in the legend
    """
    lettered = len(points) <= MOST_WITH_LETTERS
    size = _LARGE_PX if lettered else _SMALL_PX
    marks_px = spread(window.pixels(points), size * 0.94)
    marked = [at for at, one in enumerate(points) if one.code in set(chosen)]
    _add_leaders(figure, points, window, marks_px, size, colours)
    places, told = window.places(marks_px), set[str]()
    others = [at for at in range(len(points)) if at not in set(marked)]
    for above, some in enumerate((others, marked)):  # who is marked lies over all others
        if above:
            _add_rings(figure, places[marked], size, colours)
        for rank, (label, mark) in enumerate(colouring.marks.items()):
            own = [at for at in some if colouring.label_of[points[at].code] == label]
            if own or (legend and above and label not in told):
                _add_marks(figure, [points[at] for at in own], places[own], label, mark,
                           size if lettered else None, colours)
                figure.data[-1].update(showlegend=legend and label not in told, legendrank=rank)
                told.add(label)
    sizes = [size * _ROOMIER.get(colouring.mark(one.code).symbol, 1.0) for one in points]
    _add_names(figure, points, window, marks_px, sizes, marked, colours)


def _add_marks(figure: go.Figure, points: Sequence[MapPoint], places: np.ndarray, label: str,
               mark: Mark, size: float | None, colours: Palette) -> None:
    """Marks of one label; without a size small ones without a sign."""
    sign = readable_on(mark.colour)
    figure.add_scatter(
        x=plain_numbers(places[:, 0]) if points else [None],
        y=plain_numbers(places[:, 1]) if points else [None],
        mode="markers+text" if size else "markers",
        name=plotly_text(legend_entry(f"{mark.sign}  {label}")),
        marker={"symbol": mark.symbol, "opacity": 1, "color": mark.colour,
                "size": (size or _SMALL_PX) * _ROOMIER.get(mark.symbol, 1.0),
                "line": {"width": 0.8, "color": colours.ink}},
        text=[mark.sign] * len(points), textposition="middle center",
        textfont={"size": 9, "color": sign}, customdata=[one.code for one in points],
        hovertext=["<br>".join(plotly_text(line, 90) for line in one.hover) for one in points],
        hovertemplate="%{hovertext}<extra></extra>", **_steady(1, sign))


def _add_leaders(figure: go.Figure, points: Sequence[MapPoint], window: Window,
                 marks_px: np.ndarray, size: float, colours: Palette) -> None:
    """A line from each mark that stands aside to its place."""
    x: list[float | None] = []
    y: list[float | None] = []
    away = np.sqrt(((marks_px - window.pixels(points)) ** 2).sum(axis=1))
    for one, place, distance in zip(points, window.places(marks_px), away, strict=True):
        if distance > size / 4:
            x += [one.x, float(place[0]), None]
            y += [one.y, float(place[1]), None]
    if x:
        figure.add_scatter(x=x, y=y, mode="lines",
                           hoverinfo="skip", showlegend=False,
                           line={"color": colours.faint, "width": 1})


def _add_rings(figure: go.Figure, places: np.ndarray, size: float, colours: Palette) -> None:
    if len(places):
        figure.add_scatter(
            x=plain_numbers(places[:, 0]), y=plain_numbers(places[:, 1]), mode="markers",
            hoverinfo="skip", showlegend=False,
            marker={"symbol": "circle", "size": size + _RING_PX, "color": colours.page,
                    "opacity": 1, "line": {"width": 3, "color": colours.mark}},
            **_steady(1, colours.ink))


def _add_names(figure: go.Figure, points: Sequence[MapPoint], window: Window, marks_px: np.ndarray,
               sizes_px: Sequence[float], marked: Sequence[int], colours: Palette) -> None:
    """Names beside their marks; those that found no room stand in the hover alone."""
    shown = list(range(len(points))) if len(points) <= MOST_LABELLED else list(marked)
    if not shown:
        return
    names = [shortened(one.name, _LONGEST) for one in points]
    bold = set(marked)
    sizes = np.array([size + _RING_PX * (at in bold) for at, size in enumerate(sizes_px)])
    sides = label_sides(
        marks_px, sizes / 2, [text_width(name, _LABEL_PX) if at in set(shown) else 0.0
                              for at, name in enumerate(names)], _LABEL_PX + 2,
        (0.0, 0.0, window.width_px, window.height_px), first=marked)
    drawn = [at for at in shown if sides[at]]
    places = window.places(marks_px)
    figure.add_scatter(
        x=plain_numbers(places[drawn, 0]), y=plain_numbers(places[drawn, 1]), mode="markers+text",
        hoverinfo="skip",
        showlegend=False, marker={"size": sizes[drawn], "opacity": 0},
        text=[f"<b>{plotly_text(names[at])}</b>" if at in bold else plotly_text(names[at])
              for at in drawn], textposition=[sides[at] for at in drawn],
        textfont={"size": _LABEL_PX, "color": colours.ink}, cliponaxis=False,
        **_steady(0, colours.ink))


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
