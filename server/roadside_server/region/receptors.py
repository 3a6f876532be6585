"""Where to compute: a regular grid, or free points in an order that keeps neighbours together."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Float64, Grid, Points
from roadside_server.region.vector_files import check_polygons, read_features

#: Receptors of a grid, at most: building needs some 50 bytes of memory for each.
MAX_RECEPTORS = 100_000_000
#: Spacings (m) that make sense for street canyons and open roads.
SPACING = (1.0, 1000.0)
#: Heights of receptors (m).
HEIGHTS = (0.1, 100.0)
#: Bits of each coordinate in a Morton number.
MORTON_BITS = 16

UInt64 = NDArray[np.uint64]
Extent = tuple[float, float, float, float]


def regular_grid(
    area: Extent | shapely.Polygon | shapely.MultiPolygon,
    spacing: float,
    buildings: gpd.GeoDataFrame,
) -> Grid:
    """Receptors every spacing (m) over an extent (west, south, east, north) or within a polygon.

    Receptors lie at whole multiples of the spacing, so that regions that touch share a grid.
    Those inside a building or outside the polygon are masked; one exactly on a wall may be.
    """
    low, high = SPACING
    require(low <= spacing <= high, "spacing", f"{spacing} m, must be {low:g} to {high:g}")
    extent = area if isinstance(area, tuple) else area.bounds
    grid = _empty_grid(extent, spacing)
    masked = _inside(grid, buildings.geometry.to_numpy())
    if not isinstance(area, tuple):
        masked |= ~_inside(grid, np.array([area], dtype=object))
    require(not masked.all(), "extent", f"{extent}: every receptor is masked, none is left")
    return Grid(grid.west, grid.south, spacing, grid.columns, grid.rows, masked)


def cell_centres(grid: Grid) -> tuple[Float64, Float64]:
    """Easting of every column and northing of every row (m)."""
    x = grid.west + grid.spacing * np.arange(grid.columns, dtype=np.float64)
    y = grid.south + grid.spacing * np.arange(grid.rows, dtype=np.float64)
    return x, y


def coordinates(receptors: Grid | Points) -> tuple[Float64, Float64]:
    """Easting and northing (m) of every receptor, in the order of the street links."""
    if isinstance(receptors, Points):
        return receptors.x, receptors.y
    x, y = cell_centres(receptors)
    return np.tile(x, receptors.rows), np.repeat(y, receptors.columns)


def active(receptors: Grid | Points) -> NDArray[np.bool_]:
    """Which receptors are computed: not masked; in the order of the street links."""
    if isinstance(receptors, Points):
        return np.ones(receptors.size, dtype=bool)
    return ~receptors.masked.ravel()


def selected(points: Points, which: NDArray[np.intp] | NDArray[np.bool_]) -> Points:
    """Some of the points, or all in another order."""
    columns: dict[str, Any] = {field.name: getattr(points, field.name) for field in fields(points)}
    given = {name: column[which] for name, column in columns.items() if column is not None}
    return Points(**given)


def free_points(points: Points) -> tuple[Points, NDArray[np.intp]]:
    """Points along a Morton curve, and the place each had before."""
    require(points.size > 0, "receptors", "none; there must be at least one point")
    for axis, values in (("x", points.x), ("y", points.y)):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise InvalidInputError(
                f"receptors.{axis}",
                f"{values[bad[0]]} of point {points.label[bad[0]]!r}, must be finite",
            )
    order = np.argsort(_morton(points.x, points.y), kind="stable")
    return selected(points, order), order


def read_points(path: Path, crs: str) -> tuple[Points, NDArray[np.intp]]:
    """Free receptors of a file: see ``point_table``."""
    table = point_table(path, crs)
    x, y = table.geometry.x.to_numpy(), table.geometry.y.to_numpy()
    label = table["label"].to_numpy().astype(np.str_)
    return free_points(Points(x, y, label, height=_own_heights(table, path.name)))


def _own_heights(table: gpd.GeoDataFrame, name: str) -> Float64 | None:
    """Heights of sound (m) where the table has them; NaN, of an empty cell: the region's."""
    if "height" not in table:
        return None
    height: Float64 = pd.to_numeric(table["height"], errors="coerce").to_numpy(np.float64)
    low, high = HEIGHTS
    bad = table["height"].notna().to_numpy() & ~((height >= low) & (height <= high))
    if bad.any():
        row = int(bad.argmax())
        rule = f"{table['height'].iloc[row]}, must be {low:g} to {high:g} m"
        raise InvalidInputError(f"{name} row {row}: height", rule)
    return height


