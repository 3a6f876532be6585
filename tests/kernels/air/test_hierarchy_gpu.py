"""Far roads merged on a GPU, a real one or a simulated one, against the loop on the CPU."""

import numpy as np
import pytest
from roadside_kernels.air import hierarchy_gpu
from roadside_kernels.air.cells_gpu import summed_cells_on_gpu
from roadside_kernels.air.hierarchy import build_hierarchy
from roadside_kernels.air.hierarchy_cells import YY, summed_cells
from roadside_kernels.air.open_road import open_road_sums
from roadside_kernels.air.staging import WAITING
from roadside_kernels.arrays import Receptors, Segments, StreetLinks
from roadside_kernels.device_memory import lies_on_gpu, on_device, on_host
from roadside_kernels.launch import Launch, gpu_available

from tests.kernels.air.conftest import CURVES, OpenRoads, wind_rose

pytestmark = pytest.mark.skipif(
    not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one"
)
FEW_THREADS = Launch(64, 12)


def hamlets(receptors=5, segments=36, seed=5):
    """A few receptors among roads that gather in hamlets, some of them on the rim of 2 km."""
    random = np.random.default_rng(seed)
    hamlet = random.uniform(-2000, 2000, (2, 6))
    middle = hamlet[:, random.integers(0, 6, segments)] + random.normal(0, 60, (2, segments))
    step = random.normal(0, 8, (2, segments))
    ends = (end.astype("f4") for end in (*(middle - step), *(middle + step)))
    x, y = random.uniform(0, 30, (2, receptors)).astype("f4")
    emission = random.uniform(10, 100, (5, segments)).astype("f4")
    curve = random.integers(0, 2, segments).astype("i4")
    road = (np.arange(segments) // 3).astype("i4")
    return OpenRoads(Receptors(x, y), Segments(*ends, road), emission, curve, CURVES, wind_rose())


def merged(roads, device, tolerance=0.005, max_range=1900.0, **options):
    hierarchy = build_hierarchy(roads.segments, roads.curve)
    return open_road_sums(
        *roads, device=device, hierarchy=hierarchy, tolerance=tolerance, max_range=max_range,
        **options,
    )  # fmt: skip


def assert_alike(roads, **options):
    """Sums of float32 in another order."""
    cpu, gpu = (merged(roads, device, **options) for device in ("cpu", "gpu"))
    assert cpu.pairs == gpu.pairs
    for one, other in zip(cpu[:-1], gpu[:-1], strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)
    return gpu


@pytest.mark.parametrize("launch", hierarchy_gpu.LAUNCHES.values(), ids=str)
def test_the_gpu_merges_what_the_cpu_merges(launch, monkeypatch):
    monkeypatch.setattr(hierarchy_gpu, "launch_here", lambda _: launch)
    found = assert_alike(hamlets(), tolerance=0.01)
    assert found.pairs < open_road_sums(*hamlets(), max_range=1900.0).pairs


def test_full_blocks_beside_roads_are_alike(open_roads, monkeypatch):
    monkeypatch.setattr(hierarchy_gpu, "launch_here", lambda _: FEW_THREADS)
    assert_alike(open_roads, max_range=900.0)


def test_more_sources_than_can_wait_at_a_time_are_all_added(monkeypatch):
    """A long road beside the receptors is cut into hundreds of pieces."""
    monkeypatch.setattr(hierarchy_gpu, "launch_here", lambda _: FEW_THREADS)
    roads = hamlets(receptors=3, segments=20)
    for end, place in zip(roads.segments[:4], (-600.0, 5.0, 600.0, 8.0), strict=True):
        end[0] = place
    assert assert_alike(roads).pairs > 3 * WAITING


def test_two_sectors_have_no_border_that_divides(monkeypatch):
    monkeypatch.setattr(hierarchy_gpu, "launch_here", lambda _: FEW_THREADS)
    assert_alike(hamlets(receptors=4, segments=24)._replace(wind=wind_rose(2)))


def test_squares_with_a_linked_road_are_opened(monkeypatch):
    monkeypatch.setattr(hierarchy_gpu, "launch_here", lambda _: FEW_THREADS)
    roads = hamlets()
    start = np.minimum(np.arange(roads.receptors.x.size + 1), 4).astype(np.int64)
    road = np.array([3, 7, 11, 3], "i4")
    links = StreetLinks(start, road, np.ones(4, "f4"))
    assert_alike(roads, exclude=links)


def test_sums_stay_on_the_gpu_with_their_receptors(monkeypatch):
    monkeypatch.setattr(hierarchy_gpu, "launch_here", lambda _: FEW_THREADS)
    roads = hamlets(receptors=3, segments=16)
    there = roads._replace(
        receptors=on_device(roads.receptors),
        segments=on_device(roads.segments),
        emission=on_device(roads.emission),
        curve=on_device(roads.curve),
    )
    hierarchy = build_hierarchy(roads.segments, roads.curve)
    found = open_road_sums(*there, hierarchy=on_device(hierarchy), tolerance=0.005)
    assert lies_on_gpu(found.nox)
    np.testing.assert_allclose(
        on_host(found.pm10), merged(roads, "cpu", max_range=5000.0).pm10, rtol=2e-5
    )


def test_squares_emit_the_same_from_the_same_places():
    roads = hamlets()
    hierarchy = build_hierarchy(roads.segments, roads.curve)
    cpu = summed_cells(hierarchy, roads.segments, roads.emission, roads.receptors, 1e5)
    gpu = on_host(summed_cells_on_gpu(hierarchy, roads.segments, roads.emission))
    # A lone segment has its extent in place of the moments, in two numbers instead of three.
    lone = hierarchy.last - hierarchy.first == 1
    cpu[lone, YY] = gpu[lone, YY] = 0.0
    # Places are metres, moments weighted square metres: rounding of the largest of each.
    scale = np.abs(cpu).max(axis=0)
    np.testing.assert_allclose(gpu / scale, cpu / scale, rtol=2e-5, atol=2e-6)


def test_no_roads_contribute_nothing(monkeypatch):
    monkeypatch.setattr(hierarchy_gpu, "launch_here", lambda _: FEW_THREADS)
    roads = hamlets(receptors=2, segments=0)
    found = merged(roads, "gpu")
    assert not found.nox.any()
    assert found.pairs == 0
