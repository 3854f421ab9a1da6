"""What lies over a picture and changes with a click: shapes and notes, apart from the picture.

Conventions
-----------
The picture stays the same whatever is marked in it, so the server makes it once and the browser
keeps it; both handle what lies over it in a tenth of the time. Notes and shapes are plotly's
annotations and shapes as plain mappings; texts in them are escaped already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from dashboard.figures.frame import add_all


@dataclass(frozen=True)
class Overlay:
    """Notes and shapes, in the order in which they are drawn."""

    notes: tuple[Mapping[str, Any], ...] = ()
    shapes: tuple[Mapping[str, Any], ...] = ()

    def __add__(self, other: Overlay) -> Overlay:
        return Overlay(self.notes + other.notes, self.shapes + other.shapes)


NOTHING = Overlay()


def laid_on(figure: go.Figure, over: Overlay) -> go.Figure:
    """The figure with all that lies over it, for who shows it as one."""
    whole = go.Figure(figure)
    add_all(whole, over.notes, over.shapes)
    return whole
