"""A region on disk says the same as in memory, and says so when it no longer does."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from region_factory import (
    features,
    no_street_links,
    small_points,
    small_region,
    small_terrain,
    uniform_weather,
)
from roadside_server.errors import InvalidInputError, NotFoundError, RegionDamagedError
from roadside_server.region.content_hash import hash_document
from roadside_server.region.schema import Background, Grid, StreetLinkTable
from roadside_server.region.storage import load_region, with_content_hash, write_region
from shapely import LineString, Point
from shapely.affinity import translate


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("regions") / "small"
    background = Background({"no2": np.full(3000, 15, np.float32), "o3": 45.0})
    write_region(small_region(background=background, terrain=small_terrain()), folder)
    return folder


@pytest.fixture
def copy(stored, tmp_path) -> Path:
    return Path(shutil.copytree(stored, tmp_path / "small"))


def small_ground():
    """A screen, a pond and two inhabited houses."""
    line, point = LineString([(0, 0), (50, 0)]), Point(5, 5)
    return {
        "screens": features("height", [3.0], [line]).assign(absorption=0.2),
        "ground_areas": features("ground_factor", [0.0], [point.buffer(4)]),
        "population": features("people", [2.5, 3.0], [point, point]).assign(building=[0, -1]),
    }


PARTS = sorted(
    [f"{name}.parquet" for name in
     ("roads", "buildings", "trees", "junctions", "corrections", "emission_scale", "screens",
      "ground_areas", "population")]
    + [f"arrays.zarr/{name}" for name in
       ("masked", "links_start", "links_road", "links_distance", "links_street_type",
        "links_tree_factor", "background_no2", "terrain")]
)  # fmt: skip


def test_a_region_read_is_the_region_written(tmp_path):
    written = write_region(small_region(), tmp_path / "small")
    read = load_region(tmp_path / "small")
    assert read.content_hash == written.content_hash == with_content_hash(read).content_hash
    assert read.roads.equals(written.roads)
    assert read.roads.crs == written.roads.crs
    assert np.array_equal(read.receptors.masked, written.receptors.masked)
    assert np.array_equal(read.street_links.distance, written.street_links.distance)
    assert np.isnan(read.weather.ozone).all()
    assert read.assumptions == written.assumptions


def test_free_receptors_keep_their_labels(tmp_path):
    points = small_points()
    region = small_region(receptors=points, street_links=no_street_links(points))
    write_region(region, tmp_path / "points")
    assert load_region(tmp_path / "points").receptors.label.tolist() == points.label.tolist()


def test_facade_receptors_keep_their_height_building_and_floor(tmp_path):
    points = replace(
        small_points(),
        height=np.array([1.5, np.nan, 4.5]),
        building=np.array([3, -1, 20], np.int32),
        floor=np.array([0, -1, 1], np.int32),
    )
    region = small_region(receptors=points, street_links=no_street_links(points))
    write_region(region, tmp_path / "points")
    read = load_region(tmp_path / "points").receptors
    for name in ("height", "building", "floor"):
        assert getattr(read, name).dtype == getattr(points, name).dtype
        assert np.array_equal(
            getattr(read, name), getattr(points, name), equal_nan=name == "height"
        )


def test_what_sound_meets_and_who_hears_it_is_kept(tmp_path):
    region = small_region(terrain=small_terrain(), **small_ground())
    write_region(region, tmp_path / "small")
    read = load_region(tmp_path / "small")
    for name, table in small_ground().items():
        assert getattr(read, name).equals(table[getattr(read, name).columns])
    assert np.array_equal(read.terrain.altitude, region.terrain.altitude)
    assert (read.terrain.west, read.terrain.spacing) == (region.terrain.west, 100.0)


def test_the_same_input_gives_the_same_hash_wherever_it_lies(tmp_path):
    hashes = {write_region(small_region(), tmp_path / n).content_hash for n in ("a", "b")}
    assert len(hashes) == 1


def test_the_hash_does_not_depend_on_the_version_of_a_library():
    # Entered once; a change means that stored results no longer match their regions.
    assert with_content_hash(small_region()).content_hash == (
        "cae4552cd0f5c570d27e5fbb65d6a2347b6b6f21d7cbcec4524557628412d72d"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"year": 2021},
        {"weather": uniform_weather(speed=4.1)},
        {"background": Background({"no2": 15.5})},
        {"assumptions": ("Nothing is made up.",)},
        {"terrain": small_terrain()},
        *({name: table} for name, table in small_ground().items()),
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_of_a_region_changes_its_hash(change):
    original = with_content_hash(small_region())
    assert with_content_hash(small_region(**change)).content_hash != original.content_hash


def test_a_road_moved_by_a_millimetre_changes_the_hash():
    region = small_region()
    moved = region.roads.copy()
    moved.loc[0, "geometry"] = translate(moved.geometry[0], 0.001)
    hashes = {
        with_content_hash(replace(region, roads=r)).content_hash for r in (moved, region.roads)
    }
    assert len(hashes) == 2


def test_writing_again_replaces_the_region_and_leaves_nothing_beside_it(tmp_path):
    for year in (2020, 2025):
        write_region(small_region(year=year), tmp_path / "small")
    assert load_region(tmp_path / "small").year == 2025
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_a_write_that_fails_leaves_the_earlier_region(tmp_path, monkeypatch):
    write_region(small_region(year=2020), tmp_path / "small")

    def no_space(*_args, **_keywords):
        raise OSError("No space left on device")

    monkeypatch.setattr("zarr.open_group", no_space)
    with pytest.raises(OSError, match="No space"):
        write_region(small_region(year=2025), tmp_path / "small")
    assert load_region(tmp_path / "small").year == 2020
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "ghent.jpg").write_bytes(b"")
    with pytest.raises(InvalidInputError, match="photos holds something else than a region"):
        write_region(small_region(), tmp_path / "photos")
    assert (tmp_path / "photos" / "ghent.jpg").exists()
    with pytest.raises(InvalidInputError, match=r"ghent\.jpg holds something else"):
        write_region(small_region(), tmp_path / "photos" / "ghent.jpg")


def test_a_region_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        load_region(tmp_path / "nowhere")


@pytest.mark.parametrize("part", [*PARTS, "region.json"])
def test_a_missing_file_is_named(copy, part):
    remove = shutil.rmtree if (copy / part).is_dir() else Path.unlink
    remove(copy / part)
    with pytest.raises(RegionDamagedError, match=f"{part}: missing"):
        load_region(copy)


@pytest.mark.parametrize("part", PARTS)
def test_a_file_with_a_damaged_byte_is_named(copy, part):
    path = copy / part
    file = path if path.is_file() else next(p for p in path.rglob("c/**/*") if p.is_file())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    content[4:12] = bytes(8)
    file.write_bytes(content)
    with pytest.raises(RegionDamagedError, match=part):
        load_region(copy)


@pytest.mark.parametrize("part", [part for part in PARTS if part.startswith("arrays")])
def test_a_lost_chunk_is_not_taken_for_fill_values(copy, part):
    chunks = [path for path in (copy / part / "c").rglob("*") if path.is_file()]
    assert chunks
    for chunk in chunks:
        chunk.unlink()
    with pytest.raises(RegionDamagedError, match=part):
        load_region(copy)


@pytest.mark.parametrize("part", [part for part in PARTS if part.endswith("parquet")])
def test_a_table_of_another_region_is_named(copy, tmp_path, part):
    region = small_region()
    roads = region.roads.assign(speed=30.0)
    other = replace(region, roads=roads, **other_tables(region))
    write_region(other, tmp_path / "other")
    shutil.copy(tmp_path / "other" / part, copy / part)
    with pytest.raises(RegionDamagedError, match=part):
        load_region(copy)


def other_tables(region):
    corrections = region.buildings.assign(pollutant="no2", correction=1.0)
    scale = region.emission_scale.reindex([0]).assign(
        road=0, vehicle_class="light", pollutant="nox", factor=0.5
    )
    return {
        "buildings": region.buildings.assign(height=20.0),
        "trees": region.trees.assign(kind="tree_row"),
        "junctions": region.junctions.assign(kind="roundabout"),
        "corrections": corrections,
        "emission_scale": scale,
        **small_ground(),
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '{"format": 3}', "\x00"])
def test_a_header_that_is_no_header_is_refused(copy, text):
    (copy / "region.json").write_text(text)
    with pytest.raises(RegionDamagedError, match=r"region\.json"):
        load_region(copy)


def test_a_region_of_an_earlier_layout_is_to_be_built_anew(copy):
    (copy / "region.json").write_text('{"format": 1}')
    with pytest.raises(RegionDamagedError, match=r"format 1, this version reads 2; build .* anew"):
        load_region(copy)


def test_a_header_that_fits_its_hash_but_lacks_something_is_refused(copy):
    document = json.loads((copy / "region.json").read_text())
    for missing in ("weather", "receptors", "background", "crs", "digests"):
        header = {k: v for k, v in document.items() if k not in (missing, "content_hash")}
        header["content_hash"] = hash_document(header)
        (copy / "region.json").write_text(json.dumps(header))
        with pytest.raises(RegionDamagedError, match=rf"region\.json: lacks '{missing}'"):
            load_region(copy)


def test_a_grid_that_is_not_that_of_its_mask_is_refused(copy):
    header = json.loads((copy / "region.json").read_text())
    del header["content_hash"]
    header["receptors"]["rows"] = 51
    header["content_hash"] = hash_document(header)
    (copy / "region.json").write_text(json.dumps(header))
    with pytest.raises(RegionDamagedError, match=r"masked: \(50, 60\), not as the grid"):
        load_region(copy)


@pytest.mark.parametrize(("field", "value"), [("year", 2030), ("crs", "EPSG:28992")])
def test_an_edited_header_is_noticed(copy, field, value):
    document = json.loads((copy / "region.json").read_text())
    (copy / "region.json").write_text(json.dumps(document | {field: value}))
    with pytest.raises(RegionDamagedError, match=r"region\.json.*hash"):
        load_region(copy)


@pytest.mark.slow
def test_a_region_of_three_million_receptors_loads_in_seconds(tmp_path):
    side = 1750
    masked = np.zeros((side, side), bool)
    grid = Grid(100_000.0, 190_000.0, 10.0, side, side, masked)
    links = StreetLinkTable(
        start=np.arange(grid.size + 1),
        road=np.arange(grid.size, dtype=np.int32) % 5,
        distance=np.linspace(0, 30, grid.size, dtype=np.float32),
        street_type=np.full(grid.size, 2, np.int8),
        tree_factor=np.ones(grid.size, np.float32),
    )
    write_region(small_region(receptors=grid, street_links=links), tmp_path / "large")
    start = time.perf_counter()
    region = load_region(tmp_path / "large")
    # About 1 s; the room is for busier machines.
    assert time.perf_counter() - start < 10.0
    assert region.receptors.size == 3_062_500
