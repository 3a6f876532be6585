"""How sound weakens, band by band, on its way from a point to a receptor."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_kernels.noise.atmosphere import air_absorption, air_attenuation
from roadside_kernels.noise.bands import A_WEIGHTING, BANDS, MID_BANDS
from roadside_kernels.noise.decibel import energy_of, level_of
from roadside_kernels.noise.ground import ground_favourable, ground_homogeneous
from roadside_kernels.noise.indicators import lden_energy, levels
from roadside_kernels.noise.propagation import (
    attenuation_favourable,
    attenuation_homogeneous,
    divergence,
)
from roadside_kernels.physics import f32, in_double

distances = st.floats(5, 800, width=32)
heights = st.floats(1, 20, width=32)
factors = st.floats(0, 1, width=32)
bands = st.sampled_from(BANDS)


def test_bands_are_octaves_around_1000_hertz():
    assert [round(f) for f in MID_BANDS] == [63, 126, 251, 501, 1000, 1995, 3981, 7943]
    assert len(BANDS) == len(A_WEIGHTING) == len(MID_BANDS)


@given(distances)
def test_twice_as_far_is_six_decibel_less(distance):
    loss = divergence(f32(2 * distance)) - divergence(f32(distance))
    assert loss == pytest.approx(20 * math.log10(2), abs=1e-4)  # float32: 1e-7 of 70 dB


@given(st.floats(-20, 120, width=32))
def test_levels_and_energies_invert(level):
    assert level_of(energy_of(f32(level))) == pytest.approx(level, abs=1e-4)


def test_two_equal_sources_are_three_decibel_more():
    energy = energy_of(f32(60.0))
    assert level_of(f32(energy + energy)) == pytest.approx(63.01, abs=0.005)


@given(st.floats(-20, 40), st.floats(10, 100), st.sampled_from(MID_BANDS[:-1]))
def test_air_absorbs_high_bands_more(temperature, humidity, frequency):
    absorption = in_double(air_absorption)
    low = absorption(frequency, temperature, humidity, 101.325)
    high = absorption(2 * frequency, temperature, humidity, 101.325)
    assert 0.0 < low < high


def test_air_absorbs_in_proportion_to_distance():
    assert air_attenuation(f32(500.0), f32(9.66)) == pytest.approx(4.83)


@given(distances, heights, bands)
def test_hard_ground_reflects_everything(distance, height, band):
    path = (float(band), distance, 0.05, height, 0.0, 0.0, 0.0)
    assert in_double(ground_homogeneous)(*path) == -3.0
    assert -9.0 <= in_double(ground_favourable)(*path) <= -3.0


@given(distances, heights, factors, bands)
def test_ground_never_adds_more_than_its_bound(distance, height, factor, band):
    path = (float(band), distance, 0.05, height, factor, factor, factor)
    assert in_double(ground_homogeneous)(*path) >= -3.0
    assert in_double(ground_favourable)(*path) >= -9.0 * (1.0 - factor) - 1e-12


@given(distances, heights, bands)
def test_over_hard_ground_favourable_conditions_are_no_quieter(distance, height, band):
    path = (float(band), 2.0, distance, 0.05, height, 0.0, 0.0)
    assert in_double(attenuation_favourable)(*path) <= in_double(attenuation_homogeneous)(*path)


@given(distances, heights, factors, bands)
@pytest.mark.parametrize("attenuation", [attenuation_homogeneous, attenuation_favourable])
def test_single_precision_is_within_a_hundredth_of_a_decibel(
    attenuation, distance, height, factor, band
):
    path = (float(band), 5.0, distance, 0.05, height, factor, 0.0)
    single = attenuation(*map(f32, path))
    assert single == pytest.approx(in_double(attenuation)(*path), abs=0.01)


@given(st.floats(30, 90))
def test_lden_of_a_steady_sound_is_6_4_decibel_more(level):
    energy = 10 ** (level / 10)
    lden = 10 * math.log10(in_double(lden_energy)(energy, energy, energy))
    # 12 h as they are, 4 h at +5 dB and 8 h at +10 dB of 24 h.
    assert lden - level == pytest.approx(6.396, abs=1e-3)


def test_lden_weighs_the_periods_as_the_directive_says():
    energies = np.array([[1e6, 1e6], [1e5, 0], [1e4, 0]], np.float32)
    found = levels(energies)
    expected = 10 * math.log10((12 * 1e6 + 4 * 10 ** (5.5) + 8 * 1e5) / 24)
    assert found.lday[0] == pytest.approx(60.0, abs=1e-4)
    assert found.levening[0] == pytest.approx(50.0, abs=1e-4)
    assert found.lnight[0] == pytest.approx(40.0, abs=1e-4)
    assert found.lden[0] == pytest.approx(expected, abs=1e-4)
    assert found.lden[1] == pytest.approx(60.0 - 10 * math.log10(2), abs=1e-4)
    assert found.laeq[1] == pytest.approx(60.0 - 10 * math.log10(2), abs=1e-4)


@given(st.floats(30, 90))
def test_a_steady_sound_has_one_level_all_day(level):
    energies = np.full((3, 1), 10 ** (level / 10), np.float32)
    assert levels(energies).laeq[0] == pytest.approx(level, abs=1e-4)


def test_where_no_road_is_heard_there_is_no_level():
    assert all(np.isnan(level[0]) for level in levels(np.zeros((3, 1), np.float32)))
