"""A region can say what is in it."""

import numpy as np
import pytest
from region_factory import (
    SOUTH,
    WEST,
    features,
    no_street_links,
    small_points,
    small_region,
    small_terrain,
)
from roadside_server.region.describe import describe_region, vehicles_per_day
from roadside_server.region.schema import Background
from shapely import LineString, Point, box


def test_a_description_counts_what_is_there():
    lines = dict(describe_region(small_region()).lines)
    assert lines["CRS"] == "EPSG:31370"
    assert lines["receptors"].startswith("3,000: 60 x 50 every 10 m")
    assert lines["roads"].startswith("5, 2.")
    assert "SRM1" in lines["method"]
    assert "type 2, narrow canyon" in lines["streets"]
    assert "counted 100%" in lines["volumes"]
    assert lines["beside roads"] == "21 buildings, 1 trees, 1 junctions"


def test_ground_terrain_and_people_are_told():
    here = Point(WEST, SOUTH)
    region = small_region(
        terrain=small_terrain(),
        screens=features("height", [3.0], [LineString([here, (WEST + 400, SOUTH)])]),
        ground_areas=features("ground_factor", [1.0], [box(0, 0, 1000, 500)]),
        population=features("people", [2.5, 3.0], [here, here]),
    )
    lines = dict(describe_region(region).lines)
    assert lines["building heights"] == "height 100%, levels 0%, default 0%; median 12 m"
    assert lines["screens"] == "1, 0.4 km"
    assert lines["ground areas"] == "1: G 1 0.50 km2; elsewhere G 0.5"
    assert lines["terrain"] == "0.0 to 6.0 m, 7 x 6 every 100 m"
    assert lines["people"] == "6 at 2 places"


def test_what_was_assumed_is_told():
    text = describe_region(small_region(assumptions=("Volumes are assumed.",))).as_text()
    assert text.endswith("assumed:\n- Volumes are assumed.")


def test_points_and_gridded_backgrounds_are_described():
    points = small_points()
    background = Background({"no2": np.array([10, 20, 30], np.float32)})
    region = small_region(
        receptors=points, street_links=no_street_links(points), background=background
    )
    lines = dict(describe_region(region).lines)
    assert lines["receptors"] == "3 points"
    assert lines["background"] == "no2 10 to 30 ug/m3"


def test_vehicles_of_a_day_are_those_of_its_three_periods():
    roads = small_region().roads
    rural = 12 * (400 + 20 + 6) + 4 * (200 + 6 + 4) + 8 * (50 + 2)
    assert vehicles_per_day(roads)[3] == pytest.approx(rural)
