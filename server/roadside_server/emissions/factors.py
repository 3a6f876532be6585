"""Emission factors of vehicles by year, class and speed class: packaged tables or a user's own.

docs/emissions.md describes the columns, the packaged sets and the rules below.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from roadside_server.emissions.factor_file import read_factor_table
from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import AIR_CLASSES, POLLUTANTS, Float64

#: Streets and rural roads: b rural, c urban normal, d urban stagnating, e urban free flow.
STREET_CLASSES = ("b", "c", "d", "e")
#: Speed limits (km/h) of the motorway columns, without and with strict enforcement.
MOTORWAY_LIMITS = (80.0, 100.0, 120.0, 130.0)
STRICT_LIMITS = (80.0, 100.0)
MOTORWAY_CLASSES = (
    *(f"motorway_{limit:.0f}" for limit in MOTORWAY_LIMITS),
    *(f"motorway_{limit:.0f}_strict" for limit in STRICT_LIMITS),
    "motorway_congested",
)
FACTOR_CLASSES = (*STREET_CLASSES, *MOTORWAY_CLASSES)

_FOLDER = Path(__file__).parent
_EC_RULE = (
    "The Dutch sheets have no elemental carbon: it is their PM2.5 times the share of elemental "
    "carbon in PM2.5 of CAR-Vlaanderen 3.0 (motorways: of rural roads; congested: of stagnating "
    "traffic)."
)
_DESCRIPTIONS = {
    "nl-2015": (
        "Emission factors: Dutch sheets of March 2015 (streets) and March 2016 (motorways), "
        f"linear between their years. {_EC_RULE}"
    ),
    "flanders-carvl3": (
        "Emission factors: CAR-Vlaanderen 3.0 (2015, 2020, 2025, 2030), linear between its years; "
        f"motorways: the Dutch sheet of March 2016. {_EC_RULE}"
    ),
}
#: Packaged sets.
FACTOR_SETS = tuple(_DESCRIPTIONS)


@dataclass(frozen=True, slots=True, eq=False)
class YearFactors:
    """Emission factors of one year."""

    name: str
    year: int
    #: g/km; (pollutants, AIR_CLASSES, FACTOR_CLASSES); NaN where the set has none.
    values: Float64

    def of_class(self, speed_class: str) -> Float64:
        """Factors (g/km) of one speed class; (pollutants, AIR_CLASSES)."""
        factors: Float64 = self.values[:, :, FACTOR_CLASSES.index(speed_class)]
        return factors


@dataclass(frozen=True, slots=True, eq=False)
class EmissionFactors:
    """Emission factors of several years."""

    name: str
    description: str  # in words, for the stamp
    years: tuple[int, ...]  # ascending
    #: g/km; (years, pollutants, AIR_CLASSES, FACTOR_CLASSES); NaN where the set has none.
    values: Float64

    def at(self, year: int) -> YearFactors:
        """Factors of one year, linear between the years of the table."""
        first, last = self.years[0], self.years[-1]
        if not first <= year <= last:
            rule = f"{year}, must be {first} to {last} with the emission factors {self.name}"
            raise InvalidInputError("year", rule)
        flat = self.values.reshape(len(self.years), -1)
        columns = [_at_year(year, self.years, column) for column in flat.T]
        return YearFactors(self.name, year, np.array(columns).reshape(self.values.shape[1:]))


def load_factors(path: Path | None = None, name: str = "nl-2015") -> EmissionFactors:
    """A user's own factors from a CSV file, or a packaged set by name."""
    if path is None:
        known = f"{name!r}, must be one of {', '.join(FACTOR_SETS)}"
        require(name in FACTOR_SETS, "factors", known)
        return _packaged(name)
    table = read_factor_table(path, AIR_CLASSES, FACTOR_CLASSES)
    description = f"Emission factors: {path.name}, given by the user; linear between its years."
    return factors_of_table(path.stem, description, table)


def named_factors(factors: str) -> EmissionFactors:
    """A packaged set by name, or a user's own CSV file by its path."""
    return load_factors(name=factors) if factors in FACTOR_SETS else load_factors(Path(factors))


@cache
def _packaged(name: str) -> EmissionFactors:
    table = _read_packaged("exhaust_factors_dutch.csv")
    if name == "flanders-carvl3":
        # CAR-Vlaanderen has no motorways.
        motorways = table[table["speed_class"].isin(MOTORWAY_CLASSES)]
        table = pd.concat([_read_packaged("exhaust_factors_flemish.csv"), motorways])
    return factors_of_table(name, _DESCRIPTIONS[name], table)


def _read_packaged(name: str) -> pd.DataFrame:
    return read_factor_table(_FOLDER / name, AIR_CLASSES, FACTOR_CLASSES)


def factors_of_table(name: str, description: str, table: pd.DataFrame) -> EmissionFactors:
    """Factors of a table: year, vehicle_class, speed_class and POLLUTANTS (g/km)."""
    years = tuple(sorted({int(year) for year in table["year"]}))
    shape = (len(years), len(AIR_CLASSES), len(FACTOR_CLASSES), len(POLLUTANTS))
    values = np.full(shape, np.nan)
    place = (
        [years.index(year) for year in table["year"]],
        [AIR_CLASSES.index(vehicle) for vehicle in table["vehicle_class"]],
        [FACTOR_CLASSES.index(speed) for speed in table["speed_class"]],
    )
    values[place] = table[list(POLLUTANTS)].to_numpy(np.float64)
    values = np.moveaxis(values, 3, 1)
    return EmissionFactors(name, description, years, _with_motorway_buses(values))


def _with_motorway_buses(values: Float64) -> Float64:
    """On motorways a bus emits as a medium vehicle, which includes buses, unless it has factors."""
    bus, medium = AIR_CLASSES.index("bus"), AIR_CLASSES.index("medium")
    motorway = slice(len(STREET_CLASSES), None)
    missing = np.isnan(values[:, :, bus, motorway])
    filled = np.where(missing, values[:, :, medium, motorway], values[:, :, bus, motorway])
    values = values.copy()
    values[:, :, bus, motorway] = filled
    return values


def _at_year(year: int, years: tuple[int, ...], column: Float64) -> float:
    """Linear between the years that have a value; NaN outside them."""
    known = ~np.isnan(column)
    if not known.any():
        return np.nan
    at = np.interp(year, np.array(years)[known], column[known], left=np.nan, right=np.nan)
    return float(at)
