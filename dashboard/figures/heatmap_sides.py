"""What stands around the cells of a heatmap: tree, branches, reliabilities, points and frames.

Conventions
-----------
As in `heatmap`: axes x and y are those of the cells, one unit a language; x2 holds the
reliabilities, x3 the branches, y2 the tree. Texts in ``names`` and ``branches`` are plain and
are escaped here; ``labels`` are escaped already.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.dendrogram import dendrogram
from dashboard.figures.frame import add_all, add_trace
from dashboard.figures.palette import OTHER, UNKNOWN, Palette
from dashboard.figures.strips import Strip, add_strips
from dashboard.figures.text_width import text_width

STEADY: dict[str, Any] = {"selected": {"marker": {"opacity": 1}},
                          "unselected": {"marker": {"opacity": 1}}}
"""Points that look the same whether or not the browser thinks them selected: what is marked is
drawn anew, from the address."""

MOST_OUTLINED = 40
"""Languages up to which the points on the diagonal are seen."""

CELLS_PX = 470
"""Width of all cells together on a page that is not wide: labels must fit there."""

SUPPORTED = 0.5
"""Share of resamples from which on a branch's dot is filled."""


def add_legend_entry(figure: go.Figure, name: str, colour: str, rank: int = 1000) -> None:
    """A square of one colour in the legend."""
    add_trace(
        figure, "scatter", x=[None], y=[None], mode="markers", name=name, showlegend=True,
        legendrank=rank,
        marker={"symbol": "square", "size": 12, "color": colour})


def add_branches(figure: go.Figure, codes: Sequence[str], names: Mapping[str, str],
                 branches: Mapping[str, str | None]) -> None:
    """A strip with each language's branch, as colour and letter, and its legend."""
    add_strips(figure, [branch_strip(codes, branches)], [names.get(code, code) for code in codes])


def branch_strip(codes: Sequence[str], branches: Mapping[str, str | None]) -> Strip:
    """What a strip says of languages' branches."""
    return Strip("Branch", tuple(branches.get(code) for code in codes), other=OTHER,
                 unknown=UNKNOWN)


def add_reliabilities(figure: go.Figure, reliability: np.ndarray, labels: Sequence[str],
                      low: Sequence[int], colours: Palette) -> None:
    """A bar a language: how far its two halves agree; those not to be trusted stand out."""
    known = np.nan_to_num(reliability, nan=0.0)
    least = min(0.0, float(known.min(initial=0.0)))
    figure.update_layout(xaxis2={"range": [least * 1.05, 1.02]})
    marked = [place in set(low) for place in range(len(known))]
    add_trace(
        figure, "bar",
        x=known.astype(float).round(6).tolist(), y=list(range(len(known))), orientation="h",
        xaxis="x2", yaxis="y", showlegend=False,
        marker={"color": [colours.warning if mark else colours.bar for mark in marked],
                "line": {"width": 0},
                "pattern": {"shape": ["/" if mark else "" for mark in marked],
                            "fgcolor": colours.page, "size": 5, "solidity": 0.35,
                            "fillmode": "overlay"}},
        text=list(labels), textposition="none",
        customdata=["undefined" if not np.isfinite(value) else f"{value:.3f}"
                    for value in reliability],
        hovertemplate="%{text}<br>reliability %{customdata}<extra></extra>")


def add_hatching(figure: go.Figure, low: Sequence[int], n: int, colours: Palette) -> None:
    """Lines over the rows and columns of languages that are not to be trusted."""
    if not low:
        return
    x: list[float | None] = []
    y: list[float | None] = []
    for left, right, top, bottom in _crossed(low, n):
        x += [left, right, right, left, left, None]
        y += [top, top, bottom, bottom, top, None]
    add_trace(
        figure, "scatter",
        x=x, y=y, mode="lines", line={"width": 0}, fill="toself", fillcolor="rgba(0,0,0,0)",
        fillpattern={"shape": "/", "fgcolor": colours.hatch, "bgcolor": "rgba(0,0,0,0)",
                     "size": 7, "solidity": 0.2, "fillmode": "replace"},
        name="low reliability", hoverinfo="skip", legendrank=2001,
        showlegend=True)


def _crossed(low: Sequence[int], n: int) -> list[tuple[float, float, float, float]]:
    """Rectangles (left, right, top, bottom) over some rows and columns, none over another.

    Where two overlapped, the browser would leave a hole.
    """
    rows = [(-0.5, n - 0.5, place - 0.5, place + 0.5) for place in low]
    edges = [-1, *sorted(low), n]
    between = [(above + 0.5, below - 0.5) for above, below in pairwise(edges)
               if below - above > 1]
    return rows + [(place - 0.5, place + 0.5, top, bottom) for place in low
                   for top, bottom in between]


def clade_token(row: int) -> str:
    """What the point of a merge is called when it is clicked."""
    return f"clade {row}"


def language_token(place: int) -> str:
    """What the point of the language at a place of the picture is called when it is clicked."""
    return f"language {place}"


