"""Derive ``dashboard/figures/land.json``, the outline of the land behind the world map.

Run by maintainers when the source has a new version, from the project's root::

    pip download --no-deps --dest /tmp geopandas==0.14.4
    python tools/derive_land.py /tmp/geopandas-0.14.4-py3-none-any.whl

Needs nothing but Python. The wheel is read, never installed.

Conventions
-----------
Natural Earth's file holds countries; a border between two is walked once in each direction, so what
is left when such pairs are taken out are the coasts, which are joined into rings again. Rings keep
the order of the source, land to the right of the way, as shapefiles want it. Coordinates are whole
tenths of a degree, longitude and latitude in turn, the first point repeated at the end. Antarctica,
where no language has its place, is left out. Same wheel, same bytes.

Source and licence
------------------
Natural Earth, "Admin 0 – Countries", 1 : 110 million (https://www.naturalearthdata.com), public
domain, as geopandas 0.14.4 ships it (``geopandas/datasets/naturalearth_lowres``).
"""

from __future__ import annotations

import json
import struct
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

LAND = Path(__file__).parents[1] / "dashboard" / "figures" / "land.json"
COUNTRIES = "geopandas/datasets/naturalearth_lowres/naturalearth_lowres"
SOURCE = "Natural Earth, Admin 0 – Countries, 1 : 110 million; public domain"
SOUTHERNMOST = -60.0
"""Degrees; rings that lie wholly below are Antarctica's."""

Point = tuple[float, float]


def rings_of(shapefile: bytes) -> Iterator[list[Point]]:
    """The rings of all polygons of a shapefile (ESRI 1998, shape type 5)."""
    at = 100
    while at < len(shapefile):
        (length,) = struct.unpack(">4xi", shapefile[at:at + 8])
        record = shapefile[at + 8:at + 8 + 2 * length]
        at += 8 + 2 * length
        kind, n_parts, n_points = struct.unpack("<i32xii", record[:44])
        if kind != 5:
            raise ValueError(f"A shape of type {kind} stands where a polygon was expected.")
        starts = struct.unpack(f"<{n_parts}i", record[44:44 + 4 * n_parts])
        numbers = struct.unpack(f"<{2 * n_points}d", record[44 + 4 * n_parts:])
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        for first, last in zip(starts, (*starts[1:], n_points), strict=True):
            yield points[first:last]


def coasts(rings: list[list[Point]]) -> list[list[Point]]:
    """Rings without the edges that two of them share."""
    edges = {(one, other) for ring in rings for one, other in pairwise(ring)}
    onward: dict[Point, list[Point]] = defaultdict(list)
    for one, other in sorted(edges):
        if (other, one) not in edges:
            onward[one].append(other)
    found = []
    for start in sorted(onward):
        while onward[start]:
            ring = [start]
            while len(ring) == 1 or ring[-1] != start:
                ring.append(onward[ring[-1]].pop())
            found.append(ring)
    return found


def rounded(ring: list[Point]) -> list[int]:
    """Tenths of a degree, without the points that fall onto the one before."""
    kept: list[tuple[int, int]] = []
    for longitude, latitude in ring:
        point = (round(longitude * 10), round(latitude * 10))
        if not kept or kept[-1] != point:
            kept.append(point)
    return [number for point in kept for number in point]


def main(wheel: str) -> None:
    """Read the wheel and write the outline."""
    with zipfile.ZipFile(wheel) as archive:
        countries = list(rings_of(archive.read(f"{COUNTRIES}.shp")))
    land = [rounded(ring) for ring in coasts(countries)
            if max(latitude for _, latitude in ring) > SOUTHERNMOST]
    kept = [ring for ring in land if len(ring) >= 8]  # three points and the first again
    text = json.dumps({"source": SOURCE, "unit": "tenths of a degree", "rings": kept},
                      ensure_ascii=False, separators=(",", ":"))
    LAND.write_text(text.replace("],[", "],\n[") + "\n", encoding="utf-8")
    sys.stdout.write(f"{LAND}: {len(kept)} rings, {sum(map(len, kept)) // 2:,} points\n")


if __name__ == "__main__":
    main(sys.argv[1])
