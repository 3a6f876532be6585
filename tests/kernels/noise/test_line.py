"""Roads on flat ground: sums of energies at receptors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadside_kernels.arrays import Receptors, Segments
from roadside_kernels.noise.atmosphere import air_absorption
from roadside_kernels.noise.bands import BANDS, MID_BANDS
from roadside_kernels.noise.flat_ground import flat_ground
from roadside_kernels.noise.line import line_noise
from roadside_kernels.noise.propagation import attenuation_favourable, attenuation_homogeneous
from roadside_kernels.physics import in_double

#: Probability of favourable conditions by day, evening and night: alike, and by wind sector.
ALIKE = np.array([[0.5], [0.75], [1.0]])
ROSE = np.array([np.linspace(0.1, 0.9, 12), np.full(12, 0.5), np.linspace(0.9, 0.1, 12)])
AROUND = ((0, 0), (30, 40), (-200, 10), (400, 350), (12, -300))
ROADS = ((5, -20, 12, 25), (60, 60, 90, 100), (-300, 0, -310, 40), (400, -100, 520, -90))


def ground(favourable=ALIKE):
    return flat_ground(
        receptor_height=4.0,
        ground_factor=0.7,
        temperature=10.0,
        humidity=70.0,
        favourable=favourable,
    )


@pytest.fixture(scope="module")
def meadow():
    return ground()


def receptors_at(*places):
    return Receptors(*np.ascontiguousarray(np.array(places, np.float32).T))


def segments_of(*ends):
    x0, y0, x1, y1 = np.ascontiguousarray(np.array(ends, np.float32).T)
    return Segments(x0, y0, x1, y1, np.arange(len(ends), dtype=np.int32))


def power_of(segments, seed=0):
    """Spectra that differ by period, band and segment."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1e7, 1e9, (3, 8, segments.x0.size)).astype(np.float32)


def decibel(ratio):
    return 10 * np.log10(ratio)


def point_transfer(distance, probability):
    """What arrives (m-2) of a point source by period and band; formulas in double precision."""
    air = [in_double(air_absorption)(f, 10.0, 70.0, 101.325) for f in MID_BANDS]
    energy = [
        [10 ** (-in_double(formula)(float(f), a, distance, 0.05, 4.0, 0.7, 0.0) / 10)
         for f, a in zip(BANDS, air, strict=True)]
        for formula in (attenuation_homogeneous, attenuation_favourable)
    ]  # fmt: skip
    homogeneous, favourable = np.array(energy)
    p = probability[:, np.newaxis]
    return (1 - p) * homogeneous + p * favourable


def expected_energy(x, y, segment, power, favourable, piece):
    """Energy (3) of one segment at (x, y), from pieces of a given length (m)."""
    ends = np.array(segment, float).reshape(2, 2)
    length = float(np.hypot(*(ends[1] - ends[0])))
    count = int(np.ceil(length / piece))
    energy = np.zeros(3)
    for share in (np.arange(count) + 0.5) / count:
        east, north = ends[0] + share * (ends[1] - ends[0]) - (x, y)
        sectors = favourable.shape[1]
        sector = round(np.degrees(np.arctan2(east, north)) / 360 * sectors) % sectors
        transfer = point_transfer(float(np.hypot(east, north)), favourable[:, sector])
        energy += length / count * (power * transfer).sum(axis=1)
    return energy


@pytest.mark.parametrize("favourable", [ALIKE, ROSE], ids=["alike", "by sector"])
def test_a_short_road_is_a_point_source(favourable):
    receptors, transfer = receptors_at(*AROUND), ground(favourable)
    for road in ((70, 60, 71, 60), (-40, -90, -40, -89), (-320, 250, -321, 250)):
        segments = segments_of(road)
        power = power_of(segments)
        energy = line_noise(receptors, segments, power, transfer).energy
        expected = np.transpose(
            [expected_energy(x, y, road, power[:, :, 0], favourable, 1.0) for x, y in AROUND]
        )
        # The tables' 0.005 dB and single precision.
        assert decibel(energy / expected) == pytest.approx(0.0, abs=0.01)


def test_pieces_of_half_the_distance_are_fine_enough(meadow):
    receptors, segments = receptors_at(*AROUND), segments_of(*ROADS)
    power = power_of(segments)
    energy = line_noise(receptors, segments, power, meadow).energy
    expected = np.transpose(
        [
            sum(
                expected_energy(x, y, road, power[:, :, s], ALIKE, 2.0)
                for s, road in enumerate(ROADS)
            )
            for x, y in AROUND
        ]
    )
    # The midpoint rule errs by (l/d)^2/12 of a 1/d^2 seen broadside: 2 % or 0.09 dB at l = d/2.
    assert decibel(energy / expected) == pytest.approx(0.0, abs=0.09)


def test_two_equal_roads_are_three_decibel_more(meadow):
    receptors = receptors_at(*AROUND)
    one, two = segments_of(ROADS[0]), segments_of(ROADS[0], ROADS[0])
    power = power_of(one)
    single = line_noise(receptors, one, power, meadow).energy
    double = line_noise(receptors, two, np.repeat(power, 2, axis=2), meadow).energy
    assert decibel(double / single) == pytest.approx(3.0103, abs=1e-4)


