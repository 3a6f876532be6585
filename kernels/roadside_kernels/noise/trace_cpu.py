"""Tracing on the CPU, block by block of receptors, each at a desk of its own."""

from typing import Any

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.noise.cut_room import cut_room
from roadside_kernels.noise.ground_bands import BANDS
from roadside_kernels.noise.relative_energy import profile_bench
from roadside_kernels.noise.trace_line import Desk, Given, UInt16, add_line, heard_of, store_row
from roadside_kernels.noise.trace_order import Ranking
from roadside_kernels.noise.walls import look_through, new_windows
from roadside_kernels.physics import BORROWED, FAST_MATH, f32, inlined


def new_desk(crossings: int, periods: int, walls: int) -> Desk:
    """A desk for profiles with so many crossings, with so many walls around."""
    room = cut_room(crossings)
    bench = profile_bench(room.points.x.size + 2)
    row = np.empty((periods, BANDS), np.float32)
    # The place after the last is written to as well.
    seen, heard = np.empty(walls + 1, np.int32), np.empty(walls + 1, np.int32)
    return Desk(room, bench, row, new_windows(walls), seen, heard)


@inlined
def trace_receptor(
    i: int,
    given: Given,
    ranking: Ranking,
    first: int,
    last: int,
    walls: Int32,
    desk: Desk,
    line: Int32,
    energy: UInt16,
) -> tuple[int, int]:
    """Trace one receptor to the lines ranked from first to last, without that.

    Its rows, -1 if a profile does not fit, and the profiles cut.
    """
    hearers, reach, share = given.hearers, given.options.reach, given.options.share
    windows = look_through(
        given.walls, walls, hearers.x[i], hearers.y[i], hearers.building[i], reach, desk.windows
    )
    left, heard, loudest = ranking.left[i], f32(0.0), f32(0.0)
    rows = paths = 0
    for place in range(first, last):
        k, distance = ranking.line[place], ranking.distance[place]
        if distance >= reach or left < share * (heard - loudest):
            break
        found = add_line(given, k, distance, i, windows, desk)
        if found < 0:
            return -1, paths
        arrived = heard_of(given, k, desk.row)
        left, heard = left - ranking.most[place], heard + arrived
        loudest = max(loudest, arrived)
        if found > 0:
            line[first + rows] = k
            store_row(desk.row, energy[first + rows])
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
    first: int,
    given: Given,
    ranking: Ranking,
    start: Int64,
    walls: Int32,
    desk: Desk,
    line: Int32,
    energy: UInt16,
    rows: Int64,
    paths: Int64,
) -> int:
    """Trace receptors from the first on; the first that does not fit the desk, or their number.

    Lines of receptor i are ranked from start[i] to start[i + 1]; there is the room for its rows.
    """
    for i in range(first, rows.size):
        found, paths[i] = trace_receptor(
            i, given, ranking, start[i], start[i + 1], walls, desk, line, energy
        )
        if found < 0:
            return i
        rows[i] = found
    return rows.size


#: It holds no array of its own, and so counts no references: threads would wait for one another.
trace_block: Any = njit(nogil=True, fastmath=FAST_MATH, **BORROWED)(_trace_block)
