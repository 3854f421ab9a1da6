"""A tree of languages with the line that cuts it into groups.

Conventions
-----------
Place p of the leaf order stands at x = p, similarity grows downwards, so that the line reads as a
height. Every other group has a grey ground, and all have their number above. Branches that the cut
keeps are broad, those that it takes apart are thin. Texts arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

import numpy as np
import plotly.graph_objects as go

from dashboard.cuts import Cut
from dashboard.escaping import plotly_text
from dashboard.figures.dendrogram import dendrogram
from dashboard.figures.frame import TOP_PX, ChartText, add_trace, framed
from dashboard.figures.heatmap_sides import STEADY, clade_token, language_token
from dashboard.figures.palette import palette
from dashboard.words.summaries import count

MOST_WITH_NAMES = 60
_PLOT_PX = 300


def cut_tree(tree: np.ndarray, ceiling: float, codes: Sequence[str], names: Sequence[str],
             cut: Cut, numbers: Sequence[int], text: ChartText, *, marked: Collection[str] = (),
             dark: bool = False) -> go.Figure:
    """Draw a tree and its cut.

    Parameters
    ----------
    tree : (n_leaves − 1, 4) linkage
    ceiling : similarity that has distance 0
    codes, names : of the leaves, in leaf order; plain text
    cut : groups that the line leaves, and its height
    numbers : of the leaves' groups, in leaf order
    marked : codes that are marked

    Returns
    -------
    plotly.graph_objects.Figure
        Points of languages and merges bear the tokens of `picks_of`.
    """
    colours, n, k, similarity = palette(dark), len(codes), cut.k, cut.similarity
    drawn = dendrogram(tree, ceiling)
    shown = [plotly_text(name if n <= MOST_WITH_NAMES else code, 20)
             for name, code in zip(names, codes, strict=True)]
    labels = [f"<b>{label}</b>" if code in marked else label
              for label, code in zip(shown, codes, strict=True)]
    size, dot = max(7, min(12, int(900 / n))), 7 if n <= MOST_WITH_NAMES else 4
    figure = framed(text, colours, plot_px=_PLOT_PX, left=64, right=20,
                    below=round(max(map(len, shown)) * size * 0.56) + 24, top=TOP_PX + 18)
    order = drawn.members[-1]
    groups = [(number, len(list(run))) for number, run in groupby(numbers)]
    top = min(drawn.top, similarity) - 0.06 * (drawn.foot - min(drawn.top, similarity))
    _add_grounds(figure, groups, colours.ink)
    for kept, line in ((False, {"color": colours.faint, "width": 1.2}),
                       (True, {"color": colours.bar, "width": 0.37 * dot})):
        rows = [row for row in range(n - 1) if (row < n - k) == kept]
        add_trace(
            figure, "scatter",
            x=[at for row in rows for at in drawn.lines_x[5 * row:5 * row + 5]],
            y=[at for row in rows for at in drawn.lines_y[5 * row:5 * row + 5]],
            mode="lines", line=line, hoverinfo="skip", showlegend=False)
    held = [", ".join(plotly_text(names[int(at)], 24) for at in _places(order, leaves)[:12])
            + (f" and {len(leaves) - 12} more" if len(leaves) > 12 else "")
            for leaves in drawn.members]
    add_trace(
        figure, "scatter",
        x=drawn.nodes_x, y=drawn.nodes_y, mode="markers", text=held, showlegend=False,
        customdata=[clade_token(row) for row in range(n - 1)],
        marker={"size": dot, "line": {"width": 1.2, "color": colours.bar},
                "color": [colours.bar if row < n - k else colours.page for row in range(n - 1)]},
        hovertemplate="joined at similarity %{y:+.3f}<br>%{text}<br>(click to mark them)"
                      "<extra></extra>", **STEADY)
    add_trace(
        figure, "scatter",
        x=list(range(n)), y=[drawn.foot] * n, mode="markers", showlegend=False,
        customdata=[language_token(at) for at in range(n)], cliponaxis=False,
        text=[plotly_text(name, 40) for name in names],
        marker={"size": [dot + 3 * (code in marked) for code in codes],
                "symbol": ["diamond" if code in marked else "circle" for code in codes],
                "color": [colours.mark if code in marked else colours.bar for code in codes]},
        hovertemplate="%{text}<br>(click to mark it)<extra></extra>", **STEADY)
    figure.add_hline(y=similarity, line={"color": colours.warning, "width": 2, "dash": "dash"},
                     annotation={"text": f"cut at {similarity:+.2f}: {count(k, 'group')}".replace(
                         "-", "−"), "font": {"size": 12, "color": colours.ink}},
                     annotation_position="top left")
    figure.update_layout(
        clickmode="event",
        xaxis={"tickvals": list(range(n)), "ticktext": labels, "tickangle": -90, "ticks": "",
               "ticklabelstandoff": 7,
               "tickfont": {"size": size, "color": colours.ink}, "range": [-0.7, n - 0.3],
               "showgrid": False, "zeroline": False, "fixedrange": True},
        yaxis={"range": [drawn.foot, top], "zeroline": False, "fixedrange": True, "nticks": 6,
               "gridcolor": "rgba(128,128,128,0.18)",
               "tickfont": {"size": 11, "color": colours.ink},
               "title": {"text": plotly_text(text.scale, 40), "standoff": 8,
                         "font": {"size": 12, "color": colours.ink}}})
    return figure


def _places(order: Sequence[int], leaves: Sequence[int]) -> list[int]:
    place = {leaf: at for at, leaf in enumerate(order)}
    return [place[leaf] for leaf in leaves]


def _add_grounds(figure: go.Figure, groups: Sequence[tuple[int, int]], ink: str) -> None:
    """A grey ground behind every other group, and each group's number above."""
    start = -0.5
    for rank, (number, n_languages) in enumerate(groups):
        end = start + n_languages
        if rank % 2 == 0:
            figure.add_shape(type="rect", x0=start, x1=end, y0=0, y1=1, yref="y domain",
                             layer="below", line={"width": 0}, fillcolor="rgba(128,128,128,0.12)")
        if len(groups) <= 30:
            figure.add_annotation(x=(start + end) / 2, y=1, yref="y domain", yanchor="bottom",
                                  text=f"{number}", showarrow=False,
                                  font={"size": 12, "color": ink})
        start = end
