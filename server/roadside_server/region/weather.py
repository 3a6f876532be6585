"""Annual weather by wind sector, from a CSV or assumed.

The CSV has one row a sector, the first centred on north, clockwise: where the wind comes from.

- ``direction_deg`` (degrees) or ``sector`` (0, 1, ...), to be sure of the order;
- ``frequency``: fraction of the year, all together 1;
- ``wind_speed``: effective (harmonic mean) wind speed at 10 m (m/s);
- ``mean_speed``, optional: arithmetic mean wind speed (m/s), of which SRM1 takes the average;
- ``ozone``, optional: background O3 with wind from the sector (ug/m3);
- ``favourable_day``, ``favourable_evening``, ``favourable_night``, optional: probability that
  sound coming from the sector propagates favourably.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import PERIODS, Float64, Weather

if TYPE_CHECKING:  # build.py imports this module
    from pathlib import Path

    from roadside_server.region.build import BuildSettings

SECTORS = 12
#: Wind speed (m/s) of the assumed rose: typical of 10 m height in the inland Low Countries.
ASSUMED_SPEED = 4.0
#: Probability of favourable propagation by period where none is known: European Commission
#: Working Group Assessment of Exposure to Noise, Good Practice Guide v2 (2007).
ASSUMED_FAVOURABLE = {"day": 0.5, "evening": 0.75, "night": 1.0}
#: Upper borders of the roughness classes (m) and the class values; spec of SRM2, annex 2.
ROUGHNESS_CLASSES = ((0.055, 0.03), (0.17, 0.1), (0.55, 0.3), (np.inf, 1.0))
#: Frequencies may miss 1 by their rounding: half a percent of the year.
FREQUENCY_TOLERANCE = 0.005
#: What a column may hold: lowest and highest.
RANGES = {
    "frequency": (0.0, 1.0),
    "wind_speed": (0.1, 40.0),
    "mean_speed": (0.1, 40.0),
    "ozone": (0.0, 300.0),
} | {f"favourable_{period}": (0.0, 1.0) for period in PERIODS}


def read_weather(settings: BuildSettings) -> tuple[Weather, tuple[str, ...]]:
    """The weather of a region, and what was assumed about it.

    Raises
    ------
    InvalidInputError
        The file is missing or damaged or a value breaks a rule; names file, row and column.
    """
    if settings.weather is None:
        rose, assumed = _assumed_rose(settings.sectors or SECTORS)
    else:
        rose, assumed = _read_rose(settings.weather, settings.sectors)
    favourable, more = _favourable(rose)
    frequency = rose["frequency"].to_numpy(np.float64)
    weather = Weather(
        frequency=frequency / frequency.sum(),
        speed=rose["wind_speed"].to_numpy(np.float64),
        ozone=rose["ozone"].to_numpy(np.float64),
        annual_speed=_annual_speed(rose),
        roughness=roughness_class(settings.roughness),
        local=settings.wind_local,
        favourable=favourable,
        temperature=_checked("temperature", settings.temperature, -40.0, 50.0),
        humidity=_checked("humidity", settings.humidity, 5.0, 100.0),
        ground_factor=_checked("ground_factor", settings.ground_factor, 0.0, 1.0),
    )
    return weather, assumed + more


def roughness_class(roughness: float) -> float:
    """The SRM2 class (m) that a roughness length z0 (m) falls in."""
    _checked("roughness", roughness, 1e-4, 10.0)
    return next(value for border, value in ROUGHNESS_CLASSES if roughness < border)


def _assumed_rose(sectors: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    require(4 <= sectors <= 360, "sectors", f"{sectors}, must be 4 to 360")  # noqa: PLR2004 - the rule is its own name
    rose = pd.DataFrame(
        {"frequency": 1.0 / sectors, "wind_speed": ASSUMED_SPEED, "ozone": np.nan},
        index=range(sectors),
    )
    told = f"No weather was given: wind of {ASSUMED_SPEED:g} m/s equally often from everywhere."
    return rose, (told,)


def _read_rose(path: Path, sectors: int | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    rose = _read_csv(path)
    for column in ("frequency", "wind_speed"):
        require(column in rose, f"{path.name}: {column}", "the column is missing")
    require(4 <= len(rose) <= 360, path.name, f"{len(rose)} sectors, must be 4 to 360")  # noqa: PLR2004 - the rule is its own name
    if sectors is not None:
        rule = f"{sectors}, but {path.name} has {len(rose)} rows"
        require(len(rose) == sectors, "sectors", rule)
    for column in (name for name in RANGES if name in rose):
        _check_column(rose, column, path.name)
    _check_order(rose, path.name)
    total = float(rose["frequency"].sum())
    rule = f"add up to {total:.4g}, must be 1"
    require(abs(total - 1.0) <= FREQUENCY_TOLERANCE, f"{path.name}: frequency", rule)
    return rose if "ozone" in rose else rose.assign(ozone=np.nan), ()


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, comment="#").rename(columns=str.strip)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"weather {path}", f"cannot be read: {error}") from error


def _check_column(rose: pd.DataFrame, column: str, name: str) -> None:
    low, high = RANGES[column]
    values = pd.to_numeric(rose[column], errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~((values >= low) & (values <= high)))
    if bad.size:
        raise InvalidInputError(
            f"{name} sector {bad[0]}: {column}",
            f"{rose[column].iloc[bad[0]]}, must be {low:g} to {high:g}",
        )


def _check_order(rose: pd.DataFrame, name: str) -> None:
    rows = np.arange(len(rose))
    for column, expected in (("sector", rows), ("direction_deg", rows * 360.0 / len(rose))):
        if column not in rose:
            continue
        bad = np.flatnonzero(rose[column].to_numpy() != expected)
        if bad.size:
            row = bad[0]
            raise InvalidInputError(
                f"{name} sector {row}: {column}",
                f"{rose[column].iloc[row]}, must be {expected[row]:g}: clockwise from north",
            )


def _annual_speed(rose: pd.DataFrame) -> float:
    column = "mean_speed" if "mean_speed" in rose else "wind_speed"
    return float(np.average(rose[column], weights=rose["frequency"]))


def _favourable(rose: pd.DataFrame) -> tuple[Float64, tuple[str, ...]]:
    """Probability of favourable propagation (periods, sectors), and what was assumed."""
    lacking = [period for period in PERIODS if f"favourable_{period}" not in rose]
    rows = [
        np.full(len(rose), ASSUMED_FAVOURABLE[period])
        if period in lacking
        else rose[f"favourable_{period}"].to_numpy(np.float64)
        for period in PERIODS
    ]
    shares = ", ".join(f"{ASSUMED_FAVOURABLE[period]:.0%} by {period}" for period in lacking)
    told = f"Sound propagates favourably, from every direction, {shares} of the time."
    return np.stack(rows), (told,) if lacking else ()


def _checked(field: str, value: float, low: float, high: float) -> float:
    require(low <= value <= high, field, f"{value}, must be {low:g} to {high:g}")
    return float(value)
