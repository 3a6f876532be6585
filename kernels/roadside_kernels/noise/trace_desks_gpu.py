"""Where the threads of a GPU trace: a desk for each, and the windows of a block's receptor.

Desks stand side by side: what one thread reads of its desk lies beside what its neighbour reads
of the same place, so that accesses of a warp that does the same are coalesced.  Windows are the
same for all threads of a block, which read one after the other together.
"""

from typing import NamedTuple

import numpy as np

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.device_memory import empty_on_gpu
from roadside_kernels.launch import device_function
from roadside_kernels.noise.crossings import Crossings
from roadside_kernels.noise.cut_room import Points, Roofs, Room
from roadside_kernels.noise.edge_search import Candidates
from roadside_kernels.noise.relative_energy import Bench
from roadside_kernels.noise.trace_line import Desk
from roadside_kernels.noise.walls import Windows

#: Threads of a block, a warp: they trace a receptor's lines together, one a thread.
THREADS = 32
#: Arrays of a desk that are as long as a profile, of float32 as of int32, and those of bands.
BY_POINT, BY_BAND = 9, 5
#: Numbers of a window.
OF_WINDOW = 6


class Desks(NamedTuple):
    """Desks of T threads in B blocks; P points of a profile at most, and W windows."""

    numbers: Float32  # (BY_POINT, P, T)
    counts: Int32  # (BY_POINT, P, T)
    seen: Int32  # (2, W + 1, T) the place after the last is written to as well
    walls: Int32  # (B, W + THREADS) the last places are of windows that are not yet counted
    windows: Float32  # (B, OF_WINDOW, W + THREADS)


def desks_on_gpu(blocks: int, points: int, windows: int) -> Desks:
    """Desks for the threads of so many blocks."""
    threads, wide = blocks * THREADS, windows + THREADS
    return Desks(
        empty_on_gpu((BY_POINT, points, threads), np.float32),
        empty_on_gpu((BY_POINT, points, threads), np.int32),
        empty_on_gpu((2, windows + 1, threads), np.int32),
        empty_on_gpu((blocks, wide), np.int32),
        empty_on_gpu((blocks, OF_WINDOW, wide), np.float32),
    )


def bytes_of_block(points: int, windows: int) -> int:
    """Bytes that the desks of a block take."""
    of_thread = 2 * BY_POINT * points + 2 * (windows + 1)
    return 4 * (THREADS * of_thread + (1 + OF_WINDOW) * (windows + THREADS))


@device_function
def windows_of(desks: Desks, block: int) -> Windows:
    """Windows of a block's receptor."""
    wall, number = desks.walls[block], desks.windows[block]
    return Windows(wall, number[0], number[1], number[2], number[3], number[4], number[5])


@device_function
def room_of(desks: Desks, t: int) -> Room:
    """Where thread t makes its cuts."""
    number, count = desks.numbers, desks.counts
    return Room(
        Crossings(number[0, :, t], number[1, :, t], count[0, :, t], count[1, :, t]),
        Points(number[2, :, t], number[3, :, t], number[4, :, t], count[2, :, t]),
        Roofs(count[3, :, t], number[5, :, t], count[4, :, t]),
        count[5, :, t],
    )


@device_function
def bench_of(desks: Desks, t: int, bands: Float32) -> Bench:
    """Where thread t works on a profile."""
    number, count = desks.numbers, desks.counts
    return Bench(
        Candidates(count[6, :, t], number[6, :, t], number[7, :, t], number[8, :, t]),
        count[7, :, t],
        count[8, :, t],
        bands[0],
        bands[1],
        bands[2],
        bands[3],
        bands[4],
    )


@device_function
def desk_of(desks: Desks, t: int, bands: Float32, row: Float32, windows: Windows) -> Desk:
    """The desk of thread t, with its bands, at the windows of its block."""
    seen, heard = desks.seen[0, :, t], desks.seen[1, :, t]
    return Desk(room_of(desks, t), bench_of(desks, t, bands), row, windows, seen, heard)
