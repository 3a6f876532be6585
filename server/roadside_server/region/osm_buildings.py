"""Buildings and trees of an OpenStreetMap extract."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import shapely

from roadside_server.region import osm_tags
from roadside_server.region.defaults import BUILDING_HEIGHT
from roadside_server.region.osm_roads import WGS84
from roadside_server.region.schema import Float64

#: Height of a storey (m), assumed; storeys of the roof count alike.
STOREY_HEIGHT = 3.0
#: Height (m) that a plinth and a roof without storeys add, assumed; sheds have neither.
ROOF_HEIGHT = 2.0
#: Height (m) of a small building of one storey, assumed.
SHED_HEIGHT = 3.0
SHEDS = frozenset(
    (
        "shed",
        "garage",
        "garages",
        "carport",
        "kiosk",
        "hut",
        "greenhouse",
        "glasshouse",
        "toilets",
        "bicycle_parking",
        "static_caravan",
        "cabin",
        "utility",
        "service",
    )
)
#: Not a wall to the ground: sound and air pass below, or there is nothing yet.
OPEN = frozenset(("no", "roof", "canopy", "construction", "proposed", "ruins", "entrance", "ship"))
#: With as many known heights, the others get their median rather than a fixed value.
ENOUGH_HEIGHTS = 30
TALLEST = 830.0  # m, the tallest building on earth


@dataclass(slots=True)
class BuildingCollector:
    """Gathers outlines and heights while a file is read."""

    outlines: list[str] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    sheds: list[bool] = field(default_factory=list)
    lost: int = 0
    factory: Any = field(default_factory=osmium.geom.WKBFactory)

    def add(self, area: Any) -> None:
        """Keep an area that is a building above the ground."""
        tags = dict(area.tags)
        if tags.get("building", "no") in OPEN or tags.get("location") == "underground":
            return
        try:
            outline = self.factory.create_multipolygon(area)
        except RuntimeError:  # a ring whose nodes the extract lacks
            self.lost += 1
            return
        self.outlines.append(outline)
        height, source = tagged_height(tags)
        self.heights.append(height)
        self.sources.append(source)
        self.sheds.append(tags["building"] in SHEDS)


def tagged_height(tags: Mapping[str, str]) -> tuple[float, str]:
    """Height (m) by its tag, else by the number of storeys, and which; NaN where neither tells."""
    for key in ("height", "building:height"):
        height = osm_tags.length_tag(tags.get(key, ""))
        if height and height <= TALLEST:
            return height, "height"
    storeys = _number(tags.get("building:levels", ""))
    roof = STOREY_HEIGHT * _number(tags.get("roof:levels", "")) or ROOF_HEIGHT
    height = STOREY_HEIGHT * storeys + (0.0 if tags.get("building") in SHEDS else roof)
    return (height, "levels") if storeys > 0 and height <= TALLEST else (np.nan, "default")


def _number(text: str) -> float:
    return osm_tags.length_tag(text.partition(";")[0]) or 0.0


def building_table(found: BuildingCollector) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """The buildings, a row a polygon (EPSG:4326), and what was assumed of their heights."""
    tagged = np.asarray(found.heights, dtype=float)
    sheds = np.asarray(found.sheds, dtype=bool)
    typical, reason = typical_height(tagged[~np.isnan(tagged) & ~sheds])
    height = np.where(np.isnan(tagged), np.where(sheds, SHED_HEIGHT, typical), tagged)
    outlines = shapely.from_wkb(np.asarray(found.outlines, dtype=object))
    columns = {"height": height, "height_source": found.sources}
    buildings = gpd.GeoDataFrame(columns, geometry=outlines, crs=WGS84)
    buildings = buildings.explode(ignore_index=True)
    if not len(tagged):
        return buildings, ("The source holds no buildings.",)
    unknown = float(np.isnan(tagged).mean())
    return buildings, (
        f"Height of {unknown:.0%} of the buildings assumed: {typical:g} m ({reason}), "
        f"{SHED_HEIGHT:g} m for sheds and garages.",
        f"A storey taken as {STOREY_HEIGHT:g} m, a plinth and roof as {ROOF_HEIGHT:g} m.",
        *((f"{found.lost} buildings with an incomplete outline left out.",) if found.lost else ()),
    )


def typical_height(known: Float64) -> tuple[float, str]:
    """Height (m) for buildings that tell none, and where it comes from."""
    if known.size < ENOUGH_HEIGHTS:
        return BUILDING_HEIGHT, "the default"
    return float(np.median(known)), f"the median of {known.size} known heights"


@dataclass(frozen=True, slots=True)
class TreeCollector:
    """Gathers trees and rows of trees while a file is read."""

    geometry: list[Any] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add_node(self, node: Any) -> None:
        """Keep a single tree."""
        if node.tags.get("natural") == "tree":
            self._keep("tree", shapely.Point(node.location.lon, node.location.lat))

    def add_way(self, way: Any) -> None:
        """Keep a row of trees."""
        places = [(n.lon, n.lat) for n in way.nodes if n.location.valid()]
        if way.tags.get("natural") == "tree_row" and len(places) > 1:
            self._keep("tree_row", shapely.LineString(places))

    def _keep(self, kind: str, geometry: Any) -> None:
        self.kinds.append(kind)
        self.geometry.append(geometry)

    def table(self) -> gpd.GeoDataFrame:
        """Kind and geometry (EPSG:4326) of each."""
        return gpd.GeoDataFrame({"kind": self.kinds}, geometry=self.geometry, crs=WGS84)
