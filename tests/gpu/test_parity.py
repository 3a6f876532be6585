"""The numbers of a real GPU beside those of the CPU, at sizes that fill multiprocessors."""

import numpy as np
import pytest
import shapely
from roadside_kernels.air.hierarchy import build_hierarchy
from roadside_kernels.air.indicators import (
    AnnualMean,
    Indicator,
    no2_hours_at,
    pm10_days_at,
    pm10_days_flemish_at,
)
from roadside_kernels.air.nitrogen import annual_no2
from roadside_kernels.air.open_road import SectorWind, open_road_sums
from roadside_kernels.air.plume import dilution_curves
from roadside_kernels.air.street import Canyons, Dilutions, dilution_at, street_sums
from roadside_kernels.arrays import Receptors, Segments, StreetLinks
from roadside_kernels.blocks import boxes_beside
from roadside_kernels.device_memory import lies_on_gpu, on_device, on_host
from roadside_kernels.launch import at_every_receptor
from roadside_kernels.noise.flat_ground import flat_ground
from roadside_kernels.noise.line import line_noise
from roadside_kernels.noise.lines import Lines
from roadside_kernels.noise.scene import make_scene
from roadside_kernels.noise.trace import Hearers, trace
from roadside_server.computation.noise_scene import building_sides

SECTORS = 12
RECEPTORS, SEGMENTS = 20_000, 600
#: Of the sum: float32 in another order, and approximate log2, division and square root.
RELATIVE = 1e-4
#: Share of receptors that may see a piece on the other side of a sector's border, or of its range.
AT_A_BORDER = 1e-3


@pytest.fixture(scope="module")
def random():
    return np.random.default_rng(20)


