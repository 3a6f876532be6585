"""Receptors stand before facades as the Directive spreads them, and know their building."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from region_factory import CRS, small_buildings
from roadside_server.errors import InvalidInputError
from roadside_server.region.defaults import fill_buildings
from roadside_server.region.facade_receptors import IN_FRONT, check_facade_spacing, facade_receptors
from shapely import Point, Polygon, box
from shapely.affinity import rotate


def town(*outlines, height=9.0, levels=np.nan, use="dwelling"):
    columns = {"height": height, "levels": levels, "use": use}
    return gpd.GeoDataFrame(columns, index=range(len(outlines)), geometry=list(outlines), crs=CRS)


def number_before(outline, spacing=5.0):
    return facade_receptors(town(outline), spacing, floors=False).size


@pytest.mark.parametrize(
    ("width", "receptors"),
    [
        (2.4, 2),  # four short sides, 9.6 m together, are divided like one
        (2.6, 4),  # one before each side
        (5.0, 4),
        (5.1, 8),
        (15.0, 12),
        (15.1, 16),
    ],
)
def test_a_square_has_as_many_receptors_as_the_directive_says(width, receptors):
    assert number_before(box(0, 0, width, width)) == receptors


def test_a_hut_of_short_sides_together_under_five_metres_has_none():
    with pytest.raises(InvalidInputError, match="facades: no building has one"):
        number_before(box(0, 0, 1.2, 1.2))


def test_a_round_building_is_one_stretch_wherever_its_ring_starts():
    tower = Point(0, 0).buffer(8)  # sides of 0.8 m, 50.2 m together
    assert number_before(tower) == 11
    ring = np.roll(np.asarray(tower.exterior.coords)[:-1], 5, axis=0)
    assert number_before(Polygon(ring)) == 11


def test_a_rounded_corner_is_divided_apart_from_the_straight_sides():
    corner = [
        (20 - 10 + 10 * np.cos(a), 10 + 10 * np.sin(a)) for a in np.linspace(0, np.pi / 2, 12)
    ]
    outline = Polygon([(0, 0), (20, 0), *corner, (0, 20)])
    arc = 10 * np.pi / 2  # 15.7 m: four intervals, a little less as chords
    assert number_before(outline) == 4 + 2 + int(np.ceil(arc / 5)) + 2 + 4


@given(st.floats(3, 60), st.floats(3, 60), st.floats(0, 360), st.floats(1, 5.9), st.booleans())
@settings(max_examples=40)
def test_receptors_stand_a_tenth_of_a_metre_outside_no_further_apart_than_asked(
    width, depth, angle, spacing, reverse
):
    outline = rotate(box(0, 0, width, depth), angle, origin=(0, 0))
    outline = outline.reverse() if reverse else outline
    points = facade_receptors(town(outline), spacing, floors=False)
    places = shapely.points(points.x, points.y)
    assert shapely.distance(outline, places) == pytest.approx(np.full(points.size, IN_FRONT))
    assert not shapely.contains(outline, places).any()
    # Sides of at least 3 m are all longer than half the spacing, so that none is left out.
    assert points.size >= outline.length / spacing - 1e-9


def test_courtyards_have_facades_and_party_walls_have_none():
    ring = box(0, 0, 30, 30) - box(10, 10, 20, 20)
    assert number_before(ring) == 4 * 6 + 4 * 2
    terrace = town(box(0, 0, 10, 10), box(10, 0, 20, 10))
    points = facade_receptors(terrace, 5.0, floors=False)
    assert points.size == 2 * 6
    assert not ((points.x > 9) & (points.x < 11)).any()


def test_each_receptor_knows_the_building_it_stands_before():
    buildings = fill_buildings(small_buildings())
    points = facade_receptors(buildings, 5.0, floors=False)
    own = buildings.geometry.to_numpy()[points.building]
    assert shapely.distance(own, shapely.points(points.x, points.y)).max() < IN_FRONT + 1e-6
    assert set(points.building) == set(range(len(buildings)))
    assert points.height is None


def test_every_floor_has_a_receptor_above_its_ceiling_below():
    houses = town(box(0, 0, 10, 10), box(50, 0, 60, 10), levels=[4, np.nan], height=[20.0, 8.0])
    points = facade_receptors(houses, 10.0, floors=True)
    for house, heights in ((0, [1.5, 4.5, 7.5, 10.5]), (1, [1.5, 4.5])):
        found = points.building == house
        assert sorted(set(points.height[found])) == heights
        assert sorted(set(points.floor[found])) == list(range(len(heights)))
        assert found.sum() == 4 * len(heights)
    assert len(set(points.label)) == points.size


def test_sheds_have_no_receptors():
    both = town(box(0, 0, 10, 10), box(20, 0, 30, 10), use=["dwelling", "shed"])
    assert set(facade_receptors(both, 5.0, floors=False).building) == {0}


def test_an_interval_of_no_sense_is_refused():
    with pytest.raises(InvalidInputError, match=r"facade_spacing: 0\.5 m, must be 1 to 100"):
        check_facade_spacing(0.5)
