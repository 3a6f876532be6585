"""Background concentrations (ug/m3): constants, or a gridded file sampled at the receptors.

Each receptor takes the value of the grid cell it lies in.  ``background_files.py`` says what the
files look like.
"""

import re
from pathlib import Path

import numpy as np
import pyproj
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.background_files import Raster, read_raster
from roadside_server.region.receptors import active, coordinates
from roadside_server.region.schema import Background, Float64, Grid, Points

#: Assumed where nothing is known (ug/m3): round values of the Flemish countryside about 2020.
ASSUMED = {"no2": 15.0, "o3": 45.0, "pm10": 17.0, "pm25": 10.0, "ec": 0.5}
#: Pollutants that may have a background; nox is needed only to report NOx itself.
KNOWN = (*ASSUMED, "nox")
#: Annual means (ug/m3) above this are a mistake of units.
HIGHEST = 1000.0

CONSTANTS = re.compile(r"^\s*\w+\s*=")


def read_background(
    spec: str | None, receptors: Grid | Points, crs: str
) -> tuple[Background, tuple[str, ...]]:
    """The background at the receptors, and what was assumed about it.

    Parameters
    ----------
    spec
        "no2=18,o3=45,...", or the path of a NetCDF, GeoTIFF or CSV file; of a GeoTIFF without
        band descriptions with the bands behind an @: "background.tif@no2=1,o3=2".

    Raises
    ------
    InvalidInputError
        A constant, a file, or a receptor outside the file.
    """
    values: dict[str, float | NDArray[np.float32]] = {}
    if spec is not None and CONSTANTS.match(spec):
        values |= read_constants(spec)
    elif spec is not None:
        values |= _sampled(spec, receptors, crs)
    assumed: dict[str, float | NDArray[np.float32]] = {
        name: value for name, value in ASSUMED.items() if name not in values
    }
    told = ", ".join(f"{name} {value:g}" for name, value in assumed.items())
    return (
        Background(values | assumed),
        (f"Background concentrations are assumed: {told} ug/m3.",) if assumed else (),
    )


def read_constants(spec: str) -> dict[str, float]:
    """Concentrations (ug/m3) of "no2=18,o3=45"."""
    values: dict[str, float] = {}
    for entry in spec.split(","):
        name, _, text = (part.strip() for part in entry.partition("="))
        require(name in KNOWN, f"background.{name}", f"unknown, must be one of {', '.join(KNOWN)}")
        values[name] = _concentration(name, text)
    return values


def _concentration(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InvalidInputError(f"background.{name}", f"{text!r} is not a number") from None
    rule = f"{text} ug/m3, must be 0 to {HIGHEST:g}"
    require(0 <= value <= HIGHEST, f"background.{name}", rule)
    return value


def _sampled(
    spec: str, receptors: Grid | Points, crs: str
) -> dict[str, float | NDArray[np.float32]]:
    path, _, bands = spec.partition("@")
    raster = read_raster(Path(path), bands, crs)
    wanted = active(receptors)
    row, column = _cells(raster, receptors, wanted, crs)
    sampled: dict[str, float | NDArray[np.float32]] = {}
    for name, grid in raster.values.items():
        values = np.full(receptors.size, np.nan, np.float32)
        values[wanted] = grid[row, column]
        _check_values(values, wanted, receptors, f"{Path(path).name}: {name}")
        sampled[name] = values
    return sampled


def _cells(
    raster: Raster, receptors: Grid | Points, wanted: NDArray[np.bool_], crs: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of the cell that each wanted receptor lies in."""
    x, y = (axis[wanted] for axis in coordinates(receptors))
    across, along = _projected(x, y, crs, raster.crs)
    column, row = _steps(across, raster.x), _steps(along, raster.y)
    outside = (column < 0) | (column >= raster.x.size) | (row < 0) | (row >= raster.y.size)
    if outside.any():
        first = int(np.argmax(outside))
        raise InvalidInputError(
            f"background {raster.name}",
            f"{int(outside.sum())} receptors lie outside the file, the first at "
            f"{x[first]:.0f}, {y[first]:.0f} ({crs}); every receptor must lie inside",
        )
    return row, column


def _projected(x: Float64, y: Float64, crs: str, to: str) -> tuple[Float64, Float64]:
    if pyproj.CRS(crs) == pyproj.CRS(to):
        return x, y
    transformer = pyproj.Transformer.from_crs(crs, to, always_xy=True)
    across, along = transformer.transform(x, y)
    return np.asarray(across), np.asarray(along)


def _steps(places: Float64, centres: Float64) -> NDArray[np.int64]:
    """Number of the cell of each place, beyond the ends too; cells lie around centres."""
    spacing = (centres[-1] - centres[0]) / (centres.size - 1)
    steps = np.floor((places - centres[0]) / spacing + 0.5)
    # A place that cannot be projected is infinite: outside.
    return np.where(np.isfinite(steps), steps, -1).astype(np.int64)


def _check_values(
    values: NDArray[np.float32], wanted: NDArray[np.bool_], receptors: Grid | Points, field: str
) -> None:
    bad = wanted & ~((values >= 0) & (values <= HIGHEST))
    if bad.any():
        first = int(np.argmax(bad))
        x, y = coordinates(receptors)
        raise InvalidInputError(
            f"background {field}",
            f"{values[first]:g} at the receptor {x[first]:.0f}, {y[first]:.0f}, "
            f"must be 0 to {HIGHEST:g} ug/m3 ({int(bad.sum())} receptors)",
        )
