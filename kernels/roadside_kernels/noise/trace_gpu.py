"""Tracing on the GPU: a warp for each receptor, its lines in turns, one for each thread.

The threads look for the receptor's windows together, trace as many lines as they are, and each
then goes through what all found in the order of the lines: it stops where one thread after the
other would have, so that rows are those of the CPU.  At most one line less than there are threads
is traced in vain.
"""

from functools import cache
from typing import Any, NamedTuple

from numba import cuda, float32, int32

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.elementary import i32
from roadside_kernels.launch import Launch, device_function, kernel
from roadside_kernels.noise.ground_bands import BANDS
from roadside_kernels.noise.trace_desks_gpu import BY_BAND, THREADS, Desks, desk_of, windows_of
from roadside_kernels.noise.trace_line import (
    Desk,
    Given,
    UInt16,
    add_line,
    heard_of,
    store_row,
)
from roadside_kernels.noise.trace_order import Ranking
from roadside_kernels.noise.walls import Windows, look_through
from roadside_kernels.physics import on_gpu, physics

#: Eleven warps leave a thread 184 registers, of which it takes most; none are spilled.
LAUNCH = Launch(THREADS, 8)
#: Arrays of bands of a thread, in shared memory: its bench's, and a row of three periods at most.
ROWS = BY_BAND + 3


class Task(NamedTuple):
    """What is to be traced: some of N receptors, by the walls near all of them."""

    receptor: Int32
    start: Int64  # (N + 1) of the ranking, and of the room for rows
    ranking: Ranking
    walls: Int32


class Found(NamedTuple):
    """What arrives at N receptors: rows[i] rows from start[i] on."""

    rows: Int64  # -1: a profile or the windows do not fit the desk
    paths: Int64
    line: Int32
    energy: UInt16


class Turn(NamedTuple):
    """What the threads found in one turn; in shared memory."""

    paths: Int32  # -1: no room
    arrived: Float32


class Heard(NamedTuple):
    """How far a receptor is traced."""

    left: float  # energy that lines not traced yet may send
    total: float
    loudest: float
    rows: int  # -1: no room
    paths: int
    row: int  # of this thread; -1: none
    ends: bool


add_line_gpu, heard_of_gpu, store_row_gpu = on_gpu(add_line), on_gpu(heard_of), on_gpu(store_row)
look_through_gpu = on_gpu(look_through)


@physics
def count_in(
    heard: Heard,
    task: Task,
    first: int,
    last: int,
    thread: int,
    turn: Turn,
    reach: float,
    share: float,
) -> Heard:
    """Count in what a turn found of the lines ranked from first on, as one after the other."""
    left, total, loudest, rows, paths = (
        heard.left,
        heard.total,
        heard.loudest,
        heard.rows,
        heard.paths,
    )
    row, ends = i32(-1), False
    for k in range(THREADS):
        place = first + k
        if place >= last or left < share * (total - loudest):
            return Heard(left, total, loudest, rows, paths, row, True)
        if task.ranking.distance[place] >= reach:
            return Heard(left, total, loudest, rows, paths, row, True)
        if turn.paths[k] < 0:
            return Heard(left, total, loudest, i32(-1), paths, row, True)
        left, total = left - task.ranking.most[place], total + turn.arrived[k]
        loudest, paths = max(loudest, turn.arrived[k]), i32(paths + turn.paths[k])
        if turn.paths[k] > 0:
            row, rows = rows if k == thread else row, i32(rows + 1)
    return Heard(left, total, loudest, rows, paths, row, ends)


@physics
def copy_window(windows: Windows, at: int, to: int) -> None:
    """Copy a window to another place."""
    windows.wall[to], windows.x[to], windows.y[to] = (
        windows.wall[at],
        windows.x[at],
        windows.y[at],
    )
    windows.right_x[to], windows.right_y[to] = windows.right_x[at], windows.right_y[at]
    windows.left_x[to], windows.left_y[to] = windows.left_x[at], windows.left_y[at]


