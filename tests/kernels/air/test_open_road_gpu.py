"""The loop of SRM2 on a GPU, a real one or a simulated one, against the loop on the CPU."""

import numpy as np
import pytest
from roadside_kernels.air import open_road_gpu
from roadside_kernels.air.open_road import open_road_sums
from roadside_kernels.air.staging import WAITING
from roadside_kernels.arrays import BLOCK, Receptors, Segments, StreetLinks
from roadside_kernels.launch import Launch, gpu_available, launch_for

from tests.kernels.air.conftest import CURVES, OpenRoads, wind_rose

pytestmark = pytest.mark.skipif(
    not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one"
)


def assert_alike(roads, **options):
    """Sums of float32 in another order; the CPU adds four pieces at a time."""
    cpu, gpu = (open_road_sums(*roads, device=device, **options) for device in ("cpu", "gpu"))
    assert cpu.pairs == gpu.pairs
    for one, other in zip(cpu[:-1], gpu[:-1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("launch", open_road_gpu.LAUNCHES.values(), ids=str)
def test_every_launch_configuration_gives_the_sums_of_the_cpu(open_roads, launch, monkeypatch):
    monkeypatch.setattr(open_road_gpu, "launch_here", lambda _: launch)
    assert_alike(open_roads, max_range=900.0)


def test_more_pieces_than_can_wait_at_a_time_are_all_added(monkeypatch):
    """A long road beside three receptors, and forty short ones around."""
    monkeypatch.setattr(open_road_gpu, "launch_here", lambda _: Launch(64, 12))
    random = np.random.default_rng(11)
    middle = random.uniform(-400, 400, (2, 40))
    step = random.normal(0, 5, (2, 40))
    middle[:, 0], step[:, 0] = (0, 8), (500, 0)
    ends = (end.astype("f4") for end in (*(middle - step), *(middle + step)))
    segments = Segments(*ends, np.arange(40, dtype="i4"))
    receptors = Receptors(np.array([0, 1, 2], "f4"), np.array([0, 3, 6], "f4"))
    emission = random.uniform(10, 100, (5, 40)).astype("f4")
    curve = random.integers(0, 2, 40).astype("i4")
    roads = OpenRoads(receptors, segments, emission, curve, CURVES, wind_rose())
    assert_alike(roads)
    assert open_road_sums(*roads).pairs > 3 * WAITING


def test_receptors_leave_out_the_roads_that_they_are_linked_to(open_roads):
    receptors = open_roads.receptors.x.size
    start = np.minimum(np.arange(receptors + 1), BLOCK).astype(np.int64)
    road = (np.arange(BLOCK) % 12).astype("i4")
    links = StreetLinks(start, road, np.ones(BLOCK, "f4"))
    assert_alike(open_roads, exclude=links, max_range=900.0)


def test_the_newest_known_launch_holds_for_newer_chips():
    table = {(7, 5): Launch(256, 4), (9, 0): Launch(64, 12)}
    chosen = [launch_for(kind, table).threads for kind in ((5, 2), (8, 9), (9, 0), (12, 0))]
    assert chosen == [256, 256, 64, 64]
