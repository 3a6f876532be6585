"""Gridded background files: NetCDF, GeoTIFF and CSV as one raster.

- NetCDF: a variable a pollutant over ``y`` and ``x`` (or ``latitude`` and ``longitude``); a
  dimension of size one, as time, is dropped; the CRS as CF or rioxarray write it, or degrees.
- GeoTIFF: a band a pollutant, named by its description or by "@no2=1,o3=2" behind the path.
- CSV: ``x`` and ``y`` of cell centres, in the region's CRS or that of a line "# crs: EPSG:28992",
  or ``lon`` and ``lat``, or ``x_km`` and ``y_km``: the south-western corners (km) of the cells of
  the Dutch large-scale concentration maps, in EPSG:28992.

Pollutants are named no2, o3, pm10, pm25 (pm2_5, pm2p5), ec and nox, also with the ending
``AchtergrondConcentratie`` of CIMLK.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import rasterio
import xarray as xr
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Float64

WGS84 = "EPSG:4326"
RD_NEW = "EPSG:28992"
POLLUTANTS = ("no2", "o3", "pm10", "pm25", "ec", "nox")
OTHER_NAMES = {"pm2_5": "pm25", "pm2p5": "pm25", "pm2.5": "pm25"}
#: Names of the axes and the CRS that they imply; None: the file's own or the region's.
AXES: tuple[tuple[str, str, str | None], ...] = (
    ("x", "y", None),
    ("longitude", "latitude", WGS84),
    ("lon", "lat", WGS84),
)
#: Micrograms a cubic metre in one of each unit.
UNITS = {"ug/m3": 1.0, "ug m-3": 1.0, "ug.m-3": 1.0, "mg/m3": 1e3, "mg m-3": 1e3} | {
    "kg/m3": 1e9,
    "kg m-3": 1e9,
}
#: Steps of an axis may differ by their rounding: a thousandth of a cell.
STEP_TOLERANCE = 1e-3
#: Metres in a kilometre.
KILOMETRE = 1000.0


class Raster(NamedTuple):
    """Values in the cells of a regular grid; both axes ascend."""

    name: str  # of the file
    crs: str
    x: Float64  # centres of the columns
    y: Float64  # centres of the rows
    values: dict[str, NDArray[np.float32]]  # pollutant -> (rows, columns), ug/m3; NaN: none


def read_raster(path: Path, bands: str, crs: str) -> Raster:
    """A background file as a raster; crs is that of a file that names none.

    Raises
    ------
    InvalidInputError
        The file is missing, damaged, holds no pollutant or is no regular grid.
    """
    require(path.is_file(), f"background {path}", "no such file")
    read = READERS.get(path.name.removesuffix(".gz").rpartition(".")[2].lower())
    if read is None:
        known = ", ".join(f".{ending}" for ending in READERS)
        raise InvalidInputError(f"background {path}", f"unknown kind of file, must be {known}")
    try:
        raster = read(path, bands, crs)
    except InvalidInputError:
        raise
    # Each library raises classes of its own for a damaged file.
    except Exception as error:
        raise InvalidInputError(f"background {path}", f"cannot be read: {error}") from error
    require(bool(raster.values), f"background {path}", f"holds none of {', '.join(POLLUTANTS)}")
    return raster


def pollutant_of(name: str) -> str | None:
    """The pollutant that a column, variable or band is named after."""
    plain = name.strip().lower().removesuffix("achtergrondconcentratie")
    plain = OTHER_NAMES.get(plain, plain)
    return plain if plain in POLLUTANTS else None


def _read_netcdf(path: Path, _bands: str, crs: str) -> Raster:
    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        across, along, implied = _axes_of(set(dataset.coords), path)
        names = {pollutant_of(str(name)): name for name in dataset.data_vars}
        grids = {
            pollutant: _concentrations(dataset[name].squeeze(drop=True), across, along, path)
            for pollutant, name in names.items()
            if pollutant is not None
        }
        x, y = (dataset[axis].to_numpy().astype(np.float64) for axis in (across, along))
        return _ascending(path.name, _crs_of(dataset) or implied or crs, x, y, grids)


def _axes_of(names: set[Any], path: Path) -> tuple[str, str, str | None]:
    for axes in AXES:
        if set(axes[:2]) <= names:
            return axes
    raise InvalidInputError(f"background {path}", "must have x and y, or longitude and latitude")


def _concentrations(
    variable: xr.DataArray, across: str, along: str, path: Path
) -> NDArray[np.float32]:
    field = f"background {path.name}: {variable.name}"
    dims = set(variable.dims)
    require(
        dims == {across, along}, field, f"dimensions {variable.dims}, must be {along}, {across}"
    )
    unit = str(variable.attrs.get("units", "ug/m3")).replace("µ", "u").replace("μ", "u")
    unit = unit.replace("**", "").replace("^", "")
    require(unit in UNITS, field, f"unit {unit!r}, must be one of {', '.join(UNITS)}")
    grid = variable.transpose(along, across).to_numpy() * UNITS[unit]
    return np.asarray(grid, dtype=np.float32)


def _crs_of(dataset: xr.Dataset) -> str | None:
    for variable in dataset.variables.values():
        for attribute in ("crs_wkt", "spatial_ref", "epsg_code"):
            if attribute in variable.attrs:
                return str(variable.attrs[attribute])
    return None


def _read_geotiff(path: Path, bands: str, crs: str) -> Raster:
    with rasterio.open(path) as source:
        field = f"background {path.name}"
        straight = source.transform.b == 0 and source.transform.d == 0
        require(straight, field, "is rotated, must have rows along the easting")
        columns = source.transform.c + source.transform.a * (np.arange(source.width) + 0.5)
        rows = source.transform.f + source.transform.e * (np.arange(source.height) + 0.5)
        system = source.crs.to_wkt() if source.crs else crs
        grids = {
            name: source.read(band, masked=True).astype(np.float32).filled(np.nan)
            for name, band in _bands_of(source, bands, field).items()
        }
    return _ascending(path.name, system, columns, rows, grids)


def _bands_of(source: Any, bands: str, field: str) -> dict[str, int]:
    """Pollutants and their bands, counted from one."""
    if not bands:
        names = {band: pollutant_of(text or "") for band, text in enumerate(source.descriptions, 1)}
        return {name: band for band, name in names.items() if name is not None}
    chosen: dict[str, int] = {}
    for entry in bands.split(","):
        name, _, number = (part.strip() for part in entry.partition("="))
        known = pollutant_of(name)
        there = number.isdecimal() and 1 <= int(number) <= source.count
        if known is None or not there:
            rule = f"must be a pollutant = a band of 1 to {source.count}"
            raise InvalidInputError(field, f"band {entry!r}, {rule}")
        chosen[known] = int(number)
    return chosen


def _read_csv(path: Path, _bands: str, crs: str) -> Raster:
    table = pd.read_csv(path, comment="#")
    x, y, system = _places(table, path, crs)
    columns, rows = _axis(x, f"{path.name}: x"), _axis(y, f"{path.name}: y")
    place = np.searchsorted(rows, y), np.searchsorted(columns, x)
    grids = {}
    for column in table.columns:
        pollutant = pollutant_of(str(column))
        if pollutant is not None:
            grids[pollutant] = np.full((rows.size, columns.size), np.nan, np.float32)
            grids[pollutant][place] = _numbers(table[column], f"{path.name}: {column}")
    return _regular(path.name, system, columns, rows, grids)


def _places(table: pd.DataFrame, path: Path, crs: str) -> tuple[Float64, Float64, str]:
    """Centres of the cells, and their CRS."""
    if {"x_km", "y_km"} <= set(table.columns):
        x, y = (_numbers(table[axis], f"{path.name}: {axis}") for axis in ("x_km", "y_km"))
        return (x + 0.5) * KILOMETRE, (y + 0.5) * KILOMETRE, RD_NEW
    across, along, implied = _axes_of(set(table.columns), path)
    x, y = (_numbers(table[axis], f"{path.name}: {axis}") for axis in (across, along))
    return x, y, _named_crs(path) or implied or crs


def _named_crs(path: Path) -> str | None:
    with path.open("rb") as file:
        found = re.match(rb"#\s*crs:\s*(\S+)", file.readline())
    return found.group(1).decode() if found else None


def _numbers(column: pd.Series, field: str) -> Float64:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        raise InvalidInputError(
            f"background {field}", f"{column.iloc[bad[0]]} in row {bad[0] + 2}, must be finite"
        )
    return numbers


def _axis(places: Float64, field: str) -> Float64:
    """All centres of a regular axis on which some cells may be absent."""
    found = np.unique(places)
    require(found.size > 1, f"background {field}", "must have at least two different values")
    step = float(np.diff(found).min())
    axis: Float64 = found[0] + step * np.arange(round((found[-1] - found[0]) / step) + 1)
    nearest = axis[np.rint((found - found[0]) / step).astype(np.int64)]
    even = np.abs(nearest - found).max() <= STEP_TOLERANCE * step
    require(bool(even), f"background {field}", f"cells are not all a multiple of {step:g} apart")
    return axis


def _ascending(
    name: str, crs: str, x: Float64, y: Float64, grids: dict[str, NDArray[np.float32]]
) -> Raster:
    across = slice(None, None, 1 if x[-1] >= x[0] else -1)
    along = slice(None, None, 1 if y[-1] >= y[0] else -1)
    turned = {pollutant: grid[along, across] for pollutant, grid in grids.items()}
    return _regular(name, crs, x[across], y[along], turned)


def _regular(
    name: str, crs: str, x: Float64, y: Float64, grids: dict[str, NDArray[np.float32]]
) -> Raster:
    for axis, centres in (("x", x), ("y", y)):
        field = f"background {name}: {axis}"
        require(centres.size > 1, field, "must have at least two cells")
        steps = np.diff(centres)
        even = np.ptp(steps) <= STEP_TOLERANCE * steps.mean()
        require(bool(steps[0] > 0 and even), field, "must be evenly spaced")
    return Raster(name, crs, x, y, grids)


READERS: dict[str, Callable[[Path, str, str], Raster]] = {
    "csv": _read_csv,
    "nc": _read_netcdf,
    "nc4": _read_netcdf,
    "tif": _read_geotiff,
    "tiff": _read_geotiff,
}
