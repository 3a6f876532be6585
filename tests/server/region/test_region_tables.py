"""Roads from any GeoPackage or GeoParquet of the documented schema."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from region_factory import CRS, SOUTH, WEST, features, small_buildings, small_roads
from roadside_server.errors import InvalidInputError
from roadside_server.region.build import BuildSettings, build_region
from roadside_server.region.tables import read_tables
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, box

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


def test_a_building_has_its_height_else_its_storeys_else_the_default(tmp_path):
    columns = {
        "height": [7.0, np.nan, np.nan],
        "levels": [3, 3, None],
        "use": ["shed", None, "other"],
    }
    found = read_tables(town_with(tmp_path, "buildings", **columns))
    assert found.buildings["height"].tolist() == [7.0, 11.0, 9.0]
    assert found.buildings["height_source"].tolist() == ["height", "levels", "default"]
    assert found.buildings["use"].tolist() == ["shed", "unknown", "other"]


def test_a_building_of_several_parts_becomes_one_each(tmp_path):
    small_roads().to_parquet(tmp_path / "roads.parquet")
    parts = MultiPolygon([box(WEST + x, SOUTH, WEST + x + 9, SOUTH + 9) for x in (0, 20)])
    features("height", [7.0], [parts]).to_parquet(tmp_path / "buildings.parquet")
    found = read_tables(tmp_path)
    assert found.buildings.geom_type.tolist() == ["Polygon"] * 2


def test_a_folder_may_hold_all_that_sound_meets_and_who_hears_it(tmp_path):
    small_roads().to_parquet(tmp_path / "roads.parquet")
    small_buildings().to_parquet(tmp_path / "buildings.parquet")
    walls = features("height", [4.0, np.nan], [MultiLineString(LINES), LINES[0]])
    walls.to_file(tmp_path / "screens.gpkg")
    field = box(WEST, SOUTH, WEST + 500, SOUTH + 500)
    areas = [field, box(WEST, SOUTH, WEST + 50, SOUTH + 50)]
    features("ground_factor", [1.0, 0.0], areas).to_parquet(tmp_path / "ground_areas.parquet")
    quarter = box(WEST + 100, SOUTH + 140, WEST + 300, SOUTH + 170)
    features("people", [50.0], [quarter]).to_parquet(tmp_path / "population.parquet")
    write_hills(tmp_path / "terrain.tif")
    region = build_region(read_tables(tmp_path), BuildSettings(name="full", spacing=50.0))
    assert region.screens["height"].tolist() == [4.0, 4.0, 3.0]
    assert region.screens["absorption"].tolist() == [0.2] * 3
    assert region.ground_areas.area.tolist() == [250_000.0]  # the first row wins
    assert region.population["people"].sum() == pytest.approx(50, rel=1e-9)
    assert region.terrain.altitude.max() > 0
    assert any("height of 50% of the screens" in sentence for sentence in region.assumptions)


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        ("buildings", {"levels": [-1, 2, 3]}, r"buildings.*row 0: levels: -1.*, must be 0 to 300"),
        ("buildings", {"use": ["x", "shed", "shed"]}, "row 0: use: x, must be one of dwelling"),
        ("buildings", {"height": [1, 2, 3000]}, "row 2: height: 3000, must be 0 to 1000"),
        ("screens", {"height": [1, 2, 300]}, "screens.* geometry: Polygon, must be LineString"),
        ("ground_areas", {"ground_factor": [0, 2, 1]}, "row 1: ground_factor: 2, must be 0 to 1"),
        ("ground_areas", {"ground_factor": [0, None, 1]}, "row 1: ground_factor: nan, must be"),
        ("ground_areas", {"g": [0, 0, 1]}, "ground_factor: the column is missing"),
    ],
)
def test_a_feature_that_breaks_a_rule_is_named(tmp_path, table, columns, message):
    with pytest.raises(InvalidInputError, match=message):
        read_tables(town_with(tmp_path, table, **columns))


def town_with(folder, table, **columns):
    """A folder with the small roads and three squares in another table."""
    small_roads().to_parquet(folder / "roads.parquet")
    squares = [box(WEST + x, SOUTH, WEST + x + 9, SOUTH + 9) for x in (0, 20, 40)]
    columns = gpd.GeoDataFrame(columns, geometry=squares, crs=CRS)
    columns.to_parquet(folder / f"{table}.parquet")
    return folder


def write_hills(path):
    """Altitudes every 100 m around the small town."""
    altitude = np.arange(40 * 40, dtype=np.float32).reshape(40, 40) / 100
    corner = Affine(100.0, 0, WEST - 1700, 0, -100.0, SOUTH + 2300)
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=40, count=1, dtype="float32", crs=CRS,
        transform=corner,
    ) as file:  # fmt: skip
        file.write(altitude, 1)


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