def test_levels_of_two_roads_add_up_as_energies(meadow):
    receptors, both = receptors_at(*AROUND), segments_of(*ROADS)
    power = power_of(both)
    parts = [
        line_noise(receptors, segments_of(road), power[:, :, [s]], meadow).energy
        for s, road in enumerate(ROADS)
    ]
    together = line_noise(receptors, both, power, meadow).energy
    assert together == pytest.approx(np.sum(parts, axis=0), rel=1e-5)
    assert (together >= np.max(parts, axis=0)).all()


def test_two_halves_of_a_road_equal_the_whole(meadow):
    receptors = receptors_at((0, 0), (0, 60), (100, 300))
    whole = segments_of((10, -100, 10, 100))
    halves = segments_of((10, -100, 10, 0), (10, 0, 10, 100))
    power = power_of(whole)
    one = line_noise(receptors, whole, power, meadow).energy
    two = line_noise(receptors, halves, np.repeat(power, 2, axis=2), meadow).energy
    # The whole is cut by its nearest point, each half by its own: not into the same pieces.
    assert decibel(one / two) == pytest.approx(0.0, abs=0.02)


@settings(max_examples=20)
@given(st.floats(50, 800), st.floats(50, 800))
def test_a_longer_range_never_lowers_a_level(meadow, one, other):
    receptors, segments = receptors_at(*AROUND), segments_of(*ROADS)
    power = power_of(segments)
    short, long = sorted((one, other))
    near = line_noise(receptors, segments, power, meadow, max_range=short).energy
    far = line_noise(receptors, segments, power, meadow, max_range=long).energy
    assert (far >= near).all()


def test_beyond_the_range_nothing_is_heard(meadow):
    receptors, segments = receptors_at((0, 0), (101, 0)), segments_of((-100, 0, -100, 1))
    power = power_of(segments)
    energy = line_noise(receptors, segments, power, meadow, max_range=200.0).energy
    assert (energy[:, 0] > 0).all()
    assert (energy[:, 1] == 0).all()


def test_twice_the_traffic_is_three_decibel_more(meadow):
    receptors, segments = receptors_at(*AROUND), segments_of(*ROADS)
    power = power_of(segments)
    once = line_noise(receptors, segments, power, meadow).energy
    twice = line_noise(receptors, segments, 2 * power, meadow).energy
    assert twice == pytest.approx(2 * once, rel=1e-5)


def test_wind_from_the_road_makes_it_louder_there():
    """Favourable only with wind from the west: the road is heard in the east."""
    rose = np.zeros((3, 4))
    rose[:, 3] = 1.0
    receptors, segments = receptors_at((400, 0), (-400, 0)), segments_of((0, -5, 0, 5))
    power = power_of(segments)
    energy = line_noise(receptors, segments, power, ground(rose)).energy
    always = line_noise(receptors, segments, power, ground(np.ones((3, 1)))).energy
    never = line_noise(receptors, segments, power, ground(np.zeros((3, 1)))).energy
    assert energy[:, 0] == pytest.approx(always[:, 0], rel=1e-4)
    assert energy[:, 1] == pytest.approx(never[:, 1], rel=1e-4)
    assert (energy[:, 0] > energy[:, 1]).all()


def test_order_of_roads_does_not_matter(meadow):
    receptors, segments = receptors_at(*AROUND), segments_of(*ROADS)
    power = power_of(segments)
    turned = line_noise(receptors, segments_of(*ROADS[::-1]), power[:, :, ::-1], meadow)
    assert turned.energy == pytest.approx(
        line_noise(receptors, segments, power, meadow).energy, rel=1e-5
    )


def test_every_receptor_is_served_whatever_their_number(meadow):
    segments = segments_of((0, 0, 0, 20))
    places = np.column_stack([np.arange(600) * 0.5 + 100, np.zeros(600)])
    found = line_noise(receptors_at(*places), segments, power_of(segments), meadow)
    assert (found.energy > 0).all()
    assert (np.diff(found.energy[0]) < 0).all()
    assert found.pairs >= 600


def test_without_receptors_or_roads_there_is_nothing_to_hear(meadow):
    nowhere = Receptors(np.empty(0, np.float32), np.empty(0, np.float32))
    segments = segments_of((0, 0, 0, 20))
    assert line_noise(nowhere, segments, power_of(segments), meadow).energy.shape == (3, 0)
    none = Segments(*(np.empty(0, np.float32) for _ in range(4)), np.empty(0, np.int32))
    found = line_noise(receptors_at((0, 0)), none, np.empty((3, 8, 0), np.float32), meadow)
    assert found.energy.sum() == 0
    assert found.pairs == 0


def test_tables_too_short_for_the_range_are_refused(meadow):
    segments = segments_of((0, 0, 0, 20))
    with pytest.raises(ValueError, match="tables reach to 800"):
        line_noise(receptors_at((0, 0)), segments, power_of(segments), meadow, max_range=900.0)


def test_double_precision_is_refused(meadow):
    segments = segments_of((0, 0, 0, 20))
    power = power_of(segments).astype(np.float64)
    with pytest.raises(TypeError, match="power"):
        line_noise(receptors_at((0, 0)), segments, power, meadow)
