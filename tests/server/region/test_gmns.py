"""Roads from the nodes and links of a network."""

import gzip
import shutil

import numpy as np
import pytest
from roadside_server.errors import InvalidInputError
from roadside_server.region.build import BuildSettings, build_region
from roadside_server.region.gmns import read_gmns
from roadside_server.region.sources import read_source

NODES = """node_id,x_coord,y_coord
a,3.72,51.05
b,3.73,51.05
c,3.73,51.06
"""
LINKS = """link_id,from_node_id,to_node_id,free_speed,lanes,facility_type,name
1,a,b,50,1,residential,Kade
2,b,a,50,1,residential,Kade
3,b,c,70,2,primary,Laan
"""


def network(folder, links=LINKS, nodes=NODES, config=""):
    (folder / "node.csv").write_text(nodes, "utf-8")
    (folder / "link.csv").write_text(links, "utf-8")
    if config:
        (folder / "config.csv").write_text(config, "utf-8")
    return folder


def roads_of(folder, **tables):
    return read_gmns(network(folder, **tables))[0].set_index("road_id")


def with_column(column, *values):
    header, *rows = LINKS.splitlines()
    cells = [f"{row},{value}" for row, value in zip(rows, values, strict=True)]
    return "\n".join([f"{header},{column}", *cells, ""])


def test_links_are_lines_between_their_nodes(tmp_path):
    found = read_source(network(tmp_path))
    assert found.roads.crs == "EPSG:4326"
    assert found.roads.geometry.iloc[1].coords[:] == [(3.73, 51.05), (3.73, 51.06)]
    assert found.roads["speed"].tolist() == [50.0, 70.0]
    assert found.roads["name"].tolist() == ["Kade", "Laan"]
    told = " ".join(found.assumptions)
    assert "100% of the links are straight lines" in told
    assert "Speeds are taken as km/h" in told


def test_a_link_and_its_way_back_are_one_road_in_both_directions(tmp_path):
    found = read_source(network(tmp_path))
    assert found.roads["road_id"].tolist() == ["1", "3"]
    assert found.roads["direction"].tolist() == ["both", "forward"]
    assert found.roads["lanes"].tolist() == [2, 2]
    assert "1 pairs of opposite links" in " ".join(found.assumptions)


def test_ways_that_differ_in_speed_or_course_stay_two_roads(tmp_path):
    assert len(roads_of(tmp_path, links=LINKS.replace("2,b,a,50", "2,b,a,30"))) == 3
    detour = '"LINESTRING (3.73 51.05, 3.725 51.051, 3.72 51.05)"'
    assert len(roads_of(tmp_path, links=with_column("geometry", "", detour, ""))) == 3


def test_lines_start_at_the_first_node_however_they_are_drawn(tmp_path):
    line = '"LINESTRING (3.72 51.05, 3.725 51.051, 3.73 51.05)"'
    roads = roads_of(tmp_path, links=with_column("geometry", line, line, ""))
    assert list(roads.index) == ["1", "3"]
    assert roads.geometry["1"].coords[1] == (3.725, 51.051)
    one = LINKS.replace("1,a,b,50,1,residential,Kade\n", "")
    (tmp_path / "link.csv").write_text(one, "utf-8")
    backward = read_gmns(network(tmp_path, links=one))[0]
    assert backward.geometry.iloc[0].coords[0] == (3.73, 51.05)


def test_links_that_are_not_directed_have_their_lanes_twice(tmp_path):
    roads = roads_of(tmp_path, links=with_column("directed", "true", "true", "false"))
    assert roads.loc["3", ["direction", "lanes"]].tolist() == ["both", 4.0]


def test_units_and_crs_are_those_of_the_configuration(tmp_path):
    nodes = "node_id,x_coord,y_coord\na,104000,193000\nb,104100,193000\nc,104100,193200\n"
    roads = roads_of(tmp_path, nodes=nodes, config="speed,crs\nmph,EPSG:31370\n")
    assert roads.crs == "EPSG:31370"
    assert roads.loc["3", "speed"] == pytest.approx(112.65, abs=0.01)
    (tmp_path / "config.csv").unlink()
    with pytest.raises(InvalidInputError, match="coordinates in metres need a config"):
        read_gmns(tmp_path)


