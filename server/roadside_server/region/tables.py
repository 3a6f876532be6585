"""Reads roads, and what stands beside them, from tables of a documented schema; docs/regions.md.

A GeoPackage with the layers roads, buildings, trees, junctions and corrections, a folder with
files of those names, or one file of roads: only the roads are needed, and of them only the line
and ``speed`` or ``road_class``.
"""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.build import CORRECTION_COLUMNS, RegionInput
from roadside_server.region.checks import check_buildings, check_place, check_values
from roadside_server.region.defaults import BUILDING_HEIGHT
from roadside_server.region.schema import ROAD_COLUMNS, no_features
from roadside_server.region.traffic import ALL_VOLUMES, assumed_lanes, assumptions_for
from roadside_server.region.vector_files import (
    check_geometry,
    check_polygons,
    layers_of,
    read_features,
)

#: Tables beside the roads: kinds of geometry and needed columns.
OTHER_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "buildings": (("Polygon", "MultiPolygon"), ()),
    "trees": (("Point", "LineString", "MultiPoint", "MultiLineString"), ()),
    "junctions": (("Point",), ("kind",)),
    "corrections": (("Polygon", "MultiPolygon"), CORRECTION_COLUMNS),
}
FILE_ENDINGS = (".parquet", ".geoparquet", ".gpkg", ".geojson")
JUNCTION_KINDS = ("signals", "roundabout")


def read_tables(path: Path) -> RegionInput:
    """What a GeoPackage, GeoParquet, GeoJSON or folder of them says about a region.

    Raises
    ------
    InvalidInputError
        A file is missing or damaged, or a value breaks a rule; names file, row and column.
    """
    tables = _read_all(path)
    require("roads" in tables, f"tables {path}", "holds no table named roads")
    roads, told = _roads(tables["roads"], _name(path, "roads"))
    others = {
        name: _other(name, table.to_crs(roads.crs), _name(path, name))
        for name, table in tables.items()
        if name != "roads"
    }
    buildings, assumed = _buildings(others.pop("buildings", None), _name(path, "buildings"))
    return RegionInput(
        source=f"tables of {path.name}",
        roads=roads,
        buildings=buildings.set_crs(roads.crs),
        assumptions=told + assumed,
        **others,
    )


def _read_all(path: Path) -> dict[str, gpd.GeoDataFrame]:
    names = ("roads", *OTHER_TABLES)
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


def _other(name: str, table: gpd.GeoDataFrame, shown: str) -> gpd.GeoDataFrame:
    kinds, needed = OTHER_TABLES[name]
    check_geometry(table, shown, kinds)
    for column in needed:
        require(column in table, f"{shown}: {column}", "the column is missing")
    if "Polygon" in kinds:
        check_polygons(table, shown)
    if name == "trees" and "kind" not in table:
        point = table.geometry.geom_type.str.endswith("Point")
        table = table.assign(kind=np.where(point, "tree", "tree_row"))
    if name == "junctions":
        found = set(table["kind"])
        rule = f"{sorted(map(str, found))}, must be {' or '.join(JUNCTION_KINDS)}"
        require(found <= set(JUNCTION_KINDS), f"{shown}: kind", rule)
    return table


def _buildings(
    table: gpd.GeoDataFrame | None, name: str
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    if table is None:
        return no_features("height", "height_source"), (
            "There are no buildings: every road is an open road.",
        )
    height = table["height"] if "height" in table else pd.Series(np.nan, table.index)
    unknown = height.isna()
    buildings = table.assign(
        height=height.where(~unknown, BUILDING_HEIGHT),
        height_source=np.where(unknown, "default", "height"),
    )
    check_buildings(buildings, name)
    share = (
        f"The height of {unknown.mean():.0%} of the buildings is taken as {BUILDING_HEIGHT:g} m."
    )
    kept = buildings[["height", "height_source", "geometry"]]
    return kept, (share,) if unknown.any() else ()
