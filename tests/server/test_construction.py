"""Barriers and buildings of a request: what they come to, and what is refused."""

import math

import pyproj
import pytest
from roadside_server.errors import InvalidInputError
from roadside_server.scenario.measures import Close
from roadside_server.scenario.quantities import OUTPUTS
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import SOUTH, WEST, small_region
from tests.scenario_factory import scenario_message

REGION = small_region()
CLOSE_LONG = {"roads": {"ids": {"ids": ["long-1", "long-2"]}}, "close": {}}


def read(*measures, **fields):
    return read_scenario(scenario_message(*measures, **fields), REGION, (2015, 2030))


def ring(*corners, **fields):
    """A polygon in metres from the region's corner."""
    return {"ring": [{"x": WEST + x, "y": SOUTH + y} for x, y in corners]} | fields


def rectangle(west, south, east, north):
    return ring((west, south), (east, south), (east, north), (west, north))


def line(*points, **fields):
    return {"points": [{"x": WEST + x, "y": SOUTH + y} for x, y in points]} | fields


def barrier(*points, height=4.0, **fields):
    return {"add_barrier": {"line": line(*points), "height": height} | fields}


def building(footprint, height=9.0):
    return {"add_building": {"footprint": footprint, "height": height}}


def removed_at(*points):
    return {"remove_building": {"points": line(*points)}}


BARRIER = barrier((20, 100), (20, 200))
BUILDING = building(rectangle(300, 300, 320, 310))
#: Inside a building of the region, and inside the one above.
IN_ROW, IN_NEW = (65, 170), (310, 305)


def test_barriers_and_buildings_are_no_changes_to_traffic():
    scenario = read(BARRIER, CLOSE_LONG, BUILDING)
    assert [measure.change for measure in scenario.measures] == [Close()]
    (built,), (wall,) = scenario.construction.buildings, scenario.construction.barriers
    assert (built.footprint.area, built.height) == (200.0, 9.0)
    assert (wall.line.length, wall.height, wall.absorption) == (100.0, 4.0, 0.0)
    assert scenario.outputs == OUTPUTS


def test_a_line_may_come_in_longitude_and_latitude_and_repeat_points():
    to_degrees = pyproj.Transformer.from_crs(REGION.crs, "EPSG:4326", always_xy=True)
    places = [(WEST + 20, SOUTH + 100), (WEST + 20, SOUTH + 100), (WEST + 20, SOUTH + 200)]
    points = [dict(zip("xy", to_degrees.transform(*place), strict=True)) for place in places]
    asked = {"add_barrier": {"line": {"points": points, "crs": "EPSG:4326"}, "height": 4}}
    (wall,) = read(asked).construction.barriers
    assert wall.line.length == pytest.approx(100.0, abs=1e-3)


def test_buildings_are_removed_by_a_point_inside_or_by_an_area_around_their_centre():
    first = read(removed_at(IN_ROW)).construction.removed
    assert [REGION.buildings.geometry[row].bounds[:2] for row in first] == [
        (WEST + 60, SOUTH + 165)
    ]
    area = {"remove_building": {"polygon": rectangle(60, 170, 170, 175)}}
    assert len(read(area).construction.removed) == 3


def test_a_building_that_is_removed_again_leaves_no_trace():
    undone = read(BUILDING, removed_at(IN_NEW), outputs=["OUTPUT_BASELINE"])
    assert not undone.construction.changes
    assert undone.content_hash == read().content_hash
    assert read(BUILDING).content_hash != read(removed_at(IN_ROW)).content_hash


def test_the_order_of_what_is_built_does_not_matter():
    other = barrier((200, 20), (10, 20), height=2.0)
    backwards = barrier((10, 20), (200, 20), height=2.0)
    one = read(BARRIER, BUILDING, other, CLOSE_LONG)
    assert one.content_hash == read(CLOSE_LONG, backwards, BUILDING, BARRIER).content_hash


def test_a_building_cannot_be_removed_before_it_is_built():
    field = "scenario.measures[0].remove_building.points.points[0]"
    refused(field, lambda: read(removed_at(IN_NEW), BUILDING))
    refused(field.replace("[0].r", "[1].r"), lambda: read(*[removed_at(IN_ROW)] * 2))


HERE = rectangle(200, 100, 300, 200)
BARRIER_FIELD = "scenario.measures[0].add_barrier"
BUILDING_FIELD = "scenario.measures[0].add_building"


@pytest.mark.parametrize(
    ("field", "measure"),
    [
        ("scenario.measures[0].roads", BARRIER | {"roads": CLOSE_LONG["roads"]}),
        *(
            (f"{BARRIER_FIELD}.height", barrier((20, 100), (20, 200), height=height))
            for height in (0, 0.4, 20.5, math.nan)
        ),
        *(
            (f"{BARRIER_FIELD}.absorption", barrier((20, 100), (20, 200), absorption=share))
            for share in (-0.1, 1.1, math.nan)
        ),
        (f"{BARRIER_FIELD}.line", barrier((20, 100), (20, 100.5))),
        (f"{BARRIER_FIELD}.line", barrier((20, 100), (9000, 100))),
        (f"{BARRIER_FIELD}.line.points", barrier((20, 100), (20, 100))),
        (f"{BARRIER_FIELD}.line.points", barrier((0, 0), (100, 100), (100, 0), (0, 100))),
        (f"{BARRIER_FIELD}.line.points", barrier()),
        (f"{BARRIER_FIELD}.line.points[1].y", barrier((0, 0), (0, math.nan))),
        (
            f"{BARRIER_FIELD}.line.crs",
            {"add_barrier": {"line": line((0, 0), (9, 9), crs="EPSG:0"), "height": 4}},
        ),
        *(
            (f"{BUILDING_FIELD}.height", building(HERE, height=height))
            for height in (0, 1.9, 301, math.inf)
        ),
        (f"{BUILDING_FIELD}.footprint", building(rectangle(0, 0, 0.5, 0.5))),
        (f"{BUILDING_FIELD}.footprint", building(rectangle(8000, 0, 8010, 10))),
        (f"{BUILDING_FIELD}.footprint.ring", building(ring((0, 0), (9, 0), (0, 9), (9, 9)))),
        ("scenario.measures[0].remove_building", {"remove_building": {}}),
        ("scenario.measures[0].remove_building.points.points", removed_at()),
        ("scenario.measures[0].remove_building.points.points[1]", removed_at(IN_ROW, IN_NEW)),
        (
            "scenario.measures[0].remove_building.polygon",
            {"remove_building": {"polygon": rectangle(300, 300, 320, 310)}},
        ),
    ],
)
def test_a_wrong_measure_is_refused_by_the_name_of_its_field(field, measure):
    refused(field, lambda: read(measure))


def refused(field, reading):
    with pytest.raises(InvalidInputError) as refusal:
        reading()
    assert [violation.field for violation in refusal.value.violations] == [field]
