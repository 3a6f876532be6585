"""What arrives of lines of road: beside the formulas, and what must hold of any scene."""

import numpy as np
import pytest
import shapely
from roadside_kernels.noise.atmosphere import air_absorption
from roadside_kernels.noise.bands import BANDS, MID_BANDS
from roadside_kernels.noise.lines import Lines
from roadside_kernels.noise.propagation import attenuation_favourable, attenuation_homogeneous
from roadside_kernels.noise.scene import joined, make_scene
from roadside_kernels.noise.trace import Hearers, Only, in_float32, trace
from roadside_kernels.physics import in_double
from roadside_server.computation.noise_scene import building_sides, screen_walls

ORIGIN = (0.0, 0.0)
AIR = np.array([in_double(air_absorption)(f, 10.0, 70.0, 101.325) for f in MID_BANDS])
#: Half of a last digit of bfloat16 (dB), with room for float32 sums.
STORED = 0.02
P = 0.3


def lines_of(*polylines):
    x, y = np.concatenate(polylines).T.astype(np.float32)
    start = np.cumsum([0, *map(len, polylines)]).astype(np.int32)
    ground = np.zeros(x.size, np.float32)
    return Lines(start, x.copy(), y.copy(), ground + np.float32(0.05), ground)


def hearers_at(*places, z=4.0, building=-1):
    x, y = np.array(places, np.float32).T
    nothing = np.zeros(x.size, np.float32)
    return Hearers(
        x.copy(), y.copy(), nothing + np.float32(z), nothing, nothing,
        np.full(x.size, building, np.int32),
    )  # fmt: skip


def traced(elements, lines, hearers, **options):
    options = {"order": 0, "reach": 500.0, "favourable": np.full((3, 1), P)} | options
    scene = make_scene(joined(elements), ground_factor=0.0)
    return trace(scene, lines, hearers, absorption=AIR, **options)


def energy_of(transfer, i=0):
    rows = slice(transfer.start[i], transfer.start[i + 1])
    return in_float32(transfer.energy[rows]).sum(axis=0)


def decibels(energy):
    return 10.0 * np.log10(np.asarray(energy, float))


def over_hard_ground(length, distance):
    """Energies by band of one piece over flat hard ground, by the formulas in decibels."""
    path = (distance, 0.05, 4.0, 0.0, 0.0)
    bands = list(zip(map(float, BANDS), AIR, strict=True))
    h = np.array([in_double(attenuation_homogeneous)(f, a, *path) for f, a in bands])
    f = np.array([in_double(attenuation_favourable)(f, a, *path) for f, a in bands])
    return length * ((1 - P) * 10 ** (-h / 10) + P * 10 ** (-f / 10))


def test_a_short_line_in_the_open_is_one_point_source():
    transfer = traced([], lines_of([(100, -5), (100, 5)]), hearers_at((0, 0)))
    assert transfer.line.tolist() == [0]
    assert transfer.energy.shape == (1, 1, 8)
    expected = decibels(over_hard_ground(10.0, 100.0))
    assert decibels(energy_of(transfer)[0]) == pytest.approx(expected, abs=STORED)


def test_a_wall_adds_its_image_less_what_it_absorbs():
    wall = building_sides(np.array([shapely.box(-50, -60, 150, -50)]), 30.0, ORIGIN, absorption=0.1)
    line, hearers = lines_of([(99, 0), (101, 0)]), hearers_at((0, 0))
    direct = energy_of(traced([wall], line, hearers))[0]
    both = energy_of(traced([wall], line, hearers, order=1, search=100.0))[0]
    # Far below the wall's top nothing is lost over it.
    expected = over_hard_ground(2.0, 100.0) + 0.9 * over_hard_ground(2.0, np.hypot(100, 100))
    assert decibels(both) == pytest.approx(decibels(expected), abs=STORED)
    beyond = energy_of(traced([wall], line, hearers, order=1, search=49.0))[0]
    np.testing.assert_array_equal(beyond, direct)


def test_a_facade_does_not_reflect_to_its_own_receptors():
    wall = building_sides(np.array([shapely.box(-10, -20, 10, -1)]), 30.0, ORIGIN)
    line = lines_of([(-2, 40), (2, 40)])
    direct = traced([wall], line, hearers_at((0, 0)))
    own = traced([wall], line, hearers_at((0, 0), building=0), order=1)
    free = traced([wall], line, hearers_at((0, 0)), order=1)
    np.testing.assert_array_equal(own.energy, direct.energy)
    assert (energy_of(free) > 1.5 * energy_of(direct)).all()


def test_a_screen_reflects_on_both_sides_and_lets_nothing_through():
    screen = screen_walls(np.array([shapely.LineString([(-90, 50), (90, 50)])]), 12.0, ORIGIN)
    line = lines_of([(-1, 60), (1, 60)])
    far_side, near_side = hearers_at((0, 0)), hearers_at((0, 100))
    for hearers, paths in ((far_side, 1), (near_side, 2)):
        assert traced([screen], line, hearers, order=1).profiles == paths
    behind, before = (traced([screen], line, h) for h in (far_side, near_side))
    assert (energy_of(behind) < 0.1 * energy_of(before)).all()


