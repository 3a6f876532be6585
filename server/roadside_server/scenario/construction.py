"""What a scenario puts up and takes away: barriers and buildings.

Net, and in an order of its own: whatever leads to the same obstacles is the same construction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from roadside_server.region.schema import Region

Shapes = NDArray[np.object_]


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


def without_buildings(
    region: Region, construction: Construction, is_meant: Callable[[Shapes], NDArray[np.bool_]]
) -> Construction:
    """Without the standing buildings whose footprints are meant."""
    meant = np.flatnonzero(is_meant(shapes_of(region.buildings.geometry)))
    new = is_meant(shapes_of(building.footprint for building in construction.buildings))
    kept = (b for b, gone in zip(construction.buildings, new, strict=True) if not gone)
    removed = {*construction.removed, *meant.tolist()}
    return replace(construction, buildings=tuple(kept), removed=tuple(sorted(removed)))


def standing(region: Region, construction: Construction) -> Shapes:
    """Footprints of the buildings that stand."""
    old = np.delete(shapes_of(region.buildings.geometry), list(construction.removed))
    new = shapes_of(building.footprint for building in construction.buildings)
    return np.concatenate([old, new])


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
