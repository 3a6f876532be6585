"""Roads from any GeoPackage or GeoParquet of the documented schema."""

import geopandas as gpd
import numpy as np
import pytest
from region_factory import CRS, SOUTH, WEST, features, small_buildings, small_roads
from roadside_server.errors import InvalidInputError
from roadside_server.region.build import BuildSettings, build_region
from roadside_server.region.tables import read_tables
from shapely import LineString, MultiLineString, Point, Polygon, box

LINES = [
    LineString([(WEST, SOUTH), (WEST + 100, SOUTH)]),
    LineString([(WEST, SOUTH), (WEST, SOUTH + 100)]),
]


def roads_of(path, **columns):
    gpd.GeoDataFrame(columns, geometry=LINES, crs=CRS).to_parquet(path)
    return path


def test_a_line_and_a_speed_suffice(tmp_path):
    found = read_tables(roads_of(tmp_path / "roads.parquet", speed=[30, 70]))
    assert found.roads["road_id"].tolist() == ["0", "1"]
    assert found.roads["speed"].tolist() == [30, 70]
    region = build_region(found, BuildSettings(name="bare", spacing=20.0))
    assert (region.roads["volume_source"] == "assumed").all()
    told = " ".join(region.assumptions)
    assert "lanes of 100% of the roads" in told
    assert "no buildings" in told


def test_a_line_and_a_class_suffice(tmp_path):
    path = roads_of(tmp_path / "roads.parquet", road_class=["residential", "motorway"])
    found = read_tables(path)
    assert found.roads["speed"].tolist() == [30, 120]
    assert any("speed of 100% of the roads" in sentence for sentence in found.assumptions)


def test_a_whole_road_table_comes_through_unchanged(tmp_path):
    small_roads().to_parquet(tmp_path / "roads.parquet")
    region = build_region(
        read_tables(tmp_path / "roads.parquet"), BuildSettings(name="same", spacing=50.0)
    )
    assert region.roads.equals(small_roads())


def test_a_geopackage_may_hold_buildings_trees_junctions_and_corrections(tmp_path):
    path = tmp_path / "town.gpkg"
    small_roads().to_file(path, layer="roads")
    small_buildings().assign(height=[np.nan] + [7.0] * 20).to_file(path, layer="buildings")
    places = [Point(WEST, SOUTH), LINES[0]]
    gpd.GeoDataFrame(geometry=places, crs=CRS).to_file(path, layer="trees")
    features("kind", ["signals"], places[:1]).to_file(path, layer="junctions")
    area = box(WEST, SOUTH, WEST + 9, SOUTH + 9)
    columns = {"pollutant": ["no2"], "correction": [-1.5]}
    gpd.GeoDataFrame(columns, geometry=[area], crs=CRS).to_file(path, layer="corrections")
    found = read_tables(path)
    assert found.buildings["height"].tolist() == [9.0] + [7.0] * 20
    assert found.trees["kind"].tolist() == ["tree", "tree_row"]
    assert len(found.junctions) == len(found.corrections) == 1
    assert any("height of 5% of the buildings" in sentence for sentence in found.assumptions)


def test_a_folder_of_files_is_one_source(tmp_path):
    small_roads().to_parquet(tmp_path / "roads.parquet")
    small_buildings().to_crs("EPSG:4326").to_file(tmp_path / "buildings.geojson")
    found = read_tables(tmp_path)
    assert found.buildings.crs == found.roads.crs
    assert len(found.buildings) == len(small_buildings())


def test_a_line_of_several_parts_becomes_a_road_each(tmp_path):
    columns = {"road_id": ["a", "b"], "speed": [30, 50]}
    lines = [MultiLineString(LINES), LINES[0]]
    gpd.GeoDataFrame(columns, geometry=lines, crs=CRS).to_parquet(tmp_path / "roads.parquet")
    assert read_tables(tmp_path / "roads.parquet").roads["road_id"].tolist() == ["a-1", "a-2", "b"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"name": ["a", "b"]}, "roads.parquet: must have a column speed or road_class"),
        ({"speed": [50.0, -1.0]}, r"roads\.parquet row 1 \(1\): speed: -1\.0"),
        ({"speed": [50.0, np.inf]}, r"row 1 \(1\): speed: inf"),
        ({"speed": ["50", "fast"]}, r"row 1 \(1\): speed: fast"),
        ({"speed": [50, 50], "volume_light_day": [-5.0, 5.0]}, r"volume_light_day: -5\.0, must"),
        (
            {"speed": [50, 50], "volume_light_day": [5.0, 5.0], "volume_bus_day": [np.nan, 1.0]},
            r"row 0 \(0\): volume_bus_day: NaN",
        ),
        ({"speed": [50, 50], "gradient": [0.0, np.nan]}, r"row 1 \(1\): gradient: nan"),
        ({"speed": [50, 50], "surface": ["DEF", "mud"]}, r"row 1 \(1\): surface: mud"),
        ({"speed": [50, 50], "road_id": ["x", "x"]}, r"row 1 \(x\): road_id: x, must be unique"),
        ({"speed": [50, 50], "lanes": [2, 0]}, r"row 1 \(1\): lanes: 0"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named(tmp_path, columns, message):
    with pytest.raises(InvalidInputError, match=message):
        read_tables(roads_of(tmp_path / "roads.parquet", **columns))


def test_a_building_that_crosses_itself_is_refused(tmp_path):
    path = tmp_path / "town.gpkg"
    small_roads().to_file(path, layer="roads")
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    features("height", [9.0], [bow]).to_file(path, layer="buildings")
    with pytest.raises(InvalidInputError, match=r"town\.gpkg buildings row 0: .*Self-intersection"):
        read_tables(path)


def test_a_file_without_roads_is_refused(tmp_path):
    path = tmp_path / "town.gpkg"
    small_buildings().to_file(path, layer="buildings")
    small_buildings().to_file(path, layer="houses")
    with pytest.raises(InvalidInputError, match="no table named roads"):
        read_tables(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="no table named roads"):
        read_tables(tmp_path / "empty")


@pytest.mark.parametrize("name", ["roads.parquet", "roads.gpkg", "roads.geojson"])
def test_a_damaged_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"PAR1 nothing of the sort")
    with pytest.raises(InvalidInputError, match=f"{name}: cannot be read"):
        read_tables(tmp_path / name)


def test_a_file_cut_short_is_refused(tmp_path):
    path = roads_of(tmp_path / "roads.parquet", speed=[30, 70])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InvalidInputError, match=r"roads\.parquet: cannot be read"):
        read_tables(path)
