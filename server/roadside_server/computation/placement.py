"""Where the arrays of a job lie: where they were made, or on the GPU, put there once."""

import sys
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from roadside_kernels.air.hierarchy import Hierarchy
from roadside_kernels.arrays import Float32, Int32, Receptors, Segments
from roadside_kernels.device_memory import on_device, shared_on_device, zeros_on_gpu
from roadside_kernels.launch import Device
from roadside_kernels.localising import (
    Anchor,
    Placed,
    anchor_for,
    localised_on_gpu,
    whole_numbers,
)

from roadside_server.computation.evaluation import PAIRS_AT_ONCE
from roadside_server.computation.open_roads import OpenRoads
from roadside_server.computation.parts import WHOLE
from roadside_server.computation.resident import Key
from roadside_server.computation.site import Known, Site
from roadside_server.computation.sources import Rows, Stretches, localised
from roadside_server.computation.tiles import Strip, View

Arrays = TypeVar("Arrays")


class Located(NamedTuple):
    """Open roads in a tile's own metres."""

    segments: Segments
    emission: Float32
    curve: Int32
    hierarchy: Hierarchy | None


class Pieces(NamedTuple):
    """Open roads as they stay on the GPU, for any tile."""

    anchor: Anchor
    placed: Placed
    emission: Float32
    curve: Int32
    hierarchy: Hierarchy | None


class OnHost:
    """All arrays stay where they were made."""

    pairs_at_once = PAIRS_AT_ONCE

    def receptors(self, strip: Strip) -> Receptors:
        """Places of receptors."""
        return strip.receptors.local

    def of_strip(self, _name: Hashable, _strip: Strip, arrays: Arrays) -> Arrays:
        """Arrays that are the same in every job, for these receptors."""
        return arrays

    def of_job(self, _name: Hashable, work_out: Callable[[], Arrays]) -> Arrays:
        """Arrays of this job that are the same for all tiles."""
        return work_out()

    def zeros(self, shape: tuple[int, ...]) -> Float32:
        """Sums over nothing."""
        return np.zeros(shape, np.float32)

    def roads(
        self, _part: str, _key: Key | None, roads: OpenRoads, rows: Rows, box: View
    ) -> Located:
        """A part of the open roads, those rows of it unless all are needed, as a tile sees them."""
        # A hierarchy is of all stretches, in their order.
        some = roads if roads.hierarchy is not None else roads.some(rows)
        segments = localised(some.stretches, box)
        return Located(segments, some.emission, some.curve, some.hierarchy)


class OnGpu:
    """Arrays of the region stay on the GPU until it is unloaded, those of a job as long as it."""

    #: Whole tiles: they take less time than anyone notices who cancels.
    pairs_at_once = sys.maxsize

    def __init__(self, site: Site) -> None:
        self._site = site
        self._job = Known()

    def receptors(self, strip: Strip) -> Receptors:
        """Places of receptors."""
        return self.of_strip("receptors", strip, strip.receptors.local)

    def of_strip(self, name: Hashable, strip: Strip, arrays: Arrays) -> Arrays:
        """Arrays that are the same in every job, for these receptors."""
        size = strip.receptors.cell.size
        # A tile is first asked for as a whole; some of its receptors come and go.
        held: tuple[Arrays, int] = self._site.once(
            ("on the GPU", name, strip.tile), lambda: (shared_on_device(arrays), size)
        )
        if size == held[1]:
            return held[0]
        some: Arrays = on_device(arrays)
        return some

    def of_job(self, name: Hashable, work_out: Callable[[], Arrays]) -> Arrays:
        """Arrays of this job that are the same for all tiles."""
        found: Arrays = self._job.once(name, lambda: shared_on_device(work_out()))
        return found

    def zeros(self, shape: tuple[int, ...]) -> Float32:
        """Sums over nothing."""
        found: Float32 = zeros_on_gpu(shape, np.float32)
        return found

    def roads(
        self, part: str, key: Key | None, roads: OpenRoads, _rows: Rows, box: View
    ) -> Located:
        """A part of the open roads as a tile sees them."""
        pieces = self._pieces(part, key, roads)
        segments = localised_on_gpu(pieces.placed, pieces.anchor, box.west, box.south)
        return Located(segments, pieces.emission, pieces.curve, pieces.hierarchy)

    def _pieces(self, part: str, key: Key | None, roads: OpenRoads) -> Pieces:
        """Those of all roads stay, formal and interactive ones, for the present traffic."""
        if part == WHOLE and key is not None:
            name = ("pieces", roads.hierarchy is None)
            return self._site.latest(name, key, lambda: _pieces_on_gpu(roads))
        return self._job.once(("pieces", part), lambda: _pieces_on_gpu(roads))


Placement = OnHost | OnGpu

#: For jobs whose arrays nobody keeps.
ON_HOST = OnHost()


def placement_for(site: Site, device: Device) -> Placement:
    """Where the arrays of a job on a device lie."""
    return OnGpu(site) if device == "gpu" else ON_HOST


def _pieces_on_gpu(roads: OpenRoads) -> Pieces:
    anchor, placed = _placed(roads.stretches)
    pieces = Pieces(anchor, placed, roads.emission, roads.curve, roads.hierarchy)
    held: Pieces = shared_on_device(pieces)
    return held


def _placed(stretches: Stretches) -> tuple[Anchor, Placed]:
    """Ends in whole numbers of the finest unit that reaches over all of them."""
    x0, y0, x1, y1, road = stretches
    west, south = min(x0.min(), x1.min()), min(y0.min(), y1.min())
    width = max(x0.max() - west, x1.max() - west, y0.max() - south, y1.max() - south)
    anchor = anchor_for(float(west), float(south), float(width))

    def units(places: Any, start: float) -> Int32:
        return whole_numbers(places, start, anchor.unit)

    ends = (units(x0, west), units(y0, south), units(x1, west), units(y1, south))
    return anchor, Placed(*ends, np.ascontiguousarray(road))
