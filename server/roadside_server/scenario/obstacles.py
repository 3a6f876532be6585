"""What stands in the way of sound once everything is built: buildings and screens."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from roadside_server.region.schema import Float64, Region
from roadside_server.scenario.construction import Barrier, Building, Construction, Shapes, shapes_of

#: Screens nearer to each other than this (m), along at least so much of their length (m), are one:
#: the higher.  Shorter parts lie where one crosses or meets the other.
BESIDE, ALONG = 2.0, 10.0
#: Area (m2) that buildings which only touch may have in common.
TOUCHING = 1e-3
#: Row of a building that the region does not have.
NEW = -1


class Buildings(NamedTuple):
    """Buildings with flat roofs."""

    footprint: Shapes  # m, the region's CRS; what taller ones leave of it
    height: Float64  # m above the ground
    row: NDArray[np.int32]  # of the region's table, or NEW


class Screens(NamedTuple):
    """Thin walls."""

    line: Shapes  # m, the region's CRS; in several parts where others stand between
    height: Float64  # m above the ground
    absorption: Float64  # share of the energy, 0 to 1


class Obstacles(NamedTuple):
    """Everything that screens and reflects sound, the region's own first and in its order."""

    buildings: Buildings
    screens: Screens


def obstacles_after(region: Region, construction: Construction) -> Obstacles:
    """What stands after a construction."""
    return Obstacles(_buildings(region, construction), _screens(region, construction.barriers))


def changed_shapes(region: Region, construction: Construction) -> Shapes:
    """Footprints and lines that are new, or gone, or of another height."""
    gone = shapes_of(region.buildings.geometry)[list(construction.removed)]
    new = shapes_of(building.footprint for building in construction.buildings)
    before, after = (
        set(zip(*_screens(region, barriers), strict=True))
        for barriers in ((), construction.barriers)
    )
    screens = sorted((line.wkb, line) for line, *_ in before ^ after)
    return np.concatenate([gone, new, shapes_of(line for _, line in screens)])


def _buildings(region: Region, construction: Construction) -> Buildings:
    stays = np.delete(np.arange(len(region.buildings)), list(construction.removed))
    buildings = Buildings(
        shapes_of(region.buildings.geometry)[stays],
        region.buildings["height"].to_numpy(np.float64)[stays],
        stays.astype(np.int32),
    )
    for building in construction.buildings:
        buildings = _built(buildings, building)
    return buildings


def _built(buildings: Buildings, building: Building) -> Buildings:
    """With one more: where it overlaps others, the tallest counts."""
    near = np.flatnonzero(shapely.intersects(buildings.footprint, building.footprint))
    common = shapely.area(shapely.intersection(buildings.footprint[near], building.footprint))
    overlaps = near[common > TOUCHING]
    lower = overlaps[buildings.height[overlaps] <= building.height]
    higher = np.setdiff1d(overlaps, lower)
    footprint = buildings.footprint.copy()
    footprint[lower] = shapely.difference(footprint[lower], building.footprint)
    new = building.footprint
    if higher.size:
        new = shapely.difference(new, shapely.union_all(footprint[higher]))
    together = Buildings(
        np.append(footprint, shapes_of([new])),
        np.append(buildings.height, building.height),
        np.append(buildings.row, np.int32(NEW)),
    )
    stands = ~shapely.is_empty(together.footprint)
    return Buildings(*(column[stands] for column in together))


def _screens(region: Region, barriers: tuple[Barrier, ...]) -> Screens:
    table = region.screens
    screens = Screens(
        shapes_of(table.geometry),
        table["height"].to_numpy(np.float64),
        table["absorption"].to_numpy(np.float64),
    )
    # From the lowest to the highest: each gives way to those after it.
    for barrier in sorted(barriers, key=lambda barrier: barrier.height):
        screens = _with(screens, barrier)
    return screens


def _with(screens: Screens, barrier: Barrier) -> Screens:
    """With one more: it takes the place of lower screens along it, and leaves it to higher ones."""
    near = shapely.dwithin(screens.line, barrier.line, BESIDE)
    lower = near & (screens.height <= barrier.height)
    line = screens.line.copy()
    line[lower] = shapes_of(_apart(old, shapes_of([barrier.line])) for old in line[lower])
    new = _apart(barrier.line, screens.line[near & ~lower])
    together = Screens(
        np.append(line, shapes_of([new])),
        np.append(screens.height, barrier.height),
        np.append(screens.absorption, barrier.absorption),
    )
    stands = ~shapely.is_empty(together.line)
    return Screens(*(column[stands] for column in together))


def _apart(line: shapely.Geometry, others: Shapes) -> shapely.Geometry:
    """A line without the parts that run along others."""
    zone = shapely.union_all(shapely.buffer(others, BESIDE, cap_style="flat"))
    inside = shapely.get_parts(shapely.line_merge(shapely.intersection(line, zone)))
    along = shapely.length(inside) >= ALONG
    if not along.any():
        return line
    outside = shapely.get_parts(shapely.difference(line, zone))
    return shapely.multilinestrings([*outside, *inside[~along]])
