"""Receptors of a region and the streets that act on them: as the source says, or found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import box

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.crs import known_crs
from roadside_server.region.facade_receptors import facade_receptors
from roadside_server.region.receptors import (
    Extent,
    free_points,
    read_area,
    read_points,
    regular_grid,
    selected,
)
from roadside_server.region.schema import Grid, Points, StreetLinkTable
from roadside_server.region.street_links import REACH, find_street_links

if TYPE_CHECKING:  # build.py imports this module
    from numpy.typing import NDArray

    from roadside_server.region.build import BuildSettings, RegionInput

#: A grid this far (m) from every road has nothing to compute: the reach of SRM2.
FARTHEST = 5000.0


def linked_receptors(
    source: RegionInput, settings: BuildSettings, crs: str
) -> tuple[Grid | Points, StreetLinkTable, tuple[str, ...]]:
    """Receptors, their street links, and what was left out; everything already in the CRS."""
    if _uses_own_points(source, settings) and source.receptors is not None:
        own = source.receptors
        points, order = free_points(own)
        _check_near(points, source.roads)
        if source.links is not None:
            links, told = explicit_links(source.links, order, points, source.roads)
            return points, links, told
        return points, find_street_links(source.roads, source.buildings, points), ()
    receptors = _asked_receptors(source, settings, crs)
    return receptors, find_street_links(source.roads, source.buildings, receptors), ()


def explicit_links(
    links: pd.DataFrame, order: NDArray[np.intp], points: Points, roads: gpd.GeoDataFrame
) -> tuple[StreetLinkTable, tuple[str, ...]]:
    """Links as the source names them, with the distance from receptor to road axis.

    Parameters
    ----------
    order
        Place in the source of each of the points.
    """
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    row_of = pd.Series(np.arange(len(roads)), index=roads["road_id"])
    unknown = ~links["road_id"].isin(row_of.index)
    if unknown.any():
        first = links["road_id"][unknown].iloc[0]
        raise InvalidInputError("links.road_id", f"{first!r}, must be a road of the region")
    receptor = place[links["receptor"].to_numpy()]
    road = row_of.loc[links["road_id"]].to_numpy()
    places = shapely.points(points.x[receptor], points.y[receptor])
    distance = shapely.distance(places, roads.geometry.to_numpy()[road])
    street_type = links["street_type"].to_numpy()
    near = distance <= REACH[street_type]
    kept = np.flatnonzero(near)
    kept = kept[np.lexsort((road[kept], receptor[kept]))]
    counts = np.bincount(receptor[kept], minlength=points.size)
    table = StreetLinkTable(
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        road=road[kept].astype(np.int32),
        distance=distance[kept].astype(np.float32),
        street_type=street_type[kept].astype(np.int8),
        tree_factor=links["tree_factor"].to_numpy()[kept].astype(np.float32),
    )
    return table, _about_far(int((~near).sum()), len(links))


def _about_far(far: int, links: int) -> tuple[str, ...]:
    if far == 0:
        return ()
    return (f"{far} of {links} street links are longer than SRM1 holds (30 or 60 m): left out.",)


def _uses_own_points(source: RegionInput, settings: BuildSettings) -> bool:
    asked = settings.grid or settings.points or settings.extent or settings.polygon
    return source.receptors is not None and not asked and not settings.facades


def _asked_receptors(source: RegionInput, settings: BuildSettings, crs: str) -> Grid | Points:
    if settings.points is not None:
        points, _ = read_points(settings.points, crs)
        _check_near(points, source.roads)
        return points
    if settings.facades:
        return _facades(source, settings, crs)
    return regular_grid(_area(source.roads, settings, crs), settings.spacing, source.buildings)


def _facades(source: RegionInput, settings: BuildSettings, crs: str) -> Points:
    """Receptors before the facades of all buildings, or of those within the area asked for."""
    spacing, floors = settings.facade_spacing, settings.facade_floors
    points = facade_receptors(source.buildings, spacing, floors=floors)
    if settings.extent is None and settings.polygon is None:
        return points
    area = _area(source.roads, settings, crs)
    shape = box(*area) if isinstance(area, tuple) else area
    within = shapely.contains_xy(shape, points.x, points.y)
    require(bool(within.any()), "facades", "none lies in the area of the receptors")
    return selected(points, within)


def _area(
    roads: gpd.GeoDataFrame, settings: BuildSettings, crs: str
) -> Extent | shapely.Polygon | shapely.MultiPolygon:
    if settings.polygon is None:
        return _extent(roads, settings, crs)
    area = read_area(settings.polygon, crs)
    _check_overlap(area.bounds, roads, "polygon")
    return area


def _extent(roads: gpd.GeoDataFrame, settings: BuildSettings, crs: str) -> Extent:
    if settings.extent is None:
        west, south, east, north = map(float, roads.total_bounds)
        return west, south, east, north
    west, south, east, north = settings.extent
    rule = f"{settings.extent}, must be west, south, east, north"
    require(west < east and south < north, "extent", rule)
    extent = settings.extent
    if settings.extent_crs is not None:
        known_crs(settings.extent_crs, "extent_crs")
        # Densified, since a parallel is no straight line on a projected map.
        edges = shapely.segmentize(box(*extent), max(east - west, north - south) / 20)
        area = gpd.GeoSeries([edges], crs=settings.extent_crs).to_crs(crs)
        west, south, east, north = map(float, area.total_bounds)
        extent = west, south, east, north
    _check_overlap(extent, roads, "extent")
    return extent


def _check_overlap(extent: Extent, roads: gpd.GeoDataFrame, field: str) -> None:
    west, south, east, north = roads.total_bounds
    apart = (
        extent[0] > east + FARTHEST
        or extent[2] < west - FARTHEST
        or extent[1] > north + FARTHEST
        or extent[3] < south - FARTHEST
    )
    shown = ", ".join(f"{value:.0f}" for value in extent)
    bounds = f"{west:.0f}, {south:.0f}, {east:.0f}, {north:.0f}"
    rule = f"{shown} lies outside the roads ({bounds}, {roads.crs.to_string()})"
    require(not apart, field, rule)


def _check_near(points: Points, roads: gpd.GeoDataFrame) -> None:
    bounds = (points.x.min(), points.y.min(), points.x.max(), points.y.max())
    _check_overlap(bounds, roads, "receptors")
