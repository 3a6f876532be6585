"""What is drawn beside the values: streets, what the scenario changes on them, buildings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from roadside.v1.region_service_pb2 import Road
from roadside.v1.scenario_pb2 import Measure, Point, RoadSelection, Scenario

Line = NDArray[np.float64]  # (corners, 2): x, y (m) in the region's CRS

#: Projects (x, y) of a CRS, "EPSG:4326", to the region's own.
Projection = Callable[[Line, str], Line]


@dataclass(frozen=True, slots=True)
class Zone:
    """An area in which a measure holds."""

    label: str  # "30 km/h zone"
    ring: Line


@dataclass(frozen=True, slots=True)
class MapFeatures:
    """Lines and areas of a map (m, the region's CRS)."""

    streets: list[Line] = field(default_factory=list)
    closed: list[Line] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    buildings: list[Line] = field(default_factory=list)
    barriers: list[Line] = field(default_factory=list)  # that the scenario puts up
    built: list[Line] = field(default_factory=list)  # buildings that the scenario puts up


def map_features(
    roads: Iterable[Road],
    scenario: Scenario,
    projection: Projection,
    buildings: list[Line] | None = None,
) -> MapFeatures:
    """Streets of a region, those that a scenario closes, its areas, and what it puts up."""
    lines = [(road, np.array(road.line, float).reshape(-1, 2)) for road in roads]
    closures = [measure for measure in scenario.measures if measure.HasField("close")]
    closed = [
        line
        for road, line in lines
        if any(_selects(measure.roads, road, line, projection) for measure in closures)
    ]
    zones = [
        Zone(_label(measure), _ring(measure.roads, projection))
        for measure in scenario.measures
        if measure.roads.WhichOneof("by") == "polygon"
    ]
    barriers = [m.add_barrier.line for m in scenario.measures if m.HasField("add_barrier")]
    built = [m.add_building.footprint for m in scenario.measures if m.HasField("add_building")]
    return MapFeatures(
        [line for _, line in lines],
        closed,
        zones,
        buildings or [],
        [_projected(line.points, line.crs, projection) for line in barriers],
        [_projected(footprint.ring, footprint.crs, projection) for footprint in built],
    )


def middle(line: Line) -> Line:
    """The point halfway along a line."""
    lengths = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    return np.array([np.interp(along[-1] / 2, along, axis) for axis in line.T])


def is_inside(point: Line, ring: Line) -> bool:
    """Whether a point lies in a polygon: a ray from it crosses the ring an odd number of times."""
    (x, y), following = point, np.roll(ring, -1, axis=0)
    spans = (ring[:, 1] > y) != (following[:, 1] > y)
    start, end = ring[spans], following[spans]
    crossing = start[:, 0] + (y - start[:, 1]) / (end[:, 1] - start[:, 1]) * (end - start)[:, 0]
    return bool(np.count_nonzero(crossing > x) % 2)


def _selects(selection: RoadSelection, road: Road, line: Line, projection: Projection) -> bool:
    match selection.WhichOneof("by"):
        case "ids":
            return road.id in selection.ids.ids
        case "names":
            return road.street in selection.names.names
        case "classes":
            return road.road_class in selection.classes.classes
        case "polygon":
            return is_inside(middle(line), _ring(selection, projection))
        case _:
            return True


def _ring(selection: RoadSelection, projection: Projection) -> Line:
    return _projected(selection.polygon.ring, selection.polygon.crs, projection)


def _projected(points: Iterable[Point], crs: str, projection: Projection) -> Line:
    """Points in the region's CRS."""
    places = np.array([(point.x, point.y) for point in points])
    return projection(places, crs) if crs else places


def _label(measure: Measure) -> str:
    """What a measure does in its area, for a legend."""
    match measure.WhichOneof("change"):
        case "set_speed":
            return f"{measure.set_speed.speed:g} km/h zone"
        case "close":
            return "closed area"
        case "low_emission_zone":
            return "low-emission zone"
        case "set_surface":
            return f"new road surface {measure.set_surface.surface}"
        case _:
            return "changed volumes"
