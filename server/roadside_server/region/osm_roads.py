"""Roads of an OpenStreetMap extract: links between the junctions of drivable ways."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely import LineString

from roadside_server.region import osm_tags
from roadside_server.region.crs import WGS84
from roadside_server.region.traffic import assumed_lanes, assumptions_for

#: Height of a bridge above the land for each layer (m), assumed: headroom of 4.5 m and the deck.
BRIDGE_HEIGHT = 6.0

#: Height of an embankment and depth of a cutting (m), assumed; their slopes are 1 in 2 or so.
EMBANKMENT_HEIGHT = 3.0
#: Values of embankment and cutting for a road that has a slope on either side.
BOTH_SIDES = frozenset(("yes", "both"))

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Way:
    """One drivable way: its nodes, their places (degrees east, north) and its tags."""

    way_id: int
    nodes: list[int]
    places: list[Place]
    tags: dict[str, str]

    @property
    def is_service(self) -> bool:
        """Whether it is a service road."""
        return self.tags["highway"] == "service"


@dataclass(frozen=True, slots=True)
class RoadCollector:
    """Gathers the drivable ways and what stands on their nodes while a file is read."""

    ways: list[Way] = field(default_factory=list)
    signals: dict[int, Place] = field(default_factory=dict)
    mini_roundabouts: dict[int, Place] = field(default_factory=dict)

    def add_node(self, node: Any) -> None:
        """Keep a traffic signal or a mini roundabout."""
        kind = node.tags.get("highway")
        kept = {"traffic_signals": self.signals, "mini_roundabout": self.mini_roundabouts}.get(kind)
        if kept is not None:
            kept[node.id] = (node.location.lon, node.location.lat)

    def add_way(self, way: Any) -> None:
        """Keep a way that carries traffic, without nodes that the extract lacks."""
        tags = dict(way.tags)
        if not osm_tags.carries_traffic(tags):
            return
        nodes = [(n.ref, (n.lon, n.lat)) for n in way.nodes if n.location.valid()]
        if len(nodes) > 1:
            refs, places = zip(*nodes, strict=True)
            self.ways.append(Way(way.id, list(refs), list(places), tags))

    def through_ways(self) -> list[Way]:
        """The ways, with service roads only where both ends meet a street."""
        streets = {node for way in self.ways if not way.is_service for node in way.nodes}
        return [
            way
            for way in self.ways
            if not way.is_service or {way.nodes[0], way.nodes[-1]} <= streets
        ]


def links(way: Way, junctions: set[int]) -> Iterator[list[Place]]:
    """The places of each stretch of a way between two junctions."""
    start = 0
    for i in range(1, len(way.nodes)):
        if i == len(way.nodes) - 1 or way.nodes[i] in junctions:
            stretch = way.places[start : i + 1]
            start = i
            if len(set(stretch)) > 1:
                yield stretch


def junction_nodes(ways: list[Way]) -> set[int]:
    """Nodes that two ways share, or one way passes twice."""
    passes = Counter(node for way in ways for node in set(way.nodes))
    shared = {node for node, count in passes.items() if count > 1}
    twice = {node for way in ways for node, count in Counter(way.nodes[1:]).items() if count > 1}
    return shared | twice


def _row(way: Way) -> dict[str, Any]:
    """Columns of the road table that the tags of a way fill; NaN where they do not tell."""
    tags = way.tags
    profile, elevation = raised(tags)
    return {
        "name": tags.get("name", ""),
        "road_class": tags["highway"],
        "speed": osm_tags.speed_limit(tags),
        "lanes": osm_tags.lane_count(tags),
        "direction": osm_tags.direction(tags),
        "surface": osm_tags.cnossos_surface(tags),
        "bridge": osm_tags.is_bridge(tags),
        "tunnel": osm_tags.is_tunnel(tags),
        "elevation": elevation,
        "elevation_profile": profile,
    }


def raised(tags: Mapping[str, str]) -> tuple[str, float]:
    """Elevation profile of a way, and its height (m) above the surroundings."""
    if osm_tags.is_bridge(tags):
        return "viaduct", BRIDGE_HEIGHT * max(osm_tags.layer(tags), 1)
    if osm_tags.is_tunnel(tags):
        return "level", 0.0
    if tags.get("embankment") in BOTH_SIDES:
        return "dike_20_to_45", EMBANKMENT_HEIGHT
    if tags.get("cutting") in BOTH_SIDES:
        return "trench", -EMBANKMENT_HEIGHT
    return "level", 0.0


def road_table(ways: list[Way]) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """The links of the ways (EPSG:4326), and what was assumed of their speeds and lanes."""
    junctions = junction_nodes(ways)
    rows: list[dict[str, Any]] = []
    for way in ways:
        columns = _row(way)
        for number, places in enumerate(links(way, junctions), start=1):
            road_id = f"{way.way_id}-{number}"
            rows.append({"road_id": road_id, **columns, "geometry": LineString(places)})
    roads = gpd.GeoDataFrame(rows, geometry="geometry", crs=WGS84)
    return _fill(roads)


def _fill(roads: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    speed, lanes = (pd.to_numeric(roads[column]) for column in ("speed", "lanes"))
    assumptions = (
        f"Speed of {speed.isna().mean():.0%} of the roads assumed from their class.",
        f"Lanes of {lanes.isna().mean():.0%} of the roads assumed from their class.",
        *_height_assumptions(roads),
    )
    filled = roads.assign(
        speed=speed.fillna(assumptions_for(roads)["speed"]).astype("float64"),
        lanes=lanes.fillna(assumed_lanes(roads)).astype("int64"),
    )
    return filled, assumptions


def _height_assumptions(roads: gpd.GeoDataFrame) -> tuple[str, ...]:
    bridges = int(roads["bridge"].sum())
    slopes = int((roads["elevation"] != 0.0).sum()) - bridges
    on_bridges = f"{bridges} roads on bridges taken as viaducts {BRIDGE_HEIGHT:g} m high a layer."
    on_slopes = (
        f"{slopes} roads on embankments or in cuttings taken {EMBANKMENT_HEIGHT:g} m above or "
        "below the land."
    )
    return (*((on_bridges,) if bridges else ()), *((on_slopes,) if slopes else ()))


def junction_table(collector: RoadCollector, ways: list[Way]) -> gpd.GeoDataFrame:
    """Signals on the roads and the places where roads enter a roundabout (EPSG:4326)."""
    on_roads = {node for way in ways for node in way.nodes}
    rings = [way for way in ways if osm_tags.is_roundabout(way.tags)]
    other = {node for way in ways if not osm_tags.is_roundabout(way.tags) for node in way.nodes}
    entries = {
        node: place
        for ring in rings
        for node, place in zip(ring.nodes, ring.places, strict=True)
        if node in other
    } | {node: place for node, place in collector.mini_roundabouts.items() if node in on_roads}
    signals = [place for node, place in collector.signals.items() if node in on_roads]
    kinds = ["signals"] * len(signals) + ["roundabout"] * len(entries)
    lon, lat = zip(*signals, *entries.values(), strict=True) if kinds else ((), ())
    return gpd.GeoDataFrame({"kind": kinds}, geometry=gpd.points_from_xy(lon, lat), crs=WGS84)
