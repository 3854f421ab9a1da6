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
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import add_trace
from dashboard.figures.heatmap_frame import (
    HeatmapText,
    heatmap_frame,
    heights,
    language_label,
    row_labels,
)
from dashboard.figures.heatmap_sides import (
    add_group_frames,
    add_hatching,
    add_legend_entry,
    add_points,
    add_reliabilities,
    add_tree,
    branch_strip,
)
from dashboard.figures.marked_rows import over_rows
from dashboard.figures.overlay import Overlay
from dashboard.figures.palette import Palette, colour_at, palette, readable_on
from dashboard.figures.strips import Strip, add_strips
from gradsim_core import Similarity

MOST_WITH_NUMBERS = 20
"""Languages up to which cells hold their number."""
MOST_WITH_GAPS = 60
"""Languages up to which cells stand apart."""

_TREE_PX, _GROUPS_PX = 92, 26


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
                       hatched: Sequence[int] = (), groups: Sequence[tuple[str, int]] = (),
                       strips: Sequence[Strip] | None = None, diagonal: bool = False,
                       dark: bool = False) -> go.Figure:
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
    strips : what stands beside the rows, in their order; None for the branches
    diagonal : whether the diagonal says something, as it does where rows are many languages
    dark : colours for a dark page

    Returns
    -------
    plotly.graph_objects.Figure
        Points of languages and merges bear the tokens of `picks_of`.
    """
    colours = palette(dark)
    codes = [found.languages[i] for i in order]
    strips = [branch_strip(codes, text.branches)] if strips is None else strips
    figure = heatmap_frame(codes, text, colours, _TREE_PX if tree is not None else
                    _GROUPS_PX if groups else 0, strips)
    _add_cells(figure, found, order, text.scale, colours, diagonal)
    add_strips(figure, strips, [text.names.get(code, code) for code in codes])
    low = [place for place, i in enumerate(order) if i in set(hatched)]
    add_reliabilities(figure, found.reliability[list(order)],
                      [language_label(code, text.names, 40) for code in codes], low, colours)
    add_hatching(figure, low, len(codes), colours)
    if len(codes) <= MOST_WITH_NUMBERS:
        _add_numbers(figure, found, order, colours, diagonal)
    if tree is not None and len(tree):
        off = found.matrix[~np.eye(len(codes), dtype=bool)]
        ceiling = max(1.0, float(np.max(off[np.isfinite(off)], initial=0.0)))
        add_tree(figure, tree, ceiling, codes, colours, support)
    add_group_frames(figure, groups, colours)
    add_points(figure, codes, heights(len(codes))[0], colours)
    return figure


def heatmap_overlay(codes: Sequence[str], names: Mapping[str, str], marked: Collection[str], *,
                    dark: bool = False) -> Overlay:
    """What marks languages in a heatmap.

    Parameters
    ----------
    codes : of the rows, in their order
    names : code -> English name
    marked : codes of the languages that are marked
    """
    colours = palette(dark)
    return over_rows([at for at, code in enumerate(codes) if code in marked],
                     row_labels(codes, names, colours), colours)


def _add_cells(figure: go.Figure, found: Similarity, order: Sequence[int],
               scale: tuple[str, ...], colours: Palette, diagonal: bool) -> None:
    """The cells, and over them grey ones where nothing is defined."""
    z = found.matrix[np.ix_(order, order)].astype(np.float32)
    undefined = ~np.isfinite(z) & ~np.eye(len(z), dtype=bool)
    if not diagonal:
        np.fill_diagonal(z, np.nan)
    limit = colour_limit(found)
    gap = 1 if len(z) <= MOST_WITH_GAPS else 0
    add_trace(
        figure, "heatmap",
        z=z, zmin=-limit, zmax=limit, colorscale=list(colours.diverging),
        xgap=gap, ygap=gap, hoverongaps=False,
        hovertemplate="%{y} – %{x}<br>similarity %{z:+.3f}<extra></extra>",
        colorbar={"title": {"text": "<br>".join(map(plotly_text, scale)), "side": "top",
                            "font": {"size": 12, "color": colours.ink}},
                  "x": 1.03, "y": 0, "yanchor": "bottom", "lenmode": "pixels", "len": 170,
                  "thickness": 14, "outlinewidth": 0, "tickvals": [-limit, 0, limit],
                  "ticktext": [f"−{limit:.2f}", "0", f"+{limit:.2f}"],
                  "tickfont": {"size": 11, "color": colours.ink}})
    if undefined.any():
        add_trace(
            figure, "heatmap",
            z=np.where(undefined, np.float32(1), np.float32("nan")),
            showscale=False, colorscale=[(0, colours.undefined), (1, colours.undefined)],
            xgap=gap, ygap=gap, hoverongaps=False,
            hovertemplate="%{y} – %{x}<br>undefined<extra></extra>")
        add_legend_entry(figure, "undefined", colours.undefined, rank=2000)


def _add_numbers(figure: go.Figure, found: Similarity, order: Sequence[int], colours: Palette,
                 diagonal: bool) -> None:
    """Each cell's number, black or white, whichever its colour lets read."""
    z, limit = found.matrix[np.ix_(order, order)], colour_limit(found)
    if not diagonal:
        np.fill_diagonal(z, np.nan)
    rows, columns = np.nonzero(np.isfinite(z))
    values = [float(z[row, column]) for row, column in zip(rows, columns, strict=True)]
    under = [colour_at(colours.diverging, 0.5 + value / limit / 2) for value in values]
    add_trace(
        figure, "scatter",
        x=columns.tolist(), y=rows.tolist(), mode="text", hoverinfo="skip", showlegend=False,
        text=[f"{round(value, 2) + 0.0:.2f}".replace("-", "−") for value in values],
        textfont={"size": 11 if len(z) <= 14 else 9,
                  "color": [readable_on(colour) for colour in under]})
