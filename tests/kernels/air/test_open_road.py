import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadside_kernels.air.open_road import SectorWind, open_road_sums
from roadside_kernels.arrays import Receptors, Segments, StreetLinks

from tests.kernels.air.conftest import scene, spelled_out, straight, uniform_rose, wind_rose

few = settings(max_examples=10)
places = st.tuples(st.floats(-800, 800, width=32), st.floats(-800, 800, width=32))


def totals(roads, **options):
    """PM10 at each receptor."""
    return open_road_sums(*roads, **options).pm10


def test_the_fast_sums_equal_the_sums_spelled_out(open_roads):
    sums = open_road_sums(*open_roads, max_range=700.0)
    np.testing.assert_allclose(sums.nox, spelled_out(open_roads, 700.0), rtol=1e-4, atol=1e-5)


def test_nothing_comes_from_beyond_the_range():
    roads = scene(straight(0, 1000, 40, 1000), [(20, 0), (20, 5)], uniform_rose(12))
    far, near = totals(roads, max_range=998.0)
    assert far == 0
    assert near > 0


@few
@given(st.floats(0, 1000, width=32))
def test_twice_the_emission_is_twice_the_concentration(strength):
    road, at = straight(0, 0, 100, 20), [(50, 40)]
    single = scene(road, at, wind_rose(), np.full((5, 1), strength, "f4"))
    double = scene(road, at, wind_rose(), np.full((5, 1), 2 * strength, "f4"))
    assert totals(double) == pytest.approx(2 * totals(single), rel=1e-6)


@few
@given(places)
def test_two_roads_add_up(place):
    first, second = straight(0, 0, 100, 20), straight(300, -50, 280, 90)
    both = Segments(*(np.concatenate(ends) for ends in zip(first, second, strict=True)))
    apart = sum(totals(scene(road, [place], wind_rose())) for road in (first, second))
    assert totals(scene(both, [place], wind_rose())) == pytest.approx(apart, rel=1e-5)


@few
@given(st.floats(5, 500, width=32), st.floats(-60, 60, width=32))
def test_both_sides_of_a_road_are_alike_under_a_uniform_rose(distance, along):
    sides = [(along, distance), (along, -distance)]
    left, right = totals(scene(straight(-50, 0, 50, 0), sides, uniform_rose(12)))
    assert left == pytest.approx(right, rel=1e-5)


@few
@given(st.floats(10, 300, width=32))
def test_two_halves_of_a_road_make_the_whole(distance):
    whole, at = straight(-50, 0, 50, 0), [(10, distance)]
    halves = Segments(
        *(np.array(ends, "f4") for ends in ((-50, 0), (0, 0), (0, 50), (0, 0))),
        np.zeros(2, "i4"),
    )
    # One piece or two of a lone road half as long as it is far: two percent (midpoint rule).
    rose = uniform_rose(1)
    assert totals(scene(halves, at, rose)) == pytest.approx(
        totals(scene(whole, at, rose)), rel=2e-2
    )


@few
@given(places, st.floats(0.1, 6.2))
def test_turning_roads_and_receptors_changes_nothing_without_sectors(place, angle):
    ends, cosine, sine = np.array([[-40, 10], [60, -20]]), np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    before = scene(straight(*ends.ravel()), [place], uniform_rose(1))
    after = scene(straight(*(ends @ turn).ravel()), [np.array(place) @ turn], uniform_rose(1))
    assert totals(after) == pytest.approx(totals(before), rel=1e-4)


@few
@given(places)
def test_moving_roads_and_receptors_changes_nothing(shift):
    dx, dy = np.round(shift)
    before = scene(straight(0, 0, 80, 30), [(30, 60), (31, 300)], wind_rose())
    after = scene(
        straight(dx, dy, 80 + dx, 30 + dy), [(30 + dx, 60 + dy), (31 + dx, 300 + dy)], wind_rose()
    )
    assert totals(after) == pytest.approx(totals(before), rel=1e-4)