@pytest.fixture(scope="module")
def receptors():
    """Squares of 16 by 16 receptors, 10 m apart."""
    column, row = (a.ravel() for a in np.meshgrid(np.arange(16), np.arange(16)))
    corner = 160 * np.arange(RECEPTORS // 256)[:, np.newaxis]
    x, y = (10 * column + corner % 1600).ravel(), (10 * row + corner // 10).ravel()
    return Receptors(x.astype("f4"), y.astype("f4"))


@pytest.fixture(scope="module")
def segments(random):
    middle, step = random.uniform(-1500, 3000, (2, SEGMENTS)), random.normal(0, 25, (2, SEGMENTS))
    ends = (end.astype("f4") for end in (*(middle - step), *(middle + step)))
    return Segments(*ends, np.arange(SEGMENTS, dtype="i4"))


@pytest.fixture(scope="module")
def roads(receptors, segments, random):
    """The arguments of ``open_road_sums``."""
    curves = dilution_curves([2.5, 4.0, 6.0], 0.3)
    emission = random.uniform(10, 100, (5, SEGMENTS)).astype("f4")
    curve = random.integers(0, 3, SEGMENTS).astype("i4")
    wind = SectorWind(np.full(SECTORS, 1 / SECTORS, "f4"), np.full(SECTORS, 4, "f4"))
    return (receptors, segments, emission, curve, curves, wind)


def assert_near(gpu, cpu, scale=None, apart=0.0):
    """Equal to ``RELATIVE`` of a scale, but for a share of values."""
    scale = np.abs(cpu) if scale is None else scale
    wrong = np.abs(on_host(gpu) - cpu) > RELATIVE * scale + 1e-9
    assert wrong.mean() <= apart


def test_open_roads(roads):
    gpu, cpu = (open_road_sums(*roads, max_range=2000.0, device=d) for d in ("gpu", "cpu"))
    for one, other in ((gpu.nox, cpu.nox), (gpu.no2, cpu.no2)):
        assert_near(one.sum(axis=0), other.sum(axis=0), apart=AT_A_BORDER)
        assert_near(one, other, scale=other.sum(axis=0), apart=AT_A_BORDER)
    for name in ("pm10", "pm25", "ec"):
        assert_near(getattr(gpu, name), getattr(cpu, name), apart=AT_A_BORDER)
    assert (gpu.near != cpu.near).mean() <= AT_A_BORDER
    # Approximate division may cut a segment in one piece more or less.
    assert gpu.pairs == pytest.approx(cpu.pairs, rel=1e-3)


@pytest.mark.parametrize("tolerance", [0.005, 0.02])
def test_far_roads_merge_alike(roads, tolerance):
    hierarchy = build_hierarchy(roads[1], roads[3])
    gpu, cpu = (
        open_road_sums(*roads, hierarchy=hierarchy, tolerance=tolerance, device=device)
        for device in ("gpu", "cpu")
    )
    # A square at the threshold of merging may fall on either side for a block of receptors.
    assert_near(gpu.pm10, cpu.pm10, apart=0.02)
    assert np.abs(on_host(gpu.pm10) / cpu.pm10 - 1).max() <= tolerance
    assert gpu.pairs == pytest.approx(cpu.pairs, rel=0.01)
    assert gpu.pairs < open_road_sums(*roads, device="gpu").pairs


def test_open_roads_that_receptors_are_linked_to(roads):
    receptors = roads[0].x.size
    start = np.arange(receptors + 1, dtype=np.int64)
    links = StreetLinks(start, (start[:-1] % SEGMENTS).astype("i4"), np.ones(receptors, "f4"))
    gpu, cpu = (open_road_sums(*roads, exclude=links, device=d) for d in ("gpu", "cpu"))
    assert_near(gpu.pm10, cpu.pm10, apart=AT_A_BORDER)


def test_runs_do_not_differ(roads):
    first, second = (open_road_sums(*roads, device="gpu") for _ in range(2))
    for one, other in zip(first[:-1], second[:-1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("sectors", [1, SECTORS])
def test_line_noise(receptors, segments, random, sectors):
    power = random.uniform(1e7, 1e9, (3, 8, SEGMENTS)).astype("f4")
    transfer = flat_ground(
        receptor_height=4.0,
        ground_factor=0.5,
        temperature=10.0,
        humidity=70.0,
        favourable=random.uniform(0, 1, (3, sectors)),
    )
    gpu, cpu = (line_noise(receptors, segments, power, transfer, device=d) for d in ("gpu", "cpu"))
    assert_near(gpu.energy, cpu.energy, apart=AT_A_BORDER)
    assert gpu.pairs == pytest.approx(cpu.pairs, rel=1e-3)


@pytest.mark.parametrize("prunes", [False, True])
def test_lines_traced_among_houses(random, prunes):
    corner = 40.0 * np.stack(np.meshgrid(np.arange(25), np.arange(25)), axis=-1).reshape(-1, 2)
    far = corner + random.uniform(8.0, 28.0, corner.shape)
    heights = random.uniform(4.0, 25.0, len(corner))
    houses = building_sides(shapely.box(*corner.T, *far.T), heights, (0.0, 0.0))
    start = np.arange(0, 2 * 200 + 1, 2, dtype="i4")
    x, y = random.uniform(0.0, 1000.0, (2, 400)).astype("f4")
    x[1::2], y[1::2] = x[::2] + 20.0, y[::2] + 15.0
    ground = np.zeros_like(x)
    lines = Lines(start, x, y, ground + np.float32(0.05), ground)
    x, y = random.uniform(100.0, 900.0, (2, 5000)).astype("f4")
    ground = np.zeros_like(x)
    hearers = Hearers(x, y, ground + np.float32(4.0), ground, ground, np.full(x.size, -1, "i4"))
    power = random.uniform(1e6, 1e8, (200, 8)).astype("f4") if prunes else None
    gpu, cpu = (
        trace(
            make_scene(houses, ground_factor=0.3), lines, hearers, power=power, reach=400.0,
            absorption=np.full(8, 5.0), favourable=np.full((3, 1), 0.5), device=device,
        )
        for device in ("gpu", "cpu")
    )  # fmt: skip
    # A ray through a corner may pass it on either side, and a line at the limit may be pruned.
    assert gpu.profiles == pytest.approx(cpu.profiles, rel=1e-3)
    owner = (np.repeat(np.arange(x.size), np.diff(found.start)) for found in (gpu, cpu))
    on_gpu, on_cpu = (o * 200 + found.line for o, found in zip(owner, (gpu, cpu), strict=True))
    both, at, there = np.intersect1d(on_gpu, on_cpu, return_indices=True)
    assert both.size >= (1.0 - AT_A_BORDER) * max(on_gpu.size, on_cpu.size)
    apart = gpu.energy[at].astype("i4") - cpu.energy[there].astype("i4")
    assert (np.abs(apart) > 1).mean() <= AT_A_BORDER


def test_street_canyons(random):
    links = StreetLinks(
        np.arange(0, 2 * RECEPTORS + 1, 2),
        random.integers(0, SEGMENTS, 2 * RECEPTORS).astype("i4"),
        random.uniform(0, 0.5, 2 * RECEPTORS).astype("f4"),
    )
    emission = random.uniform(0, 100, (5, SEGMENTS)).astype("f4")
    gpu, cpu = (street_sums(links, emission, device=d) for d in ("gpu", "cpu"))
    assert_near(gpu, cpu)


def test_dilution_in_streets_is_undefined_beyond_the_reach_of_the_method(random):
    street_type = random.integers(1, 5, RECEPTORS).astype("i1")
    distance = random.uniform(0, 80, RECEPTORS).astype("f4")
    given = Canyons(distance, street_type, np.ones(RECEPTORS, "f4"), np.float32(3.0))
    gpu, cpu = (Dilutions(np.empty(RECEPTORS, "f4")) for _ in range(2))
    at_every_receptor(dilution_at, RECEPTORS, given, gpu, "gpu")
    at_every_receptor(dilution_at, RECEPTORS, given, cpu, "cpu")
    np.testing.assert_allclose(gpu.dilution, cpu.dilution, rtol=RELATIVE, equal_nan=True)


def test_no2(random):
    by_sector = random.uniform(0, 80, (3, SECTORS, RECEPTORS)).astype("f4")
    annual = random.uniform(0, 40, (2, RECEPTORS)).astype("f4")
    given = (
        by_sector[0],
        by_sector[0] / 5,
        annual[0],
        annual[0] / 5,
        np.full(SECTORS, 1 / SECTORS, "f4"),
        by_sector[1],
        annual[1],
    )
    gpu, cpu = (annual_no2(*given, device=d) for d in ("gpu", "cpu"))
    assert_near(gpu[0], cpu[0], apart=AT_A_BORDER)
    assert (gpu[1] != cpu[1]).mean() <= AT_A_BORDER


@pytest.mark.parametrize("formula", [pm10_days_at, pm10_days_flemish_at, no2_hours_at])
def test_indicators(formula, random):
    mean = AnnualMean(random.uniform(5, 80, RECEPTORS).astype("f4"))
    gpu, cpu = (Indicator(np.empty(RECEPTORS, "f4")) for _ in range(2))
    at_every_receptor(formula, RECEPTORS, mean, gpu, "gpu")
    at_every_receptor(formula, RECEPTORS, mean, cpu, "cpu")
    assert_near(gpu.value, cpu.value, apart=AT_A_BORDER)


def test_boxes(receptors):
    np.testing.assert_array_equal(
        on_host(boxes_beside(on_device(receptors))), boxes_beside(receptors)
    )


def test_arrays_of_cupy_are_computed_with_in_place(roads):
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    there = Receptors(*map(cupy.asarray, roads[0]))
    sums = open_road_sums(there, *roads[1:], max_range=2000.0)
    assert lies_on_gpu(sums.nox)
    assert_near(sums.pm10, open_road_sums(*roads, max_range=2000.0).pm10, apart=AT_A_BORDER)