@physics
def place_from(windows: Windows, at: int) -> Windows:
    """The one place of windows, as windows of their own."""
    return Windows(
        windows.wall[at : at + 1],
        windows.x[at : at + 1],
        windows.y[at : at + 1],
        windows.right_x[at : at + 1],
        windows.right_y[at : at + 1],
        windows.left_x[at : at + 1],
        windows.left_y[at : at + 1],
    )


@device_function
def find_windows(
    thread: int, i: int, given: Given, near: Int32, windows: Windows, counts: Int32
) -> int:
    """Fill the windows of receptor i, a wall for each thread at a time; -1: no room."""
    hearers, reach = given.hearers, given.options.reach
    room = int32(windows.wall.size - THREADS)
    mine = room + thread
    found: int = int32(0)
    for first in range(0, near.size, THREADS):
        n, stands = first + thread, int32(0)
        if n < near.size:
            stands = int32(look_through_gpu(
                given.walls, near[n : n + 1], hearers.x[i], hearers.y[i], hearers.building[i],
                reach, place_from(windows, mine),
            ))  # fmt: skip
        counts[thread] = stands
        cuda.syncthreads()
        place = found
        for k in range(THREADS):
            place += counts[k] if k < thread else int32(0)
            found += counts[k]
        cuda.syncthreads()
        if found > room:
            return -1
        if stands > 0:
            copy_window(windows, mine, place)
    cuda.syncthreads()
    return found


@device_function
def trace_lines(
    thread: int, i: int, given: Given, task: Task, windows: int, desk: Desk, turn: Turn,
    found: Found,
) -> Heard:  # fmt: skip
    """Trace the lines of receptor i, as ranked, in turns."""
    ranking, room, last = task.ranking, task.start[i], task.start[i + 1]
    reach, share, nothing = given.options.reach, given.options.share, float32(0.0)
    heard = Heard(ranking.left[i], nothing, nothing, int32(0), int32(0), int32(-1), False)
    first = room
    while not heard.ends:
        place = first + thread
        turn.paths[thread], turn.arrived[thread] = 0, nothing
        if place < last and ranking.distance[place] < reach:
            k = ranking.line[place]
            turn.paths[thread] = add_line_gpu(given, k, ranking.distance[place], i, windows, desk)
            turn.arrived[thread] = heard_of_gpu(given, k, desk.row)
        cuda.syncthreads()
        heard = count_in(heard, task, first, last, thread, turn, reach, share)
        if heard.row >= 0:
            found.line[room + heard.row] = ranking.line[place]
            store_row_gpu(desk.row, found.energy[room + heard.row])
        cuda.syncthreads()
        first += THREADS
    return heard


def loop(given: Given, task: Task, desks: Desks, found: Found) -> None:
    """Trace every so manieth receptor."""
    counts = cuda.shared.array(THREADS, int32)
    arrived = cuda.shared.array(THREADS, float32)
    bands = cuda.shared.array((ROWS, BANDS, THREADS), float32)
    turn = Turn(counts, arrived)
    thread, block = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x)
    windows = windows_of(desks, block)
    row = bands[BY_BAND : BY_BAND + given.probability.shape[0], :, thread]
    desk = desk_of(desks, block * THREADS + thread, bands[:BY_BAND, :, thread], row, windows)
    for r in range(block, task.receptor.size, cuda.gridDim.x):
        i = task.receptor[r]
        count = find_windows(thread, i, given, task.walls, windows, counts)
        rows, paths = int32(-1), int32(0)
        if count >= 0:
            heard = trace_lines(thread, i, given, task, count, desk, turn, found)
            rows, paths = heard.rows, heard.paths
        if thread == 0:
            found.rows[i], found.paths[i] = rows, paths


@cache
def trace_kernel() -> Any:
    """Compile the loop."""
    return kernel(loop, LAUNCH)
