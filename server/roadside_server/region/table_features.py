"""What stands and lies beside the roads, from tables: checked, with defaults in place."""

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.build import CORRECTION_COLUMNS
from roadside_server.region.checks import HIGHEST_BUILDING, check_buildings
from roadside_server.region.defaults import BUILDING_HEIGHT, SCREEN_ABSORPTION, SCREEN_HEIGHT
from roadside_server.region.schema import Float64, no_features
from roadside_server.region.storeys import height_of
from roadside_server.region.vector_files import check_geometry, check_polygons

POLYGONS = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")
#: Tables beside the roads: kinds of geometry and needed columns.
FEATURE_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "buildings": (POLYGONS, ()),
    "screens": (LINES, ()),
    "ground_areas": (POLYGONS, ("ground_factor",)),
    "trees": (("Point", "LineString", "MultiPoint", "MultiLineString"), ()),
    "junctions": (("Point",), ("kind",)),
    "corrections": (POLYGONS, CORRECTION_COLUMNS),
}
JUNCTION_KINDS = ("signals", "roundabout")
USES = ("dwelling", "other", "shed", "unknown")
#: Highest screen (m).
HIGHEST_SCREEN = 100.0
#: Most storeys that a building has.
MOST_STOREYS = 300.0

Told = tuple[gpd.GeoDataFrame, tuple[str, ...]]


def features(name: str, table: gpd.GeoDataFrame, shown: str) -> Told:
    """One table beside the roads, as the schema has it, and what was assumed of it.

    Raises
    ------
    InvalidInputError
        A geometry of the wrong kind, a missing column or a value that breaks a rule; names the
        table, row and column.
    """
    kinds, needed = FEATURE_TABLES[name]
    check_geometry(table, shown, kinds)
    for column in needed:
        require(column in table, f"{shown}: {column}", "the column is missing")
    if kinds == POLYGONS:
        check_polygons(table, shown)
    complete = {
        "buildings": _buildings,
        "screens": _screens,
        "ground_areas": _ground_areas,
        "trees": _trees,
        "junctions": _junctions,
    }.get(name)
    return (table, ()) if complete is None else complete(table, shown)


def no_buildings() -> Told:
    """What a source without a table of buildings has."""
    told = "There are no buildings: every road is an open road."
    return no_features("height", "height_source"), (told,)


def _buildings(table: gpd.GeoDataFrame, name: str) -> Told:
    own = _numbers(table, "height", name, 0.0, HIGHEST_BUILDING)
    levels = _numbers(table, "levels", name, 0.0, MOST_STOREYS)
    from_levels = np.array([height_of(storeys) if storeys > 0 else np.nan for storeys in levels])
    height = np.where(np.isnan(own), from_levels, own)
    default = np.isnan(height)
    source = np.where(default, "default", np.where(np.isnan(own), "levels", "height"))
    use = _words(table, "use", name, USES)
    buildings = table[["geometry"]].assign(
        height=np.where(default, BUILDING_HEIGHT, height),
        height_source=source,
        levels=levels,
        use=use,
    )
    check_buildings(buildings, name)
    return buildings.explode(ignore_index=True), _about_heights(source)


def _about_heights(source: NDArray[np.str_]) -> tuple[str, ...]:
    by_levels, default = ((source == kind).mean() for kind in ("levels", "default"))
    storeys = f"The height of {by_levels:.0%} of the buildings is told by their storeys."
    assumed = f"The height of {default:.0%} of the buildings is taken as {BUILDING_HEIGHT:g} m."
    return (*((storeys,) if by_levels else ()), *((assumed,) if default else ()))


def _screens(table: gpd.GeoDataFrame, name: str) -> Told:
    height = _numbers(table, "height", name, 0.0, HIGHEST_SCREEN)
    absorption = _numbers(table, "absorption", name, 0.0, 1.0)
    unknown = np.isnan(height)
    screens = table[["geometry"]].assign(
        height=np.where(unknown, SCREEN_HEIGHT, height),
        absorption=np.where(np.isnan(absorption), SCREEN_ABSORPTION, absorption),
    )
    told = f"The height of {unknown.mean():.0%} of the screens is taken as {SCREEN_HEIGHT:g} m."
    return screens.explode(ignore_index=True), (told,) if unknown.any() else ()


def _ground_areas(table: gpd.GeoDataFrame, name: str) -> Told:
    factor = _numbers(table, "ground_factor", name, 0.0, 1.0)
    _refuse(np.isnan(factor), table["ground_factor"], name, "must be 0 to 1")
    return table[["geometry"]].assign(ground_factor=factor), ()


def _trees(table: gpd.GeoDataFrame, _name: str) -> Told:
    if "kind" in table:
        return table, ()
    point = table.geometry.geom_type.str.endswith("Point")
    return table.assign(kind=np.where(point, "tree", "tree_row")), ()


def _junctions(table: gpd.GeoDataFrame, name: str) -> Told:
    found = set(table["kind"])
    rule = f"{sorted(map(str, found))}, must be {' or '.join(JUNCTION_KINDS)}"
    require(found <= set(JUNCTION_KINDS), f"{name}: kind", rule)
    return table, ()


def _numbers(table: gpd.GeoDataFrame, column: str, name: str, low: float, high: float) -> Float64:
    """A column of numbers within bounds, NaN where it is absent or empty."""
    if column not in table:
        return np.full(len(table), np.nan)
    numbers: Float64 = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
    good = table[column].isna().to_numpy() | ((numbers >= low) & (numbers <= high))
    _refuse(~good, table[column], name, f"must be {low:g} to {high:g}")
    return numbers


def _words(
    table: gpd.GeoDataFrame, column: str, name: str, known: tuple[str, ...]
) -> NDArray[np.object_]:
    """A column of known words, the last of them where it is absent or empty."""
    if column not in table:
        return np.full(len(table), known[-1], dtype=object)
    words = table[column].astype(object).where(table[column].notna(), known[-1])
    _refuse(
        ~words.isin(known).to_numpy(), table[column], name, f"must be one of {', '.join(known)}"
    )
    plain: NDArray[np.object_] = words.to_numpy(object)
    return plain


def _refuse(bad: NDArray[np.bool_], values: pd.Series, name: str, rule: str) -> None:
    if bad.any():
        row = int(bad.argmax())
        raise InvalidInputError(f"{name} row {row}: {values.name}", f"{values.iloc[row]}, {rule}")
