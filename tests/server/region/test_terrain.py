"""Terrain has the altitudes of its raster, without gaps."""

import zipfile

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.vrt import WarpedVRT
from region_factory import CRS, SOUTH, WEST
from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import Points
from roadside_server.region.terrain import MARGIN, read_terrain, with_nearest

HERE = Points(np.array([WEST, WEST + 500]), np.array([SOUTH, SOUTH + 300]), np.array(["a", "b"]))
#: South-west corner of the files' cells, and their side (m).
CORNER, CELL = (WEST - 2000.0, SOUTH - 2000.0), 50.0
GAP = (slice(40, 44), slice(50, 53))


def hills(size=100, cell=CELL):
    """A plane that rises 1 in 100 to the north and 1 in 50 to the east; rows from the north."""
    y, x = np.mgrid[:size, :size] * cell + cell / 2
    return (10 + y[::-1] / 100 + x / 50).astype(np.float32)


def write(path, altitude, crs=CRS, nodata=-9999.0, cell=CELL):
    rows, columns = altitude.shape
    north_west = Affine(cell, 0, CORNER[0], 0, -cell, CORNER[1] + rows * cell)
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32",
        crs=crs, transform=north_west, nodata=nodata,
    ) as file:  # fmt: skip
        file.write(altitude, 1)
    return path


def on_the_plane(x, y):
    return 10 + (y - CORNER[1]) / 100 + (x - CORNER[0]) / 50


def nodes(terrain):
    row, column = np.indices(terrain.altitude.shape)
    return terrain.west + column * terrain.spacing, terrain.south + row * terrain.spacing


def test_without_a_file_the_land_is_flat():
    assert read_terrain(None, None, HERE, CRS) == (None, ())


def test_nodes_are_the_cells_of_the_file(tmp_path):
    path = write(tmp_path / "hills.tif", hills())
    terrain, told = read_terrain(path, None, HERE, CRS)
    x, y = nodes(terrain)
    assert terrain.spacing == CELL
    with rasterio.open(path) as raster:
        sampled = [value[0] for value in raster.sample(zip(x.ravel(), y.ravel(), strict=True))]
    assert np.array_equal(terrain.altitude.ravel(), np.array(sampled, np.float32))
    assert told == ("Terrain of hills.tif, every 50 m.",)


def test_terrain_covers_the_receptors_and_a_kilometre_around(tmp_path):
    terrain, _ = read_terrain(write(tmp_path / "hills.tif", hills()), None, HERE, CRS)
    x, y = nodes(terrain)
    assert x.min() <= WEST - MARGIN < x.min() + CELL
    assert x.max() >= WEST + 500 + MARGIN > x.max() - CELL
    assert y.min() <= SOUTH - MARGIN < y.min() + CELL


@pytest.mark.parametrize(("spacing", "tolerance"), [(20.0, 1e-3), (50.0, 1e-3), (200.0, 1e-3)])
def test_a_plane_stays_a_plane_at_any_spacing(tmp_path, spacing, tolerance):
    terrain, _ = read_terrain(write(tmp_path / "hills.tif", hills()), spacing, HERE, CRS)
    assert terrain.spacing == spacing
    assert terrain.altitude == pytest.approx(on_the_plane(*nodes(terrain)), abs=tolerance)


def test_a_raster_in_another_crs_is_brought_to_that_of_the_region(tmp_path):
    # EPSG:3812 is Lambert 2008: the same plane, moved and hardly turned (1 in 10,000).
    path = write(tmp_path / "hills.tif", hills())
    moved = tmp_path / "moved.tif"
    with rasterio.open(path) as raster, WarpedVRT(raster, crs="EPSG:3812") as warped:
        rasterio.shutil.copy(warped, moved, driver="GTiff")
    terrain, _ = read_terrain(moved, None, HERE, CRS)
    assert terrain.spacing == pytest.approx(CELL, abs=0.1)
    # Twice between cells: of a plane that bilinear interpolation keeps, what the grid turns.
    assert terrain.altitude == pytest.approx(on_the_plane(*nodes(terrain)), abs=0.05)


