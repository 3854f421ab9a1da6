"""Two trees of the same languages face to face, with a line from each language to itself.

Conventions
-----------
Row p of either side is place p of that tree's leaf order, the first on top. Both trees grow towards
the middle: a merge stands at the (mean) similarity at which its sides are joined, and both axes
have one scale. A filled dot is a branch that both trees have, with the very same languages. A line
is solid where the language lies in such a branch, dotted where it lies in none, and broad where
the language is marked. Texts arrive plain and are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.dendrogram import Dendrogram, dendrogram
from dashboard.figures.frame import TOP_PX, ChartText, add_trace, framed, legend_above
from dashboard.figures.heatmap_sides import STEADY, language_token
from dashboard.figures.palette import Palette, palette
from dashboard.sides import FacingTrees

_LEGEND_PX, _AXIS_PX, _TITLE_PX = 26, 44, 22
_TREE = 0.25
"""Share of the width that each tree takes."""
_LABEL = 0.31
"""Share of the middle that the labels of each side take."""
_LONGEST = 20


@dataclass(frozen=True)
class Names:
    """What languages are called, as plain text: short at the lines, in full in the hover."""

    short: Mapping[str, str]
    full: Mapping[str, str]


def merge_token(side: int, row: int) -> str:
    """What the point of a merge of the first (0) or second (1) tree is called when clicked."""
    return f"{'second' if side else 'first'} {row}"


def tangle_picks(found: FacingTrees) -> dict[str, tuple[str, ...]]:
    """Token of each point -> codes of the languages that a click on it marks."""
    picks: dict[str, tuple[str, ...]] = {
        language_token(at): (code,) for at, code in enumerate(found.codes)}
    for side, drawn in enumerate(_drawn(found)):
        picks |= {merge_token(side, row): tuple(found.codes[leaf] for leaf in leaves)
                  for row, leaves in enumerate(drawn.members)}
    return picks


def tanglegram(found: FacingTrees, names: Names, titles: tuple[str, str], text: ChartText, *,
               marked: Collection[str] = (), dark: bool = False) -> go.Figure:
    """Draw two trees face to face.

    Parameters
    ----------
    titles : of the two sides
    text : its scale stands under both trees
    marked : codes of the languages that are marked

    Returns
    -------
    plotly.graph_objects.Figure
        Points of languages and merges bear the tokens of `tangle_picks`.
    """
    colours, n = palette(dark), len(found.codes)
    row_px = max(7.0, min(26.0, 620 / n), 11.0 if n <= 120 else 0.0)
    figure = framed(text, colours, plot_px=row_px * n + 10, left=16, right=16, below=_AXIS_PX,
                    top=TOP_PX + _LEGEND_PX + _TITLE_PX)
    drawn = _drawn(found)
    places = [{leaf: at for at, leaf in enumerate(one.members[-1])} for one in drawn]
    _add_axes(figure, drawn, n, text.scale, colours)
    for side, one in enumerate(drawn):
        _add_tree(figure, one, side, found, names, colours)
    _add_lines(figure, found, places, names, marked, colours)
    for side in (0, 1):
        _add_labels(figure, found, side, places, names, titles, marked, row_px, colours)
        figure.add_annotation(
            text=plotly_text(titles[side], 60), x=side, xref="paper", y=1, yref="paper",
            xanchor="right" if side else "left", yanchor="bottom", yshift=3, showarrow=False,
            font={"size": 13, "color": colours.ink})
    figure.update_layout(showlegend=True, clickmode="event",
                         legend={**legend_above(colours), "y": 1, "yref": "paper",
                                 "x": 0.5, "xanchor": "center"})
    return figure


def in_shared_branches(found: FacingTrees) -> set[str]:
    """Codes of the languages that lie in a branch of both trees."""
    members = _drawn(found)[0].members
    return {found.codes[leaf] for row, _ in found.agreement.shared for leaf in members[row]}


def _drawn(found: FacingTrees) -> tuple[Dendrogram, Dendrogram]:
    return (dendrogram(found.tangle.first, found.ceilings[0]),
            dendrogram(found.tangle.second, found.ceilings[1]))


def _add_axes(figure: go.Figure, drawn: Sequence[Dendrogram], n: int, scale: str,
              colours: Palette) -> None:
    """Both trees' axes of similarity, to one scale, and the middle between them."""
    top, foot = min(one.top for one in drawn), max(one.foot for one in drawn)
    top -= 0.06 * (foot - top)
    similarity = {"showgrid": True, "gridcolor": "rgba(128,128,128,0.18)", "zeroline": False,
                  "nticks": 4, "fixedrange": True,
                  "tickfont": {"size": 11, "color": colours.ink},
                  "title": {"text": plotly_text(scale, 40), "standoff": 4,
                            "font": {"size": 12, "color": colours.ink}}}
    figure.update_layout(
        xaxis={"domain": [0, _TREE], "anchor": "y", "range": [top, foot], **similarity},
        xaxis2={"domain": [_TREE, 1 - _TREE], "anchor": "y", "range": [0, 1], "visible": False,
                "fixedrange": True},
        xaxis3={"domain": [1 - _TREE, 1], "anchor": "y", "range": [foot, top], **similarity},
        yaxis={"range": [n - 0.5, -0.5], "visible": False, "fixedrange": True})


