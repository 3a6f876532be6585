"""Roads as sources: straight stretches, those near a tile, the initial dispersion of plumes."""

from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32, Int32, Segments

from roadside_server.computation.tiles import View
from roadside_server.region.schema import Float64

Rows = NDArray[np.intp]

#: Initial vertical dispersion (m) of a road outside built-up areas; Rbl 2007, annex 2.
SIGMA_Z0, SIGMA_Z0_MOTORWAY = 2.5, 3.0
MOTORWAYS = ("motorway", "motorway_link", "motorway_strict")

#: Share of a road's height over (or depth below) its surroundings that adds to the initial
#: dispersion; Rbl 2007, annex 2.  A trench: the law says 1/2, IMAER 1/4; the law is taken.
ELEVATION_SHARE = {
    "level": 0.0,
    "dike_below_20": 0.0,
    "dike_20_to_45": 0.25,
    "dike_above_45": 0.5,
    "viaduct": 1.0,
    "trench": 0.5,
}

#: Share of a barrier's height that adds to the initial dispersion; Rbl 2007, annex 2.
BARRIER_SHARE = {"none": 0.0, "screen": 0.5, "wall": 0.25}
#: Barriers lower than 1 m or farther than 50 m from the road's edge do not count; higher than
#: 6 m they count as 6 m; Rbl 2007, annex 2.
BARRIER_LOWEST, BARRIER_HIGHEST, BARRIER_FARTHEST = 1.0, 6.0, 50.0
#: Steps (m) of the initial dispersion, so that few dilution curves serve all roads.
SIGMA_STEP = 0.01
#: Margin (m) for what rounding to float32 may move.
ROUNDING = 1.0
#: Width of a lane (m), taken for all; the region knows how many lanes a road has.
LANE_WIDTH = 3.5


class Stretches(NamedTuple):
    """Straight stretches of road: both ends (m, the region's CRS) and the row of their road."""

    x0: Float64
    y0: Float64
    x1: Float64
    y1: Float64
    road: Int32

    @property
    def length(self) -> Float64:
        """Lengths (m)."""
        return np.hypot(self.x1 - self.x0, self.y1 - self.y0)

    @property
    def middle(self) -> Float64:
        """Midpoints (M, 2)."""
        return np.column_stack([(self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2])


def straight_stretches(roads: gpd.GeoDataFrame) -> Stretches:
    """Every road's line cut at its corners; stretches without length are left out."""
    places, road = shapely.get_coordinates(roads.geometry.array, return_index=True)
    same = road[1:] == road[:-1]
    moves = (places[1:] != places[:-1]).any(axis=1)
    first = np.flatnonzero(same & moves)
    ends = (places[first, 0], places[first, 1], places[first + 1, 0], places[first + 1, 1])
    return Stretches(*ends, road[first].astype(np.int32))


def chosen(stretches: Stretches, which: Rows | NDArray[np.bool_]) -> Stretches:
    """Some of the stretches."""
    x0, y0, x1, y1, road = stretches
    return Stretches(x0[which], y0[which], x1[which], y1[which], road[which])


def together(*several: Stretches) -> Stretches:
    """All the stretches, one list after the other."""
    return Stretches(*map(np.concatenate, zip(*several, strict=True)))


def cut(stretches: Stretches, longest: Float64) -> Stretches:
    """Stretches cut into equal parts that are no longer than allowed (m) for each."""
    parts = np.maximum(np.ceil(stretches.length / longest), 1).astype(np.intp)
    whole = np.repeat(np.arange(parts.size), parts)
    number = np.arange(whole.size) - np.repeat(np.cumsum(parts) - parts, parts)
    long = chosen(stretches, whole)
    start, end = number / parts[whole], (number + 1) / parts[whole]
    along_x, along_y = long.x1 - long.x0, long.y1 - long.y0
    return Stretches(
        long.x0 + start * along_x,
        long.y0 + start * along_y,
        long.x0 + end * along_x,
        long.y0 + end * along_y,
        long.road,
    )


def near(stretches: Stretches, box: View, reach: float) -> Rows:
    """Stretches that may come within a distance (m) of a box; a few that do not are among them."""
    found = np.empty(stretches.road.size, np.intp)
    return found[: _near(*stretches[:4], tuple(map(float, box)), float(reach + ROUNDING), found)]


def _rows_near(
    x0: Float64, y0: Float64, x1: Float64, y1: Float64,
    box: tuple[float, float, float, float], reach: float, found: Rows,
) -> int:  # fmt: skip
    """Write the stretches whose bounding box comes within reach (m) of a box; their number."""
    west, south, east, north = box
    count = 0
    for k in range(x0.size):
        dx = max(west - max(x0[k], x1[k]), min(x0[k], x1[k]) - east, 0.0)
        dy = max(south - max(y0[k], y1[k]), min(y0[k], y1[k]) - north, 0.0)
        if dx * dx + dy * dy <= reach * reach:
            found[count] = k
            count += 1
    return count


# One pass without arrays between: every tile asks for each part of the roads.
_near: Any = njit(nogil=True)(_rows_near)


def localised(stretches: Stretches, box: View) -> Segments:
    """Stretches in metres from the south-west corner of a box."""
    return Segments(
        _metres(stretches.x0 - box.west),
        _metres(stretches.y0 - box.south),
        _metres(stretches.x1 - box.west),
        _metres(stretches.y1 - box.south),
        np.ascontiguousarray(stretches.road),
    )


def initial_dispersion(roads: gpd.GeoDataFrame) -> Float64:
    """Initial vertical dispersion (m) of every road's plume; Rbl 2007, annex 2.

    Barriers count for both sides alike; heights below the surroundings count as those above.
    """
    motorway = roads["road_class"].isin(MOTORWAYS) | roads["speed_class"].isin(MOTORWAYS)
    share = roads["elevation_profile"].map(ELEVATION_SHARE).to_numpy(np.float64)
    raised = share * np.abs(roads["elevation"].to_numpy(np.float64))
    base = np.where(motorway.to_numpy(bool), SIGMA_Z0_MOTORWAY, SIGMA_Z0)
    sigma = base + raised + _barrier(roads, "left") + _barrier(roads, "right")
    return np.asarray(np.round(sigma / SIGMA_STEP) * SIGMA_STEP, dtype=np.float64)


def _barrier(roads: gpd.GeoDataFrame, side: str) -> Float64:
    """What the barrier on one side adds to the initial dispersion (m)."""
    share = roads[f"barrier_{side}"].map(BARRIER_SHARE).to_numpy(np.float64)
    height = roads[f"barrier_{side}_height"].to_numpy(np.float64)
    distance = roads[f"barrier_{side}_distance"].to_numpy(np.float64)
    counts = (height >= BARRIER_LOWEST) & (distance <= BARRIER_FARTHEST)
    return np.where(counts, share * np.minimum(height, BARRIER_HIGHEST), 0.0)


def _metres(distance: Float64) -> Float32:
    return np.ascontiguousarray(distance, dtype=np.float32)
