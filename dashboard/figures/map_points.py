"""Languages as marks with names on a flat map, whatever the map shows.

Conventions
-----------
Axes x and y are numeric, have one scale and no ticks. A mark's ``customdata`` is its language's
code, so that a click or a lasso can pick it. Marks that would overlap stand a little aside, with a
line to their place. Names and hovers arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import TOP_PX, ChartText, framed, legend_above
from dashboard.figures.marks import Colouring, Mark
from dashboard.figures.palette import Palette, readable_on
from dashboard.figures.placing import label_sides, spread
from dashboard.figures.text_width import text_width

BESIDE_PX, ALONE_PX = 460, 860
"""Width of a map beside another, and of one that has the page; on wider ones there is only more
room."""
MOST_LABELLED = 45
"""Languages up to which all that find room have their name; marked ones always have."""
MOST_WITH_LETTERS = 60

_MARGIN_PX, _LEGEND_ROW_PX, _LABEL_PX, _LONGEST = 8, 20, 12, 20
_LARGE_PX, _SMALL_PX, _RING_PX = 15, 8, 10
_ROOMIER = {"triangle-up": 1.3, "diamond": 1.15, "star-square": 1.15}
"""How much larger shapes are drawn whose sign would not fit otherwise."""


@dataclass(frozen=True)
class MapPoint:
    """A language at its place.

    Attributes
    ----------
    name : written beside its mark
    hover : lines of the hover
    """

    code: str
    x: float
    y: float
    name: str
    hover: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """The part of the plane that a map shows at first, and the width that it is made for."""

    left: float
    right: float
    bottom: float
    top: float
    width_px: float = BESIDE_PX

    @property
    def scale(self) -> float:
        """Pixels of a unit."""
        return self.width_px / (self.right - self.left)

    @property
    def height_px(self) -> float:
        return self.scale * (self.top - self.bottom)

    def pixels(self, points: Sequence[MapPoint]) -> np.ndarray:
        """(n, 2) places of points in the plot, y downwards."""
        return np.array([((one.x - self.left) * self.scale, (self.top - one.y) * self.scale)
                         for one in points]).reshape(-1, 2)

    def places(self, pixels: np.ndarray) -> np.ndarray:
        """`pixels` turned round: (n, 2) x and y."""
        return np.stack([self.left + pixels[:, 0] / self.scale,
                         self.top - pixels[:, 1] / self.scale], axis=1)


def map_frame(text: ChartText, window: Window, legend: Sequence[str],
              colours: Palette) -> go.Figure:
    """An empty map with its words.

    Parameters
    ----------
    text : the scale is not written; long lines of the method are broken
    legend : labels that the legend will hold, for its height; none for no legend
    """
    signs = int(window.width_px)
    lines = tuple(part for line in text.method for part in wrap(line, signs // 6))
    title = shortened(text.title, signs // 9)
    top = TOP_PX + _LEGEND_ROW_PX * _legend_rows(legend, window.width_px)
    figure = framed(ChartText(title, "", lines), colours, plot_px=window.height_px,
                    left=_MARGIN_PX, right=_MARGIN_PX, below=8, top=top)
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "",
            "showline": False}
    figure.update_layout(
        showlegend=bool(legend), legend={**legend_above(colours), "entrywidthmode": "pixels"},
        xaxis={"range": [window.left, window.right], **bare},
        yaxis={"range": [window.bottom, window.top], "scaleanchor": "x", "scaleratio": 1, **bare})
    return figure


def _legend_rows(labels: Sequence[str], width_px: float) -> int:
    """All entries are as wide as the widest."""
    widest = max((text_width(_legend_label(label), 12) for label in labels), default=0) + 48
    return -(-len(labels) // max(1, int(width_px // widest)))


def _legend_label(label: str) -> str:
    return shortened(label, 24)


def shortened(text: str, longest: int) -> str:
    """The text, its end left out where it is too long."""
    return text if len(text) <= longest else text[:longest - 1] + "…"


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
            if own:
                _add_marks(figure, [points[at] for at in own], places[own], label, mark,
                           size if lettered else None, colours)
                figure.data[-1].update(showlegend=legend and label not in told, legendrank=rank)
                told.add(label)
    _add_names(figure, points, window, marks_px, size, marked, colours)


def _add_marks(figure: go.Figure, points: Sequence[MapPoint], places: np.ndarray, label: str,
               mark: Mark, size: float | None, colours: Palette) -> None:
    """Marks of one label; without a size small ones without a sign."""
    sign = readable_on(mark.colour)
    figure.add_scatter(
        x=places[:, 0], y=places[:, 1], mode="markers+text" if size else "markers",
        name=plotly_text(_legend_label(f"{mark.sign}  {label}")), legendgroup=label,
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
        figure.add_scatter(x=x, y=y, mode="lines", hoverinfo="skip", showlegend=False,
                           line={"color": colours.faint, "width": 1})


def _add_rings(figure: go.Figure, places: np.ndarray, size: float, colours: Palette) -> None:
    if len(places):
        figure.add_scatter(
            x=places[:, 0], y=places[:, 1], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"symbol": "circle", "size": size + _RING_PX, "color": colours.page,
                    "opacity": 1, "line": {"width": 3, "color": colours.mark}},
            **_steady(1, colours.ink))


def _add_names(figure: go.Figure, points: Sequence[MapPoint], window: Window, marks_px: np.ndarray,
               size: float, marked: Sequence[int], colours: Palette) -> None:
    """Names beside their marks; those that found no room stand in the hover alone."""
    shown = list(range(len(points))) if len(points) <= MOST_LABELLED else list(marked)
    if not shown:
        return
    names = [shortened(one.name, _LONGEST) for one in points]
    bold = set(marked)
    sizes = np.array([size + _RING_PX * (at in bold) for at in range(len(points))])
    sides = label_sides(
        marks_px, sizes / 2, [text_width(name, _LABEL_PX) if at in set(shown) else 0.0
                              for at, name in enumerate(names)], _LABEL_PX + 2,
        (0.0, 0.0, window.width_px, window.height_px), first=marked)
    drawn = [at for at in shown if sides[at]]
    places = window.places(marks_px)
    figure.add_scatter(
        x=places[drawn, 0], y=places[drawn, 1], mode="markers+text", hoverinfo="skip",
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
