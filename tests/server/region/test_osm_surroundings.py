"""What an OpenStreetMap extract says of buildings, walls, ground and the height of roads."""

import numpy as np
import pytest
import shapely
from osm_town import STREET, Town
from roadside_server.region.osm import read_osm
from roadside_server.region.osm_ground import ground_factor, ground_table
from roadside_server.region.osm_screens import kind_of_screen, tagged_screen_height

UTM = "EPSG:32631"


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path / "town.osm.pbf")
    made.way(STREET, (0, 50), (1, 50))
    return made


def test_a_building_has_its_tagged_height_else_its_storeys_else_that_of_its_kind(town):
    for tags in ({"height": "21 m"}, {"building:levels": "3"}, {"building:levels": "x"}):
        town.square({"building": "yes"} | tags, 0, 1)
    for kind in ("garage", "house", "roof"):
        town.square({"building": kind}, 0, 1)
    buildings = town.read().buildings
    assert buildings["height"].tolist() == [21.0, 11.0, 9.0, 3.0, 8.0]
    assert buildings["height_source"].tolist() == ["height", "levels"] + ["default"] * 3
    assert buildings["use"].tolist() == ["unknown"] * 3 + ["shed", "dwelling"]
    assert buildings["levels"].tolist() == pytest.approx([np.nan, 3, *[np.nan] * 3], nan_ok=True)


def test_a_building_without_a_height_has_the_median_of_its_kind_where_many_are_known(town):
    for height in range(31):
        town.square({"building": "house", "height": str(height + 5)}, height, 1)
    town.square({"building": "house"}, 40, 1)
    town.square({"building": "apartments"}, 42, 1)
    found = town.read()
    assert found.buildings["height"].tolist()[-2:] == [20.0, 14.0]
    assert "house 20 m (the median of its known heights), apartments 14 m" in told(found)


def test_a_courtyard_is_no_part_of_its_building(town):
    outer, inner = town.square({}, 0, 0, 6), town.square({}, 2, 2, 2)
    town.multipolygon({"building": "yes"}, outer, inner)
    buildings = town.read(UTM).buildings
    assert [len(outline.interiors) for outline in buildings.geometry] == [1]


def test_parts_stand_in_place_of_what_they_cover_and_the_tallest_counts(town):
    town.square({"building": "office", "height": "10"}, 0, 0, 4)
    town.square({"building:part": "yes", "height": "20"}, 0, 0, 2)
    town.square({"building:part": "yes", "building:levels": "10", "min_height": "20"}, 1, 1)
    town.square({"building:part": "yes"}, 3, 3)  # no height of its own: the building's
    found = town.read(UTM)
    cell = found.buildings.area.min()
    cells = (found.buildings.area / cell).round(2).tolist()
    assert dict(zip(found.buildings["height"], cells, strict=True)) == pytest.approx(
        {10.0: 12, 20.0: 3, 32.0: 1}, rel=1e-2
    )
    assert set(found.buildings["use"]) == {"other"}
    assert "2 parts of buildings have a height of their own." in found.assumptions


def test_polygons_of_a_building_with_parts_do_not_overlap(town):
    town.square({"building": "yes"}, 0, 0, 5)
    for corner in range(3):
        part = {"building:part": "yes", "height": str(10 + corner)}
        town.square(part, corner, corner, 2)
    shapes = town.read().buildings.geometry.to_numpy()
    covered = shapely.union_all(shapes).area
    assert shapely.area(shapes).sum() == pytest.approx(covered, rel=1e-9)
    assert shapely.is_valid(shapes).all()


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"barrier": "wall"}, "wall"),
        ({"barrier": "wall", "wall": "noise_barrier"}, "noise_barrier"),
        ({"barrier": "noise_barrier"}, "noise_barrier"),
        ({"barrier": "retaining_wall"}, "retaining_wall"),
        ({"barrier": "fence"}, None),
        ({"barrier": "hedge"}, None),
        ({"highway": "residential"}, None),
    ],
)
def test_walls_stop_sound_and_fences_do_not(tags, kind):
    assert kind_of_screen(tags) == kind


