"""Sources for each direction or lane: beside the axis, and together no louder than the road."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from roadside_server.computation.methods import Methods
from roadside_server.computation.sources import LANE_WIDTH, Stretches
from roadside_server.computation.transfer.emitting_lines import (
    emitting_lines,
    line_power,
    segments_of,
)
from roadside_server.computation.transfer.opening import open_transfer
from roadside_server.computation.transfer.settings import TransferSettings, check_settings
from roadside_server.computation.transfer.source_places import SOURCES, parallel
from roadside_server.errors import InvalidInputError

from tests.region_factory import SOUTH, WEST, no_street_links, small_points, small_region
from tests.server.test_noise_transfer import job_of, site_of, values_of

RURAL, MOTORWAY = 3, 4  # rows of roads with two lanes and with six


def one_way_region(direction):
    roads = small_region().roads
    roads.loc[RURAL, "direction"] = direction
    return small_region(roads=roads)


def power_of_roads(region, sources):
    """Power (3, 8, roads) of all the lines of each road."""
    lines = emitting_lines(region, sources)
    power = line_power(region, region.roads, lines, Methods())
    weights = np.zeros((lines.size, len(region.roads)))
    parts = segments_of(lines, np.arange(lines.size))
    np.add.at(weights, (parts.road, lines.road[parts.road]), parts.length)
    return power @ weights


def line_places(region, road, sources):
    """West-to-east places of a road's lines, at their first vertices."""
    lines = emitting_lines(region, sources)
    return np.unique(lines.x[lines.start[:-1]][lines.road == road] - WEST).round(6)


@pytest.mark.parametrize("sources", SOURCES)
def test_a_road_keeps_its_power(sources):
    region = small_region()
    axis = power_of_roads(region, "road")
    np.testing.assert_allclose(power_of_roads(region, sources), axis, rtol=1e-9)


def test_directions_lie_in_the_middle_of_their_half():
    half = 2 * LANE_WIDTH / 4
    np.testing.assert_allclose(
        line_places(small_region(), RURAL, "direction"), [30 - half, 30 + half]
    )


def test_lanes_lie_in_their_middle():
    lines = emitting_lines(small_region(), "lane")
    first = np.unique(lines.y[lines.start[:-1]][lines.road == MOTORWAY].round(3))
    places = shapely.shortest_line(
        shapely.points(lines.x[lines.start[:-1]], lines.y[lines.start[:-1]]),
        small_region().roads.geometry[MOTORWAY],
    )
    away = np.unique(shapely.length(places)[lines.road == MOTORWAY].round(3))
    assert first.size >= 6
    np.testing.assert_allclose(away, LANE_WIDTH * np.array([0.5, 1.5, 2.5]), atol=1e-3)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_one_way_road_has_one_direction_in_its_axis_and_all_its_lanes(direction):
    region = one_way_region(direction)
    assert list(line_places(region, RURAL, "direction")) == [30.0]
    np.testing.assert_allclose(
        line_places(region, RURAL, "lane"), [30 - LANE_WIDTH / 2, 30 + LANE_WIDTH / 2]
    )


def test_right_of_the_line_is_right_in_the_direction_of_drawing():
    north = Stretches(*np.array([[0.0], [0.0], [0.0], [10.0]]), np.zeros(1, np.int32))
    assert parallel(north, np.array([2.0])).x0 == 2.0


@given(st.floats(-150, 150), st.floats(0.5, 10), st.floats(-5, 5))
def test_parallels_meet_at_corners_and_keep_their_distance(turn, length, across):
    heading = np.radians([90.0, 90.0 - turn])
    x, y = (np.append(0.0, np.cumsum(length * f(heading))) for f in (np.cos, np.sin))
    axis = Stretches(x[:-1], y[:-1], x[1:], y[1:], np.zeros(2, np.int32))
    placed = parallel(axis, np.full(2, across))
    assert (placed.x1[0], placed.y1[0]) == (placed.x0[1], placed.y0[1])
    corner = np.array([placed.x1[0] - x[1], placed.y1[0] - y[1]])
    # Up to 120 degrees the mitre is whole; it is cut short beyond.
    kept = min(1.0, (2.0 * np.cos(np.radians(turn) / 2)) ** 2)
    for step in heading:
        right = np.array([np.sin(step), -np.cos(step)])
        assert abs(corner @ right) == pytest.approx(abs(across) * kept, abs=1e-9)


def test_lines_in_the_axis_are_the_same_to_the_last_bit():
    lines = emitting_lines(small_region())
    assert (lines.share == 1.0).all()
    assert set(lines.x - WEST) >= {30.0, 50.0, 255.0}
    assert set(lines.y - SOUTH) >= {20.0, 480.0, 155.0}


def test_a_transfer_is_opened_with_the_sources_it_was_made_of(tmp_path):
    points = small_points()
    rural = small_region().roads.iloc[[RURAL]].reset_index(drop=True)
    region = small_region(roads=rural, receptors=points, street_links=no_street_links(points))
    levels = {
        sources: values_of(job_of(site_of(region, tmp_path / sources, sources=sources)))
        for sources in ("road", "direction")
    }
    change = levels["direction"]["lden_baseline"] - levels["road"]["lden_baseline"]
    assert 0.0 < np.nanmax(np.abs(change)) < 0.5
    settings = open_transfer(region, tmp_path / "direction").transfer.manifest.settings
    assert "a source for each direction" in settings.words


def test_what_no_source_is_named_is_refused():
    with pytest.raises(InvalidInputError, match=r"noise.sources: 'track', must be one of road"):
        check_settings(TransferSettings(sources="track"))