def test_every_line_has_its_own_row_and_far_ones_none():
    lines = lines_of([(50, 0), (60, 0)], [(0, 700), (10, 700)], [(-20, 40), (-20, 60), (-10, 60)])
    transfer = traced([], lines, hearers_at((0, 0), (0, 650)))
    assert transfer.line[: transfer.start[1]].tolist() == [2, 0]
    assert transfer.line[transfer.start[1] :].tolist() == [1]
    alone = traced([], lines_of([(-20, 40), (-20, 60), (-10, 60)]), hearers_at((0, 0)))
    np.testing.assert_array_equal(alone.energy[0], transfer.energy[0])


def test_periods_with_other_probabilities_have_energies_of_their_own():
    house = building_sides(np.array([shapely.box(40, -5, 50, 5)]), 9.0, ORIGIN)
    favourable = np.array([[0.0], [0.5], [1.0]])
    transfer = traced(
        [house], lines_of([(200, -1), (200, 1)]), hearers_at((0, 0)), favourable=favourable
    )
    day, evening, night = in_float32(transfer.energy[0])
    assert (day[:5] < night[:5]).all()
    assert decibels(evening) == pytest.approx(decibels(0.5 * (day + night)), abs=2 * STORED)


def test_a_removed_building_gives_the_former_transfer_bit_for_bit():
    houses = np.array([shapely.box(20, -30, 30, 30), shapely.box(-40, 60, 40, 80)])
    more = np.append(houses, shapely.box(60, -20, 70, 20))
    lines = lines_of([(100, -50), (100, 50)], [(-80, 40), (90, 45)])
    places = hearers_at((0, 0), (50, 20))
    former = traced([building_sides(houses, 9.0, ORIGIN)], lines, places, order=1)
    changed = traced([building_sides(more, 9.0, ORIGIN)], lines, places, order=1)
    again = traced([building_sides(more[:-1], 9.0, ORIGIN)], lines, places, order=1)
    assert (changed.energy != former.energy).any()
    for now, then in zip(again, former, strict=True):
        np.testing.assert_array_equal(now, then)


def test_profiles_that_cross_more_than_a_desk_holds_are_whole():
    row = np.array([shapely.box(3 * k, -5, 3 * k + 1, 5) for k in range(4, 150)])
    line, hearers = lines_of([(480, -1), (480, 1)]), hearers_at((0, 0))
    transfer = traced([building_sides(row, 8.0, ORIGIN)], line, hearers)
    few = building_sides(row[[0, 1, -2, -1]], 8.0, ORIGIN)
    # Only the first and the last walls diffract: roofs between them are as high.
    assert decibels(energy_of(transfer)) == pytest.approx(
        decibels(energy_of(traced([few], line, hearers))), abs=STORED
    )


def test_pruning_takes_away_less_than_its_tolerance_even_if_the_loudest_line_is_closed():
    rng = np.random.default_rng(5)
    starts = rng.uniform(-450, 450, (60, 2))
    lines = lines_of(*([p, p + rng.uniform(-60, 60, 2)] for p in starts))
    power = rng.uniform(1, 1000, (60, 8)).astype(np.float32)
    hearers = hearers_at((0, 0), (30, -200))
    houses = np.array(
        [shapely.box(x, y, x + 12, y + 12) for x, y in rng.uniform(-400, 400, (40, 2))]
    )
    sides = [building_sides(houses, 8.0, ORIGIN)]
    whole = traced(sides, lines, hearers)
    pruned = traced(sides, lines, hearers, power=power, tolerance=1.0, headroom=2.0)
    assert pruned.line.size < whole.line.size
    for i in range(2):
        levels = []
        for transfer in (whole, pruned):
            rows = slice(transfer.start[i], transfer.start[i + 1])
            energy = np.zeros(60)
            arrived = in_float32(transfer.energy[rows, 0]) * power[transfer.line[rows]]
            energy[transfer.line[rows]] = arrived.sum(axis=1)
            levels.append((decibels(energy.sum()), decibels(energy.sum() - energy.max())))
        lost = np.array(levels[0]) - levels[1]
        assert (lost < 1.0).all()
        assert (lost >= 0.0).all()


def test_lines_that_are_asked_for_have_the_rows_that_they_have_among_all():
    line = lines_of([(0, 50), (40, 50)], [(0, 90), (40, 90)], [(-60, 0), (-60, 40)])
    hearers = hearers_at((0, 0), (30, 10), (80, 20))
    every = traced([], line, hearers)
    asked = Only(np.array([0, 1, 1, 3]), np.array([1, 0, 2], np.int32))
    some = traced([], line, hearers, only=asked)
    assert np.diff(some.start).tolist() == [1, 0, 2]
    owner = np.repeat(np.arange(3), np.diff(every.start))
    for i, k, energy in zip([0, 2, 2], some.line, some.energy, strict=True):
        np.testing.assert_array_equal(energy, every.energy[(owner == i) & (every.line == k)][0])
