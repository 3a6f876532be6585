"""Which roads a measure changes: by id, polygon, class or name, to rows of the road table.

Every function names the field that is wrong.
"""

from collections.abc import Sequence

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Region
from roadside_server.scenario.measures import Rows

#: Corners of a polygon that a measure may have; more would only slow the check.
MAX_CORNERS = 10_000
MIN_CORNERS = 3


def all_roads(region: Region) -> Rows:
    """Every row."""
    return np.arange(len(region.roads), dtype=np.int64)


def roads_by_id(region: Region, ids: Sequence[str], field: str) -> Rows:
    """Rows of the roads with these ids."""
    require(bool(ids), field, "no road id given; at least one is needed")
    rows = region.roads["road_id"].reset_index(drop=True)
    row_of = dict(zip(rows, range(len(rows)), strict=True))
    return _unique([_known(row_of, road, f"{field}[{i}]") for i, road in enumerate(ids)])


def roads_by_value(region: Region, column: str, values: Sequence[str], field: str) -> Rows:
    """Rows of the roads whose class or name is one of these."""
    require(bool(values), field, f"no {_words(column)} given; at least one is needed")
    present = region.roads[column].astype(object).to_numpy()
    known = set(present)
    for i, value in enumerate(values):
        found = value in known and value != ""
        require(found, f"{field}[{i}]", f"no road of this region has {_words(column)} {value!r}")
    return np.flatnonzero(np.isin(present, list(values))).astype(np.int64)


def roads_in_polygon(region: Region, corners: NDArray[np.float64], crs: str, field: str) -> Rows:
    """Rows of the roads whose middle lies in a polygon of corners (n, 2) in a CRS."""
    ring = _checked_ring(corners, field)
    if crs:
        ring = _checked_ring(_projected(ring, crs, region.crs, field), field)
    polygon = shapely.Polygon(ring)
    _require_simple(polygon, field)
    extent = shapely.box(*region.roads.total_bounds)
    outside = f"lies outside the region, whose roads span {_bounds(extent)} in {region.crs}"
    require(polygon.intersects(extent), field, outside)
    middle = shapely.line_interpolate_point(region.roads.geometry.array, 0.5, normalized=True)
    shapely.prepare(polygon)
    rows = np.flatnonzero(shapely.intersects(polygon, middle)).astype(np.int64)
    require(rows.size > 0, field, "no road has its middle inside")
    return rows


def _known(row_of: dict[str, int], road: str, field: str) -> int:
    if road not in row_of:
        raise InvalidInputError(field, f"no road of this region has the id {road!r}")
    return row_of[road]


def _unique(rows: list[int]) -> Rows:
    return np.unique(np.array(rows, dtype=np.int64))


def _words(column: str) -> str:
    return {"road_class": "the class", "name": "the name"}[column]


def _checked_ring(corners: NDArray[np.float64], field: str) -> NDArray[np.float64]:
    """Corners of which all are finite and at least three differ."""
    require(len(corners) <= MAX_CORNERS, f"{field}.ring", f"more than {MAX_CORNERS} corners")
    for i, axis in np.argwhere(~np.isfinite(corners)):
        value = corners[i, axis]
        require(False, f"{field}.ring[{i}].{'xy'[axis]}", f"{value}, must be a finite number")
    different = len(np.unique(corners, axis=0))
    rule = f"{different} different corners, must be at least {MIN_CORNERS}"
    require(different >= MIN_CORNERS, f"{field}.ring", rule)
    return corners


def _projected(
    ring: NDArray[np.float64], crs: str, region_crs: str, field: str
) -> NDArray[np.float64]:
    """Corners in the region's CRS; a place that it cannot express is refused."""
    source = _parsed(crs, f"{field}.crs")
    _require_simple(shapely.Polygon(ring), field)
    transformer = pyproj.Transformer.from_crs(source, region_crs, always_xy=True)
    x, y = transformer.transform(ring[:, 0], ring[:, 1])
    projected = np.column_stack([x, y])
    for i in np.flatnonzero(~np.isfinite(projected).all(axis=1)):
        place = f"({ring[i, 0]}, {ring[i, 1]})"
        require(False, f"{field}.ring[{i}]", f"{place} is no place in {crs} that {region_crs} has")
    return projected


def _parsed(crs: str, field: str) -> pyproj.CRS:
    """A CRS of an authority, with two horizontal axes."""
    rule = f"{crs!r} is no coordinate reference system that PROJ knows, such as EPSG:4326"
    authority, _, code = crs.partition(":")
    require(authority.isalpha() and code.isdigit(), field, rule)
    try:
        parsed = pyproj.CRS.from_authority(authority, code)
    except pyproj.exceptions.CRSError as error:
        raise InvalidInputError(field, rule) from error
    axes = {axis.direction for axis in parsed.axis_info}
    flat = axes == {"east", "north"} and (parsed.is_geographic or parsed.is_projected)
    require(flat, field, f"{crs!r} must be geographic or projected, with an east and a north axis")
    return parsed


def _require_simple(polygon: shapely.Polygon, field: str) -> None:
    """Refuse a ring that crosses or touches itself, or has no area."""
    problem = shapely.is_valid_reason(polygon)
    require(bool(polygon.is_valid), f"{field}.ring", f"not a simple polygon: {problem}")
    require(polygon.area > 0.0, f"{field}.ring", "not a simple polygon: no area")


def _bounds(extent: shapely.Polygon) -> str:
    west, south, east, north = extent.bounds
    return f"x {west:.0f} to {east:.0f}, y {south:.0f} to {north:.0f}"
