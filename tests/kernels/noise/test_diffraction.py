"""Path differences over edges, and what they and reflecting walls attenuate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_kernels.noise.diffraction import pure_diffraction
from roadside_kernels.noise.edges import GROUND, Profile
from roadside_kernels.noise.mean_plane import mean_plane
from roadside_kernels.noise.path_difference import edge_difference, path_difference, ray_bend
from roadside_kernels.noise.reflection import retro_difference, retro_diffraction, wall_absorption
from roadside_kernels.physics import in_double

FREQUENCIES = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
places = st.floats(5, 300)


@given(places, st.floats(-20, 20), places, st.floats(-20, 20), st.floats(-20, 20))
@pytest.mark.parametrize("curved", [False, True])
def test_path_differences_are_the_same_both_ways(curved, before, z_o, after, z_s, z_r):
    length = before + after
    bend = in_double(ray_bend)(float(np.hypot(length, z_r - z_s))) if curved else 0.0
    there = in_double(edge_difference)(0.0, z_s, before, z_o, length, z_r, bend)
    back = in_double(edge_difference)(length, z_r, before, z_o, 0.0, z_s, bend)
    assert there == pytest.approx(back, abs=1e-9)


@given(places, st.floats(-20, 20), places, st.floats(-20, 20), st.floats(-20, 20))
def test_path_differences_are_what_is_left_of_the_lengths(before, z_o, after, z_s, z_r):
    difference = in_double(edge_difference)(0.0, z_s, before, z_o, before + after, z_r, 0.0)
    detour = np.hypot(before, z_o - z_s) + np.hypot(after, z_r - z_o)
    direct = np.hypot(before + after, z_r - z_s)
    assert abs(difference) == pytest.approx(detour - direct, abs=1e-10)
    above = z_o >= z_s + (z_r - z_s) * before / (before + after)
    assert difference >= 0.0 if above else difference <= 0.0


@given(places, places, st.floats(-20, 20), st.floats(-20, 20), st.sampled_from(FREQUENCIES))
@pytest.mark.parametrize("curved", [False, True])
def test_a_higher_edge_diffracts_more(curved, before, after, z_s, z_r, frequency):
    bend = in_double(ray_bend)(float(np.hypot(before + after, z_r - z_s))) if curved else 0.0
    losses = [
        in_double(pure_diffraction)(
            in_double(edge_difference)(0.0, z_s, before, float(z), before + after, z_r, bend),
            0.0,
            340.0 / frequency,
        )
        for z in np.linspace(-30, 30, 41)
    ]
    assert (np.diff(losses) >= -1e-9).all()
    assert losses[0] >= 0.0


def test_several_edges_lengthen_the_path_by_every_leg():
    x, z = np.array([0.0, 10, 20, 50]), np.array([0.0, 6, 8, 0])
    edges = np.array([0, 1, 2, 3], np.int32)
    difference = in_double(path_difference)(x, z, edges, 2, 0.0, 1.0, 50.0, 4.0, 0.0)
    legs = np.hypot([10, 10, 30], [5, 2, -4]).sum()
    assert difference == pytest.approx(legs - np.hypot(50, 3), abs=1e-12)


def test_a_mean_plane_of_a_slope_is_the_slope():
    x = np.array([3.0, 10, 10, 40])
    plane = in_double(mean_plane)(x, 2.0 + 0.25 * x, 0, 3)
    assert plane.slope == pytest.approx(0.25)
    assert plane.z + plane.rise == pytest.approx(2.0 + 0.25 * plane.x)


def test_half_of_the_sound_is_three_decibel():
    assert in_double(wall_absorption)(0.5) == pytest.approx(3.01, abs=0.001)
    assert in_double(wall_absorption)(0.0) == 0.0


def test_a_wall_reflects_less_where_the_ray_grazes_its_top():
    flat, none = np.zeros(2), np.array([0, 1], np.int32)
    profile = Profile(np.array([0.0, 100]), flat, flat, np.full(2, GROUND), 2.0, 2.0)
    loss = [
        in_double(retro_diffraction)(
            500.0, in_double(retro_difference)(profile, none, 0, 40.0, top, 0.0)
        )
        for top in (2.0, 2.5, 9.0)
    ]
    assert loss[0] == pytest.approx(10 * np.log10(3))
    assert loss[0] > loss[1] > loss[2] == 0.0
