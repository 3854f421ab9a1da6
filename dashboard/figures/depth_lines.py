"""Quantities along the depth of a model: a line each, with its interval as a band.

Conventions
-----------
Blocks stand from left to right in depth order; the head stands apart, because no line leads from
the encoder into it. Each line has a colour and a symbol of its own. A hollow mark is one that
chance explains (p above 0.05). Titles arrive plain and are escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import TOP_PX, ChartText, add_trace, block_label, framed, legend_above
from dashboard.figures.palette import Palette, palette

LINE_COLOURS = (("#0072B2", "#56B4E9"), ("#B4540A", "#F2A65A"), ("#6B6E79", "#A3A6B0"))
"""Colours of the first, second and third line on a light and on a dark page."""
_SYMBOLS = ("circle", "diamond", "square")
_LEGEND_PX, _PLOT_PX = 30, 300
_HEAD = "head"


@dataclass(frozen=True)
class DepthLine:
    """One quantity, a value a block.

    Attributes
    ----------
    title : plain text
    values : None where there is none
    intervals : (low, high) or None, a block
    p : None where nothing was tested
    """

    title: str
    values: tuple[float | None, ...]
    intervals: tuple[tuple[float, float] | None, ...]
    p: tuple[float | None, ...]


def depth_lines(blocks: Sequence[str], lines: Sequence[DepthLine], text: ChartText, *,
                unit: str = "", crossover: str | None = None, dark: bool = False) -> go.Figure:
    """Draw up to three quantities along the blocks.

    Parameters
    ----------
    blocks : names in depth order
    unit : "%" draws fractions as percent
    crossover : block from which another line leads, to be marked; None for none
    """
    colours, factor = palette(dark), 100 if unit == "%" else 1
    figure = framed(text, colours, plot_px=_PLOT_PX, left=64, right=24, below=52,
                    top=TOP_PX + _LEGEND_PX)
    labels = [block_label(block) for block in blocks]
    figure.update_layout(
        showlegend=True, legend=legend_above(colours), hovermode="closest",
        xaxis={"tickvals": list(range(len(blocks))), "ticktext": labels, "showgrid": False,
               "range": [-0.4, len(blocks) - 0.6], "zeroline": False, "fixedrange": True,
               "tickangle": 0 if len(blocks) <= 10 else -45,
               "tickfont": {"size": 11, "color": colours.ink}},
        yaxis={"zeroline": True, "zerolinecolor": colours.faint, "zerolinewidth": 1,
               "gridcolor": "rgba(128,128,128,0.18)", "nticks": 8, "fixedrange": True,
               "ticksuffix": unit, "tickfont": {"size": 11, "color": colours.ink},
               "title": {"text": plotly_text(text.scale), "standoff": 8,
                         "font": {"size": 12, "color": colours.ink}}})
    for at, line in enumerate(lines):
        _add_band(figure, blocks, line, at, factor, dark)
    for at, line in enumerate(lines):
        _add_line(figure, blocks, line, at, factor, unit, dark, colours)
    if crossover is not None and crossover in blocks:
        at = list(blocks).index(crossover)
        figure.add_vline(x=at - 0.5, line={"color": colours.faint, "width": 1, "dash": "dot"})
    return figure


def _parts(blocks: Sequence[str], line: DepthLine) -> list[list[int]]:
    """Runs of neighbouring blocks with a value; the head is a part of its own."""
    parts: list[list[int]] = [[]]
    for at, value in enumerate(line.values):
        if value is None or blocks[at] == _HEAD:
            parts += [[at] if value is not None else [], []]
        else:
            parts[-1].append(at)
    return [part for part in parts if part]


def _add_band(figure: go.Figure, blocks: Sequence[str], line: DepthLine, at: int, factor: int,
              dark: bool) -> None:
    """The interval as a band; that of a single block as a bar."""
    x: list[float | None] = []
    y: list[float | None] = []
    for part in _parts(blocks, line):
        known = [(i, one) for i in part if (one := line.intervals[i]) is not None]
        if not known:
            continue
        places = [(i, one) for i, one in known] if len(known) > 1 else [
            (known[0][0] - 0.12, known[0][1]), (known[0][0] + 0.12, known[0][1])]
        x += [i for i, _ in places] + [i for i, _ in reversed(places)] + [places[0][0], None]
        y += [factor * high for _, (_, high) in places]
        y += [factor * low for _, (low, _) in reversed(places)] + [factor * places[0][1][1], None]
    red, green, blue = (int(LINE_COLOURS[at % 3][dark][i:i + 2], 16) for i in (1, 3, 5))
    add_trace(
        figure, "scatter", x=x, y=y, mode="lines", line={"width": 0}, fill="toself",
        hoverinfo="skip", fillcolor=f"rgba({red},{green},{blue},0.18)", showlegend=False)


def _add_line(figure: go.Figure, blocks: Sequence[str], line: DepthLine, at: int, factor: int,
              unit: str, dark: bool, colours: Palette) -> None:
    colour, symbol = LINE_COLOURS[at % 3][dark], _SYMBOLS[at % 3]
    x: list[float | None] = []
    for part in _parts(blocks, line):
        x += [*part, None]
    chance = [i is not None and (line.p[int(i)] or 0) > 0.05 for i in x]
    title = plotly_text(line.title, 60)
    add_trace(
        figure, "scatter",
        x=x, y=[None if i is None else factor * (line.values[int(i)] or 0) for i in x],
        mode="lines+markers", showlegend=False, connectgaps=False,
        line={"color": colour, "width": 2},
        marker={"symbol": symbol, "size": 10, "line": {"width": 2, "color": colour},
                "color": [colours.page if one else colour for one in chance]},
        customdata=["" if i is None else _hover(title, blocks, line, int(i), factor, unit)
                    for i in x],
        hovertemplate="%{customdata}<extra></extra>")
    add_trace(
        figure, "scatter", x=[None], y=[None], mode="lines+markers", name=title,
        line={"color": colour, "width": 2},
        marker={"symbol": symbol, "size": 10, "color": colour})


def _hover(title: str, blocks: Sequence[str], line: DepthLine, i: int, factor: int,
           unit: str) -> str:
    interval, p = line.intervals[i], line.p[i]
    parts = [f"{title}, {block_label(blocks[i])}", f"{_number(line.values[i], factor)}{unit}"]
    if interval is not None:
        parts.append(f"95% interval {_number(interval[0], factor)} to "
                     f"{_number(interval[1], factor)}")
    if p is not None:
        parts.append(f"p = {p:.2g}")
    return "<br>".join(parts)


def _number(value: float | None, factor: int) -> str:
    digits = 1 if factor == 100 else 3
    return f"{factor * (value or 0):.{digits}f}".replace("-", "−")
