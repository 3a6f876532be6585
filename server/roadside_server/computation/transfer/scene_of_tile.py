"""What stands and lies around a tile, as the tracer takes it.

Everything further away is left out.  What is near keeps its order, so that the same obstacles
give the same numbers to the last bit, whatever stands elsewhere.
"""

from typing import NamedTuple

import numpy as np
import shapely
from roadside_kernels.arrays import Int32
from roadside_kernels.noise.foot import feet
from roadside_kernels.noise.scene import (
    SCREEN,
    Elements,
    Scene,
    joined,
    make_elements,
    make_scene,
    no_elements,
)

from roadside_server.computation.noise_scene import building_sides, ground_boundaries, terrain_edges
from roadside_server.computation.tiles import View
from roadside_server.region.schema import Float64, Region
from roadside_server.scenario.obstacles import Buildings, Obstacles, Screens

#: Screens follow the terrain in steps no longer than this (m).
SCREEN_STEP = 10.0
#: Margin (m) for what rounding to float32 may move, and for rays that graze the edge.
MARGIN = 5.0


class Surroundings(NamedTuple):
    """The scene of a tile, and where its buildings are in the region."""

    scene: Scene
    owner: Int32  # of each building of the region, in the scene; -1: not in it


def grown(box: View, by: float) -> View:
    """A box with a margin (m)."""
    return View(box.west - by, box.south - by, box.east + by, box.north + by)


def surroundings(region: Region, obstacles: Obstacles, box: View, within: float) -> Surroundings:
    """The scene within a distance (m) of a box, in metres from its south-west corner."""
    corner = (box.west, box.south)
    area = shapely.box(*grown(box, within + MARGIN))
    ground_factor = region.weather.ground_factor
    terrain = _terrain(region, box, within)
    land = make_scene(terrain, ground_factor=ground_factor)
    near = np.flatnonzero(shapely.intersects(obstacles.buildings.footprint, area))
    buildings = Buildings._make(column[near] for column in obstacles.buildings)
    walls = shapely.intersects(obstacles.screens.line, area)
    screens = Screens._make(column[walls] for column in obstacles.screens)
    parts = [
        _sides(buildings, land, corner),
        _walls(screens, land, corner),
        _ground(region, area, corner),
        terrain,
    ]
    # Parts of a building are owners of their own; standing before one of them is enough.
    part = np.cumsum(shapely.get_num_geometries(buildings.footprint)) - 1
    known = buildings.row >= 0
    owner = np.full(len(region.buildings), -1, np.int32)
    owner[buildings.row[known]] = part[known]
    return Surroundings(make_scene(joined(parts), ground_factor=ground_factor), owner)


def altitudes(land: Scene, places: Float64, corner: tuple[float, float]) -> Float64:
    """Altitude (m) of the terrain at places (K, 2; m, the region's CRS)."""
    local = np.ascontiguousarray((places - corner).T, np.float32)
    altitude, _ = feet(land, local[0], local[1])
    return altitude.astype(np.float64)


def _sides(buildings: Buildings, land: Scene, corner: tuple[float, float]) -> Elements:
    """Sides of buildings: roofs are level, and as high above the ground in the middle as told."""
    middle = shapely.get_coordinates(shapely.centroid(buildings.footprint))
    base = altitudes(land, middle, corner)
    return building_sides(buildings.footprint, buildings.height, corner, base=base)


def _walls(screens: Screens, land: Scene, corner: tuple[float, float]) -> Elements:
    """Screens, whose tops follow the terrain."""
    lines, row = shapely.get_parts(screens.line, return_index=True)
    if land.elements.x0.size:
        lines = shapely.segmentize(lines, SCREEN_STEP)
    places, line = shapely.get_coordinates(lines, return_index=True)
    if line.size == 0:
        return no_elements()
    same = np.flatnonzero((line[1:] == line[:-1]) & (places[1:] != places[:-1]).any(axis=1))
    of = row[line[same]]
    top = altitudes(land, places, corner)
    return make_elements(
        np.concatenate([places[same], places[same + 1]], axis=1) - np.tile(corner, 2),
        kind=SCREEN,
        low=top[same] + screens.height[of],
        high=top[same + 1] + screens.height[of],
        absorption=screens.absorption[of],
    )


def _ground(region: Region, area: shapely.Polygon, corner: tuple[float, float]) -> Elements:
    """Where the ground factor changes within an area."""
    areas = region.ground_areas.geometry.to_numpy()
    near = np.flatnonzero(shapely.intersects(areas, area))
    factor = region.ground_areas["ground_factor"].to_numpy(np.float64)[near]
    clipped = shapely.intersection(areas[near], area)
    whole = shapely.get_dimensions(clipped) == 2  # noqa: PLR2004 -- those that only touch are lines
    return ground_boundaries(clipped[whole], factor[whole], region.weather.ground_factor, corner)


def _terrain(region: Region, box: View, within: float) -> Elements:
    """Edges of the terrain around a box."""
    terrain = region.terrain
    if terrain is None:
        return no_elements()
    rows, columns = terrain.altitude.shape
    wide = grown(box, within + terrain.spacing)
    left, right = _nodes(wide.west, wide.east, terrain.west, terrain.spacing, columns)
    low, high = _nodes(wide.south, wide.north, terrain.south, terrain.spacing, rows)
    return terrain_edges(
        terrain.altitude[low:high, left:right],
        terrain.west + left * terrain.spacing - box.west,
        terrain.south + low * terrain.spacing - box.south,
        terrain.spacing,
    )


def _nodes(low: float, high: float, first: float, spacing: float, count: int) -> tuple[int, int]:
    """Nodes of an axis of the terrain around an interval, two at least."""
    start = min(max(int(np.floor((low - first) / spacing)), 0), max(count - 2, 0))
    return start, max(min(int(np.ceil((high - first) / spacing)) + 1, count), start + 2)
