"""Altitudes of the ground: a raster brought onto a grid of the region, without gaps."""

import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from scipy.ndimage import distance_transform_edt

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.receptors import Extent, coordinates
from roadside_server.region.schema import Grid, Points, Terrain

#: Terrain covers the receptors and so far (m) around them: further roads are not heard.
MARGIN = 1000.0
#: Nodes of a terrain, at most; each takes 4 bytes, and time when sound passes over it.
MAX_NODES = 50_000_000
#: Spacings (m) that tell something of hills and dikes.
SPACING = (0.5, 1000.0)
#: Altitudes (m) on earth, with room; others are mistakes or another quantity.
LOWEST, HIGHEST = -500.0, 9000.0
RASTERS = (".tif", ".tiff", ".asc", ".img", ".vrt")
#: Stands for nodes without a value where the file names no such value itself.
NO_DATA = -32768.0


class _Nodes(NamedTuple):
    """Where the nodes of a terrain lie."""

    west: float
    south: float
    spacing: float
    columns: int
    rows: int


def read_terrain(
    path: Path | None, spacing: float | None, receptors: Grid | Points, crs: str
) -> tuple[Terrain | None, tuple[str, ...]]:
    """The terrain around the receptors, and what was done to make it.

    Parameters
    ----------
    path
        Whatever raster GDAL reads, in any CRS; also the only one in a zip file.  None: flat.
    spacing
        Of the nodes (m); None: that of the file.

    Raises
    ------
    InvalidInputError
        The file is missing, damaged, without a CRS or elsewhere, or the spacing does not suit.
    """
    if path is None:
        return None, ()
    field = f"terrain {path}"
    extent = _extent(receptors)
    try:
        with rasterio.open(_place(path)) as raster:
            require(raster.crs is not None, field, "the file names no CRS")
            nodes = _nodes(raster, spacing, extent, crs)
            altitude = _warped(raster, nodes, crs)
    except rasterio.errors.RasterioError as error:
        raise InvalidInputError(field, f"cannot be read: {error}") from error
    missing = np.isnan(altitude)
    west, south, east, north = (f"{value:.0f}" for value in extent)
    rule = f"has no altitude between {west}, {south} and {east}, {north} ({crs})"
    require(not missing.all(), field, rule)
    filled = with_nearest(altitude)
    low, high = float(filled.min()), float(filled.max())
    rule = f"altitudes {low:g} to {high:g}, must be {LOWEST:g} to {HIGHEST:g} m"
    require(low >= LOWEST and high <= HIGHEST, field, rule)
    told = f"Terrain of {path.name}, every {nodes.spacing:g} m."
    if missing.any():
        told += f" {missing.mean():.1%} of its nodes had no altitude and took the nearest one."
    return Terrain(nodes.west, nodes.south, nodes.spacing, filled), (told,)


def with_nearest(altitude: NDArray[np.float32]) -> NDArray[np.float32]:
    """Altitudes with the nearest value in place of NaN."""
    missing = np.isnan(altitude)
    nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
    filled: NDArray[np.float32] = altitude[tuple(nearest)]
    return filled


def _place(path: Path) -> str:
    """The path of the raster for GDAL, in a zip file too."""
    field = f"terrain {path}"
    require(path.is_file(), field, "no such file")
    if path.suffix.lower() != ".zip":
        return str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.lower().endswith(RASTERS)]
    except zipfile.BadZipFile as error:
        raise InvalidInputError(field, f"cannot be read: {error}") from error
    require(len(names) == 1, field, f"holds {len(names)} rasters ({', '.join(RASTERS)}), must be 1")
    return f"zip://{path}!{names[0]}"


def _extent(receptors: Grid | Points) -> Extent:
    x, y = coordinates(receptors)
    edges = x.min() - MARGIN, y.min() - MARGIN, x.max() + MARGIN, y.max() + MARGIN
    west, south, east, north = (float(edge) for edge in edges)
    return west, south, east, north


def _nodes(raster: Any, spacing: float | None, extent: Extent, crs: str) -> _Nodes:
    """Nodes that cover an extent; where the CRS and the spacing are the file's, its own cells."""
    same = raster.crs == rasterio.CRS.from_user_input(crs)
    own = _own_spacing(raster, crs)
    step = own if spacing is None else spacing
    low, high = SPACING
    require(low <= step <= high, "terrain_spacing", f"{step:g} m, must be {low:g} to {high:g}")
    cells = same and step == own
    corner = raster.xy(0, 0) if cells else (0.0, 0.0)
    first = [np.floor((extent[axis] - corner[axis]) / step) for axis in (0, 1)]
    last = [np.ceil((extent[axis + 2] - corner[axis]) / step) for axis in (0, 1)]
    columns, rows = (int(b - a) + 1 for a, b in zip(first, last, strict=True))
    rule = f"{step:g} m gives {columns * rows:,} nodes, must be at most {MAX_NODES:,}"
    require(columns * rows <= MAX_NODES, "terrain_spacing", rule)
    west, south = (float(corner[axis] + first[axis] * step) for axis in (0, 1))
    return _Nodes(west, south, float(step), columns, rows)


def _own_spacing(raster: Any, crs: str) -> float:
    """Side of the file's cells (m); in another CRS the geometric mean of their sides there."""
    with WarpedVRT(raster, crs=crs) as warped:
        return float(abs(warped.transform.determinant) ** 0.5)


def _warped(raster: Any, nodes: _Nodes, crs: str) -> NDArray[np.float32]:
    """Altitudes at the nodes, south first; NaN where the file has none."""
    half = nodes.spacing / 2
    north = nodes.south + (nodes.rows - 1) * nodes.spacing
    corner = Affine(nodes.spacing, 0, nodes.west - half, 0, -nodes.spacing, north + half)
    coarser = nodes.spacing > 1.5 * _own_spacing(raster, crs)
    with WarpedVRT(
        raster,
        crs=crs,
        transform=corner,
        width=nodes.columns,
        height=nodes.rows,
        resampling=Resampling.average if coarser else Resampling.bilinear,
        nodata=NO_DATA if raster.nodata is None else raster.nodata,
    ) as warped:
        altitude = warped.read(1, masked=True).astype(np.float32).filled(np.nan)
    return np.ascontiguousarray(altitude[::-1])
