"""A barrier that somebody drew is beside the roads that it is beside, and widens their plume."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from region_factory import SOUTH, WEST, small_points, small_region, street_links
from roadside_server.computation.barriers import barrier_cover, screened_roads
from roadside_server.computation.job import prepare
from roadside_server.computation.sources import (
    LANE_WIDTH,
    Stretches,
    initial_dispersion,
    straight_stretches,
)
from roadside_server.scenario.construction import Barrier
from roadside_server.scenario.reading import read_scenario
from scenario_factory import scenario_message

REGION = small_region()
STRETCHES = straight_stretches(REGION.roads)
#: Of the rural road: 460 m long at x = 30, going north, two lanes.
RURAL = 3
EDGE = LANE_WIDTH
#: A straight road of 100 m, going east.
EAST = Stretches(*(np.array([value]) for value in (0.0, 0.0, 100.0, 0.0)), np.zeros(1, np.int32))
metres = st.floats(-80.0, 180.0)
beside_the_axis = metres.filter(lambda across: abs(across) > 0.01)


def barrier(*points, height=4.0, west=WEST, south=SOUTH):
    """In metres from the region's corner."""
    return Barrier(shapely.LineString([(west + x, south + y) for x, y in points]), height, 0.0)


def cover(*points, half_width=3.5):
    return barrier_cover(EAST, np.array([half_width]), [barrier(*points, west=0, south=0)])


def beside(*barriers):
    """Initial dispersion (m) along the rural road: length-weighted parts by their value."""
    found = screened_roads(REGION, STRETCHES, barriers)
    if not found.road.any():
        return {}
    assert list(np.flatnonzero(found.road)) == [RURAL]
    lengths = {}
    for sigma, length in zip(found.sigma.tolist(), found.stretches.length.tolist(), strict=True):
        lengths[sigma] = lengths.get(sigma, 0.0) + length
    return lengths


def test_left_is_left_of_the_direction_of_the_line():
    found = cover((20, 10), (70, 10))
    assert (found.side, found.start, found.end, found.height) == (1.0, 20.0, 70.0, 4.0)
    assert cover((20, -10), (70, -10)).side == -1.0


def test_a_barrier_that_crosses_the_road_is_left_of_it_and_then_right():
    found = cover((20, 10), (60, -10))
    assert list(found.side) == [1.0, -1.0]
    assert list(zip(found.start, found.end, strict=True)) == [(20.0, 40.0), (40.0, 60.0)]


@pytest.mark.parametrize(
    "points",
    [
        [(20, 54), (70, 54)],  # farther than 50 m from the edge
        [(-60, 10), (-10, 10)],  # before the road begins
        [(50, 10), (50, 40)],  # across, without any length beside it
        [(20, 0), (70, 0)],  # on the axis
    ],
)
def test_what_is_not_beside_a_road_does_not_count(points):
    assert cover(*points).stretch.size == 0


def test_the_distance_counts_from_the_edge():
    assert cover((20, 54), (70, 54), half_width=7.0).stretch.size == 1


@given(st.lists(st.tuples(metres, beside_the_axis), min_size=2, max_size=4, unique=True))
@example([(0.0, 1.0), (2.225073858507203e-309, 1.0)])  # a step whose inverse overflows
def test_the_part_of_a_road_beside_a_barrier_is_the_shadow_of_its_roadside(points):
    found = cover(*points)
    for side, south, north in ((1.0, 0.0, 53.5), (-1.0, -53.5, 0.0)):
        mine = found.side == side
        roadside = shapely.LineString(points).intersection(shapely.box(0.0, south, 100.0, north))
        bounds = shapely.bounds(shapely.get_parts(roadside))
        expected = shadow(bounds[:, 0], bounds[:, 2])
        # Shadows below a centimetre are left out.
        assert shadow(found.start[mine], found.end[mine]) == pytest.approx(expected, abs=0.05)


def shadow(start, end):
    """Length (m) that intervals cover together."""
    return shapely.union_all(shapely.box(start, 0.0, end, 1.0)).area


def test_only_the_part_beside_the_barrier_starts_wider():
    assert beside(barrier((20, 100), (20, 200))) == pytest.approx({2.5: 360.0, 4.5: 100.0})


def test_both_sides_add_and_the_higher_of_one_side_counts():
    both = beside(barrier((20, 100), (20, 200)), barrier((40, 150), (40, 250), height=2.0))
    assert both == pytest.approx({2.5: 310.0, 4.5: 50.0, 5.5: 50.0, 3.5: 50.0})
    one = beside(barrier((20, 100), (20, 200)), barrier((15, 150), (15, 250), height=6.0))
    assert one == pytest.approx({2.5: 310.0, 4.5: 50.0, 5.5: 100.0})


