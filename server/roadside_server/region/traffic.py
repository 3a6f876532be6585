"""Traffic of roads: counted where someone counted, else assumed from class and lanes.

``assumed_volumes.csv`` is the one table of assumptions: speed, lanes, vehicles a lane, shares of
the vehicle classes and of the periods.  Counts come as a CSV with a column ``road_id`` or ``name``
and, of each class that was counted, either ``<class>_per_day`` (vehicles in 24 hours, spread over
the periods as before) or ``volume_<class>_<period>`` (vehicles an hour), both directions together.
"""

import csv
import io
from functools import cache
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import PERIOD_HOURS, PERIODS, VEHICLE_CLASSES, Float64

#: Class that stands in for one the table does not know.
OTHER_CLASS = "unclassified"
FREIGHT = ("medium", "heavy")
HOURS = np.array([PERIOD_HOURS[period] for period in PERIODS])
PERCENT = 0.01


@cache
def assumed_traffic() -> pd.DataFrame:
    """The table of assumptions, one row a road class."""
    text = files("roadside_server.region").joinpath("assumed_volumes.csv").read_text("utf-8")
    table = pd.read_csv(io.StringIO(text), comment="#", index_col="road_class").astype(float)
    shares = table[[c for c in VEHICLE_CLASSES if c != "light"]]
    return table.assign(light=100.0 - shares.sum(axis=1))


def assumptions_for(roads: pd.DataFrame) -> pd.DataFrame:
    """The row of the table that holds for each road, in the order of the roads."""
    table = assumed_traffic()
    known = roads["road_class"].where(roads["road_class"].isin(table.index), OTHER_CLASS)
    return table.loc[known].set_index(roads.index)


def assumed_lanes(roads: pd.DataFrame) -> pd.Series:
    """Lanes of each road by its class and whether it is one-way."""
    rows = assumptions_for(roads)
    lanes = rows["lanes_both"].where(roads["direction"] == "both", rows["lanes_oneway"])
    return lanes.astype("int64")


def volume_columns(vehicle: str) -> list[str]:
    """The columns of one vehicle class, in the order of the periods."""
    return [f"volume_{vehicle}_{period}" for period in PERIODS]


ALL_VOLUMES = [column for vehicle in VEHICLE_CLASSES for column in volume_columns(vehicle)]


def period_shares(rows: pd.DataFrame, vehicle: str) -> Float64:
    """Fraction of a class's 24 hours in each period: (roads, periods)."""
    kind = "freight" if vehicle in FREIGHT else "light"
    return rows[[f"{kind}_{period}" for period in PERIODS]].to_numpy() * PERCENT


def assume_volumes(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The roads with every missing or NaN volume (vehicles/h) assumed, and marked so."""
    roads = roads.copy()
    rows = assumptions_for(roads)
    daily = (rows["vehicles_per_lane"] * roads["lanes"]).to_numpy()
    unknown = np.zeros(len(roads), dtype=bool)
    for vehicle in VEHICLE_CLASSES:
        count = daily * rows[vehicle].to_numpy() * PERCENT
        assumed = count[:, None] * period_shares(rows, vehicle) / HOURS
        for column, volume in zip(volume_columns(vehicle), assumed.T, strict=True):
            missing = roads[column].isna() if column in roads else np.ones(len(roads), dtype=bool)
            roads[column] = np.where(missing, volume, roads.get(column, 0.0))
            unknown |= np.asarray(missing)
    source = roads.get("volume_source", "counted")
    return roads.assign(volume_source=np.where(unknown, "assumed", source))


def counted_volumes(roads: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    """The roads with the volumes of a CSV of counts in place of those they had (or were assumed).

    Raises
    ------
    InvalidInputError
        A file that cannot be read, an unknown road, or a count that is negative or no number.
    """
    header, counts = _read_counts(path)
    key = _key(header, path)
    columns = _count_columns(header, key, path)
    roads = roads if set(ALL_VOLUMES) <= set(roads.columns) else assume_volumes(roads)
    roads = roads.reset_index(drop=True).copy()
    rows_of = roads.groupby(key).indices
    for number, row in counts:
        place = f"{path.name} row {number}"
        rows = rows_of.get(row[key])
        if row[key] == "" or rows is None:
            raise InvalidInputError(f"{place} {key}", f"{row[key]!r} is no road of the region")
        for column, vehicle in columns.items():
            volume = _volume(row[column], f"{place} {column}")
            _replace(roads, rows, column, vehicle, volume)
        roads.loc[rows, "volume_source"] = "counted"
    return roads


def _read_counts(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header and rows of the file, each with its line number; lines with # are comments."""
    try:
        lines = enumerate(path.read_text("utf-8-sig").splitlines(), start=1)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"volumes {path}", f"cannot be read: {error}") from error
    kept = [(number, line) for number, line in lines if line and not line.startswith("#")]
    reader = csv.DictReader((line for _, line in kept), restkey="beyond the header", restval="")
    rows = [(kept[reader.line_num - 1][0], row) for row in reader]
    for number, row in rows:
        require(
            "beyond the header" not in row, f"{path.name} row {number}", "more values than columns"
        )
    return list(reader.fieldnames or ()), rows


def _key(header: list[str], path: Path) -> str:
    keys = [name for name in ("road_id", "name") if name in header]
    require(bool(keys), f"volumes {path}", "must have a column road_id or name")
    return keys[0]


def _count_columns(header: list[str], key: str, path: Path) -> dict[str, str]:
    """The counted columns and the vehicle class of each."""
    known = {f"{vehicle}_per_day": vehicle for vehicle in VEHICLE_CLASSES}
    known |= {column: v for v in VEHICLE_CLASSES for column in volume_columns(v)}
    columns = {name: known[name] for name in header if name in known}
    other = [name for name in header if name not in known and name not in (key, "road_id", "name")]
    require(not other, f"volumes {path}", f"unknown columns {other}; known are {sorted(known)}")
    require(bool(columns), f"volumes {path}", f"must have one of the columns {sorted(known)}")
    return columns


def _volume(text: str, place: str) -> float:
    try:
        volume = float(text)
    except ValueError:
        raise InvalidInputError(place, f"{text!r} is not a number") from None
    require(bool(np.isfinite(volume)) and volume >= 0, place, f"{text}, must be 0 or more")
    return volume


def _replace(roads: gpd.GeoDataFrame, rows: Float64, column: str, vehicle: str, v: float) -> None:
    """Set one count: of one period (vehicles/h), or of a day, spread as the road's class was."""
    if column in roads:
        roads.loc[rows, column] = v
        return
    columns = volume_columns(vehicle)
    before = roads.loc[rows, columns].to_numpy(float) * HOURS
    total = before.sum(axis=1, keepdims=True)
    typical = period_shares(assumptions_for(roads.loc[rows]), vehicle)
    shares = np.where(total > 0, before / np.where(total > 0, total, 1.0), typical)
    roads.loc[rows, columns] = v * shares / HOURS
