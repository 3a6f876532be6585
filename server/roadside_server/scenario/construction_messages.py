"""Reads barriers and buildings of a request for ``reading.py``."""

from collections.abc import Callable, Iterable

import numpy as np
from roadside.v1 import scenario_pb2

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Float64, Region
from roadside_server.scenario.construction import (
    Barrier,
    Building,
    Construction,
    Rows,
    buildings_at,
    buildings_in,
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
            found = _at_points(asked.points, region, so_far, f"{field}.points")
        case "polygon":
            found = _in_polygon(asked.polygon, region, so_far, f"{field}.polygon")
        case _:
            raise InvalidInputError(field, "says not which: points or polygon is needed")
    return without_buildings(region, so_far, found)


def _at_points(
    asked: scenario_pb2.Points, region: Region, so_far: Construction, field: str
) -> Rows:
    places = points_of(_array(asked.points), asked.crs, region, field)
    place, found = buildings_at(region, so_far, places)
    for i in np.setdiff1d(np.arange(places.size), place)[:1]:
        rule = f"no building at ({places[i].x:.1f}, {places[i].y:.1f}) in {region.crs}"
        raise InvalidInputError(f"{field}.points[{i}]", rule)
    return found


def _in_polygon(
    asked: scenario_pb2.Polygon, region: Region, so_far: Construction, field: str
) -> Rows:
    area = polygon_of(_array(asked.ring), asked.crs, region, field)
    found = buildings_in(region, so_far, area)
    require(found.size > 0, field, "no building has its centre of gravity inside")
    return found


_READ: dict[str, Read] = {
    "add_barrier": _add_barrier,
    "add_building": _add_building,
    "remove_building": _remove_building,
}


def _array(points: Iterable[scenario_pb2.Point]) -> Float64:
    return np.array([(point.x, point.y) for point in points], dtype=np.float64).reshape(-1, 2)
