"""Strips beside a heatmap: what is known of each language, as colour and sign, with a legend.

Conventions
-----------
A strip stands at x = 0, 1, … of the axis x3, its languages at y = 0, 1, … of the cells' axis.
Signs say the same as colours: capitals for the first strip, then small and Greek letters, or
signs of the strip's own. Texts in a `Strip` are plain and are escaped here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.escaping import plotly_text
from dashboard.figures.frame import add_trace
from dashboard.figures.palette import OKABE_ITO, readable_on

MOST_WITH_SIGNS = 60
"""Languages up to which a strip holds its signs, not only its colours."""

OTHER_COLOUR, UNKNOWN_COLOUR = "#9A9A9A", "#C4C4C4"
_SIGNS = ("ABCDEFGH", "abcdefgh", "αβγδεζηθ")


@dataclass(frozen=True)
class Strip:
    """What one strip says of each language.

    Attributes
    ----------
    title : of the legend, e.g. "Branch"
    labels : one a language, in the order of the rows; None where it is not known
    ordered : labels in their order, where they have one; empty to put the commonest first
    signs : of the ordered labels; beyond the eighth, colours come again
    other : what further labels are called together
    unknown : what a missing label is called
    """

    title: str
    labels: tuple[str | None, ...]
    ordered: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    other: str = "other"
    unknown: str = "unknown"


@dataclass(frozen=True)
class Key:
    """Sign and colour of a label, as the legend shows them."""

    sign: str
    colour: str


def keys_of(strip: Strip, at: int = 0) -> dict[str, Key]:
    """Label -> its key, in the order of the legend; those without a sign left share one.

    Parameters
    ----------
    at : position of the strip, on which its signs depend
    """
    counts = Counter(label for label in strip.labels if label)
    named = ([label for label in strip.ordered if label in counts] if strip.ordered else
             sorted(counts, key=lambda label: (-counts[label], label)))
    signs = dict(zip(strip.ordered, strip.signs, strict=False)) or dict(
        zip(named, _SIGNS[at % len(_SIGNS)], strict=False))
    found = {label: Key(signs[label], OKABE_ITO[rank % len(OKABE_ITO)])
             for rank, label in enumerate(named) if label in signs}
    if len(named) > len(found):
        found[strip.other] = Key("·", OTHER_COLOUR)
    if not all(strip.labels):
        found[strip.unknown] = Key("?", UNKNOWN_COLOUR)
    return found


def key_label(strip: Strip, label: str | None, keys: Mapping[str, Key]) -> str:
    """The entry of the legend that a label falls under."""
    if not label:
        return strip.unknown
    return label if label in keys else strip.other


def add_strips(figure: go.Figure, strips: Sequence[Strip], names: Sequence[str]) -> None:
    """Draw strips on the axes x3 and y, and what they mean in the legend.

    Parameters
    ----------
    names : of the languages, in the order of the rows; plain text
    """
    for at, strip in enumerate(strips):
        keys = keys_of(strip, at)
        own = [key_label(strip, label, keys) for label in strip.labels]
        order = list(keys)
        steps = max(1, len(order) - 1)
        scale = [(i / steps, keys[label].colour) for i, label in enumerate(order)]
        add_trace(
            figure, "heatmap",
            x=[at], z=np.array([[order.index(label)] for label in own], dtype=np.float32),
            xaxis="x3", yaxis="y", zmin=0, zmax=steps, showscale=False, xgap=1,
            ygap=1 if len(own) <= MOST_WITH_SIGNS else 0,
            colorscale=scale if len(scale) > 1 else [(0, scale[0][1]), (1, scale[0][1])],
            text=[[f"{plotly_text(name, 40)}: {plotly_text(label or strip.unknown, 60)}"]
                  for name, label in zip(names, strip.labels, strict=True)],
            hovertemplate="%{text}<extra></extra>")
        if len(own) <= MOST_WITH_SIGNS:
            add_trace(
                figure, "scatter",
                x=[at] * len(own), y=list(range(len(own))), xaxis="x3", yaxis="y", mode="text",
                text=[keys[label].sign for label in own], hoverinfo="skip", showlegend=False,
                textfont={"size": 9, "color": [readable_on(keys[label].colour) for label in own]})
        for rank, (label, key) in enumerate(keys.items()):
            add_trace(
                figure, "scatter",
                x=[None], y=[None], mode="markers", showlegend=True,
                name=f"{key.sign}  {plotly_text(label, 18)}", legendrank=100 * (at + 1) + rank,
                legendgroup=f"strip {at}", **({"legendgrouptitle": {
                    "text": plotly_text(strip.title, 24)}} if len(strips) > 1 else {}),
                marker={"symbol": "square", "size": 12, "color": key.colour})
