"""A similarity matrix as a heatmap, with its tree, its branches and its reliabilities attached.

Conventions
-----------
All parts share numeric axes, one unit a language: column and row p hold the language at place p
of the order, so that zooming moves everything together; rows run from top to bottom. The diagonal
is left empty, because a language's similarity to itself says nothing; undefined cells are grey;
languages whose own halves agree too little are hatched. Texts arrive plain and are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.heatmap_sides import (
    add_branches,
    add_group_frames,
    add_hatching,
    add_legend_entry,
    add_reliabilities,
    add_tree,
)
from dashboard.figures.palette import FONT, Palette, colour_at, palette, readable_on
from gradsim_core import Similarity

MOST_WITH_NUMBERS = 20
"""Languages up to which cells hold their number."""
MOST_WITH_NAMES = 60
"""Languages up to which a cell's hover gives names, not only codes, and cells stand apart."""

_TREE_PX, _GROUPS_PX = 92, 26
_TOP_PX, _RIGHT_PX = 44, 172
_STRIP, _HEAT, _BARS = (0.0, 0.022), (0.028, 0.87), (0.886, 1.0)


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


def colour_limit(found: Similarity) -> float:
    """End of the symmetric colour scale: the largest value off the diagonal, rounded up.

    Returns
    -------
    float
        A multiple of 0.05 between 0.05 and 1. A noise-corrected similarity may exceed 1; it
        then has the colour of 1.
    """
    off = found.matrix[~np.eye(len(found.matrix), dtype=bool)]
    largest = float(np.max(np.abs(off[np.isfinite(off)]), initial=0.0))
    return min(1.0, max(0.05, math.ceil(round(largest / 0.05, 6)) * 0.05))


