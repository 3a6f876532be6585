"""Each tolerance is what the module's docstring promises."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_kernels.elementary import arctan2, exp2, log2
from roadside_kernels.physics import f32, in_double

coordinates = st.floats(-1e4, 1e4, width=32)


@given(st.floats(2.0**-100, 2.0**100, width=32))
def test_log2_is_the_logarithm(x):
    assert log2(f32(x)) == pytest.approx(math.log2(x), rel=3e-7, abs=3e-7)


@given(st.floats(-100, 100, width=32))
def test_exp2_is_the_power_of_two(x):
    assert exp2(f32(x)) == pytest.approx(2.0**x, rel=3e-7)


@given(coordinates, coordinates)
def test_arctan2_is_the_angle_of_a_direction(y, x):
    if max(abs(x), abs(y)) < 1e-20:
        return
    difference = abs(float(arctan2(f32(y), f32(x))) - math.atan2(y, x))
    assert min(difference, abs(2 * math.pi - difference)) < 1e-6


def test_no_direction_has_an_angle_too():
    assert arctan2(f32(0), f32(0)) == 0


def test_in_double_precision_they_are_exact():
    assert in_double(log2)(10.0) == math.log2(10)
    assert in_double(exp2)(0.3) == math.exp2(0.3)
    assert in_double(arctan2)(1.0, -2.0) == math.atan2(1, -2)
