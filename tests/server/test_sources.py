"""Roads become straight stretches with an initial dispersion, and far ones are left out."""

import numpy as np
import pytest
import shapely
from roadside_server.computation.sources import (
    Stretches,
    cut,
    initial_dispersion,
    localised,
    near,
    straight_stretches,
)
from roadside_server.computation.tiles import View

from tests.region_factory import SOUTH, WEST, small_roads

ROADS = small_roads()


def with_columns(**columns):
    """The rural road with other properties."""
    roads = ROADS[ROADS["road_id"] == "rural"].copy()
    for name, value in columns.items():
        roads[name] = value
    return roads


def test_stretches_keep_the_length_of_their_roads():
    stretches = straight_stretches(ROADS)
    length = np.bincount(stretches.road, weights=stretches.length)
    np.testing.assert_allclose(length, ROADS.geometry.length)
    assert stretches.road.dtype == np.int32


def test_a_corner_named_twice_makes_no_stretch():
    roads = with_columns()
    roads.geometry = [shapely.LineString([(0, 0), (0, 0), (5, 0), (5, 0), (5, 9)])]
    assert list(straight_stretches(roads).length) == [5.0, 9.0]


def test_cut_stretches_are_short_enough_and_cover_the_whole():
    stretches = straight_stretches(ROADS)
    parts = cut(stretches, np.full(stretches.road.size, 20.0))
    assert parts.length.max() <= 20.0 + 1e-9
    whole = np.bincount(parts.road, weights=parts.length)
    np.testing.assert_allclose(whole, ROADS.geometry.length)


def test_stretches_are_cut_only_where_asked():
    stretches = straight_stretches(ROADS)
    parts = cut(stretches, np.full(stretches.road.size, np.inf))
    np.testing.assert_allclose(np.array(parts), np.array(stretches), rtol=1e-15)


def test_no_stretch_within_reach_is_left_out():
    rng = np.random.default_rng(3)
    ends = rng.uniform(-3000, 3000, (4, 500))
    stretches = Stretches(*ends, np.zeros(500, np.int32))
    box = View(-100, -50, 100, 50)
    lines = shapely.linestrings(ends.T.reshape(-1, 2, 2))
    within = shapely.distance(lines, shapely.box(*box)) <= 700.0
    found = near(stretches, box, 700.0)
    assert set(np.flatnonzero(within)) <= set(found)
    assert found.size < 500


def test_stretches_are_told_from_the_corner_in_single_precision():
    stretches = straight_stretches(ROADS)
    segments = localised(stretches, View(WEST, SOUTH, WEST + 1, SOUTH + 1))
    assert (segments.x0[0], segments.y0[0], segments.x1[0]) == (50.0, 155.0, 255.0)
    assert {values.dtype for values in segments[:4]} == {np.dtype(np.float32)}


def test_plumes_start_wider_on_motorways():
    assert list(initial_dispersion(ROADS)) == [2.5, 2.5, 2.5, 2.5, 3.0]


#: Regeling beoordeling luchtkwaliteit 2007, annex 2, on top of 2.5 m.
@pytest.mark.parametrize(
    ("columns", "more"),
    [
        ({"elevation": 6.0, "elevation_profile": "dike_below_20"}, 0.0),
        ({"elevation": 6.0, "elevation_profile": "dike_20_to_45"}, 1.5),
        ({"elevation": 6.0, "elevation_profile": "dike_above_45"}, 3.0),
        ({"elevation": 6.0, "elevation_profile": "viaduct"}, 6.0),
        ({"elevation": -6.0, "elevation_profile": "trench"}, 3.0),
        ({"barrier_left": "screen", "barrier_left_height": 4.0}, 2.0),
        ({"barrier_right": "wall", "barrier_right_height": 4.0}, 1.0),
        ({"barrier_left": "screen", "barrier_left_height": 9.0}, 3.0),
        ({"barrier_left": "screen", "barrier_left_height": 0.9}, 0.0),
        (
            {
                "barrier_left": "screen",
                "barrier_left_height": 4.0,
                "barrier_left_distance": 51.0,
            },
            0.0,
        ),
        (
            {
                "barrier_left": "wall",
                "barrier_left_height": 2.0,
                "barrier_right": "screen",
                "barrier_right_height": 4.0,
            },
            2.5,
        ),
    ],
)
def test_height_and_barriers_widen_the_plume(columns, more):
    assert initial_dispersion(with_columns(**columns))[0] == pytest.approx(2.5 + more)
