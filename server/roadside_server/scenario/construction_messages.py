"""Reads barriers and buildings of a request for ``reading.py``."""

from collections.abc import Callable, Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from roadside.v1 import scenario_pb2

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Float64, Region
from roadside_server.scenario.construction import (
    Barrier,
    Building,
    Construction,
    Shapes,
    standing,
    with_barrier,
    with_building,
    without_buildings,
)
from roadside_server.scenario.measure_messages import require_between
from roadside_server.scenario.places import line_of, points_of, polygon_of, require_inside

#: Height (m) and length (m) of a barrier.
BARRIER_HEIGHTS, BARRIER_LENGTHS = (0.5, 20.0), (1.0, 20_000.0)
#: Height (m) and area (m2) of a building.
BUILDING_HEIGHTS, BUILDING_AREAS = (2.0, 300.0), (1.0, 1_000_000.0)

Read = Callable[[scenario_pb2.Measure, Region, Construction, str], Construction]


def builds(message: scenario_pb2.Measure) -> bool:
    """Whether a measure changes what stands beside roads, rather than roads."""
    return message.WhichOneof("change") in _READ


def read_construction(
    message: scenario_pb2.Measure, region: Region, so_far: Construction, field: str
) -> Construction:
    """A construction after one more measure; ``field`` is its path in the request."""
    kind = str(message.WhichOneof("change"))
    rule = f"must be absent with {kind}, which stands where it is drawn"
    require(not message.HasField("roads"), f"{field}.roads", rule)
    return _READ[kind](message, region, so_far, f"{field}.{kind}")


def _add_barrier(
    message: scenario_pb2.Measure, region: Region, so_far: Construction, field: str
) -> Construction:
    asked = message.add_barrier
    line = line_of(_array(asked.line.points), asked.line.crs, region, f"{field}.line")
    require_between(line.length, f"{field}.line", *BARRIER_LENGTHS, "m long")
    require_inside(line, region, f"{field}.line")
    require_between(asked.height, f"{field}.height", *BARRIER_HEIGHTS, "m")
    require_between(asked.absorption, f"{field}.absorption", 0.0, 1.0, "")
    return with_barrier(so_far, Barrier(line, asked.height, asked.absorption))


def _add_building(
    message: scenario_pb2.Measure, region: Region, so_far: Construction, field: str
) -> Construction:
    asked, place = message.add_building, f"{field}.footprint"
    ring = _array(asked.footprint.ring)
    footprint = polygon_of(ring, asked.footprint.crs, region, place)
    require_between(footprint.area, place, *BUILDING_AREAS, "m2")
    require_inside(footprint, region, place)
    require_between(asked.height, f"{field}.height", *BUILDING_HEIGHTS, "m")
    return with_building(so_far, Building(footprint, asked.height))


def _remove_building(
    message: scenario_pb2.Measure, region: Region, so_far: Construction, field: str
) -> Construction:
    asked = message.remove_building
    match asked.WhichOneof("by"):
        case "points":
            places = points_of(
                _array(asked.points.points), asked.points.crs, region, f"{field}.points"
            )
            _require_built(standing(region, so_far), places, f"{field}.points.points")
            return without_buildings(region, so_far, lambda shapes: _around(shapes, places))
        case "polygon":
            ring = _array(asked.polygon.ring)
            area = polygon_of(ring, asked.polygon.crs, region, f"{field}.polygon")
            found = _centred_in(standing(region, so_far), area).any()
            require(bool(found), f"{field}.polygon", "no building has its centre of gravity inside")
            return without_buildings(region, so_far, lambda shapes: _centred_in(shapes, area))
    raise InvalidInputError(field, "says not which: points or polygon is needed")


_READ: dict[str, Read] = {
    "add_barrier": _add_barrier,
    "add_building": _add_building,
    "remove_building": _remove_building,
}


def _require_built(shapes: Shapes, places: Shapes, field: str) -> None:
    for i, place in enumerate(places):
        rule = f"no building at ({place.x:.1f}, {place.y:.1f})"
        require(bool(shapely.intersects(shapes, place).any()), f"{field}[{i}]", rule)


def _around(shapes: Shapes, places: Shapes) -> NDArray[np.bool_]:
    """Which shapes have any of the places inside."""
    found: NDArray[np.bool_] = shapely.intersects(shapes, shapely.multipoints(places))
    return found


def _centred_in(shapes: Shapes, area: shapely.Polygon) -> NDArray[np.bool_]:
    """Which shapes have their centre of gravity in an area."""
    found: NDArray[np.bool_] = shapely.intersects(shapely.centroid(shapes), area)
    return found


def _array(points: Iterable[scenario_pb2.Point]) -> Float64:
    return np.array([(point.x, point.y) for point in points], dtype=np.float64).reshape(-1, 2)
