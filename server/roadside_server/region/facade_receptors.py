"""Receptors before the facades of buildings, as the Directive spreads them for people exposed.

Directive (EU) 2015/996, section 2.8, first case: stretches of a facade longer than 5 m are divided
into the fewest equal intervals of at most 5 m, with a receptor before the middle of each; a stretch
of 2.5 to 5 m has one; neighbouring shorter ones that are together longer than 5 m are divided like
one stretch.  A receptor knows its building, whose own reflection does not count (incident level).
"""

from dataclasses import replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from roadside_server.errors import require
from roadside_server.region.receptors import free_points
from roadside_server.region.schema import Float64, Points
from roadside_server.region.storeys import STOREY_HEIGHT, storeys_of

#: Distance of a receptor from its facade (m).
IN_FRONT = 0.1
#: Intervals (m) that may be asked for.
SPACING = (1.0, 100.0)
#: Height of an ear above its floor (m), an assumption; a single receptor is at the region's height.
EAR_HEIGHT = 1.5

Int64 = NDArray[np.int64]


class _Sides(NamedTuple):
    """Straight stretches of all facades, one after the other along each ring."""

    start: Float64  # (K, 2), m
    along: Float64  # (K, 2), unit vector; the building lies to its left
    length: Float64  # m
    ring: Int64
    building: Int64


class _Places(NamedTuple):
    """Places before facades."""

    place: Float64  # (P, 2), m
    building: Int64


def check_facade_spacing(spacing: float) -> None:
    """Refuse intervals (m) along facades that make no sense."""
    low, high = SPACING
    rule = f"{spacing:g} m, must be {low:g} to {high:g}"
    require(low <= spacing <= high, "facade_spacing", rule)


def facade_receptors(buildings: gpd.GeoDataFrame, spacing: float, *, floors: bool) -> Points:
    """Receptors before the facades of all buildings but sheds, outside every building.

    Parameters
    ----------
    buildings
        height, levels, use and polygons; courtyards have facades too.
    spacing
        Longest interval (m) along a facade.
    floors
        One receptor a storey, 1.5 m above its floor, rather than one at the region's height.
    """
    outlines = buildings.geometry.to_numpy()
    lived_in = np.flatnonzero(buildings["use"] != "shed")
    places = _free(_places(_sides(outlines, lived_in), spacing), outlines)
    require(places.building.size > 0, "facades", "no building has one that stands free")
    order = np.argsort(places.building, kind="stable")
    ordered = _Places(places.place[order], places.building[order])
    return _by_floor(ordered, buildings, floors=floors)


def _sides(outlines: NDArray[np.object_], rows: Int64) -> _Sides:
    """Sides of buildings, outer rings and courtyards, each ring from its longest side on."""
    parts, part_row = shapely.get_parts(outlines[rows], return_index=True)
    # To the left of the way along any ring lies the building.
    oriented = shapely.orient_polygons(parts, exterior_cw=False)
    rings, ring_part = shapely.get_rings(oriented, return_index=True)
    corner, ring = shapely.get_coordinates(rings, return_index=True)
    step = np.diff(corner, axis=0)
    length = np.hypot(*step.T)
    side = (ring[1:] == ring[:-1]) & (length > 0)
    start, step, length, ring = corner[:-1][side], step[side], length[side], ring[:-1][side]
    order = _from_longest(ring, length)
    start, step, length, ring = start[order], step[order], length[order], ring[order]
    return _Sides(start, step / length[:, None], length, ring, rows[part_row[ring_part[ring]]])


def _from_longest(ring: Int64, length: Float64) -> Int64:
    """Order of the sides that turns each ring so that its longest side is the first."""
    number = np.arange(ring.size)
    _, first, count = np.unique(ring, return_index=True, return_counts=True)
    of = np.repeat(np.arange(first.size), count)
    by_length = np.lexsort((number, -length, ring))
    longest = by_length[first] - first
    turned = (number - first[of] + longest[of]) % count[of]
    return np.asarray(first[of] + turned, np.int64)


def _places(sides: _Sides, spacing: float) -> _Places:
    """Middles of the intervals of every stretch; short sides of a ring in a row are one stretch."""
    short = sides.length <= spacing / 2
    new = np.ones(short.size, bool)
    new[1:] = ~(short[1:] & short[:-1]) | (sides.ring[1:] != sides.ring[:-1])
    stretch = np.cumsum(new) - 1
    total = np.bincount(stretch, sides.length)
    enough = np.where(short[new], spacing, spacing / 2)
    count = np.where(total > enough, np.ceil(total / spacing), 0).astype(np.int64)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    of = np.repeat(np.arange(count.size), count)
    # Along all sides laid end to end.
    ends = np.cumsum(sides.length)
    begin = (ends - sides.length)[new]
    at = begin[of] + (number + 0.5) * total[of] / count[of]
    side = np.minimum(np.searchsorted(ends, at), ends.size - 1)
    along = sides.along[side]
    foot = sides.start[side] + (at - (ends - sides.length)[side])[:, None] * along
    outward = np.column_stack([along[:, 1], -along[:, 0]])
    return _Places(foot + IN_FRONT * outward, sides.building[side])


def _free(places: _Places, outlines: NDArray[np.object_]) -> _Places:
    """Places that lie in no building: facades that touch a neighbour have no sound before them."""
    inside = shapely.STRtree(outlines).query(shapely.points(places.place), "intersects")[0]
    free = np.ones(len(places.place), bool)
    free[inside] = False
    return _Places(places.place[free], places.building[free])


def _by_floor(places: _Places, buildings: gpd.GeoDataFrame, *, floors: bool) -> Points:
    """One receptor a place, or one a storey; its label tells building, place and floor."""
    building = places.building
    _, first = np.unique(building, return_index=True)
    number = np.arange(building.size) - np.repeat(first, np.diff(np.append(first, building.size)))
    if floors:
        height = buildings["height"].to_numpy(np.float64)[building]
        levels = buildings["levels"].to_numpy(np.float64)[building]
        storeys = storeys_of(height, levels).astype(np.int64)
    else:
        storeys = np.ones(building.size, np.int64)
    row = np.repeat(np.arange(building.size), storeys)
    floor = np.arange(row.size) - np.repeat(np.cumsum(storeys) - storeys, storeys)
    label = [f"{b}-{n}-{f}" for b, n, f in zip(building[row], number[row], floor, strict=True)]
    x, y = places.place[row].T
    own: dict[str, Any] = {
        "height": EAR_HEIGHT + STOREY_HEIGHT * floor.astype(np.float64),
        "floor": floor.astype(np.int32),
    }
    points = Points(x, y, np.array(label), building=building[row].astype(np.int32))
    return free_points(replace(points, **own) if floors else points)[0]