def test_facility_types_become_classes_of_road(tmp_path):
    types = LINKS.replace("residential", "Local").replace("primary", "Zone-Connector")
    found = read_source(network(tmp_path, links=types))
    assert found.roads["road_class"].tolist() == ["residential", "unclassified"]
    assert "33.3% of the links, Zone-Connector, are taken as unclassified" in " ".join(
        found.assumptions
    )
    several = LINKS.replace("primary", '"[""trunk_link"", ""primary""]"')
    assert roads_of(tmp_path, links=several)["road_class"]["3"] == "trunk_link"


def test_links_without_motor_traffic_are_left_out(tmp_path):
    roads = roads_of(tmp_path, links=with_column("allowed_uses", "auto", "", '"walk,bike"'))
    assert list(roads.index) == ["1"]


def test_grades_and_volumes_are_those_of_the_road(tmp_path):
    roads = roads_of(tmp_path, links=with_column("grade", "", "", "4.5"))
    assert roads["gradient"].tolist() == [0.0, 4.5]
    links = with_column("volume_light_day", "", "", "120")
    settings = BuildSettings(name="net", spacing=200.0)
    region = build_region(read_source(network(tmp_path, links=links)), settings)
    assert region.roads["volume_light_day"].iloc[1] == 120.0
    assert region.roads["volume_source"].tolist() == ["assumed", "counted"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("3,b,c", "3,b,x", r"link.csv row 2 \(3\): to_node_id: x, must be a node_id of node.csv"),
        ("3,b,c", "3,b,b", r"row 2 \(3\): to_node_id: b, must not be from_node_id"),
        ("3,b,c", "1,b,c", r"link.csv row 2: link_id: 1, must be unique"),
        ("3,b,c", "3,,c", r"row 2: from_node_id: nan, must not be empty"),
        ("70,2", "fast,2", r"free_speed: fast, must be a number above 0"),
        ("70,2", "70,0", r"lanes: 0.0, must be a number above 0"),
        ("70,2", "400,2", r"speed: 400.0, must be a number of 5 to 150"),
        ("link_id,", "number,", r"link.csv: link_id: the column is missing"),
    ],
)
def test_what_breaks_a_rule_is_named(tmp_path, before, after, message):
    with pytest.raises(InvalidInputError, match=message):
        read_source(network(tmp_path, links=LINKS.replace(before, after, 1)))


def test_places_must_be_numbers_and_lines_lines(tmp_path):
    with pytest.raises(InvalidInputError, match=r"node.csv row 1: y_coord: x, must be a number"):
        read_gmns(network(tmp_path, nodes=NODES.replace("b,3.73,51.05", "b,3.73,x")))
    links = with_column("geometry", "", "", "POINT (3 51)")
    with pytest.raises(InvalidInputError, match=r"\(3\): geometry: POINT .*must be a LINESTRING"):
        read_gmns(network(tmp_path, links=links))


def test_one_network_a_folder_compressed_or_not(tmp_path):
    network(tmp_path)
    for name in ("node", "link"):
        text = (tmp_path / f"{name}.csv").read_bytes()
        (tmp_path / f"town_{name}.csv.gz").write_bytes(gzip.compress(text))
    with pytest.raises(InvalidInputError, match=r"2 files node\.csv, town_node"):
        read_gmns(tmp_path)
    (tmp_path / "node.csv").unlink()
    (tmp_path / "link.csv").unlink()
    assert len(read_source(tmp_path).roads) == 2


@pytest.mark.slow
def test_ghent_is_built_from_its_network_and_its_terrain(shared_data, tmp_path):
    for name in ("gmns_node.csv.gz", "gmns_link.csv.gz"):
        shutil.copy(shared_data / "ghent" / name, tmp_path)
    extent = (104_500.0, 193_000.0, 104_700.0, 193_200.0)
    terrain = shared_data / "ghent" / "DHMVIIDTMRAS25m.zip"
    region = build_region(
        read_source(tmp_path),
        BuildSettings(name="ghent", crs="EPSG:31370", extent=extent, terrain=terrain),
    )
    # 15,252 links, 5,980 of which are the way back of another.
    assert len(region.roads) == 9272
    assert region.roads.geometry.length.sum() == pytest.approx(1.1e6, rel=0.1)
    assert region.terrain is not None
    assert 3.0 < float(np.median(region.terrain.altitude)) < 12.0
