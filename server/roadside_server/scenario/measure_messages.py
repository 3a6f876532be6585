"""Reads the measures of a request for ``scenario.py``: each change, and the roads it is for."""

import math
from collections.abc import Callable, Iterable
from typing import cast

import numpy as np
from roadside.v1 import scenario_pb2

from roadside_server.emissions.cnossos_tables import surface_ids
from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import AIR_CLASSES, POLLUTANTS, VEHICLE_CLASSES, Region
from roadside_server.scenario import measures as changes
from roadside_server.scenario.measures import Change, Measure, Rows
from roadside_server.scenario.selection import (
    all_roads,
    roads_by_id,
    roads_by_value,
    roads_in_polygon,
)

#: More than any road carries: 10 lanes at 2,400 vehicles an hour for 24 hours.
MAX_VEHICLES_PER_DAY = 600_000.0
MAX_FACTOR = 100.0
MAX_SPEED = 150.0  # km/h

#: Pollutants that a factor of a low-emission zone multiplies, by quantity; NO2 is part of NOx.
ZONE_POLLUTANTS: dict[str, tuple[str, ...]] = {
    "": POLLUTANTS,
    "nox": ("nox", "no2"),
    "no2": ("no2",),
    "pm10": ("pm10",),
    "pm25": ("pm25",),
    "ec": ("ec",),
}


def read_measure(message: scenario_pb2.Measure, region: Region, field: str) -> Measure:
    """Check one measure; ``field`` is its path in the request."""
    kind = message.WhichOneof("change")
    if kind is None:
        known = [f.name for f in message.DESCRIPTOR.oneofs_by_name["change"].fields]
        raise InvalidInputError(field, f"has no change; one of {', '.join(known)} is needed")
    change = _CHANGES[kind](getattr(message, kind), f"{field}.{kind}")
    return Measure(change, _roads(message, region, f"{field}.roads"))


def _roads(message: scenario_pb2.Measure, region: Region, field: str) -> Rows:
    """Rows of the roads that a measure changes."""
    if not message.HasField("roads"):
        return all_roads(region)
    selection = message.roads
    match selection.WhichOneof("by"):
        case "ids":
            return roads_by_id(region, selection.ids.ids, f"{field}.ids")
        case "polygon":
            ring = [(corner.x, corner.y) for corner in selection.polygon.ring]
            corners = np.array(ring, dtype=np.float64).reshape(-1, 2)
            return roads_in_polygon(region, corners, selection.polygon.crs, f"{field}.polygon")
        case "classes":
            values = selection.classes.classes
            return roads_by_value(region, "road_class", values, f"{field}.classes")
        case "names":
            return roads_by_value(region, "name", selection.names.names, f"{field}.names")
    raise InvalidInputError(field, "says not how: ids, polygon, classes or names is needed")


def _close(_message: scenario_pb2.Close, _field: str) -> Change:
    return changes.Close()


def _set_volumes(message: scenario_pb2.SetVolumes, field: str) -> Change:
    """Volumes of classes, each named once."""
    field = f"{field}.volumes"
    require(len(message.volumes) > 0, field, "is empty; at least one class is needed")
    volumes: dict[str, float] = {}
    for i, entry in enumerate(message.volumes):
        vehicle = _vehicle(entry.vehicle_class, f"{field}[{i}]")
        require(bool(vehicle), f"{field}[{i}].vehicle_class", "is missing")
        _once(vehicle, volumes, f"{field}[{i}].vehicle_class")
        limits = (0.0, MAX_VEHICLES_PER_DAY)
        require_between(
            entry.vehicles_per_day, f"{field}[{i}].vehicles_per_day", *limits, "vehicles a day"
        )
        volumes[vehicle] = entry.vehicles_per_day
    return changes.SetVolumes(volumes)


def _scale_volumes(message: scenario_pb2.ScaleVolumes, field: str) -> Change:
    """One factor for each class; a factor for every class multiplies those of single classes."""
    field = f"{field}.factors"
    require(len(message.factors) > 0, field, "is empty; at least one is needed")
    asked: dict[str, float] = {}
    for i, entry in enumerate(message.factors):
        vehicle = _vehicle(entry.vehicle_class, f"{field}[{i}]")
        _once(vehicle, asked, f"{field}[{i}].vehicle_class")
        require_between(entry.factor, f"{field}[{i}].factor", 0.0, MAX_FACTOR, "")
        asked[vehicle] = entry.factor
    every = asked.pop("", None)
    named = (
        VEHICLE_CLASSES if every is not None else tuple(v for v in VEHICLE_CLASSES if v in asked)
    )
    base = 1.0 if every is None else every
    return changes.ScaleVolumes({vehicle: base * asked.get(vehicle, 1.0) for vehicle in named})


