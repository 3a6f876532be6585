"""Roads, receptors and measures of the Dutch monitoring instrument CIMLK; docs/cimlk.md."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from roadside_server.region.build import RegionInput
from roadside_server.region.cimlk_measures import read_corrections, read_emission_scale
from roadside_server.region.cimlk_table import CimlkTable, read_optional_table, read_table
from roadside_server.region.schema import PERIOD_HOURS, VEHICLE_CLASSES, Float64, Points

CRS = "EPSG:28992"
HIGHEST_VOLUME = 500_000.0  # vehicles a day

#: Code of Wegdelen.wegsoort -> our speed class and the OpenStreetMap class nearest to it.
ROAD_KINDS = {
    "b": ("b", "secondary"),
    "c": ("c", "tertiary"),
    "d": ("d", "tertiary"),
    "e": ("e", "tertiary"),
    "92": ("b", "secondary"),
    "93": ("motorway", "motorway"),
    "94": ("motorway_strict", "motorway"),
}
#: Code of Wegdelen.taludSoort -> our elevation profile.
PROFILES = {
    "": "level",
    "zvz": "dike_below_20",
    "vz": "dike_20_to_45",
    "sz": "dike_above_45",
    "v": "viaduct",
    "t": "trench",
}
BARRIERS = {"": "none", "s": "screen", "w": "wall"}
#: Our vehicle class -> the Dutch word in column names.
DUTCH_CLASSES = {"light": "Licht", "medium": "Middelzwaar", "heavy": "Zwaar", "bus": "Bus"}
#: Assumed share of the daily traffic in day (7-19 h), evening (19-23 h) and night; sums to 1.
DAY_PROFILE = {
    "light": {"day": 0.78, "evening": 0.14, "night": 0.08},
    "medium": {"day": 0.84, "evening": 0.08, "night": 0.08},
    "heavy": {"day": 0.80, "evening": 0.08, "night": 0.12},
    "bus": {"day": 0.74, "evening": 0.17, "night": 0.09},
}
#: Type of a street no receptor is linked to: SRM1's type for any other urban road.
OTHER_STREET = 4


def read_cimlk(folder: Path) -> RegionInput:
    """Everything a CIMLK export says about a region; Receptoren, Maatregelen, Correcties optional.

    Raises
    ------
    InvalidInputError
        A file is missing or malformed: names the file, the row, the column and the value.
    """
    road_table = read_table(folder, "Wegdelen")
    roads = _roads(road_table)
    receptor_table = read_optional_table(folder, "Receptoren")
    receptors, links, dropped = None, None, 0
    if receptor_table is not None:
        receptors = _receptors(receptor_table)
        links, dropped = _links(receptor_table, receptors, roads)
        roads = _with_street_types(roads, links)
    kinds = road_table.text("wegsoort")
    return RegionInput(
        source=f"CIMLK export {folder.name}",
        roads=roads,
        receptors=receptors,
        links=links,
        emission_scale=read_emission_scale(folder, roads, kinds),
        corrections=read_corrections(folder, receptors, CRS),
        assumptions=_assumptions(dropped),
    )


def _daily_volumes(table: CimlkTable) -> dict[str, Float64]:
    """Vehicles a day by class; light traffic under a dynamic limit included."""
    volumes = {
        vehicle: table.numbers(f"intensiteit{word}Verkeer", 0.0, HIGHEST_VOLUME, missing=0.0)
        for vehicle, word in DUTCH_CLASSES.items()
    }
    return volumes | {"light": volumes["light"] + _dynamic_volume(table)}


def _roads(table: CimlkTable) -> gpd.GeoDataFrame:
    ids = table.identifiers("identificatie")
    table.refuse(pd.Series(ids).duplicated().to_numpy(), "identificatie", "repeats; must be unique")
    kinds = table.codes("wegsoort", ROAD_KINDS)
    columns = {
        "road_id": ids,
        "name": table.text("straatnaam"),
        "road_class": [road_class for _, road_class in kinds],
        "method": table.codes("rekenmethode", {"SRM1": "srm1", "SRM2": "srm2"}),
        "speed": _speed(table),
        "speed_class": [speed_class for speed_class, _ in kinds],
        "volume_source": "counted",
    }
    columns |= _surroundings(table) | _stagnation(table) | _volumes(table)
    return gpd.GeoDataFrame(
        columns, geometry=table.geometry(shapely.GeometryType.LINESTRING), crs=CRS
    )


def _surroundings(table: CimlkTable) -> dict[str, object]:
    """Tunnels, elevation and barriers."""
    tunnel_factor = table.numbers("tunnelfactor", 0.0, 1000.0, missing=1.0)
    profile = np.array(table.codes("taludSoort", PROFILES), dtype=object)
    return {
        "tunnel_factor": tunnel_factor,
        # In the tube itself the factor is 0; its traffic emits at the mouths.
        "tunnel": tunnel_factor == 0.0,
        "bridge": profile == "viaduct",
        "elevation": table.numbers("hoogte", -30.0, 30.0, missing=0.0),
        "elevation_profile": profile,
        **_barrier(table, "left", "Links"),
        **_barrier(table, "right", "Rechts"),
    }


def _barrier(table: CimlkTable, side: str, word: str) -> dict[str, object]:
    prefix, ours = f"overdracht{word}", f"barrier_{side}"
    return {
        ours: table.codes(f"{prefix}Soort", BARRIERS),
        f"{ours}_height": table.numbers(f"{prefix}Hoogte", 0.0, 100.0, missing=0.0),
        f"{ours}_distance": table.numbers(f"{prefix}Afstand", 0.0, 1000.0, missing=0.0),
    }


def _stagnation(table: CimlkTable) -> dict[str, Float64]:
    return {
        f"stagnation_{vehicle}": table.numbers(
            f"stagnatiefactor{word}Verkeer", 0.0, 1.0, missing=0.0
        )
        for vehicle, word in DUTCH_CLASSES.items()
    }


def _volumes(table: CimlkTable) -> dict[str, Float64]:
    """Vehicles an hour by class and period; mopeds and motorcycles are not in the tables."""
    daily = _daily_volumes(table)
    nobody = np.zeros(len(table))
    return {
        f"volume_{vehicle}_{period}": (
            daily[vehicle] * DAY_PROFILE[vehicle][period] / hours if vehicle in daily else nobody
        )
        for vehicle in VEHICLE_CLASSES
        for period, hours in PERIOD_HOURS.items()
    }


def _dynamic_volume(table: CimlkTable) -> Float64:
    """Light vehicles a day that drive under the higher, dynamic limit."""
    column = "intensiteitLichtVerkeerDynamisch"
    if not table.has(column):
        return np.zeros(len(table))
    return table.numbers(column, 0.0, HIGHEST_VOLUME, missing=0.0)


def _speed(table: CimlkTable) -> Float64:
    """Speed limit (km/h), with a dynamic limit the mean over the light vehicles."""
    speed = table.numbers("maximumsnelheid", 5.0, 130.0)
    if not table.has("maximumsnelheidDynamisch"):
        return speed
    higher = table.numbers("maximumsnelheidDynamisch", 5.0, 130.0, missing=np.nan)
    dynamic = np.where(np.isnan(higher), 0.0, _dynamic_volume(table))
    light = _daily_volumes(table)["light"]
    share = np.divide(dynamic, light, out=np.zeros_like(light), where=light > 0.0)
    mean: Float64 = speed + share * np.where(share > 0.0, higher - speed, 0.0)
    return mean


def _receptors(table: CimlkTable) -> Points:
    """Every receptor once, in the order of the file."""
    ids = table.identifiers("identificatie")
    points = table.geometry(shapely.GeometryType.POINT)
    x, y = shapely.get_x(points), shapely.get_y(points)
    first = _first_rows(ids)
    moved = (x != x[first]) | (y != y[first])
    table.refuse(moved, "identificatie", "stands at two places; a receptor has one")
    once = np.flatnonzero(first == np.arange(len(ids)))
    return Points(x[once], y[once], ids[once].astype(str))


def _first_rows(ids: np.ndarray) -> np.ndarray:
    """Row where the identifier of each row stands first."""
    codes, _ = pd.factorize(ids)
    _, first = np.unique(codes, return_index=True)
    rows: np.ndarray = first[codes]
    return rows


def _links(
    table: CimlkTable, receptors: Points, roads: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, int]:
    """SRM1 links (LINK_COLUMNS), and how many were dropped because their road is not there."""
    road_id = table.text("wegdeelIdentificatie")
    methods = pd.Series(roads["method"].to_numpy(), index=roads["road_id"])
    method = pd.Series(road_id).map(methods).to_numpy(object)
    linked = method == "srm1"
    street_type = table.numbers("bebouwingstype", 1, 4, missing=np.nan)
    bad = linked & ~np.isin(street_type, (1, 2, 3, 4))
    table.refuse(bad, "bebouwingstype", "must be 1, 2, 3 or 4 where the road is SRM1")
    tree_factor = table.numbers("bomenfactor", 1.0, 1.5, missing=1.0)
    row = pd.Series(np.arange(receptors.size), index=receptors.label)
    links = pd.DataFrame(
        {
            "receptor": row.loc[table.text("identificatie").astype(str)].to_numpy(),
            "road_id": road_id,
            "street_type": street_type,
            "tree_factor": tree_factor,
        }
    )[linked].drop_duplicates(["receptor", "road_id"])
    dropped = int(((road_id != "") & pd.isna(method)).sum())
    return links.astype({"street_type": "int64"}).reset_index(drop=True), dropped


def _with_street_types(roads: gpd.GeoDataFrame, links: pd.DataFrame) -> gpd.GeoDataFrame:
    """Each SRM1 road with the type and tree factor that most of its links have."""
    srm1 = roads["method"] == "srm1"
    types = links.groupby("road_id")["street_type"].agg(_most_common)
    trees = links.groupby("road_id")["tree_factor"].agg(_most_common)
    street_type = roads["road_id"].map(types).fillna(OTHER_STREET).where(srm1, 0)
    tree_factor = roads["road_id"].map(trees).fillna(1.0)
    return roads.assign(street_type=street_type.astype("int64"), tree_factor=tree_factor)


def _most_common(values: pd.Series) -> float:
    return float(values.mode().iloc[0])


def _assumptions(dropped: int) -> tuple[str, ...]:
    profile = (
        "CIMLK gives traffic per day; it is spread over day, evening and night by an assumed "
        f"profile (light vehicles: {DAY_PROFILE['light']['day']:.0%} by day, "
        f"{DAY_PROFILE['light']['evening']:.0%} in the evening, "
        f"{DAY_PROFILE['light']['night']:.0%} at night)."
    )
    lost = f"{dropped} links of CIMLK receptors name a road that is not in Wegdelen: left out."
    return (profile, lost) if dropped else (profile,)
