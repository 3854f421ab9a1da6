"""Similarity against transfer: one mark a pair of languages, source and target.

Conventions
-----------
The content is a finding's JSON: scores are fractions there, percent or percentage points here.
Pairs of one branch have its colour and a shape of its own; pairs across branches are faint and
hollow, those with a language of unknown branch are crosses. With each target's mean taken out,
both axes say how far a pair lies from the mean of its target's pairs. Names arrive plain and are
escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import LEAST_PX, legend_rows
from dashboard.figures.palette import OTHER, Palette, branch_colours, branch_label, palette
from dashboard.figures.plot_frame import PlotText, padded, plot_frame
from dashboard.words.summaries import number

ACROSS, UNKNOWN_PAIR = "Across branches", "A branch is unknown"
MOST_DRAWN_AS_SHAPES = 4_000
"""Pairs above which the browser's graphics draw the marks: shapes of the page would be slow."""

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "star",
            "hexagram", "hourglass")
_HEIGHT_PX, _LEGEND_ROW_PX, _BESIDE_PX = 400, 22, 104
_FULL_SIZE = 1_500
"""Pairs beyond which marks grow smaller, so that they do not hide each other."""


@dataclass(frozen=True)
class Pairs:
    """The pairs that have both numbers.

    Attributes
    ----------
    source, target : positions in the content's languages
    similarity : without a unit
    transfer : percent, or percentage points
    """

    source: tuple[int, ...]
    target: tuple[int, ...]
    similarity: tuple[float, ...]
    transfer: tuple[float, ...]


def pairs_of(content: Mapping[str, Any], measure: Mapping[str, Any], *,
             within: bool = False) -> Pairs:
    """The pairs of two languages for which there are both similarity and transfer.

    Parameters
    ----------
    within : take each target's mean, over these pairs, out of both
    """
    similarity = np.array(measure["values"], dtype=float)
    transfer = 100 * np.array(content["transfer"], dtype=float)
    known = np.isfinite(similarity) & np.isfinite(transfer) & ~np.eye(len(transfer), dtype=bool)
    if within:
        similarity, transfer = (_without_means(one, known) for one in (similarity, transfer))
    source, target = np.nonzero(known)
    return Pairs(tuple(map(int, source)), tuple(map(int, target)),
                 tuple(map(float, similarity[known])), tuple(map(float, transfer[known])))


def transfer_scatter(content: Mapping[str, Any], measure: Mapping[str, Any], text: PlotText, *,
                     within: bool = False, dark: bool = False) -> go.Figure:
    """Draw a measure's similarity of each pair against its transfer.

    Parameters
    ----------
    content : of the finding
    measure : one of its measures
    within : as in `pairs_of`

    Returns
    -------
    plotly.graph_objects.Figure
    """
    colours, pairs = palette(dark), pairs_of(content, measure, within=within)
    branches = branch_colours([one.get("branch") for one in content["languages"]])
    kinds = [_kind(content["languages"][s], content["languages"][t], branches)
             for s, t in zip(pairs.source, pairs.target, strict=True)]
    shown = [kind for kind in (ACROSS, *branches, UNKNOWN_PAIR) if kind in kinds]
    rows = legend_rows([_legend(kind) for kind in shown], LEAST_PX - _BESIDE_PX)
    figure = plot_frame(text, _HEIGHT_PX, colours, top=50 + _LEGEND_ROW_PX * rows)
    unit = "points" if within or content["scores"]["gain_over"] else "%"
    for kind in shown:
        at = [i for i, one in enumerate(kinds) if one == kind]
        _add_pairs(figure, pairs, at, kind, branches, colours,
                   [_hover(content["languages"], pairs, i, kind, unit) for i in at])
    if within:
        figure.add_hline(y=0, line={"color": colours.faint, "width": 1}, layer="below")
        figure.add_vline(x=0, line={"color": colours.faint, "width": 1}, layer="below")
    if pairs.source:
        figure.update_xaxes(range=padded(pairs.similarity))
        figure.update_yaxes(range=padded(pairs.transfer, 0.07))
    return figure


def _without_means(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Each column less the mean of its known cells."""
    counts = np.maximum(known.sum(axis=0), 1)
    return values - np.where(known, values, 0.0).sum(axis=0) / counts


def _kind(source: Mapping[str, Any], target: Mapping[str, Any],
          branches: Mapping[str, tuple[str, str]]) -> str:
    """What the legend calls a pair: its branch, or why it has none."""
    if not source.get("branch") or not target.get("branch"):
        return UNKNOWN_PAIR
    return branch_label(source["branch"], branches) if source["branch"] == target["branch"] \
        else ACROSS


def _add_pairs(figure: go.Figure, pairs: Pairs, at: Sequence[int], kind: str,
               branches: Mapping[str, tuple[str, str]], colours: Palette,
               hovers: Sequence[str]) -> None:
    plain = kind in (ACROSS, UNKNOWN_PAIR)
    colour = colours.faint if plain else branches[kind][1]
    symbol = ("circle-open" if kind == ACROSS else "x-thin-open" if plain else
              _SYMBOLS[list(branches).index(kind) % len(_SYMBOLS)])
    add = (figure.add_scattergl if len(pairs.source) > MOST_DRAWN_AS_SHAPES
           else figure.add_scatter)
    small = min(1.0, math.sqrt(_FULL_SIZE / max(1, len(pairs.source))))
    add(x=[pairs.similarity[i] for i in at], y=[pairs.transfer[i] for i in at], mode="markers",
        name=_legend(kind), customdata=list(hovers), hovertemplate="%{customdata}<extra></extra>",
        opacity=max(0.5, 0.75 * small) if plain else 1,
        marker={"symbol": symbol, "size": max(3.0, (7 if plain else 10) * small), "color": colour,
                "line": {"width": (1.2 if plain else 0.8) * small, "color": colour if plain
                         else colours.ink}})


def _legend(kind: str) -> str:
    return kind if kind in (ACROSS, UNKNOWN_PAIR) else f"Both {plotly_text(kind, 30)}" if (
        kind != OTHER) else "Both of one smaller branch"


def _hover(languages: Sequence[Mapping[str, Any]], pairs: Pairs, i: int, kind: str,
           unit: str) -> str:
    source, target = (plotly_text(f"{languages[at]['name']} ({languages[at]['code']})", 60)
                      for at in (pairs.source[i], pairs.target[i]))
    score = (number(pairs.transfer[i], 1) if unit == "points" else f"{pairs.transfer[i]:.1f}")
    return (f"{source} → {target}<br>{_legend(kind)}<br>similarity "
            f"{number(pairs.similarity[i], 3)}<br>transfer {score} {unit}")
