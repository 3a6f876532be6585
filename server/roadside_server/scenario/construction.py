"""What a scenario puts up and takes away: barriers and buildings.

Net, and in an order of its own: whatever leads to the same obstacles is the same construction.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from roadside_server.region.schema import Region

Shapes = NDArray[np.object_]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Barrier:
    """A thin screen: its line (m, the region's CRS), height above the ground (m), absorption."""

    line: shapely.LineString
    height: float
    absorption: float  # share of the energy, 0 to 1


@dataclass(frozen=True, slots=True)
class Building:
    """A building with a flat roof: its footprint (m, the region's CRS) and height (m)."""

    footprint: shapely.Polygon
    height: float


@dataclass(frozen=True, slots=True)
class Construction:
    """What is new, and which buildings of the region are gone."""

    barriers: tuple[Barrier, ...] = ()
    buildings: tuple[Building, ...] = ()
    removed: tuple[int, ...] = ()  # rows of the region's buildings

    @property
    def changes(self) -> bool:
        """Whether anything is built or taken away."""
        return bool(self.barriers or self.buildings or self.removed)


def with_barrier(construction: Construction, barrier: Barrier) -> Construction:
    """With one more barrier."""
    new = replace(barrier, line=barrier.line.normalize())
    barriers = {*construction.barriers, new}
    return replace(construction, barriers=tuple(sorted(barriers, key=_barrier_key)))


def with_building(construction: Construction, building: Building) -> Construction:
    """With one more building."""
    new = replace(building, footprint=building.footprint.normalize())
    buildings = {*construction.buildings, new}
    return replace(construction, buildings=tuple(sorted(buildings, key=_building_key)))


def without_buildings(region: Region, construction: Construction, buildings: Rows) -> Construction:
    """Without some of the buildings, numbered as ``buildings_at`` does."""
    first = len(region.buildings)
    gone = set(buildings.tolist())
    removed = {*construction.removed, *(number for number in gone if number < first)}
    kept = (b for n, b in enumerate(construction.buildings, first) if n not in gone)
    return replace(construction, buildings=tuple(kept), removed=tuple(sorted(removed)))


def buildings_at(region: Region, construction: Construction, places: Shapes) -> tuple[Rows, Rows]:
    """Pairs of a place and a building that stands there: the region's by row, then the new ones."""
    place, old = region.buildings.sindex.query(places, predicate="intersects")
    new = shapes_of(building.footprint for building in construction.buildings)
    here, number = np.nonzero(shapely.intersects(places[:, None], new))
    stands = ~np.isin(old, construction.removed)
    building = np.concatenate([old[stands], len(region.buildings) + number])
    return np.concatenate([place[stands], here]), building


def buildings_in(region: Region, construction: Construction, area: shapely.Polygon) -> Rows:
    """Buildings that stand with their centre of gravity in an area, numbered as above."""
    _, near = buildings_at(region, construction, shapes_of([area]))
    new = shapes_of(building.footprint for building in construction.buildings)
    every = np.concatenate([shapes_of(region.buildings.geometry), new])
    inside: NDArray[np.bool_] = shapely.intersects(shapely.centroid(every[near]), area)
    return near[inside]


def shapes_of(shapes: Iterable[shapely.Geometry]) -> Shapes:
    """Shapes as an array, of any number."""
    listed = list(shapes)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def canonical(construction: Construction) -> list[object]:
    """The construction as JSON values that are equal for equal constructions."""
    return [
        [(b.line.wkb_hex, b.height, b.absorption) for b in construction.barriers],
        [(b.footprint.wkb_hex, b.height) for b in construction.buildings],
        list(construction.removed),
    ]


def _barrier_key(barrier: Barrier) -> tuple[bytes, float, float]:
    return barrier.line.wkb, barrier.height, barrier.absorption


def _building_key(building: Building) -> tuple[bytes, float]:
    return building.footprint.wkb, building.height
