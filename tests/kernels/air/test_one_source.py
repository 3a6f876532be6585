"""The promises of one source: single precision on the GPU, the same numbers on both processors."""

from types import SimpleNamespace

import numpy as np
import pytest
from numba import boolean, config, cuda, float32, int8, int32, int64, types
from roadside_kernels.air import chemistry, indicators, open_road_gpu, street
from roadside_kernels.air.open_road import open_road_sums
from roadside_kernels.arrays import Receptors, Segments, StreetLinks
from roadside_kernels.launch import gpu_available, gpu_loop

SIMULATED = bool(config.ENABLE_CUDASIM)
COMPILED = not (SIMULATED or config.DISABLE_JIT)


def vector(kind, dimensions=1):
    return types.Array(kind, dimensions, "C")


F1, F2, F3 = (vector(float32, n) for n in (1, 2, 3))
I1, L1, B1 = vector(int32), vector(int64), vector(boolean)
LINKS = types.NamedTuple((L1, I1, F1), StreetLinks)
RECEPTORS = types.NamedTuple((F1, F1), Receptors)
SEGMENTS = types.NamedTuple((F1, F1, F1, F1, I1), Segments)
GIVEN = types.NamedTuple((RECEPTORS, F2, SEGMENTS, F2, I1, F2, F1, LINKS), open_road_gpu.Given)
FOUND = types.NamedTuple((F3, F2, B1, L1), open_road_gpu.Found)
MEAN = types.NamedTuple((F1,), indicators.AnnualMean)
INDICATOR = types.NamedTuple((F1,), indicators.Indicator)

POINTWISE = {
    street.dilution_at: (
        types.NamedTuple((F1, vector(int8), F1, float32), street.Canyons),
        types.NamedTuple((F1,), street.Dilutions),
    ),
    street.sums_at: (
        types.NamedTuple((L1, I1, F1, F2), street.Streets),
        types.NamedTuple((F2,), street.StreetSums),
    ),
    chemistry.annual_no2_at: (
        types.NamedTuple((F2, F2, F1, F1, F1, F2, F1), chemistry.Exhaust),
        types.NamedTuple((F1, B1), chemistry.AnnualNo2),
    ),
    indicators.pm10_days_at: (MEAN, INDICATOR),
    indicators.pm10_days_flemish_at: (MEAN, INDICATOR),
    indicators.no2_hours_at: (MEAN, INDICATOR),
}


@pytest.fixture
def hopper(monkeypatch):
    """Compile for an H100 although none is here."""
    pytest.importorskip("numba_cuda", reason="numba-cuda, which compiles PTX, is not installed")
    device = SimpleNamespace(compute_capability=(9, 0))
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: device)


def double_precision(kernel, signature):
    ptx, _ = cuda.compile_ptx(kernel.py_func, signature, cc=(9, 0), fastmath=True)
    return [line for line in ptx.splitlines() if ".f64" in line and ".reg" not in line]


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled in this mode")
@pytest.mark.usefixtures("hopper")
@pytest.mark.parametrize("formula", POINTWISE, ids=lambda formula: formula.__name__)
def test_pointwise_formulas_use_no_double_precision_on_the_gpu(formula):
    assert double_precision(gpu_loop(formula), (int64, *POINTWISE[formula])) == []


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled in this mode")
@pytest.mark.usefixtures("hopper")
@pytest.mark.parametrize("sectors", [12, 36])
def test_open_roads_use_no_double_precision_on_the_gpu(sectors):
    kernel = open_road_gpu.open_road_kernel(sectors)
    assert double_precision(kernel, (float32, GIVEN, FOUND)) == []


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled in this mode")
@pytest.mark.usefixtures("hopper")
def test_sums_by_sector_stay_out_of_local_memory():
    kernel = open_road_gpu.open_road_kernel(12)
    ptx, _ = cuda.compile_ptx(kernel.py_func, (float32, GIVEN, FOUND), cc=(9, 0), fastmath=True)
    assert ".local" not in ptx


@pytest.mark.skipif(not (SIMULATED or gpu_available()), reason="no GPU, and none is simulated")
def test_gpu_equals_cpu(open_roads):
    cpu, gpu = (open_road_sums(*open_roads, max_range=900.0, device=d) for d in ("cpu", "gpu"))
    assert cpu.pairs == gpu.pairs
    for one, other in zip(cpu[:-1], gpu[:-1], strict=True):
        # Sums of float32 in another order, and a block's own order of pieces.
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(not (SIMULATED or gpu_available()), reason="no GPU, and none is simulated")
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
    cpu, gpu = (chemistry.annual_no2(*given, device=d) for d in ("cpu", "gpu"))
    np.testing.assert_allclose(cpu, gpu, rtol=1e-6)
