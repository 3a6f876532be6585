"""Which receptors any road comes near to: of blocks as a whole where that is clear. CPU only."""

import math

import numpy as np
from numba import prange
from numpy.typing import NDArray

from roadside_kernels.arrays import BLOCK, Float32, Int64, Receptors, Segments
from roadside_kernels.geometry import block_boxes, distance_to_segment
from roadside_kernels.launch import dealt, on_all_cores
from roadside_kernels.physics import f32, physics

Bool = NDArray[np.bool_]
#: Whether a segment comes near to some receptors of a block.
NONE, SOME, ALL = 0, 1, 2


@physics
def gap_to_segment(k: int, segments: Segments, box: Float32) -> float:
    """Distance (m) from a box to the bounding box of a segment."""
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    dx: float = max(box[0] - max(x0, x1), min(x0, x1) - box[2], 0.0)
    dy: float = max(box[1] - max(y0, y1), min(y0, y1) - box[3], 0.0)
    return math.sqrt(dx * dx + dy * dy)


@physics
def farthest_corner(x: float, y: float, box: Float32) -> float:
    """Distance (m) from a place to the farthest place of a box."""
    dx: float = max(x - box[0], box[2] - x)
    dy: float = max(y - box[1], box[3] - y)
    return math.sqrt(dx * dx + dy * dy)


@physics
def covered(segments: Segments, box: Float32, reach: float) -> int:
    """Whether any segment is within reach (m) of all of a box, or may be of some of it."""
    found = NONE
    for k in range(segments.x0.size):
        if gap_to_segment(k, segments, box) > reach:
            continue
        found = SOME
        if farthest_corner(segments.x0[k], segments.y0[k], box) <= reach:
            return ALL
    return found


@physics
def is_within(x: float, y: float, segments: Segments, reach: float) -> bool:
    """Whether any segment is within reach (m) of a place."""
    for k in range(segments.x0.size):
        x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
        if distance_to_segment(x, y, x0, y0, x1, y1) <= reach:
            return True
    return False


def _find_within(
    order: Int64,
    receptors: Receptors,
    boxes: Float32,
    segments: Segments,
    reach: float,
    found: Bool,
) -> None:
    for turn in prange(order.size):
        block = order[turn]
        first = block * BLOCK
        last = min(first + BLOCK, receptors.x.size)
        cover = covered(segments, boxes[block], reach)
        for i in range(first, last):
            found[i] = cover == ALL or (
                cover == SOME and is_within(receptors.x[i], receptors.y[i], segments, reach)
            )


_find = on_all_cores(_find_within, relaxed=False)


def within_reach(receptors: Receptors, segments: Segments, reach: float) -> Bool:
    """Which receptors have a segment within reach (m)."""
    found = np.zeros(receptors.x.size, np.bool_)
    boxes = block_boxes(receptors)
    _find(dealt(boxes.shape[0]), receptors, boxes, segments, f32(reach), found)
    return found
