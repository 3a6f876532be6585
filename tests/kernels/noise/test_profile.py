"""Sound over terrain, barriers and buildings: one profile at a time."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import config, cuda, float32, int32, typeof
from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.edges import (
    EDGE,
    GROUND,
    Profile,
    best_edge_below,
    find_edges,
    ray_height,
)
from roadside_kernels.noise.lateral import lateral_attenuation, lateral_difference
from roadside_kernels.noise.mean_plane import mean_plane
from roadside_kernels.noise.profile import (
    MOST_POINTS,
    boundary_attenuation,
    favourable_bend,
    path_attenuation,
    propagation_path,
)
from roadside_kernels.noise.propagation import attenuation_favourable, attenuation_homogeneous
from roadside_kernels.noise.reflection import (
    retro_difference,
    retro_diffraction,
    wall_absorption,
)
from roadside_kernels.physics import in_double, physics

FREQUENCIES = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
AIR = 5.0  # dB/km
offsets = st.floats(-500, 500)


@physics
def attenuations(
    x: Float32,
    z: Float32,
    g: Float32,
    kind: Int32,
    start: Int32,
    ends: Float32,
    edges: Int32,
    loss: Float32,
) -> None:
    """Attenuation (dB) of many profiles, one after the other in x: (profiles, 2, bands)."""
    for i in range(start.size - 1):
        a, b = start[i], start[i + 1]
        profile = Profile(x[a:b], z[a:b], g[a:b], kind[a:b], ends[i, 0], ends[i, 1])
        straight = propagation_path(profile, edges, 0.0)
        curved = propagation_path(profile, edges, favourable_bend(profile))
        for band in range(8):
            loss[i, 0, band] = path_attenuation(FREQUENCIES[band], AIR, straight)
            loss[i, 1, band] = path_attenuation(FREQUENCIES[band], AIR, curved)


def random_profile(rng):
    """A cut through rolling land with barriers and buildings, 20 to 800 m long."""
    length = rng.uniform(20, 800)
    inner = np.sort(rng.uniform(0, length, rng.integers(0, 9)))
    x = np.concatenate(([0.0], inner, [length]))
    z = 100.0 + rng.choice([0.0, 1.0, 6.0]) * rng.standard_normal(x.size)
    points = [(0.0, z[0], rng.uniform(0, 1), GROUND)]
    for at, foot in zip(x[1:-1], z[1:-1], strict=True):
        g = rng.choice([0.0, rng.uniform(0, 1), 1.0])
        points.append((at, foot, g, rng.choice([GROUND, EDGE])))
        if rng.uniform() < 0.3:
            points += [(at, foot + rng.uniform(0.5, 10), g, EDGE), (at, foot, g, GROUND)]
    points.append((length, z[-1], 0.0, GROUND))
    ends = z[0] + rng.choice([0.05, rng.uniform(0.05, 4)]), z[-1] + rng.uniform(1.5, 12)
    return np.array(points), ends


def losses(count, seed, precision):
    """Attenuation (dB) of random profiles, in a precision, of the same single-precision input."""
    rng = np.random.default_rng(seed)
    profiles = [random_profile(rng) for _ in range(count)]
    x, z, g, kind = np.concatenate([points for points, _ in profiles]).astype("f4").T
    start = np.cumsum([0] + [len(points) for points, _ in profiles]).astype(np.int32)
    ends = np.array([ends for _, ends in profiles], np.float32)
    loss = np.empty((count, 2, 8), precision)
    formula = attenuations if precision == np.float32 else in_double(attenuations)
    flat = [np.ascontiguousarray(v, precision) for v in (x, z, g)]
    edges = np.zeros(MOST_POINTS, np.int32)
    formula(*flat, kind.astype(np.int32), start, ends.astype(precision), edges, loss)
    return loss


def profile_of(points, z_s, z_r):
    x, z, g, kind = np.array(points, float).T.copy()
    return Profile(x, z, g, kind.astype(np.int32), float(z_s), float(z_r))


def barrier(height, *, at=30.0, length=100.0, g=0.5):
    """Flat ground with one thin barrier, source at 0.05 m and receptor at 4 m."""
    wall = [(at, 0.0, g, GROUND), (at, height, g, EDGE), (at, 0.0, g, GROUND)]
    return profile_of([(0.0, 0.0, g, GROUND), *wall, (length, 0.0, g, GROUND)], 0.05, 4.0)


def path_of(profile, *, favourable):
    edges = np.zeros(MOST_POINTS, np.int32)
    bend = in_double(favourable_bend)(profile) if favourable else 0.0
    return in_double(propagation_path)(profile, edges, bend), edges


def loss_of(profile, *, favourable):
    path, _ = path_of(profile, favourable=favourable)
    return np.array([in_double(path_attenuation)(f, AIR, path) for f in FREQUENCIES])


def test_single_precision_is_within_a_fiftieth_of_a_decibel():
    count = 200 if config.DISABLE_JIT else 4000
    single, double = (losses(count, 0, precision) for precision in (np.float32, np.float64))
    assert np.isfinite(double).all()
    # Sound bends over edges or not, by thresholds that rounding may move across: not in these.
    assert np.abs(single - double).max() <= 0.02


@given(offsets, offsets, st.integers(0, 400))
@pytest.mark.parametrize("favourable", [False, True])
def test_where_a_profile_lies_changes_nothing(favourable, along, up, seed):
    points, ends = random_profile(np.random.default_rng(seed))
    # To a power of two, so that the moved points are at exactly the same distances.
    along, up, points = (np.round(v * 256) / 256 for v in (along, up, points))
    ends = np.round(np.array(ends) * 256) / 256
    here = loss_of(profile_of(points, *ends), favourable=favourable)
    moved = profile_of(points + np.array([along, up, 0, 0]), *(ends + up))
    assert loss_of(moved, favourable=favourable) == pytest.approx(here, abs=1e-6)


@pytest.mark.parametrize("height", [0.05, 2.0])
@pytest.mark.parametrize("favourable", [False, True])
def test_flat_ground_without_edges_is_as_the_formulas_of_flat_ground_say(favourable, height):
    g, factor_at_source, split = 0.8, 0.0, 10.0
    points = [(0, 7, factor_at_source, GROUND), (split, 7, g, GROUND), (250, 7, g, GROUND)]
    formula = in_double(attenuation_favourable if favourable else attenuation_homogeneous)
    g_path = g * (250 - split) / 250
    expected = [formula(f, AIR, 250.0, height, 4.0, g_path, 0.0) for f in FREQUENCIES]
    found = loss_of(profile_of(points, 7 + height, 11), favourable=favourable)
    assert found == pytest.approx(expected, abs=1e-9)


def test_edges_are_those_that_a_string_pulled_tight_would_touch():
    points = [(0, 0), (10, 3), (20, 2), (30, 9), (40, 8), (60, 0), (90, 0)]
    profile = profile_of([(*p, 0.5, EDGE) for p in points], 1.0, 2.0)
    edges = np.zeros(MOST_POINTS, np.int32)
    count = in_double(find_edges)(profile, edges, 0.0)
    assert edges[1 : count + 1].tolist() == [3, 4]


def test_bent_rays_pass_over_low_edges():
    profile = barrier(1.8, at=250.0, length=500.0)
    straight, _ = path_of(profile, favourable=False)
    over, edges = path_of(profile, favourable=True)
    assert (straight.above, over.above) == (0, 0)
    assert in_double(best_edge_below)(profile, over.bend) == 2
    # Half a chord's square over twice the radius, 8 times the distance.
    height = in_double(ray_height)(profile, edges, 0, 250.0, over.bend)
    assert height == pytest.approx((0.05 + 4) / 2 + 250**2 / (2 * 8 * 500), abs=0.01)


@pytest.mark.parametrize("favourable", [False, True])
def test_diffraction_itself_attenuates_no_more_than_25_decibel(favourable):
    hard = [boundary(barrier(h, g=0.0), 8000.0, favourable=favourable) for h in (40.0, 60.0)]
    # Over hard ground each side adds a little sound, the less of it the higher the barrier.
    assert all(25.0 - 6.0 < loss < 25.0 for loss in hard)


def boundary(profile, frequency, *, favourable):
    path, _ = path_of(profile, favourable=favourable)
    return in_double(boundary_attenuation)(frequency, path)


@pytest.mark.parametrize("favourable", [False, True])
@pytest.mark.parametrize("at_receptor", [False, True])
def test_ends_that_sink_below_their_mean_plane_are_heard_without_a_jump(at_receptor, favourable):
    hollow = np.array([(0, 0), (5, 4), (20, 4), (20, 9), (20, 4), (60, 4)], float)
    if at_receptor:
        hollow = np.column_stack((60 - hollow[::-1, 0], hollow[::-1, 1]))
    kind = np.where(hollow[:, 1] > 5, EDGE, GROUND)
    points = np.column_stack((hollow, np.full(6, 0.5), kind))
    first, last = (2, 5) if at_receptor else (0, 3)
    plane = in_double(mean_plane)(hollow[:, 0].copy(), hollow[:, 1].copy(), first, last)
    level = plane.z + plane.rise + plane.slope * (hollow[-at_receptor, 0] - plane.x)
    ends = [(7.0, level + s) if at_receptor else (level + s, 7.0) for s in (-1e-9, 1e-9)]
    below, above = (loss_of(profile_of(points, *e), favourable=favourable) for e in ends)
    assert below == pytest.approx(above, abs=1e-4)


def test_a_higher_barrier_screens_more():
    levels = np.array([loss_of(barrier(h), favourable=False) for h in (4.0, 6.0, 8.0)])
    # Higher bands are at the most that diffraction attenuates.
    assert (np.diff(levels[:, :5], axis=0) > 0).all()


def test_a_longer_way_around_a_corner_is_quieter():
    path, _ = path_of(barrier(0.0), favourable=False)
    loss = [
        in_double(lateral_attenuation)(
            500.0, AIR, path.ground, 100.0, in_double(lateral_difference)(d, 100.0, 4.0), 0.0, 0.0
        )
        for d in (100.0, 101.0, 110.0)
    ]
    assert loss[0] < loss[1] < loss[2]


@pytest.fixture
def hopper(monkeypatch):
    """Pretend a device: Numba asks for its kind as soon as a kernel calls a function."""
    device = SimpleNamespace(compute_capability=(9, 0))
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: device)


def kernel(x, z, g, kind, ends, loss):
    """Everything of a profile in one thread, with edges in its own memory."""
    edges = cuda.local.array(MOST_POINTS, int32)
    profile = Profile(x, z, g, kind, ends[0], ends[1])
    path = propagation_path(profile, edges, favourable_bend(profile))
    top = ray_height(profile, edges, path.above, x[1], path.bend)
    difference = retro_difference(profile, edges, path.above, x[1], top, path.bend)
    around = lateral_difference(x[2], x[1], top)
    for band in range(8):
        frequency = float32(loss[band])
        loss[band] = path_attenuation(frequency, loss[8], path)
        loss[band] += retro_diffraction(frequency, difference) + wall_absorption(loss[9])
        loss[band] += lateral_attenuation(
            frequency, loss[8], path.ground, path.distance, around, around, path.bend
        )


@pytest.mark.skipif(find_spec("numba_cuda") is None, reason="numba-cuda is not installed")
@pytest.mark.skipif(bool(config.ENABLE_CUDASIM), reason="the simulator makes no machine code")
@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.usefixtures("hopper")
def test_machine_code_is_free_of_double_precision():
    floats, ints = np.zeros(10, np.float32), np.zeros(10, np.int32)
    arguments = (floats, floats, floats, ints, floats, floats)
    signature = tuple(typeof(argument) for argument in arguments)
    ptx, _ = cuda.compile_ptx(kernel, signature, cc=(9, 0), fastmath=True)
    assert [line for line in ptx.splitlines() if ".f64" in line and ".reg" not in line] == []