@pytest.mark.parametrize("height", [0.0, 0.5, 0.99])
def test_a_barrier_below_a_metre_changes_no_road(height):
    assert beside(barrier((20, 100), (20, 200), height=height)) == {}


def test_beyond_fifty_metres_from_the_edge_nothing_changes():
    x = 30 + EDGE + 50.1
    assert beside(barrier((x, 100), (x, 200))) == {}


def test_more_than_six_metres_count_as_six():
    high, six = (beside(barrier((20, 100), (20, 200), height=h)) for h in (12.0, 6.0))
    assert high == six


def test_a_lower_barrier_beside_a_higher_one_changes_nothing():
    roads = REGION.roads.copy()
    roads.loc[RURAL, ["barrier_left", "barrier_left_height"]] = ["screen", 5.0]
    region = small_region(roads=roads)
    assert not screened_roads(region, STRETCHES, [barrier((20, 100), (20, 200))]).road.any()
    higher = screened_roads(region, STRETCHES, [barrier((20, 100), (20, 200), height=6.0)])
    assert higher.sigma.max() == pytest.approx(2.5 + 3.0)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.floats(-60, 120), st.floats(0, 500), st.floats(-60, 120), st.floats(0, 500)),
        min_size=1,
        max_size=4,
    ),
    st.floats(1.0, 8.0),
)
def test_cut_roads_keep_their_place_and_length(lines, height):
    barriers = [
        barrier((a, b), (c, d), height=height)
        for a, b, c, d in lines
        if abs(a - c) + abs(b - d) > 0.1
    ]
    found = screened_roads(REGION, STRETCHES, barriers)
    length = np.bincount(found.stretches.road, found.stretches.length, len(REGION.roads))
    np.testing.assert_allclose(length[found.road], REGION.roads.geometry.length[found.road])
    assert (found.stretches.length > 0).all()
    assert (found.sigma >= initial_dispersion(REGION.roads)[found.stretches.road]).all()


#: Receptors at the motorway and in the field, and one road alone.
POINTS = small_points()
NOX = {"quantities": ["QUANTITY_NOX"]}


def alone(roads=None):
    """The rural road and its surroundings."""
    roads = (REGION.roads if roads is None else roads).iloc[[RURAL]].reset_index(drop=True)
    return small_region(roads=roads, receptors=POINTS, street_links=street_links(roads, POINTS))


def drawn(*points, height=4.0):
    line = {"points": [{"x": WEST + x, "y": SOUTH + y} for x, y in points]}
    return {"add_barrier": {"line": line, "height": height}}


def nox(region, *measures, output="scenario", **fields):
    scenario = read_scenario(scenario_message(*measures, **NOX, **fields), region)
    (tile,) = prepare(region, scenario).results()
    return tile.values[f"nox_{output}"]


def test_a_drawn_barrier_does_what_one_in_the_road_table_does():
    roads = REGION.roads.copy()
    roads.loc[RURAL, ["barrier_left", "barrier_left_height"]] = ["screen", 4.0]
    built = nox(alone(roads), output="baseline")
    asked = nox(alone(), drawn((20, 10), (20, 490)))
    # The same stretches with the same curve; sums by part round once more.
    np.testing.assert_allclose(asked, built, rtol=1e-6)


def test_a_higher_barrier_never_leaves_more_nearby():
    before = nox(alone(), output="baseline")
    by_height = [
        nox(alone(), drawn((20, 10), (20, 490), height=h)) for h in (0.5, 1.0, 3.0, 6.0, 9.0)
    ]
    np.testing.assert_array_equal(by_height[0], before)
    for lower, higher in pairwise(by_height):
        assert (higher <= lower).all()
    assert (by_height[3] < 0.95 * before).any()
    np.testing.assert_array_equal(by_height[4], by_height[3])


def test_a_barrier_out_of_reach_of_the_road_changes_nothing():
    assert not nox(alone(), drawn((90, 10), (90, 490)), output="difference").any()


def test_the_sums_of_the_roads_before_serve_scenarios_with_barriers():
    region = alone_and_motorway()
    plain, with_barrier = (
        prepare(region, read_scenario(scenario_message(*measures, **NOX), region)).air
        for measures in ([], [drawn((20, 10), (20, 300))])
    )
    assert plain.key is not None
    assert plain.key == with_barrier.key


def alone_and_motorway():
    roads = REGION.roads.iloc[[RURAL, 4, 4]].reset_index(drop=True)
    roads = gpd.GeoDataFrame(roads, crs=REGION.crs)
    return small_region(roads=roads, receptors=POINTS, street_links=street_links(roads, POINTS))
