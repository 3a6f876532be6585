"""What regulations count: days of PM10 above 50 ug/m3 and hours of NO2.

Dutch: Regeling beoordeling luchtkwaliteit 2007, annex 1 (RIVM report 2014-0127, eq 1.4-1.6);
Flemish: CAR-Vlaanderen 3.0.  From annual means (ug/m3), background included.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from roadside_kernels.arrays import Float32
from roadside_kernels.launch import at_every_receptor, require_single
from roadside_kernels.physics import physics

# Days above 50 ug/m3 (eq 1.4-1.6): fewest, parabola between two means, line beyond.
FEW, FEW_UP_TO = 6.0, 16.0
MANY_FROM = 31.2
LINE_SLOPE, LINE_START = 4.6128, -108.92
SQUARE, SLOPE, MIDDLE = 0.13401, 3.9427, 35.0
# CAR-Vlaanderen 3.0: floor(0.828 exp(0.141 min(C, 34))).
FLEMISH_FACTOR, FLEMISH_POWER, FLEMISH_LIMIT = 0.828, 0.141, 34.0

# K_i (ug/m3) and M_i of the i-th highest hourly NO2, K_i + M_i C, i = 1 to 19; the law's table
# with the digits of CAR-Vlaanderen 3.0.
HOURLY_K = (
    45.1, 42.44235940093425, 40.993729501702255, 39.56432650367975, 38.7383081337687,
    38.46263118757379, 38.0907483065576, 37.78309032988125, 37.69378691726384, 37.7242848802558,
    37.78644463620956, 37.86572696385104, 37.930852831912084, 37.897206381305104,
    37.75440964018605, 37.598342494216226, 37.41836291784954, 37.351520187456074,
    37.3321305306972,
)  # fmt: skip
HOURLY_M = (
    2.88, 2.715835534522232, 2.579242727613891, 2.5105909315512993, 2.4490422066587216,
    2.38080235250114, 2.3297591786306526, 2.2908671608047615, 2.2454869190149003,
    2.202849030133484, 2.1665371562605693, 2.1341332993645, 2.102087506795705,
    2.076107529812055, 2.0575191780327233, 2.04018317744368, 2.0244835744151537,
    2.0043882762017824, 1.9841237534649745,
)  # fmt: skip
#: Hourly limit of NO2 (ug/m3).
HOURLY_LIMIT = 200.0


class AnnualMean(NamedTuple):
    """An annual mean (ug/m3) at each receptor."""

    mean: Float32


class Indicator(NamedTuple):
    """What is made of it."""

    value: Float32


@physics
def days_above(mean: float) -> float:
    """Days a year with PM10 above 50 ug/m3, from its annual mean (ug/m3); eq 1.4-1.6."""
    if mean < FEW_UP_TO:
        return FEW
    if mean > MANY_FROM:
        return LINE_SLOPE * mean + LINE_START
    above = mean - MANY_FROM
    return SQUARE * above * above + SLOPE * above + MIDDLE


@physics
def days_above_flemish(mean: float) -> float:
    """Days a year with PM10 above 50 ug/m3, from its annual mean (ug/m3); CAR-Vlaanderen."""
    capped = mean - max(mean - FLEMISH_LIMIT, 0.0)
    days = FLEMISH_FACTOR * math.exp(FLEMISH_POWER * capped)
    return days - days % 1.0


@physics
def hourly_no2(rank: int, mean: float) -> float:
    """NO2 (ug/m3) in the hour of a rank, 1 the highest to 19, from the annual mean (ug/m3)."""
    return HOURLY_K[rank - 1] + HOURLY_M[rank - 1] * mean


@physics
def hours_above(mean: float) -> float:
    """Hours a year, at most 19, with NO2 of 200 ug/m3 or more, from the annual mean (ug/m3)."""
    hours = 0.0
    for rank in range(1, 20):
        if hourly_no2(rank, mean) >= HOURLY_LIMIT:
            hours += 1.0
    return hours


@physics
def pm10_days_at(i: int, given: AnnualMean, found: Indicator) -> None:
    """Days at receptor ``i``."""
    found.value[i] = days_above(given.mean[i])


@physics
def pm10_days_flemish_at(i: int, given: AnnualMean, found: Indicator) -> None:
    """Days at receptor ``i``, Flemish formula."""
    found.value[i] = days_above_flemish(given.mean[i])


@physics
def no2_hours_at(i: int, given: AnnualMean, found: Indicator) -> None:
    """Hours at receptor ``i``."""
    found.value[i] = hours_above(given.mean[i])


def pm10_days(mean: Float32) -> Float32:
    """Days a year with PM10 above 50 ug/m3 at each receptor; Dutch."""
    return _everywhere(pm10_days_at, mean)


def pm10_days_flemish(mean: Float32) -> Float32:
    """Days a year with PM10 above 50 ug/m3 at each receptor; Flemish."""
    return _everywhere(pm10_days_flemish_at, mean)


def no2_hours(mean: Float32) -> Float32:
    """Hours a year with NO2 of 200 ug/m3 or more at each receptor; 19 means 19 or more."""
    return _everywhere(no2_hours_at, mean)


def _everywhere(formula: Callable[..., None], mean: Float32) -> Float32:
    require_single(mean=mean)
    found = Indicator(np.empty(mean.size, np.float32))
    at_every_receptor(formula, mean.size, AnnualMean(np.ascontiguousarray(mean)), found)
    return found.value
