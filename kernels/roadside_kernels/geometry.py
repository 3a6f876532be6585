"""Where roads lie as seen from receptors: distances (m), pieces and wind sectors.

Receptors are taken in blocks of neighbours; what holds for the bounding box of a block holds
for each receptor in it.
"""

import math

import numpy as np

from roadside_kernels.arrays import BLOCK, Float32, Receptors
from roadside_kernels.elementary import arctan2, i32
from roadside_kernels.physics import f32, physics

PER_TURN = 1 / (2 * math.pi)
#: Receptors nearer to a source than this are computed at this distance (m); spec of SRM1 and SRM2.
NEAREST = 3.5


def block_boxes(receptors: Receptors) -> Float32:
    """Bounding boxes (m; west, south, east, north) of the blocks of receptors."""
    if receptors.x.size == 0:
        return np.empty((0, 4), np.float32)
    first = np.arange(0, receptors.x.size, BLOCK)
    low = [np.minimum.reduceat(places, first) for places in receptors]
    high = [np.maximum.reduceat(places, first) for places in receptors]
    return np.ascontiguousarray(np.stack([*low, *high], axis=1))


@physics
def clamp(value: float, low: float, high: float) -> float:
    """The number between two bounds that is nearest to a value."""
    return min(max(value, low), high)


@physics
def distance_to_segment(x: float, y: float, x0: float, y0: float, x1: float, y1: float) -> float:
    """Distance (m) from a point to the segment from (x0, y0) to (x1, y1)."""
    along_x, along_y = x1 - x0, y1 - y0
    squared = along_x * along_x + along_y * along_y
    place = 0.0
    if squared > 0.0:
        place = clamp(((x - x0) * along_x + (y - y0) * along_y) / squared, 0.0, 1.0)
    dx, dy = x - (x0 + place * along_x), y - (y0 + place * along_y)
    return math.sqrt(dx * dx + dy * dy)


@physics
def distance_to_box(
    x: float, y: float, west: float, south: float, east: float, north: float
) -> float:
    """Distance (m) from a point to a box; 0 inside."""
    dx = max(west - x, x - east, 0.0)
    dy = max(south - y, y - north, 0.0)
    return math.sqrt(dx * dx + dy * dy)


@physics
def first_inside(start: float, step: float, low: float, high: float) -> float:
    """Where, from 0 to 1 along a segment, one coordinate comes between two bounds; 2: never."""
    if start >= low and start <= high:
        return 0.0
    if step == 0.0:
        return 2.0
    place = min((low - start) / step, (high - start) / step)
    return place if place >= 0.0 else 2.0


@physics
def last_inside(start: float, step: float, low: float, high: float) -> float:
    """Where, from 0 to 1 along a segment, one coordinate leaves the space between two bounds."""
    if step == 0.0:
        return 1.0
    return min(max((low - start) / step, (high - start) / step), 1.0)


@physics
def enters_box(
    x0: float, y0: float, x1: float, y1: float,
    west: float, south: float, east: float, north: float,
) -> bool:  # fmt: skip
    """Whether a segment has a point in a box."""
    step_x, step_y = x1 - x0, y1 - y0
    enter = max(first_inside(x0, step_x, west, east), first_inside(y0, step_y, south, north))
    leave = min(last_inside(x0, step_x, west, east), last_inside(y0, step_y, south, north))
    return enter <= leave


@physics
def segment_to_box(
    x0: float, y0: float, x1: float, y1: float,
    west: float, south: float, east: float, north: float,
) -> float:  # fmt: skip
    """Distance (m) between a segment and a box; 0 where they meet."""
    if enters_box(x0, y0, x1, y1, west, south, east, north):
        return 0.0
    ends = min(
        distance_to_box(x0, y0, west, south, east, north),
        distance_to_box(x1, y1, west, south, east, north),
    )
    southern = min(
        distance_to_segment(west, south, x0, y0, x1, y1),
        distance_to_segment(east, south, x0, y0, x1, y1),
    )
    northern = min(
        distance_to_segment(west, north, x0, y0, x1, y1),
        distance_to_segment(east, north, x0, y0, x1, y1),
    )
    return min(ends, southern, northern)


@physics
def piece_count(length: float, distance: float) -> int:
    """Pieces to cut a segment (m) into, so that none is longer than half its distance (m).

    Midpoint pieces of at most half the distance are within 0.01 % of the integral.  Closer than
    ``NEAREST`` the distance counts as that.
    """
    pieces = i32(math.ceil(2.0 * length / max(distance, NEAREST)))
    return max(pieces, i32(1))


@physics
def pieces_of_segment(
    x0: float, y0: float, x1: float, y1: float,
    west: float, south: float, east: float, north: float,
) -> int:  # fmt: skip
    """Pieces to cut a segment into, as seen from the nearest point of a box of receptors."""
    step_x, step_y = x1 - x0, y1 - y0
    length = math.sqrt(step_x * step_x + step_y * step_y)
    middle = distance_to_box(x0 + 0.5 * step_x, y0 + 0.5 * step_y, west, south, east, north)
    # Far segments stay whole; this bound on the distance spares most of them the exact one.
    if middle - 0.5 * length >= 2.0 * length:
        return i32(1)
    return piece_count(length, segment_to_box(x0, y0, x1, y1, west, south, east, north))


@physics
def sector_of(dx: float, dy: float, sectors: int) -> int:
    """Wind sector of a direction (dx east, dy north); i is centred on i * 360 / sectors degrees.

    Directions count clockwise from north: the wind of a sector blows from its direction.
    """
    turns = arctan2(dx, dy) * PER_TURN + 1.0
    sector = i32(turns * f32(sectors) + 0.5)
    # Of a single sector, due south rounds up to the one after the last.
    return i32(min(sector - sectors, sectors - 1)) if sector >= sectors else sector
