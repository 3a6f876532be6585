"""Reads roads, and what stands beside them, from tables of a documented schema; docs/regions.md.

A GeoPackage with the layers roads, buildings, screens, ground_areas, trees, junctions and
corrections, a folder with files of those names, or one file of roads: only the roads are needed,
and of them only the line and ``speed`` or ``road_class``.  A folder may have its roads as a network
of nodes and links (``gmns.py``), and may also hold a raster terrain and a file population.
"""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.build import RegionInput
from roadside_server.region.checks import check_place, check_values
from roadside_server.region.gmns import is_gmns, read_gmns
from roadside_server.region.schema import ROAD_COLUMNS
from roadside_server.region.table_features import FEATURE_TABLES, features, no_buildings
from roadside_server.region.traffic import ALL_VOLUMES, assumed_lanes, assumptions_for
from roadside_server.region.vector_files import check_geometry, layers_of, read_features

TERRAIN_FILES = ("terrain.tif", "terrain.zip")
FILE_ENDINGS = (".parquet", ".geoparquet", ".gpkg", ".geojson")


def read_tables(path: Path) -> RegionInput:
    """What a GeoPackage, GeoParquet, GeoJSON or folder of them says about a region.

    Raises
    ------
    InvalidInputError
        A file is missing or damaged, or a value breaks a rule; names file, row and column.
    """
    tables = _read_all(path)
    table, name, about_network = _road_table(path, tables)
    roads, told = _roads(table, name)
    others = {
        name: features(name, table.to_crs(roads.crs), _name(path, name))
        for name, table in tables.items()
        if name != "roads"
    }
    others.setdefault("buildings", no_buildings())
    assumed = (sentence for _, sentences in others.values() for sentence in sentences)
    return RegionInput(
        source=f"tables of {path.name}",
        roads=roads,
        terrain=_beside(path, TERRAIN_FILES),
        population=_beside(path, tuple(f"population{ending}" for ending in FILE_ENDINGS)),
        assumptions=(*about_network, *told, *assumed),
        **{name: table.set_crs(roads.crs) for name, (table, _) in others.items()},
    )


def _road_table(
    path: Path, tables: dict[str, gpd.GeoDataFrame]
) -> tuple[gpd.GeoDataFrame, str, tuple[str, ...]]:
    """The roads of a source, where they come from, and what was assumed of a network."""
    if path.is_dir() and is_gmns(path):
        return read_gmns(path)
    require("roads" in tables, f"tables {path}", "holds no table named roads")
    return tables["roads"], _name(path, "roads"), ()


def _beside(path: Path, names: tuple[str, ...]) -> Path | None:
    """The first file of these names in a folder of tables."""
    found = (path / name for name in names if path.is_dir())
    return next((file for file in found if file.is_file()), None)


def _read_all(path: Path) -> dict[str, gpd.GeoDataFrame]:
    names = ("roads", *FEATURE_TABLES)
    if path.is_dir():
        files = {file.stem: file for file in sorted(path.iterdir()) if file.suffix in FILE_ENDINGS}
        return {name: read_features(files[name]) for name in names if name in files}
    if path.suffix.lower() != ".gpkg":
        return {"roads": read_features(path)}
    require(path.is_file(), f"file {path}", "does not exist")
    layers = layers_of(path)
    if len(layers) == 1:
        return {"roads": read_features(path, layers[0])}
    return {name: read_features(path, name) for name in names if name in layers}


def _name(path: Path, table: str) -> str:
    return path.name if table in path.stem else f"{path.name} {table}"


