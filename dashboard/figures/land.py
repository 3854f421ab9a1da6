"""The land of the world and its grid, flat: what a world map is drawn upon.

Conventions
-----------
Longitudes east and latitudes north are degrees, −180 to 180 and −90 to 90. On the map x runs east
and y north; a unit is the radius of a globe of the same area, so the world is 5.41 wide and
2.63 high. Paths are separated by NaN.

Sources: the Equal Earth projection, Šavrič, Patterson and Jenny 2018 (*International Journal of
Geographical Information Science* 33): areas are true, and no language's land looks smaller than
it is. Land: Natural Earth, public domain (``tools/derive_land.py``).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

LAND = Path(__file__).with_name("land.json")
GRID_DEGREES = 30

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


@cache
def land_outline() -> tuple[np.ndarray, np.ndarray]:
    """x and y of the coasts on the map, one ring after another."""
    return _path([equal_earth(ring[:, 0], ring[:, 1]) for ring in land_degrees()])


@cache
def grid_lines() -> tuple[np.ndarray, np.ndarray]:
    """x and y of meridians and parallels every 30 degrees, the map's edges among them."""
    fine = np.linspace(-90.0, 90.0, 61)
    meridians = [equal_earth(np.full_like(fine, at), fine)
                 for at in range(-180, 181, GRID_DEGREES)]
    ends = np.array([-180.0, 180.0])  # parallels are straight
    parallels = [equal_earth(ends, np.full_like(ends, at)) for at in range(-90, 91, GRID_DEGREES)]
    return _path([*meridians, *parallels])


def _path(lines: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Lines one after another, a NaN between them; float32, to make the page half as heavy."""
    lift = np.array([np.nan])
    x, y = ([part for line in lines for part in (line[axis], lift)][:-1] for axis in (0, 1))
    return np.concatenate(x).astype(np.float32), np.concatenate(y).astype(np.float32)