def picks_of(tree: np.ndarray | None, codes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Token of each point -> codes of the languages that a click on it marks.

    Parameters
    ----------
    codes : in the order of the picture: the tree's leaves first, in leaf order
    """
    found: dict[str, tuple[str, ...]] = {
        language_token(at): (code,) for at, code in enumerate(codes)}
    if tree is not None and len(tree):
        members = dendrogram(tree, 1.0).members
        place = {leaf: at for at, leaf in enumerate(members[-1])}
        found |= {clade_token(row): tuple(codes[place[leaf]] for leaf in leaves)
                  for row, leaves in enumerate(members)}
    return found


def add_points(figure: go.Figure, codes: Sequence[str], cell_px: float,
               colours: Palette) -> None:
    """A point to click on each language's diagonal cell.

    Parameters
    ----------
    cell_px : side of a cell
    """
    outlined = len(codes) <= MOST_OUTLINED
    add_trace(
        figure, "scatter",
        x=list(range(len(codes))), y=list(range(len(codes))), xaxis="x4", yaxis="y4",
        mode="markers", showlegend=False,
        customdata=[language_token(at) for at in range(len(codes))],
        marker={"symbol": "diamond", "size": max(4.0, min(11.0, 0.55 * cell_px)),
                "line": {"width": int(outlined), "color": colours.faint},
                "color": colours.page if outlined else "rgba(0,0,0,0)"},
        hovertemplate="%{y}<br>(click to mark it)<extra></extra>", **STEADY)


def add_tree(figure: go.Figure, tree: np.ndarray, ceiling: float, codes: Sequence[str],
             colours: Palette, support: np.ndarray | None = None) -> None:
    """The tree over the columns; a point a merge tells what is joined, and how nearly.

    With ``support``, the share of resamples that have each branch, a point is filled where most do.
    """
    # The tree's leaves stand in the order of the columns, so that leaf order p is code p.
    drawn = dendrogram(tree, ceiling)
    place = {leaf: i for i, leaf in enumerate(drawn.members[-1])}
    add_trace(
        figure, "scatter", x=drawn.lines_x, y=drawn.lines_y, yaxis="y2", mode="lines",
        line={"color": colours.faint, "width": 1.3}, hoverinfo="skip",
        showlegend=False)
    below = [", ".join(plotly_text(codes[place[leaf]], 12) for leaf in members[:24])
             + (f" and {len(members) - 24} more" if len(members) > 24 else "")
             for members in drawn.members]
    marker = {"size": 6, "color": colours.faint}
    if support is not None:
        below = [f"found in {share:.0%} of resamples<br>{text}"
                 for share, text in zip(support, below, strict=True)]
        marker = {"size": 7, "line": {"width": 1.3, "color": colours.faint}, "color": [
            colours.faint if share >= SUPPORTED else colours.page for share in support]}
    add_trace(
        figure, "scatter", x=drawn.nodes_x, y=drawn.nodes_y, yaxis="y2", mode="markers",
        marker=marker, text=below, showlegend=False,
        customdata=[clade_token(row) for row in range(len(below))],
        hovertemplate="joined at similarity %{y:+.3f}<br>%{text}<br>"
                      "(click to mark them)<extra></extra>",
        **STEADY)
    margin = 0.06 * (drawn.foot - drawn.top)
    figure.update_layout(yaxis2={"range": [drawn.foot, drawn.top - margin]})


def add_frames(figure: go.Figure, sizes: Sequence[int], colours: Palette) -> None:
    """A frame around the cells of each group, from the first row on."""
    ends = np.cumsum(sizes).tolist()
    add_all(figure, shapes=[
        {"type": "rect", "x0": end - size - 0.5, "x1": end - 0.5, "y0": end - size - 0.5,
         "y1": end - 0.5, "xref": "x", "yref": "y", "line": {"color": colours.ink, "width": 2}}
        for size, end in zip(sizes, ends, strict=True)])


def add_group_frames(figure: go.Figure, groups: Sequence[tuple[str, int]],
                     colours: Palette) -> None:
    """A frame around the cells of each group, its name above where there is room for it."""
    sizes = [n_languages for _, n_languages in groups]
    add_frames(figure, sizes, colours)
    ends = np.cumsum(sizes).tolist()
    add_all(figure, [
        {"x": end - size / 2 - 0.5, "y": 0.5, "xref": "x", "yref": "y2", "showarrow": False,
         "text": plotly_text(name, 20), "font": {"size": 11, "color": colours.ink}}
        for (_, size), end, name in zip(groups, ends, frame_names(groups), strict=True) if name])


def frame_names(groups: Sequence[tuple[str, int]]) -> list[str]:
    """What is written above each frame; "" where it would run into the one before.

    Where not all names have room, those that are numbers are written as numbers alone.
    """
    wide = CELLS_PX / max(1, sum(size for _, size in groups))
    found = _without_overlap([name[:20] for name, _ in groups], groups, wide)
    return found if all(found) else _without_overlap(
        [re.sub(r"^group (?=\d+$)", "", name[:20]) for name, _ in groups], groups, wide)


def _without_overlap(names: Sequence[str], groups: Sequence[tuple[str, int]],
                     cell_px: float) -> list[str]:
    """Each name in the middle of its group, from the left on, where the one before leaves room."""
    found, start, taken = [], 0.0, -math.inf
    for name, (_, size) in zip(names, groups, strict=True):
        middle, half = (start + size / 2) * cell_px, text_width(name, 11) / 2
        fits = middle - half >= taken
        found.append(name if fits else "")
        taken = middle + half + 5 if fits else taken
        start += size
    return found