def test_nodes_without_a_value_take_the_nearest_one_and_are_reported(tmp_path):
    altitude = hills()
    altitude[GAP] = -9999.0
    terrain, told = read_terrain(write(tmp_path / "hills.tif", altitude), None, HERE, CRS)
    assert np.isfinite(terrain.altitude).all()
    off = np.abs(terrain.altitude - on_the_plane(*nodes(terrain))) > 1e-3
    assert off.sum() == 12
    assert f"{12 / terrain.altitude.size:.1%} of its nodes had no altitude" in told[0]


def test_the_nearest_value_fills_a_gap():
    gap = np.array([[1, np.nan, np.nan, np.nan, 5]], np.float32)
    assert with_nearest(gap).tolist()[0][1] == 1
    assert with_nearest(gap).tolist()[0][3] == 5


def test_the_only_raster_in_a_zip_file_is_read(tmp_path):
    path = write(tmp_path / "hills.tif", hills())
    packed = tmp_path / "hills.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(path, "hills.tif")
        archive.writestr("licence.txt", "open data")
    found, _ = read_terrain(packed, None, HERE, CRS)
    assert np.array_equal(found.altitude, read_terrain(path, None, HERE, CRS)[0].altitude)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.write(path, "more.tif")
    with pytest.raises(InvalidInputError, match=r"holds 2 rasters .*, must be 1"):
        read_terrain(packed, None, HERE, CRS)


def test_a_raster_elsewhere_without_crs_or_of_another_quantity_is_refused(tmp_path):
    path = write(tmp_path / "hills.tif", hills())
    away = Points(HERE.x + 50_000, HERE.y, HERE.label)
    with pytest.raises(InvalidInputError, match="has no altitude between 153000"):
        read_terrain(path, None, away, CRS)
    with pytest.raises(InvalidInputError, match=r"terrain_spacing: 0\.1 m, must be 0\.5 to 1000"):
        read_terrain(path, 0.1, HERE, CRS)
    with pytest.raises(InvalidInputError, match="nodes, must be at most 50,000,000"):
        read_terrain(path, 0.5, Points(HERE.x * [1, 1.1], HERE.y * [1, 1.1], HERE.label), CRS)
    with pytest.raises(InvalidInputError, match="names no CRS"):
        read_terrain(write(tmp_path / "nowhere.tif", hills(), crs=None), None, HERE, CRS)
    with pytest.raises(InvalidInputError, match="must be -500 to 9000 m"):
        read_terrain(write(tmp_path / "deep.tif", hills() * 1e4), None, HERE, CRS)


@pytest.mark.parametrize("name", ["gone.tif", "words.tif", "words.zip"])
def test_a_file_that_is_no_raster_is_named(tmp_path, name):
    if name.startswith("words"):
        (tmp_path / name).write_text("words, not altitudes")
    with pytest.raises(InvalidInputError, match=name):
        read_terrain(tmp_path / name, None, HERE, CRS)


def test_the_terrain_of_ghent_has_the_altitudes_of_its_model(shared_data):
    path = shared_data / "ghent" / "DHMVIIDTMRAS25m.zip"
    centre = Points(np.array([104_000.0, 105_500.0]), np.array([193_000.0, 194_500.0]), HERE.label)
    terrain, told = read_terrain(path, None, centre, "EPSG:31370")
    x, y = nodes(terrain)
    places = list(zip(x.ravel()[::97], y.ravel()[::97], strict=True))
    with rasterio.open(f"zip://{path}!DHMVIIDTMRAS25m.tif") as raster:
        sampled = np.array([value[0] for value in raster.sample(places)])
    assert np.array_equal(terrain.altitude.ravel()[::97], sampled)
    assert told == ("Terrain of DHMVIIDTMRAS25m.zip, every 25 m.",)
    assert 0 < terrain.altitude.min() < terrain.altitude.max() < 40
