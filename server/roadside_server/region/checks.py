"""Refuses roads and buildings that break a rule; the message names row, column, value and rule."""

import re
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from roadside_server.emissions.cnossos_tables import surface_ids
from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import PERIODS, ROAD_COLUMNS, VEHICLE_CLASSES
from roadside_server.region.vector_files import check_geometry, check_polygons

#: What a number of a road may be: lowest and highest, in the unit of the column.
RANGES: dict[str, tuple[float, float]] = {
    "street_type": (0, 4),
    "tree_factor": (1.0, 1.5),
    "speed": (5.0, 150.0),
    "lanes": (1, 30),
    "gradient": (-30.0, 30.0),
    "tunnel_factor": (0.0, 1000.0),
    "elevation": (-50.0, 200.0),
    "barrier_left_height": (0.0, 100.0),
    "barrier_right_height": (0.0, 100.0),
    "barrier_left_distance": (0.0, 1000.0),
    "barrier_right_distance": (0.0, 1000.0),
    "street": (0, np.inf),
} | {f"stagnation_{vehicle}": (0.0, 1.0) for vehicle in ("light", "medium", "heavy", "bus")}
#: More vehicles an hour than any road carries.
HIGHEST_VOLUME = 50_000.0
RANGES |= {
    f"volume_{vehicle}_{period}": (0.0, HIGHEST_VOLUME)
    for vehicle in VEHICLE_CLASSES
    for period in PERIODS
}
BARRIERS = ("none", "screen", "wall")
#: What a word of a road may be.
CHOICES: dict[str, tuple[str, ...]] = {
    "method": ("srm1", "srm2"),
    "speed_class": ("", "b", "c", "d", "e", "motorway", "motorway_strict"),
    "direction": ("both", "forward", "backward"),
    "elevation_profile": (
        "level",
        "dike_below_20",
        "dike_20_to_45",
        "dike_above_45",
        "viaduct",
        "trench",
    ),
    "barrier_left": BARRIERS,
    "barrier_right": BARRIERS,
    "volume_source": ("counted", "assumed"),
}
#: Highest building (m).
HIGHEST_BUILDING = 1000.0
#: Features may lie this far (degrees) outside the area that a CRS is made for.
AREA_MARGIN = 1.0
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def check_name(name: str) -> None:
    """Refuse a name that is no part of a resource name."""
    rule = f"{name!r}, must be 1 to 63 lower-case letters, digits and hyphens, no hyphen at an end"
    require(NAME.fullmatch(name) is not None, "name", rule)


def check_roads(roads: gpd.GeoDataFrame, name: str = "roads") -> None:
    """Refuse a road table that is not exactly as ROAD_COLUMNS says.

    Raises
    ------
    InvalidInputError
        Names the table, the first bad row with its road_id, the column, the value and the rule.
    """
    require(len(roads) > 0, name, "holds no roads")
    for column in ROAD_COLUMNS:
        require(column in roads, f"{name}: {column}", "the column is missing")
    check_geometry(roads, name, ("LineString",))
    refuse(roads, roads.geometry.length.to_numpy() <= 0, "geometry", "a line of no length", name)
    check_values(roads, name)


def check_values(roads: pd.DataFrame, name: str) -> None:
    """Refuse values that break a rule, in whichever road columns are there."""
    if "road_id" in roads:
        refuse(roads, roads["road_id"].duplicated(), "road_id", "must be unique", name)
        refuse(roads, roads["road_id"].astype("str") == "", "road_id", "must not be empty", name)
    for column in (column for column in ROAD_COLUMNS if column in roads):
        _check_column(roads, column, name)


def check_buildings(buildings: gpd.GeoDataFrame, name: str = "buildings") -> None:
    """Refuse buildings that are no simple polygons or have an impossible height."""
    check_polygons(buildings, name)
    height = buildings["height"].to_numpy(np.float64)
    bad = ~((height >= 0) & (height <= HIGHEST_BUILDING))
    refuse(buildings, bad, "height", f"must be 0 to {HIGHEST_BUILDING:g} m", name)


def check_place(features: gpd.GeoDataFrame, name: str) -> None:
    """Refuse features whose coordinates do not fit their CRS: degrees for metres, or far away."""
    require(features.crs is not None, f"{name}: crs", "is missing")
    crs = pyproj.CRS(features.crs)
    west, south, east, north = bounds = features.total_bounds
    shown = ", ".join(f"{value:g}" for value in bounds)
    field = f"{name}: crs"
    small = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90  # noqa: PLR2004 - degrees
    rule = f"{crs.to_string()} is in metres, but the coordinates ({shown}) look like degrees"
    require(not (crs.is_projected and small), field, rule)
    area = crs.area_of_use
    if area is None:
        return
    low_x, low_y, high_x, high_y = features.to_crs("EPSG:4326").total_bounds
    inside = (
        low_x >= area.west - AREA_MARGIN
        and high_x <= area.east + AREA_MARGIN
        and low_y >= area.south - AREA_MARGIN
        and high_y <= area.north + AREA_MARGIN
    )
    rule = f"the coordinates ({shown}) lie outside the area of {crs.to_string()} ({area.name})"
    require(area.west > area.east or inside, field, rule)


def _check_column(roads: pd.DataFrame, column: str, name: str) -> None:
    if column == "surface":
        _check_choice(roads, column, surface_ids(), name)
    elif column in CHOICES:
        _check_choice(roads, column, CHOICES[column], name)
    elif column in RANGES:
        _check_range(roads, column, name)
    elif ROAD_COLUMNS[column] == "bool":
        rule = "must be true or false"
        refuse(roads, ~roads[column].isin([True, False]).to_numpy(), column, rule, name)


def _check_choice(roads: pd.DataFrame, column: str, known: tuple[str, ...], name: str) -> None:
    rule = f"must be one of {', '.join(repr(word) for word in known)}"
    refuse(roads, ~roads[column].isin(known).to_numpy(), column, rule, name)


def _check_range(roads: pd.DataFrame, column: str, name: str) -> None:
    low, high = RANGES[column]
    numbers = pd.to_numeric(roads[column], errors="coerce").to_numpy(np.float64)
    rule = f"must be a number of {low:g} to {high:g}"
    refuse(roads, ~((numbers >= low) & (numbers <= high)), column, rule, name)
    if ROAD_COLUMNS[column] == "int64":
        refuse(roads, numbers != np.rint(numbers), column, "must be a whole number", name)


def refuse(
    table: pd.DataFrame, bad: NDArray[np.bool_] | pd.Series, column: str, rule: str, name: str
) -> None:
    """Refuse a table if any row is bad; names the first of them, its column, value and the rule."""
    flags = np.asarray(bad, dtype=bool)
    if not flags.any():
        return
    row = int(flags.argmax())
    named = f" ({table['road_id'].iloc[row]})" if "road_id" in table else ""
    value = _shown(table[column].iloc[row])
    raise InvalidInputError(f"{name} row {row}{named}: {column}", f"{value}, {rule}")


_shown: Callable[[Any], str] = str
