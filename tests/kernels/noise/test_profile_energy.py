"""The fast acoustics of a profile beside its formulas in double precision."""

import numpy as np
import pytest
from numba import config
from roadside_cli.benchmarks.profiles import (
    MOST_POINTS,
    draw_profiles,
    energies,
    errors,
    open_land,
    town,
)
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.edges import EDGE, GROUND, Profile
from roadside_kernels.noise.path_difference import ray_bend
from roadside_kernels.noise.profile import propagation_path
from roadside_kernels.noise.profile_energy import (
    Wall,
    add_energy,
    add_path,
    passes_over,
)
from roadside_kernels.noise.reflection import retro_difference, retro_diffraction
from roadside_kernels.noise.relative_energy import find_above_both, profile_bench
from roadside_kernels.noise.spectrum import spectrum
from roadside_kernels.physics import f32, in_double

CONDITIONS = np.array([0.0, 1.0], np.float32)
COUNT = 60 if config.DISABLE_JIT else 4000


def loss_of(points, z_s, z_r, *, length=1.0, wall=None):
    """Attenuation (dB) by condition and band of a profile, unfolded at a wall if there is one."""
    x, z, g, kind = np.array(points, np.float32).T.copy()
    profile = Profile(x, z, g, kind.astype(np.int32), f32(z_s), f32(z_r))
    energy = np.zeros((2, len(BANDS)), np.float32)
    given = (f32(length), spectrum([5.0] * 8), CONDITIONS, profile_bench(MOST_POINTS), energy)
    if wall is None:
        add_energy(profile, *given)
    else:
        add_path(profile, wall, True, *given)
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(energy.astype(float))


def retro_loss(points, z_s, z_r, wall, *, bent):
    """A_retro (dB) by band, by the formulas in double precision."""
    x, z, g, kind = np.array(points, float).T.copy()
    profile = Profile(x, z, g, kind.astype(np.int32), z_s, z_r)
    bend = in_double(ray_bend)(float(np.hypot(x[-1], z_r - z_s))) if bent else 0.0
    edges = np.zeros(MOST_POINTS, np.int32)
    above = in_double(propagation_path)(profile, edges, bend).above
    difference = in_double(retro_difference)(profile, edges, above, wall.x, wall.top, bend)
    return [in_double(retro_diffraction)(float(f), difference) for f in BANDS]


def barrier(height, *, at=30.0, length=100.0, g=0.5):
    """Points of flat ground with one thin barrier."""
    wall = [(at, 0.0, g, GROUND), (at, height, g, EDGE), (at, 0.0, g, GROUND)]
    return [(0.0, 0.0, g, GROUND), *wall, (length, 0.0, g, GROUND)]


@pytest.mark.parametrize("draw", [open_land, town])
def test_single_precision_is_within_a_fiftieth_of_a_decibel(draw):
    assert errors(draw_profiles(draw, COUNT, 0)).max() <= 0.02


def test_conditions_mix_by_their_probability():
    profiles = draw_profiles(open_land, 50, 1)
    apart = energies(profiles).astype(float)
    mixed = energies(profiles, np.array([0.25], np.float32))[:, 0]
    assert mixed == pytest.approx(0.75 * apart[:, 0] + 0.25 * apart[:, 1], rel=1e-5)


def test_twice_the_road_is_twice_the_energy():
    one, two = (loss_of(barrier(4.0), 0.05, 4.0, length=length) for length in (1.0, 2.0))
    assert one - two == pytest.approx(np.full((2, 8), 10.0 * np.log10(2.0)), abs=1e-5)


def test_a_higher_barrier_screens_more():
    losses = np.array([loss_of(barrier(height), 0.05, 4.0) for height in (4.0, 6.0, 8.0)])
    # Higher bands are at the most that diffraction attenuates.
    assert (np.diff(losses[:, :, :5], axis=0) > 0.0).all()


@pytest.mark.parametrize("height", [0.0, 3.0])
def test_a_wall_sends_back_what_it_neither_absorbs_nor_lets_pass(height):
    reflected = np.linspace(0.9, 0.2, 8, dtype=np.float32)
    points, wall = barrier(height), Wall(f32(60.0), f32(5.0), reflected)
    sent_back = loss_of(points, 0.05, 4.0, wall=wall) - loss_of(points, 0.05, 4.0)
    for bent in (False, True):
        lost = retro_loss(points, 0.05, 4.0, wall, bent=bent) - 10.0 * np.log10(reflected)
        assert sent_back[int(bent)] == pytest.approx(lost, abs=1e-3)


def test_nothing_comes_back_from_a_wall_below_the_ray():
    wall = Wall(f32(60.0), f32(2.0), np.ones(8, np.float32))
    assert np.isposinf(loss_of(barrier(3.0), 0.05, 4.0, wall=wall)).all()


def test_what_passes_straight_over_a_wall_passes_over_it_bent():
    rng = np.random.default_rng(3)
    bench, passed = profile_bench(MOST_POINTS), np.zeros(2, int)
    for points, (z_s, z_r) in (town(rng) for _ in range(COUNT // 10)):
        x, z, g, kind = points.astype(np.float32).T.copy()
        profile = Profile(x, z, g, kind.astype(np.int32), f32(z_s), f32(z_r))
        wall = Wall(f32(rng.uniform(0.05, 0.95) * x[-1]), f32(rng.uniform(0, 25)), x)
        bend = ray_bend(f32(x[-1]))
        above = find_above_both(profile, bend, bench)
        straight = passes_over(profile, bench.straight_edges, above.straight, wall, f32(0.0))
        bent = passes_over(profile, bench.bent_edges, above.bent, wall, bend)
        assert bent or not straight
        passed += straight, bent
    assert 0 < passed[0] <= passed[1] < COUNT // 10
