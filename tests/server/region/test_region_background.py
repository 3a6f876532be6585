"""Background concentrations: constants, NetCDF, GeoTIFF and CSV give the cell a receptor is in."""

import numpy as np
import pyproj
import pytest
import rasterio
import xarray as xr
from affine import Affine
from roadside_server.errors import InvalidInputError
from roadside_server.region.background import read_background
from roadside_server.region.schema import Grid, Points

RD = "EPSG:28992"
#: Two rows and three columns of 1 km, from 110, 490 km; south first.
NO2 = np.array([[10, 11, 12], [13, 14, 15]], np.float32)
X, Y = np.array([110_500.0, 111_500, 112_500]), np.array([490_500.0, 491_500])


def points(*places):
    x, y = np.array(places, float).T
    return Points(x, y, np.array([str(i) for i in range(len(places))]))


HERE = points((110_100, 490_100), (112_900, 490_900), (111_400, 491_600))
EXPECTED = [10, 12, 14]


def write_netcdf(path, no2=NO2, units="ug/m3", **coordinates):
    coordinates = coordinates or {"y": Y[::-1], "x": X}
    no2 = no2[::-1] if next(iter(coordinates)) == "y" else no2
    dataset = xr.Dataset({"no2": (tuple(coordinates), no2, {"units": units})}, coordinates)
    dataset.to_netcdf(path, engine="h5netcdf")
    return str(path)


def write_geotiff(path, description="no2", no2=NO2, nodata=-999.0, crs=RD):
    profile = {"driver": "GTiff", "width": 3, "height": 2, "count": 1, "dtype": "float32"}
    corner = Affine(1000, 0, 110_000, 0, -1000, 492_000)
    with rasterio.open(path, "w", **profile, crs=crs, transform=corner, nodata=nodata) as file:
        file.write(no2[::-1], 1)
        if description:
            file.set_band_description(1, description)
    return str(path)


def write_csv(path, rows=None, header="x,y,no2"):
    cells = [(x, y, NO2[j, i]) for j, y in enumerate(Y) for i, x in enumerate(X)]
    lines = [",".join(map(str, row)) for row in (cells if rows is None else rows)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return str(path)


def test_constants_hold_everywhere_and_the_rest_is_assumed():
    background, assumptions = read_background("no2=18, o3=42.5", HERE, RD)
    assert background.values["no2"] == 18
    assert background.values["o3"] == 42.5
    assert set(background.values) == {"no2", "o3", "pm10", "pm25", "ec"}
    assert "pm10 17, pm25 10, ec 0.5" in assumptions[0]


def test_a_complete_background_assumes_nothing():
    assert read_background("no2=1,o3=2,pm10=3,pm25=4,ec=0", HERE, RD)[1] == ()


def test_the_gridded_files_agree(tmp_path):
    for spec in (
        write_netcdf(tmp_path / "no2.nc"),
        write_geotiff(tmp_path / "no2.tif"),
        write_geotiff(tmp_path / "bands.tif", description=None) + "@no2=1",
        write_csv(tmp_path / "no2.csv"),
        write_csv(tmp_path / "crs.csv", header="# crs: EPSG:28992\nx,y,no2AchtergrondConcentratie"),
    ):
        background, _ = read_background(spec, HERE, RD)
        assert background.values["no2"].tolist() == EXPECTED, spec


def test_receptors_are_projected_to_the_file(tmp_path):
    x, y = pyproj.Transformer.from_crs(RD, "EPSG:32631", always_xy=True).transform(HERE.x, HERE.y)
    moved = Points(x, y, HERE.label)
    background, _ = read_background(write_geotiff(tmp_path / "no2.tif"), moved, "EPSG:32631")
    assert background.values["no2"].tolist() == EXPECTED


def test_degrees_and_kilograms_are_understood(tmp_path):
    path = write_netcdf(
        tmp_path / "cams.nc", NO2 * 1e-9, "kg m-3",
        latitude=np.array([52.35, 52.45]), longitude=np.array([4.75, 4.85, 4.95]),
    )  # fmt: skip
    dam_square = points((121_400, 487_400))  # 4.893 E, 52.373 N
    background, _ = read_background(path, dam_square, RD)
    assert background.values["no2"] == pytest.approx([11])


def test_the_dutch_kilometre_cells_are_read(shared_data):
    path = shared_data / "air" / "amsterdam_background_1km_2030_from_cimlk.csv"
    background, assumptions = read_background(str(path), points((110_001, 491_999)), RD)
    found = {name: float(values[0]) for name, values in background.values.items()}
    assert found == pytest.approx(
        {"no2": 9.605, "o3": 51.465, "pm10": 14.27, "pm25": 6.676, "ec": 0.311}
    )
    assert assumptions == ()


def test_a_masked_receptor_may_lie_outside_the_file(tmp_path):
    masked = np.array([[False, True], [False, True]])
    grid = Grid(112_500.0, 490_500.0, 1000.0, 2, 2, masked)
    values = read_background(write_csv(tmp_path / "no2.csv"), grid, RD)[0].values["no2"]
    assert values[[0, 2]].tolist() == [12, 15]
    assert np.isnan(values[[1, 3]]).all()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("no2=-1", "background.no2: -1 ug/m3, must be 0"),
        ("no2=nan", "background.no2: nan"),
        ("no2=much", "background.no2: 'much' is not a number"),
        ("so2=3", "background.so2: unknown"),
        ("no2=", "background.no2"),
        ("nowhere.nc", "nowhere.nc: no such file"),
    ],
)
def test_a_bad_constant_is_refused(spec, message):
    with pytest.raises(InvalidInputError, match=message):
        read_background(spec, HERE, RD)


