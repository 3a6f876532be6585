"""Which method a road takes, and its street: SRM1 type 1 to 4 with tree factor, or SRM2.

Regeling beoordeling luchtkwaliteit 2007, annex 1, and Omgevingsregeling art. 8.10: a road among
buildings is SRM1, with d the distance from axis to facade and H the height of the building:

1  built on both sides, 1.5 H <= d < 3 H     2  built on both sides, d < 1.5 H
3  built on one side, d < 3 H                4  other, with more or less continuous buildings

Our reading of it: facades are looked for every 10 m, up to 60 m to both sides.  A side counts as
built where at least half of the places have a facade at d < 3 H; d / H of a street is the mean of
the medians of its two sides.  Type 4 takes a facade within 60 m, on either side, at half of the
places.  A road is judged together with the 100 m of its street around its middle, so that the few
metres across a junction are as their street.  Faster than 70 km/h, motorway, trunk, bridge, tunnel
or not level: SRM2.
"""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from roadside_server.region.facades import Facades, facades, roadside_trees
from roadside_server.region.schema import Float64
from roadside_server.region.street_chains import chain_streets

#: Streets are not faster than this (km/h).
FASTEST_STREET = 70.0
FAST_ROADS = ("motorway", "motorway_link", "trunk", "trunk_link")
#: d / H below which a side is built, and below which a canyon is narrow.
BUILT, NARROW = 3.0, 1.5
#: Share of the places with a facade from which buildings are more or less continuous.
CONTINUOUS = 0.5
#: Half of the 100 m for which an assessment point shall stand (art. 8.11), m.
REPRESENTATIVE = 50.0

#: Trees count within this distance of the axis, at a spacing below this one (m; SRM1).
TREE_REACH, TREE_SPACING = 30.0, 15.0
#: A tree row in OpenStreetMap has no trees of its own: one every so many metres, assumed.
ROW_SPACING = 10.0
#: Crowns are taken to meet above the street where both sides have trees this close (m), assumed:
#: crowns of 8 to 10 m that stand next to the carriageway.
CROWN_SPACING, CROWN_REACH = 8.0, 15.0


def classify_streets(
    roads: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, trees: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """The roads (projected CRS, m) with method, street_type, tree_factor and street (chain)."""
    kind = street_types(roads, buildings) if len(buildings) else np.zeros(len(roads), np.int64)
    streets = kind > 0
    return roads.assign(
        method=np.where(streets, "srm1", "srm2"),
        street_type=kind,
        tree_factor=np.where(streets, tree_factors(roads, buildings, trees), 1.0),
        street=chain_streets(roads, streets.astype(np.int64)).street,
    )


def may_be_street(roads: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Whether SRM1 can hold, whatever the buildings: slow, level and in the open."""
    fast = (roads["speed"] > FASTEST_STREET) | roads["road_class"].isin(FAST_ROADS)
    uneven = roads["bridge"] | roads["tunnel"] | (roads["elevation"] != 0.0)
    return np.asarray(~(fast | uneven), dtype=bool)


def street_types(roads: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """SRM1 street type (1 to 4) of every road; 0 where SRM2 holds."""
    possible = may_be_street(roads)
    seen = facades(roads, buildings)
    road, place = _judged_places(
        roads, seen, chain_streets(roads, possible.astype(np.int64)).street
    )
    near, ratio, any_facade = _shares(len(roads), road, place, seen)
    built = near >= CONTINUOUS
    both, one = built.all(axis=1), built.any(axis=1)
    narrow = ratio.mean(axis=1) < NARROW
    cases = [~possible, both & narrow, both, one, any_facade >= CONTINUOUS]
    return np.select(cases, [0, 2, 1, 3, 4], default=0).astype(np.int64)


def _judged_places(
    roads: gpd.GeoDataFrame, seen: Facades, street: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of a road and a place that counts for it: its own, and those of its street nearby."""
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(roads.geometry.to_numpy(), 0.5, normalized=True)
    )
    near = cKDTree(seen.place).query_ball_point(middle, REPRESENTATIVE)
    road = np.repeat(np.arange(len(roads)), [len(places) for places in near])
    place = np.concatenate([np.asarray(places, dtype=np.int64) for places in near])
    others = (street[road] == street[seen.road[place]]) & (road != seen.road[place])
    own = np.arange(seen.road.size)
    return np.concatenate([seen.road, road[others]]), np.concatenate([own, place[others]])


def _shares(
    roads: int, road: NDArray[np.int64], place: NDArray[np.int64], seen: Facades
) -> tuple[Float64, Float64, Float64]:
    """Share of places built at d < 3 H and median d / H there (roads, 2); share with any facade."""
    with np.errstate(divide="ignore"):
        ratio = seen.distance[place] / seen.height[place]
    total = np.bincount(road, minlength=roads)
    near = np.column_stack([_share(road, r < BUILT, total) for r in ratio.T])
    median = np.column_stack([_median_where(road, r, r < BUILT, roads) for r in ratio.T])
    return near, median, _share(road, np.any(np.isfinite(ratio), axis=1), total)


def _share(road: NDArray[np.int64], true: NDArray[np.bool_], total: NDArray[np.int64]) -> Float64:
    return np.bincount(road[true], minlength=total.size) / total


def _median_where(
    road: NDArray[np.int64], value: Float64, true: NDArray[np.bool_], roads: int
) -> Float64:
    """Median of the values of each road that are true; infinite where none is."""
    road, value = road[true], value[true]
    order = np.lexsort((value, road))
    count = np.bincount(road, minlength=roads)
    start = np.cumsum(count) - count
    lower, upper = start + np.maximum(count - 1, 0) // 2, start + count // 2
    padded = np.append(value[order], np.inf)
    last = padded.size - 1
    median = (padded[np.minimum(lower, last)] + padded[np.minimum(upper, last)]) / 2
    return np.where(count > 0, median, np.inf)


def tree_factors(
    roads: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, trees: gpd.GeoDataFrame
) -> Float64:
    """SRM1 tree factor F_b of every road: 1, 1.25 with a row of trees, 1.5 where crowns meet.

    A row: at least two trees on one side, within 30 m of the axis and seen from it, less than 15 m
    apart on average.  Crowns meet: both sides less than 8 m apart, within 15 m of the axis.
    """
    places = _tree_places(trees)
    found = roadside_trees(roads, places, buildings, TREE_REACH)
    length = shapely.length(roads.geometry.to_numpy())
    rows = _spacing(found.road, found.left, length) < TREE_SPACING
    close = found.distance < CROWN_REACH
    roofs = _spacing(found.road[close], found.left[close], length) < CROWN_SPACING
    return np.where(roofs.all(axis=1), 1.5, np.where(rows.any(axis=1), 1.25, 1.0))


def _spacing(road: NDArray[np.int64], left: NDArray[np.bool_], length: Float64) -> Float64:
    """Mean distance (m) between trees on the left and right; infinite with fewer than two."""
    count = np.column_stack(
        [np.bincount(road[side], minlength=length.size) for side in (left, ~left)]
    )
    return np.where(count > 1, length[:, None] / np.maximum(count, 1), np.inf)


def _tree_places(trees: gpd.GeoDataFrame) -> Float64:
    """Places (m) of single trees, and of assumed ones along tree rows."""
    shapes = trees.geometry.to_numpy()
    rows = shapely.segmentize(shapes[shapely.get_dimensions(shapes) == 1], ROW_SPACING)
    single = shapes[shapely.get_dimensions(shapes) == 0]
    return np.concatenate([shapely.get_coordinates(single), shapely.get_coordinates(rows)])
