"""What stands along a road: facades and trees, seen at right angles from the axis."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from roadside_server.region.schema import Float64

#: Distance (m) between the places along an axis from which facades are looked for.
STEP = 10.0
#: Facades further from the axis (m) are no part of a street (SRM1).
REACH = 60.0
#: Stretch (m) over which the direction of an axis is taken.
DIRECTION_STRETCH = 2.0


class Facades(NamedTuple):
    """The nearest facade on both sides, at P places along the roads."""

    road: NDArray[np.int64]  # (P), row of the road
    place: Float64  # (P, 2), m
    distance: Float64  # (P, 2), m from the axis: left, right; infinite where there is none
    height: Float64  # (P, 2), m; 0 where there is none


def facades(roads: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> Facades:
    """Facades along every road, found with an index of the buildings."""
    road, place, across = _places(roads.geometry.to_numpy())
    origins = np.concatenate([place, place])
    tips = np.concatenate([place + REACH * across, place - REACH * across])
    ray, building, distance = _hits(origins, tips, buildings.geometry.to_numpy())
    nearest, height = np.full(len(tips), np.inf), np.zeros(len(tips))
    order = np.lexsort((distance, ray))
    first = order[np.unique(ray[order], return_index=True)[1]]
    nearest[ray[first]] = distance[first]
    height[ray[first]] = buildings["height"].to_numpy(float)[building[first]]
    return Facades(road, place, nearest.reshape(2, -1).T, height.reshape(2, -1).T)


def _places(lines: NDArray[np.object_]) -> tuple[NDArray[np.int64], Float64, Float64]:
    """Row of the road, place and unit vector to the left, every STEP along each line."""
    length = shapely.length(lines)
    count = np.maximum(np.ceil(length / STEP), 1).astype(np.int64)
    road = np.repeat(np.arange(len(lines)), count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    along = (number + 0.5) * length[road] / count[road]
    reach = np.minimum(DIRECTION_STRETCH, length[road]) / 2
    behind, place, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines[road], position))
        for position in (np.maximum(along - reach, 0), along, along + reach)
    )
    forward = ahead - behind
    span = np.hypot(*forward.T)
    left = np.column_stack([-forward[:, 1], forward[:, 0]])
    return road, place, left / np.where(span > 0, span, 1.0)[:, None]


def _hits(
    origins: Float64, tips: Float64, outlines: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Float64]:
    """Rays, the buildings they hit, and how far (m); a building above the road itself is none."""
    rays = shapely.linestrings(np.stack([origins, tips], axis=1))
    ray, building = shapely.STRtree(outlines).query(rays, predicate="intersects")
    inside = shapely.intersection(rays[ray], outlines[building])
    distance = shapely.distance(shapely.points(origins[ray]), inside)
    beside = distance > 0
    return ray[beside], building[beside], distance[beside]


class RoadsideTrees(NamedTuple):
    """Trees within sight of a road: T pairs of road and tree."""

    road: NDArray[np.int64]
    left: NDArray[np.bool_]
    distance: Float64  # m, from the axis


def roadside_trees(
    roads: gpd.GeoDataFrame, places: Float64, buildings: gpd.GeoDataFrame, reach: float
) -> RoadsideTrees:
    """Trees abreast of a road, within reach (m) of its axis and not behind a building."""
    lines = roads.geometry.to_numpy()
    points = shapely.points(places)
    tree, road = shapely.STRtree(lines).query(points, predicate="dwithin", distance=reach)
    along = shapely.line_locate_point(lines[road], points[tree])
    abreast = (along > 0) & (along < shapely.length(lines[road]))
    tree, road, along = tree[abreast], road[abreast], along[abreast]
    foot = shapely.get_coordinates(shapely.line_interpolate_point(lines[road], along))
    sight = shapely.linestrings(np.stack([foot, places[tree]], axis=1))
    hidden = np.zeros(len(sight), dtype=bool)
    hidden[shapely.STRtree(buildings.geometry.to_numpy()).query(sight, "intersects")[0]] = True
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines[road], along + STEP / 10))
    forward, aside = ahead - foot, places[tree] - foot
    left = forward[:, 0] * aside[:, 1] - forward[:, 1] * aside[:, 0] > 0
    distance = np.hypot(*aside.T)
    return RoadsideTrees(road[~hidden], left[~hidden], distance[~hidden])
