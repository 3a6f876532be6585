"""Reads an OpenStreetMap extract (.osm.pbf, .osm): roads, and what stands and lies beside them.

Ways that leave the box of the extract are kept whole.  Volumes are not in OpenStreetMap: they are
assumed later, or counted (``traffic.py``).
"""

from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import osmium

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.build import RegionInput
from roadside_server.region.osm_buildings import BuildingCollector, building_table
from roadside_server.region.osm_ground import GroundCollector, ground_keys
from roadside_server.region.osm_roads import RoadCollector, junction_table, road_table
from roadside_server.region.osm_screens import ScreenCollector
from roadside_server.region.osm_trees import TreeCollector

#: Keys of everything that is kept.
KEYS = ("highway", "building", "building:part", "barrier", *ground_keys())
#: Keys of what may be an area with holes: a multipolygon.
AREA_KEYS = ("building", "building:part", *ground_keys())


class Collectors(NamedTuple):
    """Everything of interest, gathered while a file is read."""

    roads: RoadCollector
    buildings: BuildingCollector
    trees: TreeCollector
    screens: ScreenCollector
    ground: GroundCollector


def read_osm(path: Path, crs: str | None = None) -> RegionInput:
    """What an extract holds, in a CRS of choice (by default longitude and latitude).

    Raises
    ------
    InvalidInputError
        A file that is missing, damaged or without drivable roads; the message names it.
    """
    found = _collect(path)
    ways = found.roads.through_ways()
    require(bool(ways), f"OpenStreetMap extract {path}", "holds no drivable roads")
    roads, about_roads = road_table(ways)
    buildings, about_buildings = building_table(found.buildings)
    screens, about_screens = found.screens.table()
    return RegionInput(
        source=f"OpenStreetMap extract {path.name}",
        roads=_project(roads, crs),
        buildings=_project(buildings, crs),
        screens=_project(screens, crs),
        ground_areas=_project(found.ground.table(), crs),
        trees=_project(found.trees.table(), crs),
        junctions=_project(junction_table(found.roads, ways), crs),
        assumptions=(*about_roads, *about_buildings, *about_screens),
    )


def _collect(path: Path) -> Collectors:
    """Everything of interest, in one pass over the file (and one before it for multipolygons)."""
    field = f"OpenStreetMap extract {path}"
    require(path.is_file(), field, "no such file")
    found = Collectors(
        RoadCollector(), BuildingCollector(), TreeCollector(), ScreenCollector(), GroundCollector()
    )
    try:
        for thing in _things(path):
            _keep(thing, found)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise InvalidInputError(field, f"cannot be read: {error}") from error
    return found


def _things(path: Path) -> Any:
    return (
        osmium.FileProcessor(str(path))
        .with_locations()
        .with_areas(osmium.filter.KeyFilter(*AREA_KEYS))
        .with_filter(osmium.filter.KeyFilter(*KEYS))
    )


def _keep(thing: Any, found: Collectors) -> None:
    if thing.is_node():
        found.roads.add_node(thing)
        found.trees.add_node(thing)
    elif thing.is_way():
        found.roads.add_way(thing)
        found.trees.add_way(thing)
        found.screens.add_way(thing)
    elif thing.is_area():
        found.buildings.add(thing)
        found.ground.add(thing)


def _project(table: gpd.GeoDataFrame, crs: str | None) -> gpd.GeoDataFrame:
    return table if crs is None else table.to_crs(crs)
