"""Tracing on the CPU, block by block of receptors, each at a desk of its own."""

from typing import Any

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.noise.cut import ROOM, cut_room
from roadside_kernels.noise.path_energy import BANDS
from roadside_kernels.noise.profile_energy import profile_bench
from roadside_kernels.noise.trace_line import (
    Desk,
    Given,
    UInt16,
    add_line,
    heard_of,
    look,
    store_row,
)
from roadside_kernels.noise.walls import look_through, new_windows
from roadside_kernels.physics import FAST_MATH, f32, inlined


def _new_desk(crossings: int, periods: int, walls: int) -> Desk:
    """A desk for profiles with so many crossings, with so many walls around."""
    room = cut_room(crossings)
    bench = profile_bench(room.points.x.size + 2)
    row = np.empty((periods, BANDS), np.float32)
    # The place after the last is written to as well.
    seen, heard = np.empty(walls + 1, np.int32), np.empty(walls + 1, np.int32)
    return Desk(room, bench, row, new_windows(walls), seen, heard)


#: Compiled, so that threads make their own.
new_desk: Any = njit(_new_desk)


@inlined
def trace_receptor(
    i: int, given: Given, near: Int32, walls: Int32, desk: Desk, line: Int32, energy: UInt16
) -> tuple[int, int]:
    """Trace one receptor; its rows, -1 if a profile does not fit, and the profiles cut."""
    reach, share = given.options.reach, given.options.share
    distance, most = np.empty(near.size, np.float32), np.empty(near.size, np.float32)
    left = look(i, given, near, distance, most)
    windows = look_through(
        given.walls, walls, given.hearers.x[i], given.hearers.y[i], given.hearers.building[i],
        reach, desk.windows,
    )  # fmt: skip
    order = np.argsort(-most if share > 0.0 else distance)
    heard, loudest = f32(0.0), f32(0.0)
    rows = paths = 0
    for place in order:
        if distance[place] >= reach or left < share * (heard - loudest):
            break
        found = add_line(given, near[place], distance[place], i, windows, desk)
        if found < 0:
            return -1, paths
        arrived = heard_of(given, near[place], desk.row)
        left, heard, loudest = left - most[place], heard + arrived, max(loudest, arrived)
        if found > 0:
            line[rows] = near[place]
            store_row(desk.row, energy[rows])
            rows += 1
        paths += found
    return rows, paths


def _near_lines(box: Float32, boxes: Float32, reach: float) -> Int32:
    """Lines whose bounding box is within reach of that of a block."""
    near = np.empty(boxes.shape[0], np.int32)
    count = 0
    for k in range(boxes.shape[0]):
        apart_x = max(boxes[k, 0] - box[2], box[0] - boxes[k, 2], 0.0)
        apart_y = max(boxes[k, 1] - box[3], box[1] - boxes[k, 3], 0.0)
        if apart_x * apart_x + apart_y * apart_y < reach * reach:
            near[count] = k
            count += 1
    return near[:count].copy()


near_lines: Any = njit(nogil=True, error_model="numpy")(_near_lines)


def _trace_block(
    first: int, last: int, given: Given, near: Int32, lists: Int64, walls: Int32, line: Int32,
    energy: UInt16, rows: Int64, paths: Int64,
) -> None:  # fmt: skip
    """Trace the receptors of a block; receptor i to the lines near[lists[i, 0]:lists[i, 1]].

    Each has room for all of them, one after the other.
    """
    crossings = ROOM
    desk = new_desk(crossings, given.probability.shape[0], walls.size)
    end = 0
    for i in range(first, last):
        some = near[lists[i, 0] : lists[i, 1]]
        start, end = end, end + some.size
        rows[i] = -1
        while rows[i] < 0:
            found, cuts = trace_receptor(
                i, given, some, walls, desk, line[start:end], energy[start:end]
            )
            rows[i], paths[i] = found, cuts
            if found < 0:
                crossings *= 2
                desk = new_desk(crossings, given.probability.shape[0], walls.size)


trace_block: Any = njit(nogil=True, error_model="numpy", fastmath=FAST_MATH)(_trace_block)
