"""What lies over a picture and changes with a click: shapes and notes, apart from the picture.

Conventions
-----------
The picture stays the same whatever is marked in it, so the server makes it once and the browser
keeps it; what lies over it costs both far less. Notes and shapes are plotly's
annotations and shapes as plain mappings; texts in them are escaped already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Overlay:
    """Notes and shapes, in the order in which they are drawn."""

    notes: tuple[Mapping[str, Any], ...] = ()
    shapes: tuple[Mapping[str, Any], ...] = ()


NOTHING = Overlay()
