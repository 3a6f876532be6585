"""How exhaust of open roads spreads: a dilution curve for each, with and without new barriers."""

from typing import NamedTuple

import numpy as np
from roadside_kernels.air.plume import DilutionCurves, dilution_curves
from roadside_kernels.arrays import Int32

from roadside_server.computation.barriers import Screened
from roadside_server.computation.methods import Methods
from roadside_server.computation.open_roads import Courses
from roadside_server.computation.sources import chosen, initial_dispersion, together
from roadside_server.region.schema import Float64, Region


class Spread(NamedTuple):
    """How exhaust of the region's open roads spreads."""

    curves: DilutionCurves
    curve_of_road: Int32


def spread_of(region: Region, methods: Methods) -> Spread:
    """Dilution curves of every initial dispersion that the region's roads have."""
    sigma, curve_of_road = np.unique(initial_dispersion(region.roads), return_inverse=True)
    return Spread(_curves(sigma, region, methods), curve_of_road.astype(np.int32))


def with_screened(
    spread: Spread, courses: Courses, screened: Screened, region: Region, methods: Methods
) -> tuple[DilutionCurves, Courses]:
    """Curves and stretches with new barriers: the region's own curves first, in their order."""
    if not screened.road.any():
        return spread.curves, courses
    sigma, curve = np.unique(screened.sigma, return_inverse=True)
    own, wider = spread.curves, _curves(sigma, region, methods)
    rows = np.flatnonzero(~screened.road[courses.stretches.road])
    stretches = together(chosen(courses.stretches, rows), screened.stretches)
    curve_of = np.concatenate([courses.curve[rows], len(own.coefficients) + curve])
    coefficients = np.concatenate([own.coefficients, wider.coefficients])
    curves = DilutionCurves(coefficients, max(own.error, wider.error))
    return curves, Courses(stretches, curve_of.astype(np.int32))


def _curves(sigma: Float64, region: Region, methods: Methods) -> DilutionCurves:
    """Dilution curves of initial dispersions (m)."""
    return dilution_curves(
        sigma,
        region.weather.roughness,
        local_wind=region.weather.local,
        height=region.receptor_height_air,
        max_range=methods.open_road_range,
    )
