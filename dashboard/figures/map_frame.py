"""The frame of a flat map of languages: its window, its words and its legend.

Conventions
-----------
Axes x and y are numeric, have one scale and no ticks. Texts arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.frame import LEAST_PX, TOP_PX, ChartText, framed, legend_above, legend_rows
from dashboard.figures.marks import Colouring
from dashboard.figures.palette import Palette
from gradsim_core import script_name

if TYPE_CHECKING:
    from dashboard.shown import LanguageFacts

BESIDE_PX, ALONE_PX = 460, 860
"""Width of a map beside another, and of one that has the page; on wider ones there is only more
room."""

_MARGIN_PX, _LEGEND_ROW_PX, _TOOLS_PX = 8, 20, 24
"""Narrow as a map may be, its tools have a row of their own above the title."""


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
    top = _TOOLS_PX + TOP_PX + _LEGEND_ROW_PX * legend_rows(
        [legend_entry(label) for label in legend], min(window.width_px, LEAST_PX))
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "",
            "showline": False, "constrain": "domain"}
    return framed(
        ChartText(shortened(text.title, signs // 9), "", lines), colours,
        plot_px=window.height_px, left=_MARGIN_PX, right=_MARGIN_PX, below=8, top=top,
        title_px=10 + _TOOLS_PX, layout={
            "showlegend": bool(legend), "legend": legend_above(colours),
            "clickmode": "event", "dragmode": "pan",
            "meta": LEAST_PX if window.width_px > LEAST_PX else 0,
            "xaxis": {"range": [window.left, window.right], **bare},
            "yaxis": {"range": [window.bottom, window.top], "scaleanchor": "x", "scaleratio": 1,
                      **bare}})


def language_lines(one: LanguageFacts) -> tuple[str, ...]:
    """What a hover tells of a language: name, genealogy, script, training rows."""
    name = one.name if one.name == one.code else f"{one.name} ({one.code})"
    english = (one.english,) if one.english != one.name else ()
    line = ", ".join(dict.fromkeys(filter(None, (one.branch, one.family)))) or "family unknown"
    return (name, *english, line,
            f"{script_name(one.script)} script" if one.script else "script unknown",
            f"{one.rows:,} training rows")


def legend_labels(colouring: Colouring) -> tuple[str, ...]:
    """Entries of the legend, as they are shown."""
    return tuple(f"{mark.sign}  {label}" for label, mark in colouring.marks.items())


def legend_entry(label: str) -> str:
    """An entry of the legend, short enough for it; plain text."""
    return shortened(label, 24)


def shortened(text: str, longest: int) -> str:
    """The text, its end left out where it is too long."""
    return text if len(text) <= longest else text[:longest - 1] + "…"
