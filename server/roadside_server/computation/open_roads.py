"""Stretches of road that act by SRM2, what they emit, and the squares they are gathered in."""

from dataclasses import dataclass
from typing import NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from roadside_kernels.air.hierarchy import Hierarchy, build_hierarchy
from roadside_kernels.arrays import Float32, Int32

from roadside_server.computation.parts import WHOLE, active
from roadside_server.computation.site import Site
from roadside_server.computation.sources import (
    Rows,
    Stretches,
    chosen,
    localised,
    straight_stretches,
)
from roadside_server.computation.tiles import View

#: Sources that a receptor sees once far stretches are gathered: fewer stretches than that are
#: evaluated one by one.
SEEN = 2000


class Courses(NamedTuple):
    """Stretches that act by SRM2, and which dilution curve holds for each."""

    stretches: Stretches
    curve: Int32


@dataclass(frozen=True, slots=True)
class OpenRoads:
    """Stretches that act by SRM2, and what they emit."""

    stretches: Stretches
    emission: Float32  # (5, M), ug/(m s)
    curve: Int32  # (M), which dilution curve holds
    hierarchy: Hierarchy | None = None  # of all these stretches; None: each is on its own

    @property
    def emitting(self) -> int:
        """Stretches that emit anything."""
        return int(self.emission.any(axis=0).sum())

    @property
    def seen(self) -> int:
        """Sources that a receptor sees, at most or thereabouts."""
        return self.curve.size if self.hierarchy is None else SEEN

    def some(self, rows: Rows) -> "OpenRoads":
        """Some of the stretches, each on its own."""
        emission = np.ascontiguousarray(self.emission[:, rows])
        return OpenRoads(chosen(self.stretches, rows), emission, self.curve[rows])


def open_stretches(site: Site, *, canyons_too: bool) -> Stretches:
    """Stretches that act by SRM2: of open roads, and of street canyons beyond their street."""
    roads = site.region.roads

    def found() -> Stretches:
        stretches = straight_stretches(roads)
        is_open = (roads["method"] == "srm2").to_numpy(bool)
        return stretches if canyons_too else chosen(stretches, is_open[stretches.road])

    return site.once(("open stretches", canyons_too), found)


def open_roads_by_part(
    before: Courses, after: Courses, emission: dict[str, Float32], group: Int32 | None
) -> dict[str, OpenRoads]:
    """The stretches of each part that emit anything, numbered by their group if there are any."""
    return {
        part: _open_roads(after if part == "after" else before, strength, _emits(strength), group)
        for part, strength in emission.items()
    }


def gathered(
    site: Site,
    name: tuple[object, ...],
    roads: dict[str, OpenRoads],
    emission: dict[str, Float32],
    courses: Courses,
    group: Int32 | None,
) -> dict[str, OpenRoads]:
    """The same, parts of many stretches with a hierarchy of all that emitted before.

    Parameters
    ----------
    name
        Of what decides which roads emit; a hierarchy is built once for it.
    courses
        Before; where they are others afterwards, that part must be left out.
    """
    whole, before = roads[WHOLE], _emits(emission[WHOLE])

    def part_of(part: str) -> OpenRoads:
        new = _emits(emission[part]) & ~before
        if roads[part].curve.size <= SEEN or new.any():
            return roads[part]
        hierarchy = site.once(("hierarchy", *name), lambda: _hierarchy(whole))
        found = _open_roads(courses, emission[part], before, group)
        return OpenRoads(found.stretches, found.emission, found.curve, hierarchy)

    return {part: part_of(part) for part in roads}


def street_groups(roads: gpd.GeoDataFrame) -> Int32:
    """A number for every road: the same for canyon roads of one street, else its own.

    SRM1 counts a street once, by its nearest road, as if it went on for ever.
    """
    canyon = (roads["method"] == "srm1").to_numpy(bool)
    own = roads["street"].max() + 1 + np.arange(len(roads))
    street = np.where(canyon, roads["street"].to_numpy(np.int64), own)
    return np.unique(street, return_inverse=True)[1].astype(np.int32)


def _hierarchy(roads: OpenRoads) -> Hierarchy:
    """A hierarchy by places relative to each other, so that it serves every tile."""
    x0, y0, x1, y1, _ = roads.stretches
    west, south = min(x0.min(), x1.min()), min(y0.min(), y1.min())
    return build_hierarchy(localised(roads.stretches, View(west, south, west, south)), roads.curve)


def _emits(emission: Float32) -> NDArray[np.bool_]:
    """Which roads emit anything."""
    emits = np.zeros(emission.shape[1], np.bool_)
    emits[active(emission)] = True
    return emits


def _open_roads(
    courses: Courses, emission: Float32, emits: NDArray[np.bool_], group: Int32 | None
) -> OpenRoads:
    """The stretches of some roads."""
    rows = np.flatnonzero(emits[courses.stretches.road])
    emitting = chosen(courses.stretches, rows)
    per_stretch = np.ascontiguousarray(emission[:, emitting.road])
    if group is not None:
        emitting = emitting._replace(road=group[emitting.road])
    return OpenRoads(emitting, per_stretch, courses.curve[rows])
