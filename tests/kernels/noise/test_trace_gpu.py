"""The tracer on the GPU hears what that on the CPU hears, row by row."""

import numpy as np
import pytest
import shapely
from roadside_kernels.launch import gpu_available
from roadside_kernels.noise import trace_on_gpu
from roadside_kernels.noise.scene import TERRAIN_EDGE, joined, make_elements, make_scene
from roadside_kernels.noise.trace import Only, trace
from roadside_server.computation.noise_scene import building_sides, screen_walls

from tests.kernels.noise.test_trace import AIR, ORIGIN, hearers_at, lines_of

pytestmark = pytest.mark.skipif(not gpu_available(), reason="no CUDA device")

#: Of 256 steps between two powers of two: rounding of float32 may fall on either side of one.
LAST_PLACE = 1
ONE_PERIOD = np.full((3, 1), 0.4)
HOUSES = np.array([shapely.box(20, -8, 32, 6), shapely.box(36, 20, 44, 40)])
FACADE = np.array([shapely.box(-40, -30, 90, -22)])
SCREEN = np.array([shapely.LineString([(50, -12), (50, 8)])])
STREETS = lines_of(
    [(60, -30), (60, 10)],
    [(-30, 25), (10, 28), (30, 14)],
    [(90, 40), (110, 44)],
    [(12, -14), (18, -9)],
)
#: Some are far off, one belongs to a house of its own.
PLACES = hearers_at((0, 0), (14, -18), (70, 15), (-60, 60))


def town():
    """Houses, a long facade, a screen, and a slope that ends in a plain."""
    ridge = make_elements(
        [[-20, -100, -20, 100], [75, -100, 75, 100]],
        kind=TERRAIN_EDGE,
        low=[0.0, 1.5],
        high=[0.0, 2.0],
    )
    parts = [
        building_sides(HOUSES, np.array([7.0, 11.0]), ORIGIN),
        building_sides(FACADE, 12.0, ORIGIN, absorption=0.1),
        screen_walls(SCREEN, 4.0, ORIGIN),
        ridge,
    ]
    return make_scene(joined(parts), ground_factor=0.6)


def both(scene=None, lines=STREETS, hearers=PLACES, **options):
    """What the tracers on both processors find."""
    options = {"favourable": ONE_PERIOD, "reach": 150.0, "order": 1} | options
    scene = town() if scene is None else scene
    return [
        trace(scene, lines, hearers, absorption=AIR, device=device, **options)
        for device in ("cpu", "gpu")
    ]


def require_the_same(cpu, gpu):
    """Rows are the same, in the same order, but for the last place of energies."""
    np.testing.assert_array_equal(gpu.start, cpu.start)
    np.testing.assert_array_equal(gpu.line, cpu.line)
    assert gpu.profiles == cpu.profiles
    apart = gpu.energy.astype(np.int32) - cpu.energy.astype(np.int32)
    assert (np.abs(apart) <= LAST_PLACE).all()


def test_rows_past_houses_screens_walls_and_slopes_are_the_same():
    cpu, gpu = both()
    assert cpu.profiles > 2 * cpu.line.size
    require_the_same(cpu, gpu)


def test_rows_of_each_period_are_the_same():
    probability = np.random.default_rng(3).uniform(0.0, 1.0, (3, 8))
    cpu, gpu = both(favourable=probability, order=0)
    assert gpu.energy.shape[1] == 3
    require_the_same(cpu, gpu)


def test_the_same_lines_are_pruned():
    power = np.full((4, 8), 1e6, np.float32) * np.array([[1.0], [3.0], [1e-3], [2.0]], np.float32)
    whole, _ = both(order=0)
    cpu, gpu = both(power=power, order=0, tolerance=1.0)
    assert 0 < cpu.line.size < whole.line.size
    require_the_same(cpu, gpu)


def test_some_lines_of_each_receptor_are_those_asked_for():
    only = Only(np.array([0, 2, 2, 3, 5]), np.array([3, 0, 2, 1, 0], np.int32))
    cpu, gpu = both(only=only, order=0, reach=500.0)
    assert np.diff(gpu.start).tolist() == [2, 0, 1, 2]
    require_the_same(cpu, gpu)


def test_what_does_not_fit_the_desks_is_traced_at_larger_ones(monkeypatch):
    monkeypatch.setattr(trace_on_gpu, "POINTS", 16)
    monkeypatch.setattr(trace_on_gpu, "WINDOWS", 2)
    monkeypatch.setattr(trace_on_gpu, "MOST_BLOCKS", 2)
    require_the_same(*both())


def test_more_lines_than_threads_are_traced_in_turns():
    angle = np.linspace(0.0, 6.0, 70)
    ends = np.stack([np.cos(angle), np.sin(angle)], 1) * np.linspace(20, 90, 70)[:, None]
    lines = lines_of(*([tuple(end), tuple(end + 1.0)] for end in ends))
    power = np.geomspace(1.0, 1e-2, 70)[:, None] * np.full((1, 8), 1e6)
    cpu, gpu = both(
        make_scene(joined([]), ground_factor=0.0), lines, hearers_at((0, 0)), order=0,
        power=power.astype(np.float32),
    )  # fmt: skip
    assert 32 < cpu.line.size < 70
    require_the_same(cpu, gpu)


def test_nobody_hears_nothing():
    cpu, gpu = both(hearers=hearers_at((900, 900)))
    assert gpu.start.tolist() == [0, 0]
    require_the_same(cpu, gpu)
