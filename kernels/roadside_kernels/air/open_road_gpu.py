"""The sums of SRM2 on the GPU: receptors in threads, pieces of road staged in shared memory.

A block of threads takes a block of receptors.  Its threads cut segments into pieces, as the CPU
does, and let those within range wait in shared memory.  When enough wait, they are ordered by
the wind sector in which the block sees them, so that a thread sums in registers and adds to
memory once for each sector.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import boolean, cuda, float32, int32, uint32
from numpy.typing import NDArray

from roadside_kernels.air.staging import (
    MARKS,
    NUMBERS,
    PLACES,
    TEAM,
    WAITING,
    Roads,
    Site,
    Staged,
    add_up_team,
    before_team,
    mark_linked_roads,
    may_touch,
    order_waiting,
    pieces_in_reach,
    stage_piece,
)
from roadside_kernels.air.thread_sums import (
    Found,
    Given,
    Mine,
    add_waiting,
    clear,
    flag_near,
    take_receptors,
    write_annual,
)
from roadside_kernels.air.wind_sectors import sector_borders
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.device_memory import copy_back, lies_on_gpu, on_device, room_on_device
from roadside_kernels.launch import Launch, device_function, kernel, launch_here
from roadside_kernels.physics import f32, on_gpu

#: How the kernel runs, from a compute capability on; docs/decisions/0011 counts why.
#: 7.5 and 8.0 start a float32 instruction in every second cycle, which leaves time to read shared
#: memory: one receptor a thread, as many threads as fit.  9.0 starts one in every cycle: four
#: receptors a thread, so that a piece is read once for four.  The compiler for 10.0 keeps only
#: two in registers.
LAUNCHES = {
    (7, 5): Launch(threads=256, resident=4),
    (9, 0): Launch(threads=64, resident=12),
    (10, 0): Launch(threads=128, resident=8),
}
#: With log2 and exp2 of the GPU, wherever a formula calls them.
add_in_order = on_gpu(add_waiting)


@device_function
def look_for_pieces(
    thread: int, start: int, limit: float, given: Given, staged: Staged, mine: Mine, found: Found
) -> int:
    """Pieces of a thread's own segment, one of those from ``start`` on; flags receptors near it."""
    k, segments, box = start + thread, given.roads.segments, given.boxes[cuda.blockIdx.x]
    pieces: int = int32(0)
    touches: int = int32(0)
    if k < segments.x0.size:
        pieces = int32(pieces_in_reach(k, segments, box, limit))
        touches = int32(may_touch(k, segments, box))
    staged.touching[thread] = touches != 0
    if cuda.syncthreads_or(touches):
        flag_near(start, staged.touching, segments, mine, found.near)
    return pieces


@device_function
def add_up(pieces: int, thread: int, staged: Staged) -> int:
    """Add up the pieces of all threads' segments; the sum."""
    staged.ends[thread] = pieces
    cuda.syncthreads()
    in_team = int32(add_up_team(thread, staged.ends, staged.teams))
    cuda.syncthreads()
    staged.ends[thread] = in_team + before_team(thread, staged.teams)
    cuda.syncthreads()
    total: int = staged.ends[staged.ends.size - 1]
    return total


@device_function
def add_all(
    thread: int, waiting: int, limit: float, given: Given, staged: Staged, mine: Mine, found: Found
) -> int:
    """Order and add the pieces that wait; how many were in range."""
    cuda.syncthreads()
    order_waiting(thread, staged.ends.size, waiting, staged)
    cuda.syncthreads()
    seen: int = int32(add_in_order(staged, limit, given, mine, found.sectors))
    cuda.syncthreads()
    return seen


