"""The promise of one source: the same numbers on both processors."""

import numpy as np
import pytest
from roadside_kernels.air import nitrogen, street
from roadside_kernels.air.open_road import open_road_sums
from roadside_kernels.arrays import StreetLinks
from roadside_kernels.launch import gpu_available

needs_gpu = pytest.mark.skipif(
    not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one"
)


@needs_gpu
def test_gpu_equals_cpu(open_roads):
    cpu, gpu = (open_road_sums(*open_roads, max_range=900.0, device=d) for d in ("cpu", "gpu"))
    assert cpu.pairs == gpu.pairs
    for one, other in zip(cpu[:-1], gpu[:-1], strict=True):
        # Sums of float32 in another order, and a block's own order of pieces.
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@needs_gpu
def test_street_sums_and_no2_are_the_same_on_the_gpu():
    links = StreetLinks(np.array([0, 1, 3]), np.array([0, 0, 1], "i4"), np.ones(3, "f4"))
    emission = np.arange(10, dtype="f4").reshape(5, 2)
    cpu, gpu = (street.street_sums(links, emission, device=d) for d in ("cpu", "gpu"))
    np.testing.assert_array_equal(cpu, gpu)
    ones = np.ones((3, 2), "f4")
    given = (
        30 * ones,
        5 * ones,
        20 * ones[0],
        4 * ones[0],
        ones[:, 0] / 3,
        40 * ones,
        42 * ones[0],
    )
    cpu, gpu = (nitrogen.annual_no2(*given, device=d) for d in ("cpu", "gpu"))
    np.testing.assert_allclose(cpu, gpu, rtol=1e-6)
