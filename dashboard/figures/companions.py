"""How often languages share a group over resamples, as a square table in the order of the groups.

Conventions
-----------
A cell is a share of the resamples, 0 to 100%, on a scale that begins at the page's own colour. The
diagonal is left empty. Names are escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.frame import ChartText, add_trace, framed
from dashboard.figures.heatmap_frame import label_width, language_label
from dashboard.figures.heatmap_sides import add_frames
from dashboard.figures.palette import Palette, colour_at, palette, readable_on

MOST_WITH_NUMBERS = 20
_RIGHT_PX = 150


def companions_heatmap(together: np.ndarray, codes: Sequence[str], names: Mapping[str, str],
                       groups: Sequence[tuple[str, int]], text: ChartText, *,
                       dark: bool = False) -> go.Figure:
    """Draw co-membership.

    Parameters
    ----------
    together : (L, L) shares, rows and columns as they are to stand
    codes : of the rows
    groups : name and number of languages of each group, from the first row on, to be framed

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colours, n = palette(dark), len(codes)
    cell = max(9.0, min(32.0, 560 / n))
    size = max(7, min(12, int(cell * 0.75)))
    labels = [language_label(code, names, 22) for code in codes]
    stride = max(1, -(-n * 11 // 470))
    figure = framed(text, colours, plot_px=max(200.0, cell * n), left=label_width(labels, size),
                    right=_RIGHT_PX, below=52)
    z = together.astype(np.float32)
    np.fill_diagonal(z, np.nan)
    scale = _sequential(colours)
    add_trace(
        figure, "heatmap",
        z=z, zmin=0, zmax=1, colorscale=list(scale), xgap=int(n <= 60), ygap=int(n <= 60),
        text=[[f"{row} – {column}" for column in labels] for row in labels], hoverongaps=False,
        hovertemplate="%{text}<br>together in %{z:.0%} of the resamples<extra></extra>",
        colorbar={"title": {"text": "together", "side": "top",
                            "font": {"size": 12, "color": colours.ink}},
                  "x": 1.03, "y": 0, "yanchor": "bottom", "lenmode": "pixels", "len": 150,
                  "thickness": 14, "outlinewidth": 0, "tickvals": [0, 0.5, 1],
                  "ticktext": ["0%", "50%", "100%"],
                  "tickfont": {"size": 11, "color": colours.ink}})
    if n <= MOST_WITH_NUMBERS:
        rows, columns = np.nonzero(np.isfinite(z))
        add_trace(
            figure, "scatter",
            x=columns.tolist(), y=rows.tolist(), mode="text", hoverinfo="skip", showlegend=False,
            text=[f"{100 * value:.0f}" for value in z[rows, columns]],
            textfont={"size": 11 if n <= 14 else 9, "color": [
                readable_on(colour_at(scale, float(value))) for value in z[rows, columns]]})
    bare = {"showgrid": False, "zeroline": False, "ticks": "", "ticklabeloverflow": "allow"}
    font = {"size": size, "color": colours.ink}
    figure.update_layout(
        xaxis={"range": [-0.5, n - 0.5], "tickvals": list(range(0, n, stride)), "tickfont": font,
               "ticktext": [language_label(code, {}, 12) for code in codes[::stride]],
               "tickangle": 0 if n <= 16 else -90, **bare},
        yaxis={"range": [n - 0.5, -0.5], "tickvals": list(range(n)), "ticktext": labels,
               "tickfont": font, **bare})
    add_frames(figure, [n_languages for _, n_languages in groups], colours)
    return figure


def _sequential(colours: Palette) -> list[tuple[float, str]]:
    """The positive half of the diverging scale, from 0 to 1."""
    return [((at - 0.5) * 2, colour) for at, colour in colours.diverging if at >= 0.5]
