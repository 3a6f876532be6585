"""What each square of a hierarchy emits, and where, on the GPU: one team of threads a square.

Each thread adds up every 32nd segment of the square as the CPU adds parts to a whole, then the
threads' wholes are added to one another, two by two.  Squares do not wait for their parts, so one
launch serves all of them.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import cuda, float32, int32

from roadside_kernels.air.hierarchy import Hierarchy
from roadside_kernels.air.hierarchy_cells import (
    COLUMNS,
    add_cell,
    clear,
    place_segment,
    set_emission,
    set_radius,
)
from roadside_kernels.arrays import Float32, Segments
from roadside_kernels.device_memory import empty_on_gpu, on_device
from roadside_kernels.launch import Launch, kernel
from roadside_kernels.physics import physics

POLLUTANTS = 5
#: Threads that share a square: one warp; and those that add up what is emitted of a pollutant.
WARP, MANY = 32, 128
SQUARE, TOTAL = Launch(WARP, resident=32), Launch(MANY, resident=1)


class Emitting(NamedTuple):
    """What squares are summed from."""

    hierarchy: Hierarchy
    segments: Segments
    emission: Float32  # (5, M), ug/(m s)
    share: Float32  # (5), weight of a unit of each pollutant; 0 for one that nothing emits


@physics
def add_own_segments(
    thread: int, threads: int, square: int, given: Emitting, part: Float32, whole: Float32
) -> None:
    """Add up the segments of a square that fall to a thread; ``part`` is its room for one."""
    hierarchy = given.hierarchy
    clear(whole)
    for at in range(hierarchy.first[square] + thread, hierarchy.last[square], threads):
        k = hierarchy.segment[at]
        place_segment(k, given.segments, part)
        set_emission(k, given.emission, given.share, part)
        add_cell(part, True, whole)


@physics
def set_lone(square: int, given: Emitting, cell: Float32) -> None:
    """Set the square of a lone segment."""
    k = given.hierarchy.segment[given.hierarchy.first[square]]
    place_segment(k, given.segments, cell)
    set_emission(k, given.emission, given.share, cell)


def sum_squares(given: Emitting, cells: Float32) -> None:
    """Fill the squares (squares, ``COLUMNS``), one for each block of threads."""
    wholes = cuda.shared.array((WARP, COLUMNS), float32)
    parts = cuda.shared.array((WARP, COLUMNS), float32)
    thread, square = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x)
    count = given.hierarchy.last[square] - given.hierarchy.first[square]
    if count == 1:
        if thread == 0:
            set_lone(square, given, cells[square])
        return
    add_own_segments(thread, WARP, square, given, parts[thread], wholes[thread])
    apart = WARP // 2
    while apart > 0:
        cuda.syncthreads()
        if thread < apart and thread + apart < count:
            add_cell(wholes[thread + apart], False, wholes[thread])
        apart //= 2
    cuda.syncthreads()
    if thread == 0:
        set_radius(wholes[0])
    cuda.syncthreads()
    if thread < COLUMNS:
        cells[square, thread] = wholes[0, thread]


def find_shares(emission: Float32, share: Float32) -> None:
    """Fill the weights of the pollutants, one for each block of threads."""
    sums = cuda.shared.array(MANY, float32)
    thread, pollutant = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x)
    total = float32(0.0)
    for k in range(thread, emission.shape[1], MANY):
        total += emission[pollutant, k]
    sums[thread] = total
    apart = MANY // 2
    while apart > 0:
        cuda.syncthreads()
        if thread < apart:
            sums[thread] += sums[thread + apart]
        apart //= 2
    if thread == 0:
        share[pollutant] = float32(1.0) / sums[0] if sums[0] > float32(0.0) else float32(0.0)


@cache
def cell_kernels() -> tuple[Any, Any]:
    """Compile the kernels that find the weights of pollutants and sum squares."""
    return kernel(find_shares, TOTAL), kernel(sum_squares, SQUARE)


def summed_cells_on_gpu(hierarchy: Hierarchy, segments: Segments, emission: Float32) -> Float32:
    """Squares (squares, ``COLUMNS``) on the GPU that emit what their segments do."""
    rows, squares = on_device(emission), hierarchy.first.size
    share = on_device(empty_on_gpu((POLLUTANTS,), np.float32))
    weigh, gather = cell_kernels()
    weigh[POLLUTANTS, TOTAL.threads](rows, share)
    cells: Float32 = on_device(empty_on_gpu((squares, COLUMNS), np.float32))
    given = Emitting(on_device(hierarchy), on_device(segments), rows, share)
    gather[squares, SQUARE.threads](given, cells)
    return cells
