"""Sums put together and taken apart on a GPU, a real one or a simulated one; places kept there."""

import numpy as np
import pytest
from roadside_kernels.arrays import Segments
from roadside_kernels.device_memory import lies_on_gpu, on_device, on_host, zeros_on_gpu
from roadside_kernels.launch import gpu_available
from roadside_kernels.localising import (
    FINEST,
    LARGEST,
    Placed,
    anchor_for,
    localised_on_gpu,
    whole_numbers,
)
from roadside_kernels.sums import added_on_gpu, patch_on_gpu, subtracted_on_gpu

on_any_gpu = pytest.mark.skipif(
    not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one"
)
ONE = np.array([[1, 2, 3], [10, 20, 30]], "f4")
OTHER = np.array([[0.5, 1.5, 1], [1, 2, 16]], "f4")


@on_any_gpu
def test_sums_are_added_where_they_lie():
    both = added_on_gpu(on_device(ONE), on_device(OTHER))
    assert lies_on_gpu(both)
    np.testing.assert_array_equal(on_host(both), ONE + OTHER)


@on_any_gpu
def test_a_remainder_tells_where_too_much_cancels():
    cancels = zeros_on_gpu((3,), np.bool_)
    left = subtracted_on_gpu(on_device(ONE), on_device(OTHER), cancels)
    np.testing.assert_array_equal(on_host(left), ONE - OTHER)
    assert on_host(cancels).tolist() == [False, True, True]


@on_any_gpu
def test_some_receptors_get_other_sums():
    sums = on_device(ONE.copy())
    patch_on_gpu(sums, np.array([2, 0]), on_device(OTHER[:, :2].copy()))
    np.testing.assert_array_equal(on_host(sums), [[1.5, 2, 0.5], [2, 20, 1]])


@on_any_gpu
def test_places_far_from_the_regions_corner_are_as_exact_as_near_it():
    random = np.random.default_rng(3)
    west, south = 104_000.0, 193_000.0
    x, y = west + 250_000 + random.uniform(0, 5000, (2, 4)), south + random.uniform(0, 5000, (2, 4))
    anchor = anchor_for(west, south, 255_000.0)
    units = [whole_numbers(place, start, anchor.unit) for place, start in zip(
        (x[0], y[0], x[1], y[1]), (west, south, west, south), strict=True
    )]  # fmt: skip
    corner = (west + 251_234.5, south + 1000.25)
    found = localised_on_gpu(Placed(*units, np.arange(4, dtype="i4")), anchor, *corner)
    exact = (x[0] - corner[0], y[0] - corner[1], x[1] - corner[0], y[1] - corner[1])
    for place, expected in zip(Segments(*map(on_host, found))[:4], exact, strict=True):
        # Half a unit for the place and for the corner; then the rounding of float32 over 5 km.
        np.testing.assert_allclose(place, expected, rtol=0, atol=FINEST + 3e-4)
    assert on_host(found.road).tolist() == [0, 1, 2, 3]


def test_units_grow_with_the_region():
    assert anchor_for(0.0, 0.0, 50_000.0).unit == FINEST
    wide = anchor_for(0.0, 0.0, 3_000_000.0)
    assert 3_000_000.0 / wide.unit <= LARGEST
    assert np.log2(wide.unit) % 1 == 0