@device_function
def sum_segments(
    thread: int, limit: float, given: Given, staged: Staged, mine: Mine, found: Found
) -> int:
    """Add all segments, as many at a time as there are threads; number of pieces in range."""
    box, threads = given.boxes[cuda.blockIdx.x], staged.ends.size
    total = given.roads.segments.x0.size
    waiting: int = int32(0)
    seen: int = int32(0)
    # The last round has no segments: it adds what still waits.
    for start in range(0, total + threads, threads):
        pieces = look_for_pieces(thread, start, limit, given, staged, mine, found)
        last = start >= total
        if not cuda.syncthreads_or(pieces) and not last:
            continue
        pieces = add_up(pieces, thread, staged)
        for piece in range(0, max(pieces, 1), threads):
            if piece + thread < pieces:
                stage_piece(
                    piece + thread, waiting + thread, start, given.roads, given.site, box, limit,
                    staged,
                )  # fmt: skip
            waiting += min(threads, pieces - piece)
            if waiting > WAITING - threads or last:
                seen += add_all(thread, waiting, limit, given, staged, mine, found)
                waiting = int32(0)
    return seen


@cache
def open_road_kernel(launch: Launch) -> Any:
    """Compile the kernel for one kind of GPU; the threads of a block share a block of receptors."""
    threads = launch.threads
    each, teams = BLOCK // threads, threads // TEAM

    def sum_open_roads(limit: float, given: Given, found: Found) -> None:
        numbers = cuda.shared.array((WAITING, NUMBERS), float32)
        segment = cuda.shared.array(WAITING, int32)
        key = cuda.shared.array(WAITING, int32)
        ordered = cuda.shared.array(PLACES, int32)
        ends = cuda.shared.array(threads, int32)
        of_teams = cuda.shared.array(teams, int32)
        marks = cuda.shared.array(MARKS, boolean)
        touching = cuda.shared.array(threads, boolean)
        staged = Staged(numbers, segment, key, ordered, ends, of_teams, marks, touching)
        x = cuda.local.array(each, float32)
        y = cuda.local.array(each, float32)
        i = cuda.local.array(each, uint32)
        nox = cuda.local.array(each, float32)
        no2 = cuda.local.array(each, float32)
        pm10 = cuda.local.array(each, float32)
        pm25 = cuda.local.array(each, float32)
        ec = cuda.local.array(each, float32)
        mine = Mine(x, y, i, nox, no2, pm10, pm25, ec)
        thread, first = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x) * BLOCK
        last = min(first + BLOCK, given.receptors.x.size)
        take_receptors(first + thread, threads, given.receptors, mine)
        clear(mine, found.sectors, found.near)
        for at in range(thread, MARKS, threads):
            marks[at] = False
        cuda.syncthreads()
        mark_linked_roads(thread, threads, first, last, given.links, marks)
        seen = sum_segments(thread, limit, given, staged, mine, found)
        write_annual(mine, found.annual)
        if thread == 0:
            found.pairs[cuda.blockIdx.x] = seen * (last - first)

    return kernel(sum_open_roads, launch)


def add_blocks_on_gpu(
    receptors: Receptors,
    boxes: Float32,
    segments: Segments,
    emission: Float32,
    curve: Int32,
    coefficients: Float32,
    annual_weight: Float32,
    links: StreetLinks,
    max_range: float,
    sectors: Float32,
    annual: Float32,
    near: NDArray[np.bool_],
    pairs: Int64,
) -> None:
    """Add all segments at all receptors; fills the last four arrays, on the GPU if they are there.

    Links may be empty, if no receptor is linked to anything.
    """
    if receptors.x.size == 0:
        return
    site = Site(coefficients, annual_weight, sector_borders(annual_weight.size))
    given = Given(receptors, boxes, Roads(segments, emission, curve), site, links)
    found = Found(sectors, annual, near, pairs)
    computed = room_on_device(found)
    launch = launch_here(LAUNCHES)
    sum_open_roads = open_road_kernel(launch)[boxes.shape[0], launch.threads]
    sum_open_roads(f32(max_range**2), on_device(given), computed)
    if not lies_on_gpu(sectors):
        copy_back(computed, found)
