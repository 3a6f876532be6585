"""What the links of a network by GMNS say of roads: their class, speed, lanes and directions."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from roadside_server.errors import require
from roadside_server.region.checks import refuse
from roadside_server.region.traffic import OTHER_CLASS, assumed_traffic

#: Classes of road by facility types that are no classes of OpenStreetMap.
CLASSES = {
    "freeway": "motorway",
    "interstate": "motorway",
    "expressway": "trunk",
    "ramp": "motorway_link",
    "arterial": "primary",
    "principal arterial": "primary",
    "major arterial": "primary",
    "minor arterial": "secondary",
    "collector": "tertiary",
    "local": "residential",
}
#: km/h of the units of speed that config.csv may name.
UNITS = {"kph": 1.0, "km/h": 1.0, "kmh": 1.0, "kmph": 1.0, "mph": 1.609344}
#: Uses of a link without the vehicles of a road.
NO_MOTORS = frozenset(("walk", "pedestrian", "bike", "bicycle", "cycle", "rail", "transit", "none"))
FALSE = ("false", "0", "no")
#: What two links share that are one road in both directions.
SHARED = ["name", "road_class", "speed", "direction"]

Told = tuple[str, ...]


def with_motors(links: pd.DataFrame) -> tuple[pd.DataFrame, Told]:
    """The links that vehicles may use."""
    if "allowed_uses" not in links:
        return links, ()
    uses = links["allowed_uses"].fillna("").str.lower().str.findall(r"[\w]+")
    kept = np.array([not some or not NO_MOTORS.issuperset(some) for some in uses])
    told = f"{(~kept).sum()} links that only allow {', '.join(sorted(NO_MOTORS))} are left out."
    return links[kept].reset_index(drop=True), () if kept.all() else (told,)


def undirected(links: pd.DataFrame) -> NDArray[np.bool_]:
    """Links that run both ways."""
    if "directed" not in links:
        return np.zeros(len(links), np.bool_)
    return links["directed"].str.strip().str.lower().isin(FALSE).to_numpy()


def road_classes(links: pd.DataFrame) -> tuple[pd.Series, Told]:
    """Class of each link's road by the first of its facility types, and how many are not known."""
    if "facility_type" not in links:
        return pd.Series(OTHER_CLASS, index=links.index), ("Links tell no facility_type.",)
    # A network of OpenStreetMap's ways joined to one has several: ["residential", "unclassified"].
    words = links["facility_type"].fillna("").str.lower().str.replace("-", " ")
    kind = words.str.extract(r"([a-z][a-z _]*)", expand=False).str.strip().replace(CLASSES)
    known = kind.isin(assumed_traffic().index)
    other = sorted(set(links["facility_type"][~known].fillna("(empty)")))
    told = f"{(~known).mean():.1%} of the links, {', '.join(other)}, are taken as {OTHER_CLASS}."
    return kind.where(known, OTHER_CLASS), () if known.all() else (told,)


def speeds(links: pd.DataFrame, unit: object, name: str) -> tuple[pd.Series, Told]:
    """Speed (km/h) of each link; NaN where it is not told."""
    speed = numbers(links, "free_speed", name, above=0.0)
    if not isinstance(unit, str):
        told = "Speeds are taken as km/h: no config.csv names their unit."
        return speed, (told,) if speed.notna().any() else ()
    rule = f"{unit!r}, must be one of {', '.join(UNITS)}"
    require(unit.lower() in UNITS, "config.csv: speed", rule)
    return speed * UNITS[unit.lower()], ()


def lanes(links: pd.DataFrame, name: str) -> pd.Series:
    """Lanes of each link, of both directions where it has both; NaN where they are not told."""
    one_way = numbers(links, "lanes", name, above=0.0)
    return one_way.where(~undirected(links), 2 * one_way)


def numbers(links: pd.DataFrame, column: str, name: str, *, above: float = -np.inf) -> pd.Series:
    """A column of numbers, NaN where it is absent or a cell is empty."""
    if column not in links:
        return pd.Series(np.nan, index=links.index)
    found: pd.Series = pd.to_numeric(links[column], errors="coerce").astype("float64")
    rule = "must be a number" if above == -np.inf else f"must be a number above {above:g}"
    refuse(links, ~(found > above) & links[column].notna(), column, rule, name)
    return found


def two_way(roads: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Told]:
    """The roads, two links that are each other's way back as one, named as the first of them."""
    there = roads["from_node_id"].str.cat(roads["to_node_id"], sep="\n")
    back = roads["to_node_id"].str.cat(roads["from_node_id"], sep="\n")
    keys = [roads.get(name, pd.Series("", roads.index)).fillna("") for name in SHARED]
    course = pd.Series(_course(roads), index=roads.index)
    ends = there.where(there < back, back)
    # The first way there is one road with the first way back, the second with the second.
    number = roads.assign(there=there).groupby([there, *keys, course]).cumcount()
    groups = roads.groupby([ends, *keys, course, number], sort=False)
    one_way = (roads["direction"] == "forward").to_numpy()
    paired = (groups["road_id"].transform("size") == 2).to_numpy() & one_way  # noqa: PLR2004 - there, back
    second = paired & (groups.cumcount() == 1).to_numpy()
    total = groups["lanes"].transform("sum", min_count=2)
    roads = roads.assign(
        lanes=roads["lanes"].where(~paired, total),
        direction=roads["direction"].where(~paired, "both"),
    )
    told = f"{second.sum()} pairs of opposite links are one road each, named as the first."
    return roads[~second].reset_index(drop=True), (told,) if second.any() else ()


def _course(roads: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """What lines that run the same way, in either direction, have in common."""
    same = shapely.normalize(roads.geometry.to_numpy())
    return np.asarray(shapely.to_wkb(same), object)
