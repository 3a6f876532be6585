"""Rounded values are the nearest that fit, and NaN survives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from roadside_server.computation.rounding import keep_bits

numbers = arrays(np.float32, 50, elements=st.floats(-1e6, 1e6, width=32, allow_subnormal=False))


@given(numbers, st.integers(1, 23))
def test_no_value_moves_by_more_than_half_of_its_last_bit(values, bits):
    moved = np.abs(keep_bits(values, bits).astype(np.float64) - values)
    assert (moved <= np.abs(values.astype(np.float64)) * 2.0 ** -(bits + 1)).all()


@given(numbers, st.integers(1, 22))
def test_rounding_twice_is_rounding_once(values, bits):
    once = keep_bits(values, bits)
    assert keep_bits(once, bits).tobytes() == once.tobytes()


@pytest.mark.parametrize(("value", "rounded"), [(1.25, 1.0), (1.75, 2.0), (1.26, 1.5)])
def test_half_goes_to_even(value, rounded):
    assert keep_bits(np.array([value], np.float32), 1)[0] == rounded


def test_values_that_are_no_numbers_stay():
    values = np.array([np.nan, np.inf, -np.inf], np.float32)
    np.testing.assert_array_equal(keep_bits(values, 3), values)


def test_no_bits_named_keeps_all():
    values = np.float32([1.2345678])
    assert keep_bits(values, 0) is values
