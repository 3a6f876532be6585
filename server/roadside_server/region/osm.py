"""Reads an OpenStreetMap extract (.osm.pbf, .osm): roads, buildings, trees, junctions.

Ways that leave the box of the extract are kept whole.  Volumes are not in OpenStreetMap: they are
assumed later, or counted (``traffic.py``).
"""

from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.build import RegionInput
from roadside_server.region.osm_buildings import BuildingCollector, TreeCollector, building_table
from roadside_server.region.osm_roads import RoadCollector, junction_table, road_table

#: Keys of everything that is kept.
KEYS = ("highway", "building", "natural")


def read_osm(path: Path, crs: str | None = None) -> RegionInput:
    """What an extract holds, in a CRS of choice (by default longitude and latitude).

    Raises
    ------
    InvalidInputError
        A file that is missing, damaged or without drivable roads; the message names it.
    """
    roads, buildings, trees = _collect(path)
    ways = roads.through_ways()
    require(bool(ways), f"OpenStreetMap extract {path}", "holds no drivable roads")
    road_rows, about_roads = road_table(ways)
    building_rows, about_buildings = building_table(buildings)
    junctions = junction_table(roads, ways)
    return RegionInput(
        source=f"OpenStreetMap extract {path.name}",
        roads=_project(road_rows, crs),
        buildings=_project(building_rows, crs),
        trees=_project(trees.table(), crs),
        junctions=_project(junctions, crs),
        assumptions=(*about_roads, *about_buildings),
    )


def _collect(path: Path) -> tuple[RoadCollector, BuildingCollector, TreeCollector]:
    """Everything of interest, in one pass over the file (and one before it for multipolygons)."""
    field = f"OpenStreetMap extract {path}"
    require(path.is_file(), field, "no such file")
    collectors = RoadCollector(), BuildingCollector(), TreeCollector()
    try:
        for thing in _things(path):
            _keep(thing, *collectors)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise InvalidInputError(field, f"cannot be read: {error}") from error
    return collectors


def _things(path: Path) -> Any:
    return (
        osmium.FileProcessor(str(path))
        .with_locations()
        .with_areas(osmium.filter.KeyFilter("building"))
        .with_filter(osmium.filter.KeyFilter(*KEYS))
    )


def _keep(
    thing: Any, roads: RoadCollector, buildings: BuildingCollector, trees: TreeCollector
) -> None:
    if thing.is_node():
        roads.add_node(thing)
        trees.add_node(thing)
    elif thing.is_way():
        roads.add_way(thing)
        trees.add_way(thing)
    elif thing.is_area():
        buildings.add(thing)


def _project(table: gpd.GeoDataFrame, crs: str | None) -> gpd.GeoDataFrame:
    return table if crs is None else table.to_crs(crs)