def point_table(path: Path, crs: str) -> gpd.GeoDataFrame:
    """Points and labels of a CSV (x,y in the region's CRS, or lon,lat), GeoPackage or GeoParquet.

    Without a column ``label``, points are numbered as in the file; ``height`` (m) is optional.
    """
    table = _read_point_csv(path, crs) if path.suffix.lower() == ".csv" else read_features(path)
    kinds = set(table.geometry.geom_type)
    require(kinds <= {"Point"}, f"{path.name}: geometry", f"{kinds - {'Point'}}, must be points")
    if "label" not in table:
        table = table.assign(label=[str(row) for row in range(len(table))])
    return table.assign(label=table["label"].astype("str")).to_crs(crs)


def read_area(path: Path, crs: str) -> shapely.Polygon | shapely.MultiPolygon:
    """The polygon(s) of a file, as one area in the region's CRS."""
    features = read_features(path)
    check_polygons(features, path.name)
    return shapely.union_all(features.to_crs(crs).geometry.to_numpy())


def _empty_grid(extent: Extent, spacing: float) -> Grid:
    west, south, east, north = extent
    require(bool(np.isfinite(extent).all()), "extent", f"{extent}, must be finite")
    require(west < east and south < north, "extent", f"{extent}: west, south, east, north")
    first_x, last_x = np.ceil(west / spacing), np.floor(east / spacing)
    first_y, last_y = np.ceil(south / spacing), np.floor(north / spacing)
    columns, rows = int(last_x - first_x) + 1, int(last_y - first_y) + 1
    require(columns > 0 and rows > 0, "extent", f"{extent} holds no multiple of {spacing} m")
    size = columns * rows
    require(size <= MAX_RECEPTORS, "spacing", f"{spacing} m gives {size} receptors, too many")
    masked = np.zeros((rows, columns), dtype=bool)
    return Grid(float(first_x * spacing), float(first_y * spacing), spacing, columns, rows, masked)


def _inside(grid: Grid, polygons: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which cell centres lie inside any polygon: (rows, columns)."""
    shapes = [polygon for polygon in polygons if not polygon.is_empty]
    if not shapes:
        return np.zeros((grid.rows, grid.columns), dtype=bool)
    half = grid.spacing / 2
    # Pixel centres are receptors; rows count from the south, as the grid's do.
    corner = Affine(grid.spacing, 0, grid.west - half, 0, grid.spacing, grid.south - half)
    burned = rasterize(shapes, (grid.rows, grid.columns), transform=corner, dtype="uint8")
    return np.asarray(burned, dtype=bool)


def _morton(x: Float64, y: Float64) -> UInt64:
    """Numbers along a Morton (Z-order) curve: the bits of both coordinates, interleaved."""
    numbers: UInt64 = _spread(_level(x)) | (_spread(_level(y)) << np.uint64(1))
    return numbers


def _level(values: Float64) -> UInt64:
    span = max(float(np.ptp(values)), 1e-9)
    steps: Float64 = (values - values.min()) / span * (2**MORTON_BITS - 1)
    return steps.astype(np.uint64)


def _spread(values: UInt64) -> UInt64:
    """Each bit moved to twice its place."""
    spread: UInt64 = np.zeros(values.shape, np.uint64)
    for bit in range(MORTON_BITS):
        spread |= ((values >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit)
    return spread


def _read_point_csv(path: Path, crs: str) -> gpd.GeoDataFrame:
    try:
        table = pd.read_csv(path, comment="#", dtype={"label": "str"})
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"points {path}", f"cannot be read: {error}") from error
    for names, system in ((("x", "y"), crs), (("lon", "lat"), "EPSG:4326")):
        if set(names) <= set(table.columns):
            place = [_numbers(table, name, path) for name in names]
            return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(*place), crs=system)
    raise InvalidInputError(f"points {path}", "must have the columns x and y, or lon and lat")


def _numbers(table: pd.DataFrame, column: str, path: Path) -> Float64:
    numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        found = table[column].iloc[bad[0]]
        raise InvalidInputError(
            f"{path.name} row {bad[0] + 2}: {column}", f"{found!r}, must be a finite number"
        )
    return numbers