def _roads(table: gpd.GeoDataFrame, name: str) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    check_place(table, name)
    check_geometry(table, name, ("LineString", "MultiLineString"))
    either = "speed" in table or "road_class" in table
    require(either, name, "must have a column speed or road_class")
    roads = _single_lines(table.assign(road_id=_identifiers(table)))
    roads["road_class"] = _words(roads, "road_class", "unclassified")
    roads["name"] = _words(roads, "name", "")
    roads["direction"] = _words(roads, "direction", "both")
    told = [*_fill_speed(roads, name), *_fill_lanes(roads, name), *_unused(table, roads)]
    _check_volumes(roads, name)
    # Roads without volumes get them later.
    check_values(roads.assign(**roads[_volumes_of(roads)].fillna(0.0)), name)
    return roads, tuple(told)


def _identifiers(table: gpd.GeoDataFrame) -> Any:
    if "road_id" in table:
        return table["road_id"].astype("str")
    return pd.Series([str(row) for row in range(len(table))], index=table.index)


def _single_lines(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Lines of several parts as a road each, numbered behind the road_id; two dimensions."""
    table = table.set_geometry(table.geometry.force_2d())
    parts = table.explode(ignore_index=True)
    number = parts.groupby("road_id").cumcount()
    split = parts["road_id"].map(table["road_id"].value_counts()) < parts.groupby("road_id")[
        "road_id"
    ].transform("size")
    parts.loc[split, "road_id"] += "-" + (number[split] + 1).astype(str)
    kept = [column for column in parts if column in ROAD_COLUMNS or column == "geometry"]
    return parts[kept]


def _words(roads: gpd.GeoDataFrame, column: str, missing: str) -> Any:
    if column not in roads:
        return pd.Series(missing, index=roads.index)
    return roads[column].astype(object).where(roads[column].notna(), missing).astype("str")


def _fill_speed(roads: gpd.GeoDataFrame, name: str) -> list[str]:
    speed = _numbers(roads, "speed", name)
    unknown = speed.isna()
    roads["speed"] = speed.where(~unknown, assumptions_for(roads)["speed"])
    share = f"The speed of {unknown.mean():.0%} of the roads is assumed from their class."
    return [share] if unknown.any() else []


def _fill_lanes(roads: gpd.GeoDataFrame, name: str) -> list[str]:
    lanes = _numbers(roads, "lanes", name)
    unknown = lanes.isna()
    roads["lanes"] = lanes.where(~unknown, assumed_lanes(roads))
    share = f"The lanes of {unknown.mean():.0%} of the roads are assumed from their class."
    return [share] if unknown.any() else []


def _numbers(roads: gpd.GeoDataFrame, column: str, name: str) -> pd.Series:
    """A column as numbers, NaN where it is absent or empty; text is refused."""
    if column not in roads:
        return pd.Series(np.nan, index=roads.index)
    numbers: pd.Series = pd.to_numeric(roads[column], errors="coerce").astype("float64")
    text = (numbers.isna() & roads[column].notna()).to_numpy()
    if text.any():
        row = int(text.argmax())
        raise InvalidInputError(
            f"{name} row {row} ({roads['road_id'].iloc[row]}): {column}",
            f"{roads[column].iloc[row]}, must be a number",
        )
    return numbers


def _unused(table: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> list[str]:
    other = sorted(set(table.columns) - set(roads.columns) - {table.geometry.name})
    return [f"Columns of the road table that are not used: {', '.join(other)}."] if other else []


def _volumes_of(roads: gpd.GeoDataFrame) -> list[str]:
    return [column for column in ALL_VOLUMES if column in roads]


def _check_volumes(roads: gpd.GeoDataFrame, name: str) -> None:
    """A road has all the volumes that the table has columns for, or none of them."""
    columns = _volumes_of(roads)
    missing = roads[columns].isna()
    partly = (missing.any(axis=1) & ~missing.all(axis=1)).to_numpy()
    if partly.any():
        row = int(partly.argmax())
        column = columns[int(missing.iloc[row].to_numpy().argmax())]
        raise InvalidInputError(
            f"{name} row {row} ({roads['road_id'].iloc[row]}): {column}",
            "NaN, must be a number where the road has other volumes",
        )