def test_a_receptor_outside_the_file_is_refused(tmp_path):
    outside = points((110_100, 490_100), (113_100, 490_100))
    with pytest.raises(
        InvalidInputError, match=r"no2\.csv: 1 receptors lie outside.* 113100, 490100"
    ):
        read_background(write_csv(tmp_path / "no2.csv"), outside, RD)


def test_a_file_in_another_crs_than_it_says_is_noticed(tmp_path):
    path = write_geotiff(tmp_path / "no2.tif", crs="EPSG:31370")
    with pytest.raises(InvalidInputError, match="3 receptors lie outside"):
        read_background(path, HERE, RD)


def test_a_cell_without_a_value_is_refused(tmp_path):
    holes = np.where(NO2 == 14, -999.0, NO2).astype(np.float32)
    with pytest.raises(
        InvalidInputError, match=r"no2\.tif: no2: nan at the receptor 111400, 491600"
    ):
        read_background(write_geotiff(tmp_path / "no2.tif", no2=holes), HERE, RD)
    cells = [(x, y, 1.0) for x in X for y in Y][:-1]
    with pytest.raises(InvalidInputError, match="nan at the receptor"):
        read_background(write_csv(tmp_path / "no2.csv", cells), points((112_500, 491_500)), RD)


def test_a_negative_value_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="no2: -10 at the receptor"):
        read_background(write_geotiff(tmp_path / "no2.tif", no2=-NO2), HERE, RD)


@pytest.mark.parametrize("name", ["no2.nc", "no2.tif", "no2.csv"])
def test_a_damaged_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x89HDF\x00no such format")
    with pytest.raises(InvalidInputError, match=name):
        read_background(str(tmp_path / name), HERE, RD)


def test_files_that_miss_something_say_what(tmp_path):
    cases = {
        write_geotiff(tmp_path / "a.tif", description=None): "holds none of no2",
        write_geotiff(tmp_path / "b.tif") + "@no2=7": "band 'no2=7', must be",
        write_csv(tmp_path / "c.csv", header="east,north,no2"): "must have x and y",
        write_csv(tmp_path / "d.csv", [(1, 1, "n/a"), (2, 2, 5)]): "no2: nan in row 2",
        write_csv(tmp_path / "e.csv", [(0, 0, 1), (1, 1, 1), (2.5, 2, 1)]): "multiple of 1",
        write_netcdf(tmp_path / "f.nc", units="ppb"): "unit 'ppb'",
    }
    (tmp_path / "g.xlsx").write_bytes(b"")
    cases[str(tmp_path / "g.xlsx")] = "unknown kind of file"
    for spec, message in cases.items():
        with pytest.raises(InvalidInputError, match=message):
            read_background(spec, HERE, RD)
