"""Axes, margins, labels and words around a heatmap of languages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import (
    LEAST_PX,
    add_all,
    empty_figure,
    foot_px,
    method_lines,
)
from dashboard.figures.marked_rows import RowLabels
from dashboard.figures.palette import FONT, Palette
from dashboard.figures.strips import Strip

_TOP_PX, _RIGHT_PX = 44, 172
_BARS = (0.886, 1.0)
_STRIP_WIDTH, _GAP = 0.022, 0.006
_MOST_PX = 1000
"""Height of the cells together; beyond a hundred languages they grow smaller instead."""


@dataclass(frozen=True)
class HeatmapText:
    """What is written around a heatmap, as plain text.

    Attributes
    ----------
    title : what is shown, of which study
    scale : lines over the colour bar
    method : lines below the picture
    names, branches : code -> English name, code -> branch (None: unknown)
    """

    title: str
    scale: tuple[str, ...]
    method: tuple[str, ...]
    names: Mapping[str, str]
    branches: Mapping[str, str | None]


def heights(n: int) -> tuple[float, float]:
    """Pixels of a row, and of all rows."""
    cell = max(10.0, min(36.0, 620 / n))
    total = min(max(250.0, cell * n), _MOST_PX)
    return total / n, total


def row_labels(codes: Sequence[str], names: Mapping[str, str], colours: Palette) -> RowLabels:
    """Names and codes beside the rows."""
    n = len(codes)
    cell, heat_px = heights(n)
    size = max(7, min(12, int(cell * 0.75)))
    labels = [language_label(code, names, 22) for code in codes]
    return RowLabels(labels, with_room(n, 8.5 * n / heat_px), label_width(labels, size),
                     {"size": size, "color": colours.ink})


def heatmap_frame(codes: list[str], text: HeatmapText, colours: Palette, top_px: int,
                  strips: Sequence[Strip]) -> go.Figure:
    """Axes, margins and words around the picture; the cells take what the top leaves.

    The axes x and y carry all names for the hover, x4 and y4 over them those that have room. The
    reader's zoom is kept while the same languages are shown.
    """
    n = len(codes)
    heat_px = heights(n)[1]
    beside = row_labels(codes, text.names, colours)
    left, font = beside.left_px, beside.font
    bare = {"showgrid": False, "zeroline": False, "ticks": "", "showline": False,
            "ticklabeloverflow": "allow"}  # else the browser measures every label: 4x the time
    columns = with_room(n, n * 11 / 470)
    short = [plotly_text(codes[at], 12) for at in columns]
    flat = n <= 16 and max(map(len, codes)) <= 4
    below = 34 + (16 if flat else round(max(map(len, short)) * font["size"] * 0.54))
    foot = foot_px(text.method, below)
    full = [plotly_text(text.names.get(code, code), 40) for code in codes]
    top = heat_px / (heat_px + top_px)
    cells = (len(strips) * _STRIP_WIDTH + _GAP, 0.87)
    every = {"tickvals": list(range(n)), "ticktext": full, "showticklabels": False, **bare}
    figure = empty_figure({
        "height": round(heat_px + top_px) + _TOP_PX + foot, "meta": LEAST_PX,
        "margin": {"l": left, "r": _RIGHT_PX, "t": _TOP_PX, "b": foot},
        "paper_bgcolor": colours.page, "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours.ink, "family": FONT}, "hoverlabel": {"align": "left"},
        "bargap": 0.25, "dragmode": "zoom", "clickmode": "event",
        "uirevision": crc32("\0".join(sorted(codes)).encode("utf-8", "replace")),
        "title": {"text": plotly_text(text.title), "x": 0, "xref": "container", "y": 1,
                  "yref": "container", "yanchor": "top", "pad": {"t": 10, "l": 8},
                  "font": {"size": 15, "color": colours.ink}},
        "legend": {"x": 1.03, "y": 1, "yanchor": "top", "itemclick": False,
                   "itemdoubleclick": False, "font": {"size": 12, "color": colours.ink},
                   "bgcolor": "rgba(0,0,0,0)", "maxheight": max(60, heat_px + top_px - 230)},
        "xaxis": {"domain": cells, "anchor": "y", "range": [-0.5, n - 0.5], **every},
        "yaxis": {"domain": [0, top], "anchor": "x3", "range": [n - 0.5, -0.5], **every},
        "xaxis4": {"domain": cells, "anchor": "y4", "range": [-0.5, n - 0.5], "overlaying": "x",
                   "matches": "x", "tickvals": columns, "ticktext": short,
                   "tickangle": 0 if flat else -90, "tickfont": font, **bare},
        "yaxis4": {"domain": [0, top], "anchor": "x3", "range": [n - 0.5, -0.5],
                   "overlaying": "y", "matches": "y", "tickvals": beside.labelled, "tickfont": font,
                   "ticktext": [beside.labels[at] for at in beside.labelled], **bare},
        "yaxis2": {"domain": [top, 1], "anchor": "x", "visible": False, "fixedrange": True,
                   "range": [0, 1]},
        "xaxis2": {"domain": _BARS, "anchor": "y", "range": [0, 1.02], "fixedrange": True,
                   "tickvals": [-1, 0, 1], "tickfont": {"size": 10, "color": colours.ink},
                   "gridcolor": "rgba(128,128,128,0.3)", "zeroline": False,
                   "title": {"text": "reliability", "standoff": 4,
                             "font": {"size": 11, "color": colours.ink}}},
        "xaxis3": {"domain": (0.0, cells[0] - _GAP), "anchor": "y", "fixedrange": True,
                   "range": [-0.5, len(strips) - 0.5], "showticklabels": False, **bare}})
    add_all(figure, method_lines(text.method, left, below, colours))
    return figure


def with_room(n: int, wanted: float) -> list[int]:
    """Places that bear a label: every one where there is room, else some.

    Parameters
    ----------
    wanted : rows that one label's height takes
    """
    return list(range(0, n, max(1, math.ceil(wanted))))


def label_width(labels: Sequence[str], size: float) -> int:
    """Pixels that the widest of some labels takes, and a little air."""
    return max(70, round(max(map(_ems, labels)) * size) + 22)


def _ems(label: str) -> float:
    """Width of a text in units of the font's size: about half for Latin, one for Han or Ge'ez."""
    return sum(1.0 if sign >= "\u2e80" or "\u1200" <= sign < "\u1400" else 0.54
               for sign in label)


def language_label(code: str, names: Mapping[str, str], longest: int) -> str:
    """English name and code, escaped; the code alone where it is the name."""
    name = names.get(code, code)
    short = plotly_text(name, longest)
    return short if name == code else f"{short} ({plotly_text(code, 10)})"