@pytest.mark.parametrize(
    ("text", "height"), [("2.5 m", 2.5), ("8 ft", 2.4384), ("", None), ("0", None), ("250", None)]
)
def test_a_wall_has_a_height_that_a_wall_can_have(text, height):
    assert tagged_screen_height({"height": text}) == pytest.approx(height)


def test_a_wall_is_a_screen_of_its_height_or_the_default_of_its_kind(town):
    town.way({"barrier": "wall", "height": "4"}, (0, 0), (1, 0), (1, 1))
    town.way({"barrier": "wall", "wall": "noise_barrier"}, (0, 3), (4, 3))
    town.way({"barrier": "retaining_wall"}, (0, 4), (4, 4))
    town.way({"barrier": "fence"}, (0, 5), (4, 5))
    found = town.read()
    assert found.screens["height"].tolist() == [4.0, 3.0, 1.0]
    assert found.screens["absorption"].tolist() == [0.2] * 3
    assert "2 of 3 walls assumed: 1 noise barriers 3 m, 1 retaining walls 1 m." in told(found)


@pytest.mark.parametrize(
    ("tags", "factor"),
    [
        ({"landuse": "meadow"}, 1.0),
        ({"natural": "water", "landuse": "forest"}, 0.0),
        ({"leisure": "pitch"}, 0.7),
        ({"leisure": "pitch", "surface": "asphalt"}, 0.0),
        ({"amenity": "parking", "surface": "gravel"}, 0.3),
        ({"surface": "asphalt"}, None),
        ({"landuse": "residential"}, None),
    ],
)
def test_an_area_is_as_soft_as_its_surface_else_its_kind(tags, factor):
    assert ground_factor(tags) == factor


def test_ground_factors_are_those_of_the_classes_of_the_directive():
    factors = {factor for values in ground_table().values() for factor in values.values()}
    assert factors == {0.0, 0.3, 0.7, 1.0}


def test_small_areas_of_ground_come_before_the_large_ones_they_lie_in(town):
    outer, inner = town.square({}, 0, 0, 8), town.square({}, 2, 2, 4)
    town.multipolygon({"landuse": "forest"}, outer, inner)
    town.square({"natural": "water"}, 3, 3)
    town.square({"landuse": "farmland"}, 20, 20, 10)
    areas = town.read(UTM).ground_areas
    assert areas["ground_factor"].tolist() == [0.0, 1.0, 1.0]
    assert [len(outline.geoms[0].interiors) for outline in areas.geometry] == [0, 1, 0]


def test_bridges_and_embankments_lie_above_the_land_and_cuttings_below(town):
    for row, tags in enumerate(
        [
            {"bridge": "yes", "layer": "2"},
            {"bridge": "yes", "embankment": "yes"},
            {"embankment": "yes"},
            {"cutting": "both"},
            {"cutting": "left"},
            {"cutting": "yes", "tunnel": "yes"},
        ]
    ):
        town.way(STREET | tags, (0, row), (1, row))
    found = town.read()
    roads = found.roads.iloc[1:]
    assert roads["elevation"].tolist() == [12.0, 6.0, 3.0, -3.0, 0.0, 0.0]
    assert roads["elevation_profile"].tolist() == [
        "viaduct", "viaduct", "dike_20_to_45", "trench", "level", "level",
    ]  # fmt: skip
    assert "2 roads on embankments or in cuttings taken 3 m above or below" in told(found)


def test_a_real_town_has_walls_ground_and_parts_of_buildings(shared_data):
    found = read_osm(shared_data / "osm" / "prague_north_cz.osm.pbf", "EPSG:32633")
    assert len(found.screens) > 150
    assert len(found.ground_areas) > 2000
    share = found.buildings["height_source"].value_counts(normalize=True)
    assert share["levels"] == pytest.approx(0.65, abs=0.01)
    assert "parts of buildings have a height of their own" in told(found)


def told(found):
    return " ".join(found.assumptions)
