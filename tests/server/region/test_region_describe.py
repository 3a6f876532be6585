"""A region can say what is in it."""

import numpy as np
import pytest
from region_factory import no_street_links, small_points, small_region
from roadside_server.region.describe import describe_region, vehicles_per_day
from roadside_server.region.schema import Background


def test_a_description_counts_what_is_there():
    lines = dict(describe_region(small_region()).lines)
    assert lines["CRS"] == "EPSG:31370"
    assert lines["receptors"].startswith("3,000: 60 x 50 every 10 m")
    assert lines["roads"].startswith("5, 2.")
    assert "SRM1" in lines["method"]
    assert "type 2, narrow canyon" in lines["streets"]
    assert "counted 100%" in lines["volumes"]
    assert lines["beside roads"] == "21 buildings, 1 trees, 1 junctions"


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
