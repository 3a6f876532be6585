"""From traffic to what it emits into the air, per metre of road.

SRM1 emission: RIVM report 2014-0127, eq. 1.10; SRM2 uses the same symbols, with congested
factors for the stagnating share.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from roadside_server.emissions.factors import (
    FACTOR_CLASSES,
    MOTORWAY_LIMITS,
    STRICT_LIMITS,
    EmissionFactors,
    YearFactors,
)
from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import (
    AIR_CLASSES,
    PERIOD_HOURS,
    POLLUTANTS,
    Float64,
)

Names = NDArray[np.object_]

#: ug/(m s) of one g/km and one vehicle a day; eq. 1.10.
MICROGRAM_PER_METRE_SECOND = 1000.0 / 86_400.0
#: Road classes that take motorway factors where the road names no speed class.
MOTORWAY_ROADS = ("motorway", "motorway_link")
#: Speed class of other roads by speed (km/h), up to and including; docs/emissions.md.
SPEED_CLASS_UP_TO = ((30.0, "c"), (np.nextafter(60.0, 0.0), "e"), (np.inf, "b"))
#: Factors of the stagnating share, by speed class.
STAGNATING_CLASS = dict.fromkeys(("b", "c", "d", "e"), "d") | dict.fromkeys(
    ("motorway", "motorway_strict"), "motorway_congested"
)


def road_exhaust(
    roads: pd.DataFrame, factors: EmissionFactors, year: int, emission_scale: pd.DataFrame
) -> Float64:
    """Emission (ug/(m s)) of every road; (pollutants, roads).

    Parameters
    ----------
    roads
        Columns of ROAD_COLUMNS; both directions together.
    emission_scale
        Columns road (row), vehicle_class, pollutant, factor; of several factors for the same
        emission the largest counts.

    Raises
    ------
    InvalidInputError
        The year is outside the table, or a road's speed class has no factors.
    """
    volumes = daily_volumes(roads)
    per_vehicle = vehicle_emissions(roads, factors.at(year), volumes > 0.0)
    per_vehicle *= scale_factors(emission_scale, len(roads))
    emission: Float64 = MICROGRAM_PER_METRE_SECOND * np.sum(per_vehicle * volumes, axis=1)
    emission *= roads["tunnel_factor"].to_numpy(np.float64)
    emission[:, roads["tunnel"].to_numpy(bool)] = 0.0
    return emission


def daily_volumes(roads: pd.DataFrame) -> Float64:
    """Vehicles a day of the classes with exhaust; (AIR_CLASSES, roads)."""
    return np.array(
        [
            sum(
                roads[f"volume_{vehicle}_{period}"].to_numpy(np.float64) * hours
                for period, hours in PERIOD_HOURS.items()
            )
            for vehicle in AIR_CLASSES
        ]
    ).reshape(len(AIR_CLASSES), len(roads))


def vehicle_emissions(
    roads: pd.DataFrame, factors: YearFactors, present: NDArray[np.bool_]
) -> Float64:
    """Emission of one vehicle (g/km), its stagnating share included; (pollutants, classes, roads).

    Classes that are not present (AIR_CLASSES, roads) need no factors and emit nothing.
    """
    classes = speed_classes(roads)
    share = [roads[f"stagnation_{vehicle}"].to_numpy(np.float64) for vehicle in AIR_CLASSES]
    moving = _moving_factors(classes, roads["speed"].to_numpy(np.float64), factors)
    emission = _mix(moving, _stagnating_factors(classes, factors), np.array(share))
    _refuse_missing(np.isnan(emission) & present, classes, factors)
    return np.where(present, emission, 0.0)


def speed_classes(roads: pd.DataFrame) -> Names:
    """Speed class of every road: its own, else by road class and speed."""
    given = roads["speed_class"].to_numpy(object)
    motorway = roads["road_class"].isin(MOTORWAY_ROADS).to_numpy()
    limits = [limit for limit, _ in SPEED_CLASS_UP_TO]
    names = np.array([name for _, name in SPEED_CLASS_UP_TO], dtype=object)
    by_speed = names[np.searchsorted(limits, roads["speed"].to_numpy(np.float64))]
    classes = np.where(given != "", given, np.where(motorway, "motorway", by_speed))
    for unknown in sorted(set(classes) - set(STAGNATING_CLASS)):
        rule = f"{unknown!r}, must be empty or one of {', '.join(STAGNATING_CLASS)}"
        raise InvalidInputError("speed_class", rule)
    return classes


def scale_factors(emission_scale: pd.DataFrame, roads: int) -> Float64:
    """Largest factor that matches an emission, 1 where none does; (pollutants, classes, roads)."""
    scale = np.full((len(POLLUTANTS), len(AIR_CLASSES), roads), np.nan)
    pollutant = [POLLUTANTS.index(name) for name in emission_scale["pollutant"]]
    vehicle = [AIR_CLASSES.index(name) for name in emission_scale["vehicle_class"]]
    road = emission_scale["road"].to_numpy(np.int64)
    place = np.ravel_multi_index(
        (np.array(pollutant, int), np.array(vehicle, int), road), scale.shape
    )
    np.fmax.at(scale.reshape(-1), place, emission_scale["factor"].to_numpy(np.float64))
    return np.where(np.isnan(scale), 1.0, scale)


def _mix(moving: Float64, stagnating: Float64, share: Float64) -> Float64:
    """(1 - FS) E + FS E_d; eq. 1.10.  A share of 0 needs no stagnating factor."""
    return np.where(share > 0.0, (1.0 - share) * moving + share * stagnating, moving)


def _stagnating_factors(classes: Names, factors: YearFactors) -> Float64:
    rows = [FACTOR_CLASSES.index(STAGNATING_CLASS[name]) for name in classes]
    stagnating: Float64 = factors.values[:, :, rows]
    return stagnating


def _moving_factors(classes: Names, speed: Float64, factors: YearFactors) -> Float64:
    """Factors (g/km) of moving traffic; (pollutants, classes, roads)."""
    moving = np.full((*factors.values.shape[:2], len(classes)), np.nan)
    for name in sorted(set(classes)):
        on = classes == name
        if name in FACTOR_CLASSES:
            moving[:, :, on] = factors.of_class(name)[:, :, None]
        else:
            moving[:, :, on] = _motorway_factors(name, speed[on], factors)
    return moving


def _motorway_factors(name: str, speed: Float64, factors: YearFactors) -> Float64:
    """Linear between the columns of the speed limits; beyond them, the outermost column."""
    strict = name == "motorway_strict"
    limits = STRICT_LIMITS if strict else MOTORWAY_LIMITS
    suffix = "_strict" if strict else ""
    columns = [FACTOR_CLASSES.index(f"motorway_{limit:.0f}{suffix}") for limit in limits]
    place = np.interp(speed, limits, np.arange(len(limits)))
    lower = np.minimum(place.astype(int), len(limits) - 2)
    values = factors.values[:, :, columns]
    share = place - lower
    factor: Float64 = (1.0 - share) * values[:, :, lower] + share * values[:, :, lower + 1]
    return factor


def _refuse_missing(missing: NDArray[np.bool_], classes: Names, factors: YearFactors) -> None:
    """Refuse where a vehicle that is there has no factor."""
    if missing.any():
        _, vehicle, road = np.argwhere(missing)[0]
        need = f"{AIR_CLASSES[vehicle]} vehicles of speed class {classes[road]!r}"
        rule = f"{factors.year}: the emission factors {factors.name} have none for {need}"
        raise InvalidInputError("year", rule)
