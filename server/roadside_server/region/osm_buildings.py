"""Buildings of an OpenStreetMap extract: outlines, heights, storeys and use."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from roadside_server.region import osm_tags
from roadside_server.region.crs import WGS84
from roadside_server.region.defaults import BUILDING_HEIGHT
from roadside_server.region.osm_building_parts import divided
from roadside_server.region.schema import no_features
from roadside_server.region.storeys import ROOF_HEIGHT, STOREY_HEIGHT, height_of


class Group(NamedTuple):
    """What is assumed of buildings of one group of kinds."""

    height: float  # m, where neither they nor enough others of the kind tell one
    use: str  # dwelling, other, shed or unknown


#: Round numbers, assumed: flats of four storeys and a roof, houses of two, halls of two, public
#: buildings of three, sheds of one; and three storeys of 3 m where the kind is unknown.
GROUPS = {
    "flats": Group(14.0, "dwelling"),
    "house": Group(8.0, "dwelling"),
    "hall": Group(8.0, "other"),
    "public": Group(11.0, "other"),
    "shed": Group(3.0, "shed"),
    "unknown": Group(BUILDING_HEIGHT, "unknown"),
}
#: Not a wall to the ground: sound and air pass below, or there is nothing yet.
OPEN = frozenset(("no", "roof", "canopy", "construction", "proposed", "ruins", "entrance", "ship"))
#: With as many known heights of a kind, the others of it get their median, not a fixed value.
ENOUGH_HEIGHTS = 30
TALLEST = 830.0  # m, the tallest building on earth
#: Columns of the table of buildings, beside the outline.
BUILDING_COLUMNS = ("height", "height_source", "levels", "use")
#: Kinds that the region's assumptions name, the most frequent first.
NAMED_KINDS = 6


class Outline(NamedTuple):
    """A building, or a part of one, as it is tagged."""

    outline: str  # well-known binary, hexadecimal
    kind: str  # value of its tag
    height: float  # m; NaN where no tag tells
    height_source: str
    levels: float  # NaN where no tag tells
    is_part: bool


@dataclass(slots=True)
class BuildingCollector:
    """Gathers buildings and parts of them while a file is read."""

    outlines: list[Outline] = field(default_factory=list)
    lost: int = 0
    factory: Any = field(default_factory=osmium.geom.WKBFactory)

    def add(self, area: Any) -> None:
        """Keep an area that is a building above the ground, or a part with a height of its own."""
        tags = dict(area.tags)
        is_part = "building" not in tags
        kind = tags.get("building:part" if is_part else "building", "no")
        if kind in OPEN or tags.get("location") == "underground":
            return
        height, source = tagged_height(tags, kind)
        if is_part and np.isnan(height):
            return
        try:
            outline = self.factory.create_multipolygon(area)
        except RuntimeError:  # a ring whose nodes the extract lacks
            self.lost += 1
            return
        levels = storeys_tag(tags, "building:levels") or np.nan
        self.outlines.append(Outline(outline, kind, height, source, levels, is_part))


@cache
def _groups() -> dict[str, str]:
    text = files("roadside_server.region").joinpath("osm_building_kinds.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["building"]: row["group"] for row in rows}


def group_of(kind: str) -> str:
    """Group of the value of the key building."""
    return _groups().get(kind, "unknown")


def tagged_height(tags: Mapping[str, str], kind: str) -> tuple[float, str]:
    """Height (m) by its tag, else by the number of storeys, and which; NaN where neither tells."""
    for key in ("height", "building:height"):
        height = osm_tags.length_tag(tags.get(key, ""))
        if height and height <= TALLEST:
            return height, "height"
    storeys = storeys_tag(tags, "building:levels")
    if group_of(kind) == "shed":
        height = STOREY_HEIGHT * storeys
    else:
        height = height_of(storeys, storeys_tag(tags, "roof:levels"))
    return (height, "levels") if storeys > 0 and height <= TALLEST else (np.nan, "default")


def storeys_tag(tags: Mapping[str, str], key: str) -> float:
    """Number of storeys, the first of several; 0 where the tag does not tell."""
    return osm_tags.length_tag(tags.get(key, "").partition(";")[0]) or 0.0


def building_table(found: BuildingCollector) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """The buildings, a row a polygon (EPSG:4326), and what was assumed of their heights.

    Columns: height (m), height_source, levels (NaN: not known), use (dwelling, other, shed,
    unknown).
    """
    if not found.outlines:
        return no_features(*BUILDING_COLUMNS).set_crs(WGS84), ("The source holds no buildings.",)
    columns = {name: [getattr(o, name) for o in found.outlines] for name in Outline._fields[1:]}
    polygons = shapely.from_wkb(np.array([o.outline for o in found.outlines], dtype=object))
    tagged = gpd.GeoDataFrame(columns, geometry=polygons, crs=WGS84).explode(ignore_index=True)
    buildings, parts = divided(tagged)
    height, told = _filled(buildings)
    use = buildings["kind"].map(lambda kind: GROUPS[group_of(kind)].use)
    complete = buildings.assign(height=height, use=use.astype(object))
    lost = (f"{found.lost} buildings with an incomplete outline left out.",) if found.lost else ()
    divided_text = (f"{parts} parts of buildings have a height of their own.",) if parts else ()
    return complete[[*BUILDING_COLUMNS, "geometry"]], (*told, *divided_text, *lost)


def _filled(buildings: gpd.GeoDataFrame) -> tuple[pd.Series, tuple[str, ...]]:
    """Heights, with the median of the kind or the group's where there is none; and the words."""
    kind, height = buildings["kind"], buildings["height"]
    known = height.groupby(kind).agg(["median", "count"])
    enough = known.loc[known["count"] >= ENOUGH_HEIGHTS, "median"]
    fixed = kind.map(lambda value: GROUPS[group_of(value)].height)
    typical = kind.map(enough).fillna(fixed).astype("float64")
    unknown = height.isna()
    return height.where(~unknown, typical), _about_heights(buildings, typical[unknown], enough)


def _about_heights(
    buildings: gpd.GeoDataFrame, assumed: pd.Series, enough: pd.Series
) -> tuple[str, ...]:
    share = buildings["height_source"].value_counts(normalize=True)
    kinds = buildings.loc[assumed.index, "kind"]
    named = [
        f"{kind} {assumed[kinds == kind].iloc[0]:g} m"
        + (" (the median of its known heights)" if kind in enough.index else "")
        for kind in kinds.value_counts().index[:NAMED_KINDS]
    ]
    listed = f", the most frequent {', '.join(named)}" if named else ""
    return (
        f"Heights of buildings: {share.get('height', 0.0):.0%} tagged, "
        f"{share.get('levels', 0.0):.0%} from storeys, {share.get('default', 0.0):.0%} assumed "
        f"by the value of the tag building{listed}.",
        f"A storey taken as {STOREY_HEIGHT:g} m, a plinth and roof as {ROOF_HEIGHT:g} m.",
    )
