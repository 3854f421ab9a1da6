"""The land of the map, and its projection: where cities, seas and coasts lie."""

from __future__ import annotations

import importlib.util
import json
from base64 import b64decode
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import pytest

from dashboard.figures.land import (
    EDGE,
    LAND,
    equal_earth,
    grid_lines,
    land_degrees,
    land_lines,
    land_picture,
)

ROOT = Path(__file__).resolve().parents[1]
INLAND = {"Paris": (2.35, 48.85), "Moscow": (37.6, 55.75), "Nairobi": (36.8, -1.3),
          "Kano": (8.5, 12.0), "Delhi": (77.2, 28.6), "Beijing": (116.4, 39.9),
          "Alice Springs": (133.9, -23.7), "Brasília": (-47.9, -15.8), "Denver": (-105.0, 39.7),
          "Addis Ababa": (38.7, 9.0), "Maseru": (27.5, -29.3), "Ulaanbaatar": (106.9, 47.9)}
AT_SEA = {"Atlantic": (-30.0, 20.0), "Pacific": (-140.0, 0.0), "Indian Ocean": (75.0, -20.0),
          "Mediterranean": (18.0, 34.5), "Null Island": (0.0, 0.0), "Arctic": (0.0, 85.0),
          "Tasman Sea": (160.0, -38.0), "Bay of Bengal": (89.0, 15.0), "Antarctica": (0.0, -80.0)}


def on_land(longitude: float, latitude: float) -> bool:
    """Whether a point lies in an odd number of rings."""
    crossings = 0
    for ring in land_degrees():
        (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
        spans = (y0 > latitude) != (y1 > latitude)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = x0 + (latitude - y0) / (y1 - y0) * (x1 - x0)
        crossings += int((spans & (at > longitude)).sum())
    return crossings % 2 == 1


def test_rings_are_closed_and_on_the_globe() -> None:
    rings = land_degrees()
    assert len(rings) > 100
    for ring in rings:
        assert len(ring) >= 4
        np.testing.assert_array_equal(ring[0], ring[-1])
        assert (np.abs(ring[:, 0]) <= 180).all()
        assert (ring[:, 1] > -60).all()
        assert (ring[:, 1] < 85).all()
    assert LAND.stat().st_size < 60_000
    assert "Natural Earth" in json.loads(LAND.read_text(encoding="utf-8"))["source"]


@pytest.mark.parametrize("city", INLAND)
def test_cities_inland_are_on_land(city: str) -> None:
    assert on_land(*INLAND[city])


@pytest.mark.parametrize("sea", AT_SEA)
def test_seas_are_not_land(sea: str) -> None:
    assert not on_land(*AT_SEA[sea])


@pytest.mark.parametrize(("longitude", "latitude", "x", "y"), [
    # corners of the projection, from its formulas: y(90°) = 1.3173627, x(180°, 0) = 2.7066300
    (0, 0, 0, 0), (180, 0, 2.7066300, 0), (-180, 0, -2.7066300, 0), (0, 90, 0, 1.3173627),
    (0, -90, 0, -1.3173627), (180, 90, 1.6035887, 1.3173627)])
def test_projection_of_known_points(longitude: float, latitude: float, x: float, y: float) -> None:
    found = equal_earth(longitude, latitude)
    assert found == (pytest.approx(x, abs=1e-6), pytest.approx(y, abs=1e-6))


def test_projection_keeps_areas() -> None:
    """A small square of the globe has cos(latitude) of the equator's area, and keeps just that."""
    longitude, latitude = np.meshgrid(np.linspace(-170, 170, 9), np.linspace(-85, 85, 18))
    step = 1e-4
    x, y = equal_earth(longitude, latitude)
    east, north = equal_earth(longitude + step, latitude), equal_earth(longitude, latitude + step)
    area = ((east[0] - x) * (north[1] - y) - (east[1] - y) * (north[0] - x)) / np.radians(step) ** 2
    np.testing.assert_allclose(area, np.cos(np.radians(latitude)), rtol=2e-4)


def test_lines_lie_in_the_world() -> None:
    for line in (*land_lines(), *grid_lines()):
        assert np.isfinite(line).all()
        assert (np.abs(line) <= (2.7067, 1.3174)).all()
    assert len(land_lines()) == len(land_degrees())


def test_the_picture_of_the_land_lies_where_the_land_is() -> None:
    """The path, followed step by step and laid where the map lays it, is the projected coast."""
    picture = land_picture()
    assert (picture["x"], picture["y"]) == (-EDGE[0], EDGE[1])
    drawing = ElementTree.fromstring(b64decode(picture["source"].split(",")[1]))
    left, top, width, height = map(float, drawing.attrib["viewBox"].split())
    assert picture["sizex"] / width == pytest.approx(picture["sizey"] / height)
    land = drawing.findall("{*}path")[1].attrib["d"].split("M")[1:]
    rings = land_lines()
    assert len(land) == len(rings)
    for path, ring in zip(land, rings, strict=True):
        start, steps = path.split("l")
        numbers = np.array([start.split(), *np.reshape(steps.split(), (-1, 2))], dtype=float)
        places = np.cumsum(numbers, axis=0) - (left, top)
        at = (picture["x"], picture["y"]) + places * (picture["sizex"] / width) * (1, -1)
        np.testing.assert_allclose(at, ring, atol=3e-4)


def derive_land() -> ModuleType:
    spec = importlib.util.spec_from_file_location("derive_land", ROOT / "tools" / "derive_land.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_borders_between_countries_are_taken_out() -> None:
    """Two squares that share a side leave one rectangle."""
    west = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)]
    east = [(1.0, 0.0), (1.0, 1.0), (2.0, 1.0), (2.0, 0.0), (1.0, 0.0)]
    (coast,) = derive_land().coasts([west, east])
    assert coast[0] == coast[-1]
    assert set(coast) == {*west, *east}
    assert len(coast) == 7
    assert derive_land().rounded([(0.01, 0.0), (0.04, 0.0), (1.0, 2.06)]) == [0, 0, 10, 21]
