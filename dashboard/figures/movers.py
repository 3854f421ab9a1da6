"""The pairs of languages whose similarity changes most from some blocks to others.

Conventions
-----------
One row a pair, the largest change on top. A hollow circle stands at the first blocks' similarity, a
filled diamond at the second's, a line leads from one to the other: orange where a pair becomes more
alike, blue where less. The band around the diamond is the 95% interval of the change where it is
known. Names arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.depth_lines import LINE_COLOURS
from dashboard.figures.frame import TOP_PX, ChartText, add_all, add_trace, framed, legend_above
from dashboard.figures.heatmap_frame import label_width
from dashboard.figures.heatmap_sides import STEADY
from dashboard.figures.palette import palette
from dashboard.layers import Move

_LEGEND_PX, _ROW_PX = 30, 26


def pair_moves(rows: Sequence[Move], names: Mapping[str, str], words: tuple[str, str],
               text: ChartText, *, marked: Collection[str] = (),
               dark: bool = False) -> go.Figure:
    """Draw where pairs come from and where they go.

    Parameters
    ----------
    rows : pairs, the one that changes most first
    names : code -> English name
    words : what the two selections of blocks are called
    marked : codes of the languages that are marked

    Returns
    -------
    plotly.graph_objects.Figure
        Points bear the tokens of `move_picks`.
    """
    colours, n = palette(dark), len(rows)
    labels = [" – ".join(_name(code, names, marked) for code in one.pair) for one in rows]
    figure = framed(text, colours, plot_px=_ROW_PX * n + 14, left=label_width(labels, 12),
                    right=64, below=46, top=TOP_PX + _LEGEND_PX)
    own = [LINE_COLOURS[one.change >= 0][dark] for one in rows]
    add_all(figure, [
        {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 8, "y": row, "showarrow": False,
         "text": _signed(one.change), "font": {"size": 12, "color": colours.ink}}
        for row, one in enumerate(rows)], [
        {"type": "rect", "x0": one.first + one.interval[0], "x1": one.first + one.interval[1],
         "y0": row - 0.28, "y1": row + 0.28, "layer": "below", "line": {"width": 0},
         "fillcolor": "rgba(128,128,128,0.25)"}
        for row, one in enumerate(rows) if one.interval is not None] + [
        {"type": "line", "x0": one.first, "x1": one.second, "y0": row, "y1": row,
         "layer": "below", "line": {"color": own[row], "width": 3}}
        for row, one in enumerate(rows)])
    hovers = [_hover(label, one, words) for label, one in zip(labels, rows, strict=True)]
    for values, symbol, inside, word in (
            ([one.first for one in rows], "circle", colours.page, words[0]),
            ([one.second for one in rows], "diamond", None, words[1])):
        add_trace(
            figure, "scatter",
            x=values, y=list(range(n)), mode="markers", showlegend=False,
            marker={"symbol": symbol, "size": 10, "color": inside or own,
                    "line": {"width": 2, "color": own}},
            customdata=[move_token(row) for row in range(n)], hovertext=hovers,
            hovertemplate="%{hovertext}<extra></extra>", **STEADY)
        add_trace(
            figure, "scatter",
            x=[None], y=[None], mode="markers", name=plotly_text(word, 40),
            marker={"symbol": symbol, "size": 10, "color": inside or colours.faint,
                    "line": {"width": 2, "color": colours.faint}})
    figure.update_layout(
        showlegend=True, legend=legend_above(colours), clickmode="event",
        xaxis={"zeroline": True, "zerolinecolor": colours.faint, "zerolinewidth": 1, "nticks": 8,
               "gridcolor": "rgba(128,128,128,0.18)", "fixedrange": True,
               "tickfont": {"size": 11, "color": colours.ink},
               "title": {"text": plotly_text(text.scale), "standoff": 6,
                         "font": {"size": 12, "color": colours.ink}}},
        yaxis={"tickvals": list(range(n)), "ticktext": labels, "showgrid": False,
               "range": [n - 0.5, -0.5], "zeroline": False, "ticks": "", "fixedrange": True,
               "tickfont": {"size": 12, "color": colours.ink}})
    return figure


def move_token(row: int) -> str:
    """What the points of a pair are called when they are clicked."""
    return f"pair {row}"


def move_picks(rows: Sequence[Move]) -> dict[str, tuple[str, ...]]:
    """Token of each point -> codes of the two languages that a click on it marks."""
    return {move_token(row): one.pair for row, one in enumerate(rows)}


def _name(code: str, names: Mapping[str, str], marked: Collection[str]) -> str:
    short = plotly_text(names.get(code, code), 16)
    return f"<b>{short}</b>" if code in marked else short


def _hover(label: str, one: Move, words: tuple[str, str]) -> str:
    between = ("" if one.interval is None else
               f"<br>95% interval {_signed(one.interval[0])} to {_signed(one.interval[1])}")
    return (f"{label}<br>{plotly_text(words[0], 40)}: {_signed(one.first)}"
            f"<br>{plotly_text(words[1], 40)}: {_signed(one.second)}"
            f"<br>change {_signed(one.change)}{between}")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
