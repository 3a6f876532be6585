"""Typed changes to the traffic of some roads, and what they make of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from roadside_server.region.schema import PERIOD_HOURS, PERIODS, VEHICLE_CLASSES, Float64, Region

Rows = NDArray[np.int64]

#: Speed classes whose emission factors follow the speed.
CLASSES_OF_ANY_SPEED = ("motorway", "motorway_strict")

#: Share of the day's traffic in the 12 h day, 4 h evening and 8 h night of a road without traffic
#: of a class; WG-AEN Good Practice Guide (2007), Toolkit 2: traffic flow known for 24 h only.
DEFAULT_SHARE = {"day": 0.7, "evening": 0.2, "night": 0.1}


@dataclass(frozen=True, slots=True)
class Close:
    """No vehicles at all."""


@dataclass(frozen=True, slots=True)
class SetVolumes:
    """Replaces volumes (vehicles in 24 h, both directions) of vehicle classes."""

    volumes: dict[str, float]


@dataclass(frozen=True, slots=True)
class ScaleVolumes:
    """Multiplies volumes of vehicle classes."""

    factors: dict[str, float]


@dataclass(frozen=True, slots=True)
class SetSpeed:
    """Sets the speed (km/h) of all vehicles."""

    speed: float


@dataclass(frozen=True, slots=True)
class LowEmissionZone:
    """Multiplies exhaust emission factors: by vehicle class and pollutant."""

    factors: dict[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class SetSurface:
    """Replaces the road surface (CNOSSOS-EU Table F-4)."""

    surface: str


Change = Close | SetVolumes | ScaleVolumes | SetSpeed | LowEmissionZone | SetSurface


@dataclass(frozen=True, slots=True)
class Measure:
    """One change to some roads, by their rows in the region."""

    change: Change
    roads: Rows = field(compare=False)


class Traffic(NamedTuple):
    """What drives on the roads, and how dirty it is: all that measures change."""

    roads: gpd.GeoDataFrame
    emission_scale: pd.DataFrame  # as in the region: road (row), vehicle_class, pollutant, factor


def apply_measures(region: Region, measures: Sequence[Measure]) -> Traffic:
    """The region's traffic after all measures, each on the outcome of those before it."""
    if not measures:
        return Traffic(region.roads, region.emission_scale)
    roads = region.roads.copy()
    zones = []
    for measure in measures:
        if isinstance(measure.change, LowEmissionZone):
            zones.append(_emission_scale(measure.change, measure.roads))
        else:
            _apply(measure.change, roads, measure.roads)
    return Traffic(roads, _composed(region.emission_scale, zones))


def vehicles_per_day(roads: gpd.GeoDataFrame, vehicle: str) -> Float64:
    """Vehicles of a class in 24 hours, both directions together."""
    hourly = (roads[f"volume_{vehicle}_{period}"] * PERIOD_HOURS[period] for period in PERIODS)
    return np.asarray(sum(hourly), dtype=np.float64)


def all_vehicles_per_day(roads: gpd.GeoDataFrame) -> Float64:
    """Vehicles in 24 hours, both directions together."""
    volumes = [vehicles_per_day(roads, vehicle) for vehicle in VEHICLE_CLASSES]
    return np.asarray(np.sum(volumes, axis=0), dtype=np.float64)


def lacks_rerouting(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> bool:
    """Whether roads lose all their vehicles and no road receives any."""
    was, becomes = all_vehicles_per_day(before), all_vehicles_per_day(after)
    closed = (was > 0.0) & (becomes == 0.0)
    return bool(closed.any() and not (becomes > was).any())


def _apply(change: Change, roads: gpd.GeoDataFrame, rows: Rows) -> None:
    """Change the traffic of some roads."""
    match change:
        case Close():
            _scale_volumes(roads, rows, dict.fromkeys(VEHICLE_CLASSES, 0.0))
        case SetVolumes(volumes):
            _set_volumes(roads, rows, volumes)
        case ScaleVolumes(factors):
            _scale_volumes(roads, rows, factors)
        case SetSpeed(speed):
            _set_speed(roads, rows, speed)
        case SetSurface(surface):
            _put(roads, "surface", rows, surface)


def _scale_volumes(roads: gpd.GeoDataFrame, rows: Rows, factors: dict[str, float]) -> None:
    for vehicle, factor in factors.items():
        for period in PERIODS:
            column = f"volume_{vehicle}_{period}"
            _put(roads, column, rows, roads[column].to_numpy()[rows] * factor)


def _set_volumes(roads: gpd.GeoDataFrame, rows: Rows, volumes: dict[str, float]) -> None:
    for vehicle, volume in volumes.items():
        present = vehicles_per_day(roads, vehicle)[rows]
        for period in PERIODS:
            column = f"volume_{vehicle}_{period}"
            with np.errstate(divide="ignore", invalid="ignore"):
                as_before = roads[column].to_numpy()[rows] * (volume / present)
            default = volume * DEFAULT_SHARE[period] / PERIOD_HOURS[period]
            _put(roads, column, rows, np.where(present > 0.0, as_before, default))


def _set_speed(roads: gpd.GeoDataFrame, rows: Rows, speed: float) -> None:
    """Set the speed; a speed class that was given for the old speed no longer holds."""
    rows = rows[roads["speed"].to_numpy()[rows] != speed]
    _put(roads, "speed", rows, speed)
    fixed = ~roads["speed_class"].isin(CLASSES_OF_ANY_SPEED).to_numpy()[rows]
    _put(roads, "speed_class", rows[fixed], "")


def _put(roads: gpd.GeoDataFrame, column: str, rows: Rows, values: object) -> None:
    roads.iloc[rows, roads.columns.get_loc(column)] = values


def _emission_scale(zone: LowEmissionZone, rows: Rows) -> pd.DataFrame:
    """A row for each road, vehicle class and pollutant."""
    tables = [
        pd.DataFrame(
            {"road": rows, "vehicle_class": vehicle, "pollutant": pollutant, "factor": factor}
        )
        for (vehicle, pollutant), factor in zone.factors.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _composed(region: pd.DataFrame, zones: list[pd.DataFrame]) -> pd.DataFrame:
    """The region's factors, of which the largest counts, times those of all zones."""
    if not zones:
        return region
    key = ["road", "vehicle_class", "pollutant"]
    present = [region.groupby(key)["factor"].max().reset_index()] if len(region) else []
    tables = pd.concat([*present, *zones], ignore_index=True)
    return tables.groupby(key)["factor"].prod().reset_index()
