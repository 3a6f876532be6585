"""Places that a request names: points, lines and polygons, in the region's CRS.

Every function names the field that is wrong.
"""

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Float64, Grid, Region

#: Points that a place may have; more would only slow the check.
MAX_POINTS = 10_000
#: Different points that make a polygon, and a line.
MIN_CORNERS, MIN_ENDS = 3, 2
#: What is built may stand this far (m) outside the box of roads and receptors.
MARGIN = 100.0


def polygon_of(corners: Float64, crs: str, region: Region, field: str) -> shapely.Polygon:
    """A simple polygon from its corners (n, 2)."""
    field_of_corners = f"{field}.ring"
    _require_points(corners, MIN_CORNERS, "corners", field_of_corners)
    if crs:
        _require_simple(shapely.Polygon(corners), field_of_corners)
    ring = _in_region(corners, crs, region, field, "ring")
    _require_points(ring, MIN_CORNERS, "corners", field_of_corners)
    polygon = shapely.Polygon(ring)
    _require_simple(polygon, field_of_corners)
    return polygon


def line_of(points: Float64, crs: str, region: Region, field: str) -> shapely.LineString:
    """A line that does not cross itself, from its points (n, 2); repeated points count once."""
    _require_points(points, MIN_ENDS, "points", f"{field}.points")
    places = _in_region(points, crs, region, field, "points")
    moves = np.concatenate([[True], (places[1:] != places[:-1]).any(axis=1)])
    line = shapely.LineString(places[moves])
    require(bool(line.is_simple), f"{field}.points", "the line crosses itself")
    return line


def points_of(points: Float64, crs: str, region: Region, field: str) -> NDArray[np.object_]:
    """Single places (n, 2); at least one."""
    _require_points(points, 1, "points", f"{field}.points")
    places: NDArray[np.object_] = shapely.points(_in_region(points, crs, region, field, "points"))
    return places


def require_inside(place: shapely.Geometry, region: Region, field: str) -> None:
    """Refuse what lies outside the region's roads and receptors and a margin, even in part."""
    extent = _extent(region)
    rule = f"lies outside the region, which spans {bounds_text(extent)} in {region.crs}"
    require(bool(shapely.covers(extent, place)), field, rule)


def bounds_text(extent: shapely.Polygon) -> str:
    """A box in words."""
    west, south, east, north = extent.bounds
    return f"x {west:.0f} to {east:.0f}, y {south:.0f} to {north:.0f}"


def _extent(region: Region) -> shapely.Polygon:
    """Box of the roads and the receptors, and a margin."""
    receptors = region.receptors
    if isinstance(receptors, Grid):
        x = np.array([receptors.west, receptors.west + receptors.spacing * receptors.columns])
        y = np.array([receptors.south, receptors.south + receptors.spacing * receptors.rows])
    else:
        x, y = receptors.x, receptors.y
    west, south, east, north = region.roads.total_bounds
    places = shapely.box(
        min(west, x.min()), min(south, y.min()), max(east, x.max()), max(north, y.max())
    )
    return places.buffer(MARGIN, join_style="mitre")


def _require_points(points: Float64, least: int, word: str, field: str) -> None:
    """Refuse too many points, points that are not finite, and too few different ones."""
    require(len(points) <= MAX_POINTS, field, f"more than {MAX_POINTS} {word}")
    for i, axis in np.argwhere(~np.isfinite(points)):
        value = points[i, axis]
        require(False, f"{field}[{i}].{'xy'[axis]}", f"{value}, must be a finite number")
    different = len(np.unique(points, axis=0))
    rule = f"{different} different {word}, must be at least {least}"
    require(different >= least, field, rule)


def _in_region(points: Float64, crs: str, region: Region, field: str, name: str) -> Float64:
    """Points in the region's CRS; a place that it cannot express is refused."""
    if not crs:
        return points
    source = _parsed(crs, f"{field}.crs")
    transformer = pyproj.Transformer.from_crs(source, region.crs, always_xy=True)
    x, y = transformer.transform(points[:, 0], points[:, 1])
    projected = np.column_stack([x, y])
    for i in np.flatnonzero(~np.isfinite(projected).all(axis=1)):
        place = f"({points[i, 0]}, {points[i, 1]})"
        rule = f"{place} is no place in {crs} that {region.crs} has"
        raise InvalidInputError(f"{field}.{name}[{i}]", rule)
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
    require(bool(polygon.is_valid), field, f"not a simple polygon: {problem}")
    require(polygon.area > 0.0, field, "not a simple polygon: no area")
