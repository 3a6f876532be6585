"""Segments in a tile's own metres, from places that stay on a GPU.

A GPU keeps ends as whole numbers of a small unit from a corner of the region: 32 bits that
resolve a quarter of a millimetre over 260 km, where float32 would resolve centimetres.  Their
difference to the corner of a tile is exact.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.arrays import Int32, Segments
from roadside_kernels.device_memory import empty_on_gpu, on_device
from roadside_kernels.elementary import i32
from roadside_kernels.launch import at_every_receptor
from roadside_kernels.physics import f32, physics

#: Finest unit (m): a power of two, so that metres are exact multiples.
FINEST = 2.0**-12
#: Largest whole number of units, with room for the difference of two.
LARGEST = 2.0**30


class Placed(NamedTuple):
    """Segments by both ends, in units from a corner of the region."""

    x0: Int32
    y0: Int32
    x1: Int32
    y1: Int32
    road: Int32


class Anchor(NamedTuple):
    """Where whole numbers count from (m, the region's CRS), and the unit (m)."""

    west: float
    south: float
    unit: float


class Moved(NamedTuple):
    """Segments, and the corner of a tile among them in their units."""

    placed: Placed
    west: int
    south: int
    unit: float  # m


@physics
def localise_at(k: int, moved: Moved, found: Segments) -> None:
    """Segment ``k`` in metres from the tile's corner."""
    placed = moved.placed
    found.x0[k] = f32(i32(placed.x0[k] - moved.west)) * moved.unit
    found.y0[k] = f32(i32(placed.y0[k] - moved.south)) * moved.unit
    found.x1[k] = f32(i32(placed.x1[k] - moved.west)) * moved.unit
    found.y1[k] = f32(i32(placed.y1[k] - moved.south)) * moved.unit
    found.road[k] = placed.road[k]


def anchor_for(west: float, south: float, width: float) -> Anchor:
    """Numbers that resolve as much as they can over a width (m) from a corner (m)."""
    unit = FINEST
    while width / unit > LARGEST:
        unit *= 2.0
    return Anchor(west, south, unit)


def whole_numbers(place: NDArray[np.float64], start: float, unit: float) -> Int32:
    """Places (m) in units from a start (m)."""
    return np.rint((place - start) / unit).astype(np.int32)


def localised_on_gpu(placed: Placed, anchor: Anchor, west: float, south: float) -> Segments:
    """Segments on the GPU in metres from a corner (m, the region's CRS)."""
    corner = whole_numbers(np.array([west - anchor.west, south - anchor.south]), 0.0, anchor.unit)
    count = placed.road.size
    kinds = (np.float32,) * 4 + (np.int32,)
    found = Segments(*(empty_on_gpu((count,), kind) for kind in kinds))
    moved = Moved(on_device(placed), i32(corner[0]), i32(corner[1]), f32(anchor.unit))
    at_every_receptor(localise_at, count, moved, found)
    return found