@few
@given(places)
def test_the_number_of_sectors_cancels_under_a_uniform_rose(place):
    road = straight(-100, 0, 100, 0)
    dozen, three_dozen = (totals(scene(road, [place], uniform_rose(n))) for n in (12, 36))
    assert dozen == pytest.approx(three_dozen, rel=1e-5)


@few
@given(st.floats(20, 400, width=32))
def test_twice_as_far_is_less_but_not_less_than_a_third(distance):
    at = [(0, distance), (0, 2 * distance)]
    near, far = totals(scene(straight(-2000, 0, 2000, 0), at, uniform_rose(12)))
    assert near / 3 < far < near


@pytest.mark.parametrize(
    ("direction", "sector"), [((0, 1), 0), ((1, 0), 3), ((0, -1), 6), ((-1, 0), 9)]
)
def test_the_wind_of_a_sector_blows_from_the_road(direction, sector):
    x, y = 200 * np.array(direction)
    sums = open_road_sums(*scene(straight(x - 1, y, x + 1, y), [(0, 0)], uniform_rose(12)))
    assert np.flatnonzero(sums.nox[:, 0]).tolist() == [sector]


def test_annual_means_weigh_sectors_with_their_frequency(open_roads):
    same = open_roads._replace(emission=np.full((5, 12), 10, "f4"))
    sums = open_road_sums(*same)
    annual = same.wind.frequency @ sums.nox
    np.testing.assert_allclose(sums.pm10, annual, rtol=1e-5)
    np.testing.assert_allclose(sums.ec, annual, rtol=1e-5)


def test_a_sector_without_wind_brings_nothing():
    calm = SectorWind(np.array([0, 1, 0, 0], "f4"), np.array([0, 4, 0, 0], "f4"))
    sums = open_road_sums(*scene(straight(-9, 50, 9, 50), [(0, 0)], calm))
    assert sums.nox[0, 0] == 0
    assert sums.pm10[0] == 0


def test_receptors_at_the_axis_are_flagged_and_computed_at_three_and_a_half_metres():
    at = [(0, 0), (0, 3.4), (0, 3.6), (30, 0)]
    sums = open_road_sums(*scene(straight(-20, 0, 20, 0), at, uniform_rose(12)))
    assert sums.near.tolist() == [True, True, False, False]
    assert np.isfinite(sums.nox).all()


def test_a_receptor_gets_nothing_from_a_street_that_it_is_linked_to(open_roads):
    receptors = open_roads.receptors.x.size
    start = np.zeros(receptors + 1, np.int64)
    start[5:] = 1  # receptor 4 is linked to road 0
    links = StreetLinks(start, np.zeros(1, "i4"), np.ones(1, "f4"))
    without = open_roads.emission.copy()
    without[:, 0] = 0
    plain, excluded = open_road_sums(*open_roads), open_road_sums(*open_roads, exclude=links)
    rest = open_road_sums(*open_roads._replace(emission=without))
    others = np.arange(receptors) != 4
    np.testing.assert_allclose(excluded.nox[:, 4], rest.nox[:, 4], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(excluded.nox[:, others], plain.nox[:, others], rtol=1e-5, atol=1e-6)


def test_double_precision_is_refused(open_roads):
    wrong = open_roads._replace(emission=open_roads.emission.astype("f8"))
    with pytest.raises(TypeError, match="emission: float64, must be float32"):
        open_road_sums(*wrong)


def test_no_receptors_and_no_roads_give_empty_and_zero(open_roads):
    nowhere = open_roads._replace(receptors=Receptors(*np.empty((2, 0), "f4")))
    assert open_road_sums(*nowhere).nox.shape == (12, 0)
    road = open_roads.segments
    none = open_roads._replace(
        segments=Segments(*(part[:0] for part in road)),
        emission=open_roads.emission[:, :0].copy(),
        curve=open_roads.curve[:0],
    )
    assert not open_road_sums(*none).nox.any()
