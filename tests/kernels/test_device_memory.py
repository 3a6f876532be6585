"""Arrays that lie on a GPU, a real one or a simulated one, are computed with and left there."""

import numpy as np
import pytest
from numba import cuda
from roadside_kernels.air.nitrogen import annual_no2
from roadside_kernels.air.open_road import open_road_sums
from roadside_kernels.air.street import street_sums
from roadside_kernels.arrays import BLOCK, Receptors, Segments, StreetLinks
from roadside_kernels.blocks import boxes_beside
from roadside_kernels.device_memory import lies_on_gpu, on_device, on_host
from roadside_kernels.launch import gpu_available
from roadside_kernels.noise.flat_ground import flat_ground
from roadside_kernels.noise.line import line_noise

from tests.kernels.air.conftest import CURVES, OpenRoads, wind_rose

pytestmark = pytest.mark.skipif(
    not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one"
)


def few_roads(receptors=20, segments=9):
    """Receptors and roads within half a kilometre."""
    random = np.random.default_rng(5)
    x, y = random.uniform(0, 200, (2, receptors)).astype("f4")
    ends = random.uniform(-300, 500, (2, segments)).astype("f4")
    along = random.uniform(-25, 25, (2, segments)).astype("f4")
    road = np.arange(segments, dtype="i4")
    return Receptors(x, y), Segments(*ends, *(ends + along), road)


def assert_same(on_gpu, on_cpu):
    """Sums of float32 in another order."""
    assert lies_on_gpu(on_gpu)
    np.testing.assert_allclose(on_host(on_gpu), on_cpu, rtol=1e-5, atol=1e-6)


def test_sums_of_open_roads_stay_on_the_gpu_with_their_receptors():
    receptors, segments = few_roads()
    emission = np.full((5, 9), 50, "f4")
    roads = OpenRoads(receptors, segments, emission, np.zeros(9, "i4"), CURVES, wind_rose())
    there = roads._replace(receptors=on_device(receptors), segments=on_device(segments))
    on_gpu, on_cpu = open_road_sums(*there), open_road_sums(*roads)
    for one, other in zip(on_gpu[:-1], on_cpu[:-1], strict=True):
        assert_same(one, other)
    assert on_gpu.pairs == on_cpu.pairs


def test_energies_stay_on_the_gpu_with_their_receptors():
    receptors, segments = few_roads()
    power = np.random.default_rng(2).uniform(1e7, 1e9, (3, 8, 9)).astype("f4")
    weather = {"temperature": 10.0, "humidity": 70.0, "favourable": np.full((3, 1), 0.5)}
    transfer = flat_ground(receptor_height=4.0, ground_factor=0.5, reach=400.0, **weather)
    there = line_noise(on_device(receptors), segments, on_device(power), transfer, max_range=400.0)
    here = line_noise(receptors, segments, power, transfer, max_range=400.0)
    assert_same(there.energy, here.energy)
    assert there.pairs == here.pairs


def test_sums_of_streets_and_no2_stay_on_the_gpu():
    links = StreetLinks(np.array([0, 1, 3]), np.array([0, 0, 1], "i4"), np.ones(3, "f4"))
    emission = np.arange(10, dtype="f4").reshape(5, 2)
    streets = street_sums(on_device(links), on_device(emission))
    assert_same(streets, street_sums(links, emission))
    by_sector = np.full((3, 2), 30, "f4")
    annual = np.full(2, 20, "f4")
    given = (by_sector, by_sector / 5, annual, annual / 5, by_sector[:, 0] / 90, by_sector, annual)
    on_gpu, on_cpu = annual_no2(*map(on_device, given)), annual_no2(*given)
    for one, other in zip(on_gpu, on_cpu, strict=True):
        assert_same(one, other)


def test_boxes_of_blocks_are_the_same_on_the_gpu():
    receptors, _ = few_roads(receptors=BLOCK + 7)
    assert_same(boxes_beside(on_device(receptors)), boxes_beside(receptors))


def test_arrays_on_the_gpu_are_taken_as_they_are():
    there = cuda.to_device(np.arange(3, dtype="f4"))
    taken = on_device(Receptors(there, there))
    taken.x.copy_to_device(np.full(3, 7, "f4"))
    assert there.copy_to_host().tolist() == [7, 7, 7]
