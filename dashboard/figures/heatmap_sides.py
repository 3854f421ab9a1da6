"""What stands around the cells of a heatmap: tree, branches, reliabilities, marks and frames.

Conventions
-----------
As in `heatmap`: axes x and y are those of the cells, one unit a language; x2 holds the
reliabilities, x3 the branches, y2 the tree. Texts in ``names`` and ``branches`` are plain and
are escaped here; ``labels`` are escaped already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.dendrogram import dendrogram
from dashboard.figures.palette import Palette, branch_colours, branch_label, readable_on

MOST_WITH_LETTERS = 60
"""Languages up to which the branch strip holds letters."""

SUPPORTED = 0.5
"""Share of resamples from which on a branch's dot is filled."""


def add_legend_entry(figure: go.Figure, name: str, colour: str, rank: int = 1000) -> None:
    """A square of one colour in the legend."""
    figure.add_scatter(x=[None], y=[None], mode="markers", name=name, showlegend=True,
                       legendrank=rank,
                       marker={"symbol": "square", "size": 12, "color": colour})


def add_branches(figure: go.Figure, codes: Sequence[str], names: Mapping[str, str],
                 branches: Mapping[str, str | None]) -> None:
    """A strip with each language's branch, as colour and letter, and its legend."""
    own = [branches.get(code) for code in codes]
    colours = branch_colours(own)
    labels = [branch_label(branch, colours) for branch in own]
    keys = list(colours)
    steps = max(1, len(keys) - 1)
    scale = [(i / steps, colours[key][1]) for i, key in enumerate(keys)]
    figure.add_heatmap(
        x=[0], z=np.array([[keys.index(label)] for label in labels], dtype=np.float32),
        xaxis="x3", yaxis="y", zmin=0, zmax=steps, showscale=False, ygap=1,
        colorscale=scale if len(scale) > 1 else [(0, scale[0][1]), (1, scale[0][1])],
        text=[[f"{plotly_text(names.get(code, code), 40)}: "
               f"{plotly_text(branch or 'branch unknown', 60)}"]
              for code, branch in zip(codes, own, strict=True)],
        hovertemplate="%{text}<extra></extra>")
    if len(codes) <= MOST_WITH_LETTERS:
        figure.add_scatter(
            x=[0] * len(codes), y=list(range(len(codes))), xaxis="x3", yaxis="y", mode="text",
            text=[colours[label][0] for label in labels], hoverinfo="skip", showlegend=False,
            textfont={"size": 9, "color": [readable_on(colours[label][1]) for label in labels]})
    for key, (letter, colour) in colours.items():
        add_legend_entry(figure, f"{letter}  {plotly_text(key, 18)}", colour)


def add_reliabilities(figure: go.Figure, reliability: np.ndarray, labels: Sequence[str],
                      low: Sequence[int], colours: Palette) -> None:
    """A bar a language: how far its two halves agree; those not to be trusted stand out."""
    known = np.nan_to_num(reliability, nan=0.0)
    least = min(0.0, float(known.min(initial=0.0)))
    figure.update_layout(xaxis2={"range": [least * 1.05, 1.02]})
    marked = [place in set(low) for place in range(len(known))]
    figure.add_bar(
        x=known.astype(np.float32), y=list(range(len(known))), orientation="h",
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
    figure.add_scatter(
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


def add_tree(figure: go.Figure, tree: np.ndarray, ceiling: float, codes: Sequence[str],
             colours: Palette, support: np.ndarray | None = None) -> None:
    """The tree over the columns; a point a merge tells what is joined, and how nearly.

    With ``support``, the share of resamples that have each branch, a point is filled where most do.
    """
    # The tree's leaves stand in the order of the columns, so that leaf order p is code p.
    drawn = dendrogram(tree, ceiling)
    place = {leaf: i for i, leaf in enumerate(drawn.members[-1])}
    figure.add_scatter(x=drawn.lines_x, y=drawn.lines_y, yaxis="y2", mode="lines",
                       line={"color": colours.faint, "width": 1.3}, hoverinfo="skip",
                       showlegend=False)
    below = [", ".join(plotly_text(codes[place[leaf]], 12) for leaf in members[:24])
             + (f" and {len(members) - 24} more" if len(members) > 24 else "")
             for members in drawn.members]
    told, marker = "", {"size": 5, "color": colours.faint}
    if support is not None:
        told = "<br>found in %{customdata:.0%} of resamples"
        marker = {"size": 7, "line": {"width": 1.3, "color": colours.faint}, "color": [
            colours.faint if share >= SUPPORTED else colours.page for share in support]}
    figure.add_scatter(x=drawn.nodes_x, y=drawn.nodes_y, yaxis="y2", mode="markers",
                       marker=marker, text=below, showlegend=False, customdata=support,
                       hovertemplate="joined at similarity %{y:+.3f}" + told
                       + "<br>%{text}<extra></extra>")
    margin = 0.06 * (drawn.foot - drawn.top)
    figure.update_layout(yaxis2={"range": [drawn.foot, drawn.top - margin]})


def add_frames(figure: go.Figure, sizes: Sequence[int], colours: Palette) -> None:
    """A frame around the cells of each group, from the first row on."""
    start = -0.5
    for n_languages in sizes:
        end = start + n_languages
        figure.add_shape(type="rect", x0=start, x1=end, y0=start, y1=end, xref="x", yref="y",
                         line={"color": colours.ink, "width": 2})
        start = end


def add_group_frames(figure: go.Figure, groups: Sequence[tuple[str, int]],
                     colours: Palette) -> None:
    """A frame around the cells of each group, its name above."""
    add_frames(figure, [n_languages for _, n_languages in groups], colours)
    start = -0.5
    for name, n_languages in groups:
        end = start + n_languages
        figure.add_annotation(x=(start + end) / 2, y=0.5, xref="x", yref="y2", showarrow=False,
                              text=plotly_text(name, 20),
                              font={"size": 11, "color": colours.ink})
        start = end