def _set_speed(message: scenario_pb2.SetSpeed, field: str) -> Change:
    speed = message.speed
    rule = f"{speed} km/h, must be above 0 and at most {MAX_SPEED:g}"
    require(0.0 < speed <= MAX_SPEED, f"{field}.speed", rule)
    return changes.SetSpeed(speed)


def _low_emission_zone(message: scenario_pb2.LowEmissionZone, field: str) -> Change:
    """Factors by class and pollutant; entries that overlap multiply one another."""
    field = f"{field}.factors"
    require(len(message.factors) > 0, field, "is empty; at least one is needed")
    factors: dict[tuple[str, str], float] = {}
    asked: dict[tuple[str, str], float] = {}
    for i, entry in enumerate(message.factors):
        vehicle = _exhaust_class(entry.vehicle_class, f"{field}[{i}]")
        quantity = _zone_quantity(entry.quantity, f"{field}[{i}].quantity")
        _once((vehicle, quantity), asked, f"{field}[{i}]")
        require_between(entry.factor, f"{field}[{i}].factor", 0.0, MAX_FACTOR, "")
        asked[vehicle, quantity] = entry.factor
        for key in _pairs([vehicle] if vehicle else AIR_CLASSES, ZONE_POLLUTANTS[quantity]):
            factors[key] = factors.get(key, 1.0) * entry.factor
    return changes.LowEmissionZone(factors)


def _set_surface(message: scenario_pb2.SetSurface, field: str) -> Change:
    known = surface_ids()
    rule = f"{message.surface!r} is not in CNOSSOS-EU Table F-4: {', '.join(known)}"
    require(message.surface in known, f"{field}.surface", rule)
    return changes.SetSurface(message.surface)


_CHANGES: dict[str, Callable[..., Change]] = {
    "close": _close,
    "set_volumes": _set_volumes,
    "scale_volumes": _scale_volumes,
    "set_speed": _set_speed,
    "low_emission_zone": _low_emission_zone,
    "set_surface": _set_surface,
}


def _vehicle(value: int, field: str) -> str:
    return enumerated(value, scenario_pb2.VehicleClass, "VEHICLE_CLASS_", f"{field}.vehicle_class")


def _exhaust_class(value: int, field: str) -> str:
    """A class with exhaust factors; empty for every class."""
    vehicle = _vehicle(value, field)
    rule = f"{vehicle} has no exhaust factors; those with: {', '.join(AIR_CLASSES)}"
    require(vehicle in {"", *AIR_CLASSES}, f"{field}.vehicle_class", rule)
    return vehicle


def _zone_quantity(value: int, field: str) -> str:
    quantity = enumerated(value, scenario_pb2.Quantity, "QUANTITY_", field)
    rule = f"{quantity} is not emitted by vehicles; one of {', '.join(POLLUTANTS)} is needed"
    require(quantity in ZONE_POLLUTANTS, field, rule)
    return quantity


def _pairs(vehicles: Iterable[str], pollutants: Iterable[str]) -> list[tuple[str, str]]:
    return [(vehicle, pollutant) for vehicle in vehicles for pollutant in pollutants]


def _once(key: object, seen: Iterable[object], field: str) -> None:
    require(key not in set(seen), field, "is named twice; once is allowed")


def require_between(value: float, field: str, least: float, most: float, unit: str) -> None:
    """Refuse NaN, infinity and anything outside the limits."""
    allowed = math.isfinite(value) and least <= value <= most
    shown = f"{value} {unit}".strip()
    require(allowed, field, f"{shown}, must be {least:g} to {most:g}")


def enumerated(value: int, enumeration: object, prefix: str, field: str) -> str:
    """Name in lower case without its prefix; empty if unspecified."""
    known = cast("dict[int, str]", {v: k for k, v in enumeration.items()})  # type: ignore[attr-defined]
    rule = f"{value} is not known; known are {', '.join(list(known.values())[1:])}"
    require(value in known, field, rule)
    name = known[value].removeprefix(prefix).lower()
    return "" if name == "unspecified" else name
