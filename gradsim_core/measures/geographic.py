"""Distance on the map: how far apart languages are spoken.

Conventions
-----------
The similarity is minus the great-circle distance in kilometres, on a sphere of the earth's mean
radius, between the one point that catalogues give for each language. A language without a point
has no value. One point stands badly for a language that is spoken on several continents.

Sources
-------
Coordinates: Glottolog, as in `gradsim_core.languages.table`; the haversine formula.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradsim_core.languages.resolving import Language
from gradsim_core.measures.measure import Measure

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""

SOURCE = "Glottolog's coordinates (CC BY 4.0) through qwanqwa 1.2.1; great-circle distance"


def geographic(languages: Sequence[Language]) -> Measure:
    """Compare languages by where they are spoken.

    Returns
    -------
    Measure
        Symmetric, minus kilometres, at most 0; NaN where a place is unknown.
    """
    places = np.array([[np.nan if degrees is None else degrees
                        for degrees in (one.latitude, one.longitude)]
                       for one in languages]).reshape(-1, 2)
    values = 0.0 - great_circle_km(places[:, 0], places[:, 1])
    unknown = [one.name for one in languages if one.latitude is None or one.longitude is None]
    note = "Minus kilometres." + (f" No place is known of: {', '.join(unknown)}."
                                  if unknown else "")
    return Measure("geographic", "Distance on the map", tuple(one.code for one in languages),
                   values, SOURCE, note)


def great_circle_km(latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
    """Distances between points.

    Parameters
    ----------
    latitudes, longitudes : (L,) degrees north and east; NaN is unknown

    Returns
    -------
    ndarray
        (L, L) kilometres, 0 on the diagonal of what is known.

    Examples
    --------
    >>> north, east = np.array([51.5074, 48.8566]), np.array([-0.1278, 2.3522])
    >>> int(great_circle_km(north, east)[0, 1].round())  # London to Paris
    344
    """
    north, east = np.radians(latitudes), np.radians(longitudes)
    haversine = (np.sin((north[:, None] - north) / 2) ** 2
                 + np.cos(north)[:, None] * np.cos(north)
                 * np.sin((east[:, None] - east) / 2) ** 2)
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(haversine, 0, 1)))
