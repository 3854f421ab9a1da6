"""The land of the world and its grid, flat: what a world map is drawn upon.

Conventions
-----------
Longitudes east and latitudes north are degrees, −180 to 180 and −90 to 90. On the map x runs east
and y north; a unit is the radius of a globe of the same area, so the world is 5.41 wide and
2.63 high.

Sources: the Equal Earth projection, Šavrič, Patterson and Jenny 2018 (*International Journal of
Geographical Information Science* 33): areas are true, and no language's land looks smaller than
it is. Land: Natural Earth, public domain (``tools/derive_land.py``).
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

LAND = Path(__file__).with_name("land.json")
GRID_DEGREES = 30
EDGE = np.array([2.72, 1.33])
"""x and y up to which the picture of the land reaches: the world, and room for its strokes."""

_FINE = 2000
"""Steps of a unit in the picture: a third of a tenth of a degree, as the outline has them."""

_A = (1.340264, -0.081106, 0.000893, 0.003796)
_ROOT_3 = np.sqrt(3.0)


def equal_earth(longitude: np.ndarray | float,
                latitude: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Where places lie on the map.

    Parameters
    ----------
    longitude, latitude : degrees, of one shape; NaN stays NaN

    Returns
    -------
    tuple of ndarray
        x and y, of the same shape.
    """
    lam, phi = np.radians(longitude), np.radians(latitude)
    theta = np.arcsin(_ROOT_3 / 2 * np.sin(phi))
    square = theta ** 2
    sixth = square ** 3
    slope = _A[0] + 3 * _A[1] * square + sixth * (7 * _A[2] + 9 * _A[3] * square)
    x = 2 / _ROOT_3 * lam * np.cos(theta) / slope
    y = theta * (_A[0] + _A[1] * square + sixth * (_A[2] + _A[3] * square))
    return np.asarray(x), np.asarray(y)


@cache
def land_degrees() -> tuple[np.ndarray, ...]:
    """The coasts of all land but Antarctica: closed rings, (n, 2) longitude and latitude each."""
    rings = json.loads(LAND.read_text(encoding="utf-8"))["rings"]
    return tuple(np.array(ring, dtype=np.float64).reshape(-1, 2) / 10 for ring in rings)


def land_lines() -> list[np.ndarray]:
    """(n, 2) x and y of the coasts on the map, one closed line each."""
    return [_on_map(ring[:, 0], ring[:, 1]) for ring in land_degrees()]


def grid_lines() -> list[np.ndarray]:
    """(n, 2) x and y of meridians and parallels every 30 degrees, the map's edges among them."""
    fine = np.linspace(-90.0, 90.0, 61)
    meridians = [_on_map(np.full_like(fine, at), fine) for at in range(-180, 181, GRID_DEGREES)]
    ends = np.array([-180.0, 180.0])  # parallels are straight
    return meridians + [_on_map(ends, np.full_like(ends, at))
                        for at in range(-90, 91, GRID_DEGREES)]


@cache
def land_picture() -> dict[str, Any]:
    """The grid and the land as one picture that lies under a map, for ``layout.images``.

    As points of a chart they cost more than all languages: each is checked, sent and drawn.
    """
    wide, high = np.round(EDGE * _FINE)
    paths = (f'<path d="{_path(grid_lines())}" fill="none" stroke-width="1" stroke-opacity=".16"/>'
             f'<path d="{_path(land_lines())}" fill="gray" fill-opacity=".2" fill-rule="evenodd" '
             'stroke-width=".6" stroke-opacity=".55"/>')
    drawing = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * wide:.0f}" '
               f'height="{2 * high:.0f}" viewBox="{-wide:.0f} {-high:.0f} {2 * wide:.0f} '
               f'{2 * high:.0f}"><style>path{{vector-effect:non-scaling-stroke;stroke:gray}}'
               f"</style>{paths}</svg>")
    return {"source": "data:image/svg+xml;base64," + b64encode(drawing.encode()).decode(),
            "xref": "x", "yref": "y", "x": -wide / _FINE, "y": high / _FINE,
            "sizex": 2 * wide / _FINE, "sizey": 2 * high / _FINE, "sizing": "stretch",
            "layer": "below"}


def _on_map(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    return np.stack(equal_earth(longitude, latitude), axis=1)


def _path(lines: list[np.ndarray]) -> str:
    """Lines as an SVG path, in whole steps of the picture, each from the point before it."""
    found = []
    for line in lines:
        at = np.round(line * _FINE * (1, -1)).astype(int)
        steps = np.diff(at, axis=0)
        found.append(f"M{at[0, 0]} {at[0, 1]}l" + " ".join(f"{x} {y}" for x, y in steps))
    return "".join(found)
