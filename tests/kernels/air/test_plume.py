import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_kernels.air.plume import (
    TOLERANCE,
    dilution,
    dilution_curves,
    fitted_dilution,
    roughness_class,
    wind_correction,
)
from roadside_kernels.physics import f32, in_double


@pytest.mark.parametrize("roughness", [0.03, 0.1, 0.3, 1.0])
def test_curves_follow_the_formula(roughness):
    curves = dilution_curves([1.5, 2.5, 3.0, 9.0], roughness)
    assert curves.error < TOLERANCE
    terrain = roughness_class(roughness)
    site = (terrain.length, terrain.obukhov, terrain.calibration, terrain.a, terrain.b)
    for distance in (3.5, 20.0, 400.0, 5000.0):
        exact = in_double(dilution)(distance, 2.5, 1.5, *site)
        fitted = fitted_dilution(f32(distance * distance), tuple(curves.coefficients[1]))
        assert fitted == pytest.approx(exact, rel=TOLERANCE)


def test_a_curve_that_misses_the_formula_is_refused():
    with pytest.raises(ValueError, match="relative error"):
        dilution_curves([0.01], 1.0)


def test_wind_at_ten_metres_needs_no_correction():
    assert in_double(wind_correction)(10 / 0.75, 0.3, 100.0) == pytest.approx(1, abs=1e-12)


@given(st.floats(4, 4000), st.floats(1.5, 10))
def test_dilution_falls_with_distance_and_with_initial_spread(distance, initial):
    site = (0.3, 100.0, 0.717, 0.3613, 0.668)
    here = in_double(dilution)(distance, initial, 0.0, *site)
    assert in_double(dilution)(distance * 1.1, initial, 0.0, *site) < here
    assert in_double(dilution)(distance, initial * 1.1, 0.0, *site) < here


@pytest.mark.parametrize(
    ("length", "expected"), [(0.0002, 0.03), (0.055, 0.10), (0.17, 0.30), (0.5, 0.30), (0.55, 1.0)]
)
def test_roughness_lengths_fall_in_the_classes_of_the_law(length, expected):
    assert roughness_class(length).length == expected


def test_local_wind_needs_no_roughness_correction():
    local, schiphol = (dilution_curves(3.0, 0.1, local_wind=w).coefficients for w in (True, False))
    # C_meteo is 0.712 of local wind and 0.705 of Schiphol's; curves are logarithms to base 2.
    assert (schiphol - local)[0, 0] == pytest.approx(np.log2(0.712 / 0.705), abs=1e-5)
