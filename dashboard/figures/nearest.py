"""The nearest languages of one language, as bars.

Conventions
-----------
One bar a language, the most similar on top, around a line at zero; the branch is told by the
colour and, in words, by the hover and the table beside the figure. Languages whose own halves
disagree are hatched. Names are escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import add_trace, empty_figure
from dashboard.figures.heatmap_frame import label_width, language_label
from dashboard.figures.palette import FONT, palette
from dashboard.words.summaries import Neighbour


def nearest_bars(rows: Sequence[Neighbour], names: Mapping[str, str], title: str, *,
                 hatched: Sequence[str] = (),
                 intervals: Mapping[str, tuple[float, float]] | None = None,
                 dark: bool = False) -> go.Figure:
    """Draw how near the other languages are.

    Parameters
    ----------
    rows : the languages to show, most similar first
    names : code -> English name
    title : plain text
    hatched : codes of languages that are not to be trusted
    intervals : code -> low, high; drawn as whiskers, empty for none
    dark : colours for a dark page

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colours = palette(dark)
    values = np.array([row.similarity for row in rows], dtype=np.float32)
    labels = [language_label(row.code, names, 20) for row in rows]
    low = [row.code in set(hatched) for row in rows]
    positive, negative = colours.diverging[-3][1], colours.diverging[2][1]
    between = np.array([(intervals or {}).get(row.code, (row.similarity,) * 2) for row in rows],
                       dtype=np.float32).reshape(-1, 2)
    reach = float(np.max(np.abs(np.append(values, between)), initial=0.05))
    room = 1.1 if intervals else 1.5  # for the numbers beside the bars
    low_end = -room * reach if (values < 0).any() or (between < 0).any() else 0.0
    figure = empty_figure({
        "height": 70 + 26 * len(rows), "bargap": 0.3,
        "margin": {"l": label_width(labels, 12), "r": 40, "t": 40, "b": 30},
        "paper_bgcolor": colours.page, "plot_bgcolor": "rgba(0,0,0,0)", "showlegend": False,
        "font": {"color": colours.ink, "family": FONT},
        "title": {"text": plotly_text(title), "x": 0, "xref": "container", "pad": {"l": 8},
                  "font": {"size": 15, "color": colours.ink}},
        "xaxis": {"range": [low_end, min(room, 1.25) * reach], "zeroline": True,
                  "zerolinecolor": colours.faint, "zerolinewidth": 1, "showgrid": False,
                  "fixedrange": True, "tickfont": {"size": 11, "color": colours.ink}},
        "yaxis": {"tickvals": list(range(len(rows))), "ticktext": labels, "fixedrange": True,
                  "ticklabeloverflow": "allow",
                  "range": [len(rows) - 0.5, -0.5], "showgrid": False, "ticks": "",
                  "tickfont": {"size": 12, "color": colours.ink}}})
    add_trace(
        figure, "bar",
        x=values.astype(float).round(6).tolist(), y=list(range(len(rows))), orientation="h",
        marker={"color": [positive if value >= 0 else negative for value in values],
                "line": {"width": 0},
                "pattern": {"shape": ["/" if mark else "" for mark in low], "size": 6,
                            "fgcolor": colours.page, "solidity": 0.35, "fillmode": "overlay"}},
        text=None if intervals else [f"{value:+.2f}".replace("-", "−") for value in values],
        textposition="outside",
        textfont={"size": 11, "color": colours.ink}, cliponaxis=False,
        error_x={"type": "data", "symmetric": False,
                 "array": (between[:, 1] - values).tolist(),
                 "arrayminus": (values - between[:, 0]).tolist(), "color": colours.ink,
                 "thickness": 1.2, "width": 3, "visible": bool(intervals)},
        customdata=[f"{labels[i]}<br>reliability {row.reliability:.3f}"
                    for i, row in enumerate(rows)],
        hovertemplate="%{customdata}<br>similarity %{x:+.3f}<extra></extra>")
    return figure
