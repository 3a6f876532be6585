"""Receptors lie where they were asked for, and not inside buildings."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from region_factory import CRS, small_buildings, small_grid
from roadside_server.errors import InvalidInputError
from roadside_server.region.receptors import (
    cell_centres,
    coordinates,
    free_points,
    read_area,
    read_points,
    regular_grid,
)
from roadside_server.region.schema import Points
from shapely import Point, Polygon, box

NO_BUILDINGS = gpd.GeoDataFrame(geometry=[], crs=CRS)


def test_a_grid_covers_its_extent_at_multiples_of_the_spacing():
    grid = regular_grid((101.0, 203.0, 139.0, 240.0), 10.0, NO_BUILDINGS)
    x, y = cell_centres(grid)
    assert x.tolist() == [110, 120, 130]
    assert y.tolist() == [210, 220, 230, 240]
    assert not grid.masked.any()


def test_exactly_the_receptors_inside_buildings_are_masked():
    # Shrunk, since some walls of the small region stand exactly on receptors.
    buildings = small_buildings().set_geometry(small_buildings().buffer(-0.01))
    grid = regular_grid((104_000.0, 193_000.0, 104_590.0, 193_490.0), 10.0, buildings)
    assert np.array_equal(grid.masked, small_grid().masked)
    assert grid.masked.any()


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(0, 97), st.floats(0, 97), st.floats(0.1, 40)), max_size=8))
def test_the_mask_agrees_with_geometry_at_every_cell_centre(squares):
    shapes = [shapely.affinity.rotate(box(x, y, x + a, y + a), a) for x, y, a in squares]
    buildings = gpd.GeoDataFrame(geometry=[*shapes, box(-9, -9, -8, -8)], crs=CRS)
    grid = regular_grid((0.0, 0.0, 300.0, 300.0), 3.7, buildings)
    x, y = coordinates(grid)
    union = shapely.union_all(buildings.geometry.to_numpy().copy())
    wrong = shapely.contains_xy(union, x, y) != grid.masked.ravel()
    # Only a centre on a wall itself may fall to either side.
    assert (shapely.distance(union.boundary, shapely.points(x[wrong], y[wrong])) < 1e-6).all()


def test_receptors_outside_the_polygon_are_masked():
    triangle = Polygon([(0, 0), (100, 0), (0, 100)])
    grid = regular_grid(triangle, 10.0, NO_BUILDINGS)
    x, y = coordinates(grid)
    inside = x + y < 100 - 1e-6
    assert not grid.masked.ravel()[inside & (x > 0) & (y > 0)].any()
    assert grid.masked.ravel()[x + y > 100 + 1e-6].all()


@pytest.mark.parametrize(
    ("extent", "spacing", "named"),
    [
        ((0.0, 0.0, 100.0, 100.0), 0.0, "spacing"),
        ((0.0, 0.0, 100.0, 100.0), float("nan"), "spacing"),
        ((0.0, 0.0, 100.0, 100.0), 5000.0, "spacing"),
        ((100.0, 0.0, 0.0, 100.0), 10.0, "extent"),
        ((0.0, 0.0, float("nan"), 100.0), 10.0, "extent"),
        ((0.0, 0.0, float("inf"), 100.0), 10.0, "extent"),
        ((1.0, 1.0, 9.0, 9.0), 10.0, "extent"),
        ((0.0, 0.0, 1e6, 1e6), 1.0, "spacing"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(extent, spacing, named):
    with pytest.raises(InvalidInputError, match=f"^{named}: "):
        regular_grid(extent, spacing, NO_BUILDINGS)


def test_a_grid_with_every_receptor_in_a_building_is_refused():
    hall = gpd.GeoDataFrame(geometry=[box(-100, -100, 200, 200)], crs=CRS)
    with pytest.raises(InvalidInputError, match="masked"):
        regular_grid((0.0, 0.0, 100.0, 100.0), 10.0, hall)


def test_points_keep_their_labels_and_neighbours_stay_together():
    random = np.random.default_rng(1)
    x, y = random.uniform(0, 1000, 4096), random.uniform(0, 1000, 4096)
    label = np.arange(4096).astype(str)
    points, order = free_points(Points(x, y, label))
    assert np.array_equal(points.x, x[order])
    assert np.array_equal(points.label, label[order])
    blocks = points.x.reshape(-1, 256), points.y.reshape(-1, 256)
    # 256 of 4096 points fill a sixteenth of the square, 250 m a side; in random order 1000 m.
    assert np.mean(np.ptp(blocks[0], axis=1)) < 500
    assert np.mean(np.ptp(blocks[1], axis=1)) < 500


def test_points_of_a_csv_in_degrees_are_projected(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("label,lon,lat\nkorenmarkt,3.7219,51.0545\n")
    points, _ = read_points(path, "EPSG:31370")
    assert points.label.tolist() == ["korenmarkt"]
    assert (points.x[0], points.y[0]) == pytest.approx((104_700, 193_900), abs=200)


def test_points_may_have_heights_of_their_own(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("x,y,height\n0,0,4.5\n10,10,\n")
    points, _ = read_points(path, CRS)
    assert points.height.tolist() == pytest.approx([4.5, np.nan], nan_ok=True)


@pytest.mark.parametrize("height", ["0", "-1", "1000", "high"])
def test_a_point_of_no_sensible_height_is_refused(tmp_path, height):
    path = tmp_path / "points.csv"
    path.write_text(f"x,y,height\n0,0,4\n10,10,{height}\n")
    with pytest.raises(
        InvalidInputError, match=rf"row 1: height: {height}.*, must be 0\.1 to 100 m"
    ):
        read_points(path, CRS)


def test_points_of_a_geoparquet_are_read(tmp_path):
    table = gpd.GeoDataFrame({"label": ["a"]}, geometry=[Point(104_000, 193_000)], crs=CRS)
    table.to_parquet(tmp_path / "points.parquet")
    points, _ = read_points(tmp_path / "points.parquet", CRS)
    assert (points.x[0], points.y[0], points.label[0]) == (104_000, 193_000, "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,nan\n", r"row 2: y"),
        ("x,y\n1,2\nfive,2\n", r"row 3: x: 'five'"),
        ("east,north\n1,2\n", "columns x and y"),
        ("x,y\n", "at least one"),
        ("", "cannot be read"),
    ],
)
def test_a_bad_file_of_points_is_refused(tmp_path, text, message):
    (tmp_path / "points.csv").write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        read_points(tmp_path / "points.csv", CRS)


def test_a_polygon_that_crosses_itself_is_refused(tmp_path):
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    gpd.GeoDataFrame(geometry=[bow], crs=CRS).to_file(tmp_path / "area.gpkg")
    with pytest.raises(InvalidInputError, match=r"area\.gpkg row 0: geometry: Self-intersection"):
        read_area(tmp_path / "area.gpkg", CRS)


def test_a_damaged_file_of_polygons_is_refused(tmp_path):
    (tmp_path / "area.gpkg").write_bytes(b"no database")
    with pytest.raises(InvalidInputError, match=r"area\.gpkg: cannot be read"):
        read_area(tmp_path / "area.gpkg", CRS)


def test_a_file_without_a_crs_is_refused(tmp_path):
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "area.parquet")
    with pytest.raises(InvalidInputError, match=r"area\.parquet: cannot be read"):
        read_area(tmp_path / "area.parquet", CRS)
    gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]).to_parquet(tmp_path / "area.parquet")
    with pytest.raises(InvalidInputError, match=r"area\.parquet: crs"):
        read_area(tmp_path / "area.parquet", CRS)