def _add_tree(figure: go.Figure, drawn: Dendrogram, side: int, found: FacingTrees, names: Names,
              colours: Palette) -> None:
    axis = "x3" if side else "x"
    shared = {pair[side] for pair in found.agreement.shared}
    foot = max(one.foot for one in _drawn(found))
    add_trace(
        figure, "scatter",
        x=[foot if value == drawn.foot else value for value in drawn.lines_y], y=drawn.lines_x,
        xaxis=axis, mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": colours.faint, "width": 1.3})
    told = []
    for row, leaves in enumerate(drawn.members):
        held = ", ".join(plotly_text(names.short[found.codes[leaf]], 24) for leaf in leaves[:12])
        held += f" and {len(leaves) - 12} more" if len(leaves) > 12 else ""
        told.append(f"{held}<br>{'in both trees' if row in shared else 'in this tree alone'}")
    told[-1] = told[-1].rpartition("<br>")[0]  # all languages: in any tree
    add_trace(
        figure, "scatter",
        x=drawn.nodes_y, y=drawn.nodes_x, xaxis=axis, mode="markers", text=told, showlegend=False,
        customdata=[merge_token(side, row) for row in range(len(told))],
        marker={"size": 8, "line": {"width": 1.3, "color": colours.bar}, "color": [
            colours.bar if row in shared else colours.page for row in range(len(told))]},
        hovertemplate="joined at similarity %{x:+.3f}<br>%{text}<br>(click to mark them)"
                      "<extra></extra>", **STEADY)


def _add_lines(figure: go.Figure, found: FacingTrees, places: Sequence[Mapping[int, int]],
               names: Names, marked: Collection[str], colours: Palette) -> None:
    """From each language to itself: what no branch shares, what one does, what is marked."""
    shared = in_shared_branches(found)
    kinds = (("in no branch of both trees", {"color": colours.faint, "width": 1.2, "dash": "dot"},
              lambda code: code not in shared and code not in marked),
             ("in a branch of both trees", {"color": colours.bar, "width": 2},
              lambda code: code in shared and code not in marked),
             ("marked", {"color": colours.mark, "width": 4}, lambda code: code in marked))
    for name, line, belongs in kinds:
        own = [leaf for leaf, code in enumerate(found.codes) if belongs(code)]
        if not own:
            continue
        x, y = [], []
        for leaf in own:
            x += [_LABEL, 1 - _LABEL, None]
            y += [places[0][leaf], places[1][leaf], None]
        add_trace(
            figure, "scatter", x=x, y=y, xaxis="x2", mode="lines", line=line, hoverinfo="skip",
            name=name, legendrank=1000 - len(figure.data))


def _add_labels(figure: go.Figure, found: FacingTrees, side: int,
                places: Sequence[Mapping[int, int]], names: Names, titles: tuple[str, str],
                marked: Collection[str], row_px: float, colours: Palette) -> None:
    """Names beside the leaves, and a point at the end of each line; both can be clicked."""
    size = max(8, min(12, int(row_px) - 1))
    stride = max(1, math.ceil(9.5 / row_px))
    leaves = range(len(found.codes))
    tokens = [language_token(leaf) for leaf in leaves]
    hover = [f"{plotly_text(names.full[code], 60)}<br>row {places[0][leaf] + 1} in "
             f"{plotly_text(titles[0].lower(), 40)}, {places[1][leaf] + 1} in "
             f"{plotly_text(titles[1].lower(), 40)}<br>(click to mark it)"
             for leaf, code in enumerate(found.codes)]
    shown = [plotly_text(names.short[code], _LONGEST) if code in marked
             or places[side][leaf] % stride == 0 else "" for leaf, code in enumerate(found.codes)]
    add_trace(
        figure, "scatter",
        x=[1 - 0.015 if side else 0.015] * len(tokens), y=[places[side][leaf] for leaf in leaves],
        xaxis="x2", mode="text", showlegend=False, hovertext=hover, customdata=tokens,
        text=[f"<b>{label}</b>" if code in marked and label else label
              for label, code in zip(shown, found.codes, strict=True)],
        textposition="middle left" if side else "middle right", cliponaxis=False,
        textfont={"size": size, "color": colours.ink},
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"textfont": {"color": colours.ink}},
        unselected={"textfont": {"color": colours.ink}})
    add_trace(
        figure, "scatter",
        x=[1 - _LABEL if side else _LABEL] * len(tokens),
        y=[places[side][leaf] for leaf in leaves], xaxis="x2", mode="markers", showlegend=False,
        customdata=tokens, hovertext=hover, hovertemplate="%{hovertext}<extra></extra>",
        marker={"size": max(4.0, min(8.0, 0.6 * row_px)), "color": [
            colours.mark if code in marked else colours.bar for code in found.codes],
            "symbol": ["diamond" if code in marked else "circle" for code in found.codes]},
        **STEADY)
