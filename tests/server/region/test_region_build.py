"""From a source to a region: what is worked out, what is assumed, what is refused."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from region_factory import CRS, SOUTH, WEST, small_buildings, small_roads
from roadside_server.errors import InvalidInputError
from roadside_server.region.build import BuildSettings, RegionInput, build_region
from roadside_server.region.checks import check_buildings, check_roads
from roadside_server.region.schema import Points
from roadside_server.region.sources import read_source
from roadside_server.region.storage import load_region, write_region
from shapely import LineString, box
from shapely.affinity import translate

WORKED_OUT = ["method", "street_type", "tree_factor", "street"]


def source(**changes):
    roads = small_roads().drop(columns=WORKED_OUT)
    return replace(RegionInput("a test", roads, buildings=small_buildings()), **changes)


def settings(**changes):
    return BuildSettings(name="test", **{"spacing": 50.0, **changes})


def test_the_canyon_street_is_found_between_its_buildings():
    region = build_region(source(), settings())
    method = dict(zip(region.roads["road_id"], region.roads["method"], strict=True))
    assert method["long-1"] == "srm1"
    assert method["motorway"] == method["rural"] == "srm2"
    assert region.street_links.road.size > 0


def test_the_same_source_gives_the_same_hash():
    hashes = {build_region(source(), settings()).content_hash for _ in range(2)}
    assert len(hashes) == 1


def test_progress_tells_every_stage_in_order():
    told = []
    build_region(source(), settings(), lambda stage, share: told.append((stage, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert told[0][0] == "projecting"


def test_degrees_become_the_grid_of_the_country():
    region = build_region(source(roads=source().roads.to_crs("EPSG:4326")), settings())
    assert region.crs == CRS
    moved = region.roads.geometry.hausdorff_distance(small_roads().geometry)
    assert moved.max() < 0.01
    assert region.buildings.crs == region.trees.crs == region.corrections.crs == CRS


def test_volumes_left_out_are_assumed_and_said_so():
    volumes = [column for column in small_roads() if column.startswith("volume_")]
    bare = source(roads=source().roads.drop(columns=volumes))
    region = build_region(bare, settings())
    assert (region.roads["volume_source"] == "assumed").all()
    assert (region.roads["volume_light_day"] > 0).all()
    assert any("100% of the roads" in sentence for sentence in region.assumptions)


def test_a_class_that_was_not_counted_has_no_vehicles_where_others_were():
    roads = source().roads
    mopeds = [column for column in roads if "moped" in column]
    region = build_region(source(roads=roads.drop(columns=mopeds)), settings())
    assert (region.roads[mopeds] == 0).all(axis=None)
    assert (region.roads["volume_source"] == "counted").all()


def test_a_file_of_counts_replaces_volumes(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("road_id,volume_light_day\nrural,321\n")
    roads = build_region(source(), settings(volumes=path)).roads.set_index("road_id")
    assert roads.loc["rural", "volume_light_day"] == 321
    assert roads.loc["motorway", "volume_light_day"] == 4000


def test_explicit_links_keep_their_receptors_when_those_are_reordered():
    x = np.array([400.0, 100.0, 255.0, 120.0])
    receptors = Points(WEST + x, np.full(4, SOUTH + 163.0), np.array(list("abcd")))
    links = pd.DataFrame(
        {"receptor": [0, 1, 2, 2, 3], "road_id": ["long-2", "long-1", "long-1", "cross", "rural"],
         "street_type": [2, 2, 3, 4, 4], "tree_factor": [1.0, 1.25, 1.0, 1.0, 1.0]}
    )  # fmt: skip
    roads = small_roads()
    region = build_region(source(roads=roads, receptors=receptors, links=links), settings())
    names = roads["road_id"].to_numpy()
    found = {
        str(label): sorted(names[region.street_links.road[first:last]])
        for label, first, last in zip(
            region.receptors.label,
            region.street_links.start[:-1],
            region.street_links.start[1:],
            strict=True,
        )
    }
    # The rural road is 90 m away: further than SRM1 holds.
    assert found == {"a": ["long-2"], "b": ["long-1"], "c": ["cross", "long-1"], "d": []}
    assert set(region.street_links.distance) == {0.0, 8.0}
    assert any("1 of 5 street links" in sentence for sentence in region.assumptions)


def test_an_extent_in_degrees_is_projected():
    region = build_region(
        source(), settings(extent=(3.71, 51.045, 3.72, 51.05), extent_crs="EPSG:4326")
    )
    # 0.01 and 0.005 degrees are 701 and 556 m here, turned by half a degree on the map.
    assert region.receptors.columns * 50 == pytest.approx(701, abs=60)
    assert region.receptors.rows * 50 == pytest.approx(556, abs=60)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Ghent City"}, "name: 'Ghent City'"),
        ({"name": ""}, "name: ''"),
        ({"year": 1890}, "year: 1890"),
        ({"crs": "EPSG:4326"}, "crs: EPSG:4326, must be a projected CRS in metres"),
        ({"spacing": -1.0}, "spacing: -1.0 m"),
        ({"extent": (0.0, 0.0, 100.0, 100.0)}, "extent: 0, 0, 100, 100 lies outside the roads"),
        ({"extent": (3.7, 51.0, 3.8, 51.1)}, "extent: .*outside the roads"),
        ({"extent": (WEST + 9, SOUTH, WEST, SOUTH + 9)}, "extent: .*must be west, south, east"),
        ({"receptor_height_air": float("nan")}, "receptor_height_air: nan"),
        ({"background": "no2=-3"}, r"background\.no2: -3"),
    ],
)
def test_a_bad_setting_is_refused(changes, message):
    with pytest.raises(InvalidInputError, match=message):
        build_region(source(), replace(settings(), **changes))


def test_an_extent_and_points_exclude_each_other(tmp_path):
    both = settings(extent=(0.0, 0.0, 1.0, 1.0), points=tmp_path / "points.csv")
    with pytest.raises(InvalidInputError, match="extent and points: exclude each other"):
        build_region(source(), both)


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        (None, "crs: is missing"),
        ("EPSG:28992", r"lie outside the area of EPSG:28992 \(Netherlands"),
    ],
)
def test_roads_in_another_crs_than_they_say_are_refused(crs, message):
    roads = source().roads.set_crs(crs, allow_override=True)
    with pytest.raises(InvalidInputError, match=message):
        build_region(source(roads=roads), settings())


def test_degrees_called_metres_are_refused():
    roads = source().roads.to_crs("EPSG:4326").set_crs(CRS, allow_override=True)
    with pytest.raises(InvalidInputError, match=r"roads: crs: .*look like degrees"):
        build_region(source(roads=roads), settings())


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("volume_light_day", -1.0, "-1.0, must be a number of 0 to 50000"),
        ("volume_bus_night", np.nan, "nan, must be a number"),
        ("volume_heavy_evening", np.inf, "inf, must be a number"),
        ("speed", 0.0, "0.0, must be a number of 5 to 150"),
        ("speed", np.nan, "nan, must be a number"),
        ("lanes", 0, "0, must be a number of 1 to 30"),
        ("street_type", 5, "5, must be a number of 0 to 4"),
        ("tree_factor", 2.0, "2.0, must be"),
        ("stagnation_heavy", 1.5, "1.5, must be a number of 0 to 1"),
        ("gradient", np.nan, "nan, must be"),
        ("method", "srm3", "srm3, must be one of 'srm1', 'srm2'"),
        ("surface", "gravel", "gravel, must be one of 'DEF'"),
        ("direction", "left", "left, must be one of 'both'"),
        ("speed_class", "x", "x, must be one of"),
        ("elevation_profile", "hill", "hill, must be one of 'level'"),
        ("barrier_left", "hedge", "hedge, must be one of 'none'"),
        ("road_id", "long-1", "long-1, must be unique"),
    ],
)
def test_a_road_that_breaks_a_rule_is_named_with_column_and_value(column, value, rule):
    roads = small_roads()
    roads[column] = roads[column].astype(object)
    roads.loc[1, column] = value
    with pytest.raises(InvalidInputError) as refused:
        check_roads(roads)
    assert str(refused.value).startswith("roads row 1 (")
    assert f"{column}: {rule}" in str(refused.value)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (None, "missing or empty"),
        (LineString(), "missing or empty"),
        (box(0, 0, 1, 1), "Polygon, must be LineString"),
        (LineString([(0, 0), (np.inf, 1)]), "NaN or infinite"),
        (LineString([(0, 0), (0, 0)]), "a line of no length"),
    ],
)
def test_a_road_without_a_proper_line_is_refused(line, rule):
    roads = small_roads()
    geometry = roads.geometry.to_numpy().copy()
    geometry[2] = line
    with pytest.raises(InvalidInputError, match=rf"roads row 2.*: geometry: .*({rule})"):
        check_roads(roads.set_geometry(gpd.GeoSeries(geometry, crs=CRS)))


def test_every_column_of_a_road_must_be_there():
    with pytest.raises(InvalidInputError, match="roads: surface: the column is missing"):
        check_roads(small_roads().drop(columns="surface"))


def test_a_building_of_no_sensible_height_is_refused():
    buildings = small_buildings()
    for height in (-1.0, np.nan, 5000.0):
        with pytest.raises(InvalidInputError, match=f"buildings row 0: height: {height}"):
            check_buildings(buildings.assign(height=height))


@pytest.mark.parametrize("other", [{"grid": True}, {"points": Path("points.csv")}])
def test_facades_exclude_other_receptors(other):
    with pytest.raises(InvalidInputError, match="facades: exclude each other"):
        build_region(source(), settings(facades=True, **other))


def test_a_grid_moves_with_its_roads():
    moved = source()
    shift = 500.0  # a multiple of the spacing
    moved = replace(
        moved,
        roads=moved.roads.set_geometry([translate(g, shift) for g in moved.roads.geometry]),
        buildings=moved.buildings.set_geometry(
            [translate(g, shift) for g in moved.buildings.geometry]
        ),
    )
    here, there = build_region(source(), settings()), build_region(moved, settings())
    assert there.receptors.west == here.receptors.west + shift
    assert np.array_equal(there.receptors.masked, here.receptors.masked)
    assert np.allclose(there.street_links.distance, here.street_links.distance)


def test_a_flemish_village_is_built_stored_and_read(shared_data, tmp_path):
    village = read_source(shared_data / "osm" / "wechelderzande_be.osm.pbf")
    people = shared_data / "areas" / "flanders_brussels_wijken_2024.parquet"
    asked = settings(
        facades=True, facade_spacing=10.0, population=people, population_column="POP2019"
    )
    region = build_region(village, asked)
    read = load_region(write_region(region, tmp_path / "village") and tmp_path / "village")
    assert read.content_hash == region.content_hash
    assert read.crs == "EPSG:31370"
    assert len(read.buildings) > 1000
    assert set(read.buildings["height_source"]) == {"default"}
    assert len(read.screens) == 6
    assert len(read.ground_areas) > 150
    assert 1000 < read.population["people"].sum() < 2500
    lived_in = read.population["building"]
    assert np.isin(lived_in[lived_in >= 0], read.receptors.building).mean() > 0.99


def test_facades_are_those_within_the_area_asked_for():
    everywhere = build_region(source(), settings(facades=True)).receptors
    west, south = WEST + 50.0, SOUTH + 100.0
    part = build_region(
        source(), settings(facades=True, extent=(west, south, west + 100, south + 50))
    )
    assert 0 < part.receptors.size < everywhere.size
    assert part.receptors.x.max() <= west + 100
    assert set(part.receptors.label) < set(everywhere.label)


def test_amsterdam_keeps_its_official_receptors(shared_data):
    source = read_source(shared_data / "cimlk_amsterdam")
    background = shared_data / "air" / "amsterdam_background_1km_2030_from_cimlk.csv"
    region = build_region(source, settings(background=str(background), year=2030))
    assert region.crs == "EPSG:28992"
    assert region.receptors.size == 8063  # receptors of Receptoren.csv
    assert region.street_links.road.size > 9000
    assert region.roads["volume_source"].eq("counted").all()


def test_a_source_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"nowhere\.gpkg does not exist"):
        read_source(tmp_path / "nowhere.gpkg")
