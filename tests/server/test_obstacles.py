"""What stands once everything is built: the region's obstacles but for what a scenario changes."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from region_factory import CRS, SOUTH, WEST, small_region
from roadside_server.scenario.construction import (
    Barrier,
    Building,
    Construction,
    buildings_at,
    with_barrier,
    with_building,
    without_buildings,
)
from roadside_server.scenario.obstacles import changed_shapes, obstacles_after
from shapely import LineString, box

NOTHING = Construction()
#: A wall of 2 m along y = 100, and one of 5 m along y = 120.
WALLS = gpd.GeoDataFrame(
    {"height": [2.0, 5.0], "absorption": [0.2, 0.2]},
    geometry=[LineString([(WEST, SOUTH + y), (WEST + 100, SOUTH + y)]) for y in (100, 120)],
    crs=CRS,
)
REGION = small_region(screens=WALLS)
TOWER = Building(box(WEST + 300, SOUTH + 300, WEST + 320, SOUTH + 310), 40.0)


def barrier(start, end, height, absorption=0.0):
    """In metres from the region's corner."""
    ends = [(WEST + x, SOUTH + y) for x, y in (start, end)]
    return Barrier(LineString(ends), height, absorption)


def screens(*barriers):
    """Length (m) by height (m) of all screens."""
    construction = NOTHING
    for one in barriers:
        construction = with_barrier(construction, one)
    found = obstacles_after(REGION, construction).screens
    lengths = np.round(shapely.length(found.line), 6).tolist()
    return sorted(zip(found.height.tolist(), lengths, strict=True))


def test_without_a_construction_the_region_stands_as_it_is():
    buildings, walls = obstacles_after(REGION, NOTHING)
    assert (buildings.footprint == REGION.buildings.geometry.to_numpy()).all()
    assert (buildings.height == REGION.buildings["height"]).all()
    assert list(walls.line) == list(WALLS.geometry)
    assert changed_shapes(REGION, NOTHING).size == 0


def test_new_buildings_come_last_and_removed_ones_leave_the_others_in_order():
    built = with_building(NOTHING, TOWER)
    first = REGION.buildings.geometry.to_numpy()[0]
    changed = without_buildings(REGION, built, np.array([0]))
    buildings = obstacles_after(REGION, changed).buildings
    assert (buildings.footprint[:-1] == REGION.buildings.geometry.to_numpy()[1:]).all()
    assert list(buildings.row) == [*range(1, len(REGION.buildings)), -1]
    assert (buildings.footprint[-1].area, buildings.height[-1]) == (200.0, 40.0)
    assert {shape.wkb for shape in changed_shapes(REGION, changed)} == {
        first.wkb,
        TOWER.footprint.normalize().wkb,
    }


@pytest.mark.parametrize(("height", "areas"), [(40.0, (240.0, 240.0)), (5.0, (360.0, 120.0))])
def test_where_buildings_overlap_the_tallest_counts(height, areas):
    # A wing of 20 by 12 m, half of it in a building of 30 by 12 m that is 12 m high.
    west, south, *_ = REGION.buildings.geometry.to_numpy()[0].bounds
    wing = Building(box(west - 10, south, west + 10, south + 12), height)
    found = obstacles_after(REGION, with_building(NOTHING, wing)).buildings
    assert shapely.area(found.footprint[[0, -1]]) == pytest.approx(areas)
    # Neighbours that only touch keep their corners.
    assert (found.footprint[1:-1] == REGION.buildings.geometry.to_numpy()[1:]).all()


def test_a_building_that_is_removed_again_leaves_the_obstacles_as_they_were():
    built = with_building(NOTHING, TOWER)
    _, tower = buildings_at(REGION, built, np.array([TOWER.footprint.centroid]))
    undone = without_buildings(REGION, built, tower)
    assert undone == NOTHING


def test_a_barrier_along_a_lower_wall_takes_its_place():
    assert screens(barrier((0, 101), (60, 101), 4.0)) == [(2.0, 40.0), (4.0, 60.0), (5.0, 100.0)]


def test_a_barrier_along_a_higher_wall_is_not_there():
    assert screens(barrier((0, 121), (60, 121), 4.0)) == [(2.0, 100.0), (5.0, 100.0)]
    assert screens(barrier((0, 121), (160, 121), 4.0)) == [
        (2.0, 100.0),
        (4.0, 60.0),
        (5.0, 100.0),
    ]


def test_barriers_that_cross_or_meet_walls_leave_no_gap():
    assert screens(barrier((50, 90), (50, 130), 3.0)) == [(2.0, 100.0), (3.0, 40.0), (5.0, 100.0)]
    assert screens(barrier((50, 100), (50, 110), 3.0)) == [(2.0, 100.0), (3.0, 10.0), (5.0, 100.0)]


def test_of_barriers_in_one_place_the_highest_stands():
    along = ((200, 200), (300, 200))
    once = screens(barrier(*along, 3.0))
    assert screens(*(barrier(*along, height) for height in (2.0, 3.0, 1.0))) == once


def test_what_was_raised_has_changed():
    construction = with_barrier(NOTHING, barrier((0, 100), (100, 100), 4.0))
    shapes = changed_shapes(REGION, construction)
    assert shapely.union_all(shapes).length == 100.0
    lower = with_barrier(NOTHING, barrier((0, 100), (100, 100), 1.0))
    assert changed_shapes(REGION, lower).size == 0
