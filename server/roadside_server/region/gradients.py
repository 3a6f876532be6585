"""Gradients of roads from the terrain, between their ends."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from roadside_server.region.schema import Float64, Terrain

#: Steeper (%) changes no sound; Directive (EU) 2015/996, 2.2.6.
STEEPEST = 12.0
#: Gradients (%) are told to this place: altitudes know no more.
PLACES = 1


def with_gradients(
    roads: gpd.GeoDataFrame, terrain: Terrain
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """The roads with the gradient (%) of the terrain between their ends, and what was taken.

    Level stay roads on bridges and in tunnels, beyond the terrain, and those shorter than the
    distance of its nodes, which tells nothing of them.
    """
    lines = roads.geometry.to_numpy()
    length = shapely.length(lines)
    first, last = (altitude_at(terrain, shapely.get_point(lines, end)) for end in (0, -1))
    gradient = np.clip(100.0 * (last - first) / length, -STEEPEST, STEEPEST)
    apart = (roads["bridge"] | roads["tunnel"]).to_numpy(bool)
    known = np.isfinite(gradient) & ~apart & (length >= terrain.spacing)
    told = (
        f"Gradients of {known.mean():.0%} of the roads are those of the terrain between their "
        f"ends, at most {STEEPEST:g} %; the others are taken as level."
    )
    return roads.assign(gradient=np.where(known, np.round(gradient, PLACES), 0.0)), (told,)


def altitude_at(terrain: Terrain, places: NDArray[np.object_]) -> Float64:
    """Altitude (m) of the terrain at points, between its nodes bilinear; NaN outside."""
    x, y = shapely.get_coordinates(places).T
    row = (y - terrain.south) / terrain.spacing
    column = (x - terrain.west) / terrain.spacing
    altitude = terrain.altitude.astype(np.float64)
    return np.asarray(map_coordinates(altitude, [row, column], order=1, cval=np.nan))
