"""Reads files of features: GeoParquet, GeoPackage, GeoJSON, whatever GDAL knows."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from roadside_server.errors import InvalidInputError, require

PARQUET = (".parquet", ".geoparquet")


def read_features(path: Path, layer: str | None = None) -> gpd.GeoDataFrame:
    """The features of a file, or of one layer of it, with a CRS; the geometry is so named.

    Raises
    ------
    InvalidInputError
        The file is missing or damaged, holds no features or names no CRS.
    """
    require(path.exists(), f"file {path}", "does not exist")
    try:
        features = _read(path, layer)
    # GDAL and Arrow each raise classes of their own for a damaged file.
    except Exception as error:
        raise InvalidInputError(f"file {path}", f"cannot be read: {error}") from error
    name = path.name if layer is None else f"{path.name} layer {layer}"
    require(isinstance(features, gpd.GeoDataFrame), name, "holds no geometry")
    require(features.crs is not None, f"{name}: crs", "the file names none")
    require(len(features) > 0, name, "holds no features")
    own = features.geometry.name
    return features if own == "geometry" else features.rename_geometry("geometry")


def layers_of(path: Path) -> list[str]:
    """Names of the layers of a GeoPackage."""
    try:
        return [str(name) for name in gpd.list_layers(path)["name"]]
    except Exception as error:
        raise InvalidInputError(f"file {path}", f"cannot be read: {error}") from error


def check_polygons(features: gpd.GeoDataFrame, name: str) -> None:
    """Refuse features that are no simple, finite polygons; the message names the first."""
    check_geometry(features, name, ("Polygon", "MultiPolygon"))
    for row, polygon in enumerate(features.geometry):
        if not polygon.is_valid:
            reason = shapely.is_valid_reason(polygon)
            raise InvalidInputError(f"{name} row {row}: geometry", f"{reason}, must be simple")


def check_geometry(features: gpd.GeoDataFrame, name: str, kinds: tuple[str, ...]) -> None:
    """Refuse features whose geometry is missing, empty, not finite or of another kind."""
    geometry = features.geometry
    lacking = geometry.isna() | geometry.is_empty
    _refuse(lacking, name, "missing or empty, must be a geometry")
    other = ~geometry.geom_type.isin(kinds)
    if other.any():
        found = geometry.geom_type[other].iloc[0]
        _refuse(other, name, f"{found}, must be {' or '.join(kinds)}")
    finite = pd.Series(_finite(features), index=geometry.index)
    _refuse(~finite, name, "a coordinate is NaN or infinite, must be finite")


def _refuse(bad: pd.Series, name: str, rule: str) -> None:
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise InvalidInputError(f"{name} row {row}: geometry", rule)


def _finite(features: gpd.GeoDataFrame) -> list[bool]:
    bounds = shapely.bounds(features.geometry.to_numpy())
    coordinates, index = shapely.get_coordinates(features.geometry.to_numpy(), return_index=True)
    good = [True] * len(bounds)
    for row in index[~(abs(coordinates) < float("inf")).all(axis=1)]:
        good[row] = False
    return good


def _read(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    if path.suffix.lower() in PARQUET:
        return gpd.read_parquet(path)
    return gpd.read_file(path) if layer is None else gpd.read_file(path, layer=layer)