def similarity_heatmap(found: Similarity, order: Sequence[int], text: HeatmapText, *,
                       tree: np.ndarray | None = None, support: np.ndarray | None = None,
                       hatched: Sequence[int] = (),
                       groups: Sequence[tuple[str, int]] = (), dark: bool = False) -> go.Figure:
    """Draw a similarity matrix.

    Parameters
    ----------
    found : the similarity, L languages
    order : positions of the languages as they are to stand
    text : what is written around it
    tree : linkage over the first languages of the order, its leaves in that order; None for none
    support : share of resamples that have each branch of the tree; None where it is not known
    hatched : positions of languages that are not to be trusted
    groups : name and number of languages of each group, from the first place on, to be framed
    dark : colours for a dark page

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colours = palette(dark)
    codes = [found.languages[i] for i in order]
    figure = _frame(codes, text, colours, _TREE_PX if tree is not None else
                    _GROUPS_PX if groups else 0)
    _add_cells(figure, found, order, [_hover_name(code, text, len(codes)) for code in codes],
               text.scale, colours)
    add_branches(figure, codes, text.names, text.branches)
    low = [place for place, i in enumerate(order) if i in set(hatched)]
    add_reliabilities(figure, found.reliability[list(order)],
                      [language_label(code, text.names, 40) for code in codes], low, colours)
    add_hatching(figure, low, len(codes), colours)
    if tree is not None and len(tree):
        off = found.matrix[~np.eye(len(codes), dtype=bool)]
        ceiling = max(1.0, float(np.max(off[np.isfinite(off)], initial=0.0)))
        add_tree(figure, tree, ceiling, codes, colours, support)
    add_group_frames(figure, groups, colours)
    return figure


def _frame(codes: list[str], text: HeatmapText, colours: Palette, top_px: int) -> go.Figure:
    """Axes, margins and words around the picture; the cells take what the top leaves."""
    n = len(codes)
    cell = max(10.0, min(36.0, 620 / n))
    heat_px = max(250.0, cell * n)
    size = max(7, min(12, int(cell * 0.75)))
    stride = max(1, math.ceil(n * 11 / 470))
    bare = {"showgrid": False, "zeroline": False, "ticks": "", "showline": False}
    font = {"size": size, "color": colours.ink}
    labels = [language_label(code, text.names, 22) for code in codes]
    left = label_width(labels, size)
    short = [plotly_text(code, 12) for code in codes[::stride]]
    flat = n <= 16 and max(map(len, codes)) <= 4
    below = 34 + (16 if flat else round(max(map(len, short)) * size * 0.54))
    foot = below + 17 * len(text.method) + 6
    figure = go.Figure(layout={
        "height": round(heat_px + top_px) + _TOP_PX + foot,
        "margin": {"l": left, "r": _RIGHT_PX, "t": _TOP_PX, "b": foot},
        "paper_bgcolor": colours.page, "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours.ink, "family": FONT}, "hoverlabel": {"align": "left"},
        "bargap": 0.25,
        "title": {"text": plotly_text(text.title), "x": 0, "xref": "container", "y": 1,
                  "yref": "container", "yanchor": "top", "pad": {"t": 10, "l": 8},
                  "font": {"size": 15, "color": colours.ink}},
        "legend": {"x": 1.03, "y": 1, "yanchor": "top", "itemclick": False,
                   "itemdoubleclick": False, "font": {"size": 12, "color": colours.ink},
                   "bgcolor": "rgba(0,0,0,0)"},
        "xaxis": {"domain": _HEAT, "anchor": "y", "range": [-0.5, n - 0.5],
                  "tickvals": list(range(0, n, stride)), "tickangle": 0 if flat else -90,
                  "ticktext": short, "tickfont": font, **bare},
        "yaxis": {"domain": [0, heat_px / (heat_px + top_px)], "anchor": "x3",
                  "range": [n - 0.5, -0.5], "tickvals": list(range(n)), "tickfont": font,
                  "ticktext": labels, **bare},
        "yaxis2": {"domain": [heat_px / (heat_px + top_px), 1], "anchor": "x", "visible": False,
                   "fixedrange": True, "range": [0, 1]},
        "xaxis2": {"domain": _BARS, "anchor": "y", "range": [0, 1.02], "fixedrange": True,
                   "tickvals": [-1, 0, 1], "tickfont": {"size": 10, "color": colours.ink},
                   "gridcolor": "rgba(128,128,128,0.3)", "zeroline": False,
                   "title": {"text": "reliability", "standoff": 4,
                             "font": {"size": 11, "color": colours.ink}}},
        "xaxis3": {"domain": _STRIP, "anchor": "y", "range": [-0.5, 0.5], "fixedrange": True,
                   "showticklabels": False, **bare}})
    for row, line in enumerate(text.method):
        figure.add_annotation(
            text=plotly_text(line, 220), xref="paper", yref="paper", x=0, y=0, xanchor="left",
            yanchor="top", xshift=8 - left, yshift=-below - 17 * row, showarrow=False,
            align="left", font={"size": 11, "color": colours.faint})
    return figure


def _add_cells(figure: go.Figure, found: Similarity, order: Sequence[int], names: list[str],
               scale: tuple[str, ...], colours: Palette) -> None:
    """The cells, and over them grey ones where nothing is defined."""
    z = found.matrix[np.ix_(order, order)].astype(np.float32)
    undefined = ~np.isfinite(z) & ~np.eye(len(z), dtype=bool)
    np.fill_diagonal(z, np.nan)
    limit = colour_limit(found)
    gap = 1 if len(z) <= MOST_WITH_NAMES else 0
    hover = [[f"{row} – {column}" for column in names] for row in names]
    figure.add_heatmap(
        z=z, text=hover, zmin=-limit, zmax=limit, colorscale=list(colours.diverging),
        xgap=gap, ygap=gap, hoverongaps=False,
        hovertemplate="%{text}<br>similarity %{z:+.3f}<extra></extra>",
        colorbar={"title": {"text": "<br>".join(map(plotly_text, scale)), "side": "top",
                            "font": {"size": 12, "color": colours.ink}},
                  "x": 1.03, "y": 0, "yanchor": "bottom", "lenmode": "pixels", "len": 170,
                  "thickness": 14, "outlinewidth": 0, "tickvals": [-limit, 0, limit],
                  "ticktext": [f"−{limit:.2f}", "0", f"+{limit:.2f}"],
                  "tickfont": {"size": 11, "color": colours.ink}})
    if undefined.any():
        figure.add_heatmap(
            z=np.where(undefined, np.float32(1), np.float32("nan")), text=hover,
            showscale=False, colorscale=[(0, colours.undefined), (1, colours.undefined)],
            xgap=gap, ygap=gap, hoverongaps=False,
            hovertemplate="%{text}<br>undefined<extra></extra>")
        add_legend_entry(figure, "undefined", colours.undefined, rank=2000)
    if len(z) <= MOST_WITH_NUMBERS:
        _add_numbers(figure, z, limit, colours)


def _add_numbers(figure: go.Figure, z: np.ndarray, limit: float, colours: Palette) -> None:
    """Each cell's number, black or white, whichever its colour lets read."""
    rows, columns = np.nonzero(np.isfinite(z))
    values = [float(z[row, column]) for row, column in zip(rows, columns, strict=True)]
    under = [colour_at(colours.diverging, 0.5 + value / limit / 2) for value in values]
    figure.add_scatter(
        x=columns, y=rows, mode="text", hoverinfo="skip", showlegend=False,
        text=[f"{round(value, 2) + 0.0:.2f}".replace("-", "−") for value in values],
        textfont={"size": 11 if len(z) <= 14 else 9,
                  "color": [readable_on(colour) for colour in under]})


def label_width(labels: Sequence[str], size: float) -> int:
    """Pixels that the widest of some labels takes, and a little air."""
    return max(70, round(max(map(len, labels)) * size * 0.54) + 22)


def language_label(code: str, names: Mapping[str, str], longest: int) -> str:
    """English name and code, escaped; the code alone where it is the name."""
    name = names.get(code, code)
    short = plotly_text(name, longest)
    return short if name == code else f"{short} ({plotly_text(code, 10)})"


def _hover_name(code: str, text: HeatmapText, n_languages: int) -> str:
    return (plotly_text(text.names.get(code, code), 40) if n_languages <= MOST_WITH_NAMES
            else plotly_text(code, 20))
