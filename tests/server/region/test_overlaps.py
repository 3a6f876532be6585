"""Polygons that overlap become a plane partition."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from region_factory import CRS
from roadside_server.region.overlaps import without_overlap
from shapely import Point, box, union_all

BOXES = st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 10)] * 2)


@settings(max_examples=30)
@given(st.lists(BOXES, min_size=1, max_size=8))
def test_the_first_row_wins_and_nothing_overlaps(corners):
    shapes = [box(x, y, x + width, y + height) for x, y, width, height in corners]
    areas = gpd.GeoDataFrame({"ground_factor": np.arange(len(shapes))}, geometry=shapes, crs=CRS)
    parts = without_overlap(areas)
    assert parts.area.sum() == pytest.approx(union_all(shapes).area)
    for x, y in np.mgrid[0.5:30:3, 0.5:30:3].reshape(2, -1).T:
        place = Point(x, y)
        first = next((row for row, shape in enumerate(shapes) if shape.covers(place)), None)
        assert parts.loc[parts.covers(place), "ground_factor"].tolist() == (
            [] if first is None else [first]
        )


def test_a_pond_becomes_a_hole_of_its_park():
    shapes = [box(4, 4, 6, 6), box(0, 0, 10, 10)]
    areas = gpd.GeoDataFrame({"ground_factor": [0.0, 1.0]}, geometry=shapes, crs=CRS)
    parts = without_overlap(areas)
    assert parts["ground_factor"].tolist() == [0.0, 1.0]
    assert parts.area.tolist() == [4.0, 96.0]
    assert len(parts.geometry[1].interiors) == 1


def test_the_row_of_the_lower_rank_wins_and_rows_keep_their_order():
    shapes = [box(0, 0, 10, 10), box(5, 0, 15, 10), box(20, 0, 30, 10)]
    table = gpd.GeoDataFrame({"height": [3.0, 9.0, 6.0]}, geometry=shapes, crs=CRS)
    parts = without_overlap(table, np.argsort(-table["height"].to_numpy()))
    assert parts["height"].tolist() == [3.0, 9.0, 6.0]
    assert parts.area.tolist() == [50.0, 100.0, 100.0]


def test_neighbours_that_touch_stay_as_they_are():
    shapes = [box(0, 0, 10, 10), box(10, 0, 20, 10)]
    table = gpd.GeoDataFrame({"height": [3.0, 9.0]}, geometry=shapes, crs=CRS)
    assert [shape.wkb for shape in without_overlap(table).geometry] == [s.wkb for s in shapes]


def test_a_building_drawn_twice_is_there_once():
    table = gpd.GeoDataFrame({"height": [3.0, 9.0]}, geometry=[box(0, 0, 9, 9)] * 2, crs=CRS)
    assert without_overlap(table, [1, 0])["height"].tolist() == [9.0]
