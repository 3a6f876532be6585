"""The sums of SRM2 on the GPU over a hierarchy: far squares as one source, near roads in pieces.

A block of threads takes a block of receptors and walks the hierarchy, as many squares at a time
as it has threads; what counts of them waits in shared memory and is summed as pieces of road are
without a hierarchy (``open_road_gpu``).
"""

from functools import cache
from typing import Any

import numpy as np
from numba import boolean, cuda, float32, int32, uint32
from numpy.typing import NDArray

from roadside_kernels.air.cells_gpu import summed_cells_on_gpu
from roadside_kernels.air.divided_sums import Right, add_sources
from roadside_kernels.air.hierarchy import Hierarchy, opening_for
from roadside_kernels.air.open_road_gpu import add_up
from roadside_kernels.air.square_staging import (
    SQUARE_MARKS,
    Squares,
    Window,
    flag_near_squares,
    is_covered,
    look_at_square,
    mark_linked_squares,
    next_square,
    stage_source,
    touches,
)
from roadside_kernels.air.staging import (
    MARKS,
    NUMBERS,
    PLACES,
    TEAM,
    WAITING,
    Roads,
    Site,
    Staged,
    mark_linked_roads,
    order_waiting,
)
from roadside_kernels.air.thread_sums import (
    Found,
    Given,
    Mine,
    clear,
    take_receptors,
    write_annual,
)
from roadside_kernels.air.wind_sectors import sector_borders
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.device_memory import copy_back, lies_on_gpu, on_device, room_on_device
from roadside_kernels.launch import Launch, device_function, kernel, launch_here
from roadside_kernels.physics import f32, on_gpu

#: How the kernel runs, from a compute capability on; docs/decisions/0020 says why.
LAUNCHES = {
    (7, 5): Launch(threads=256, resident=4),
    (9, 0): Launch(threads=128, resident=6),
}
#: With log2 and exp2 of the GPU, wherever a formula calls them.
add_in_order, stage = on_gpu(add_sources), on_gpu(stage_source)


@device_function
def look_at_squares(
    thread: int, start: int, limit: float, given: Given, squares: Squares, staged: Staged,
    window: Window, mine: Mine, found: Found,
) -> int:  # fmt: skip
    """Sources of a thread's own square, one of those from ``start`` on; flags receptors near it."""
    square, box = int32(start + thread), given.boxes[cuda.blockIdx.x]
    covers: bool = False
    sources: int = int32(0)
    if square < squares.hierarchy.first.size:
        covers, sources = look_at_square(square, box, limit, given, squares, window.linked)
    window.covers[thread] = covers
    cuda.syncthreads()
    if sources > 0 and is_covered(square, start, squares.hierarchy, window.covers):
        sources = int32(0)
    near = int32(sources > 0 and touches(square, box, squares))
    staged.touching[thread] = near != 0
    if cuda.syncthreads_or(near):
        flag_near_squares(start, staged.touching, squares.hierarchy, given, mine, found.near)
    return sources


@device_function
def add_all(
    thread: int, waiting: int, limit: float, given: Given, staged: Staged, mine: Mine,
    beyond: Right, found: Found,
) -> int:  # fmt: skip
    """Order and add the sources that wait; how many were in range."""
    cuda.syncthreads()
    order_waiting(thread, staged.ends.size, waiting, staged)
    cuda.syncthreads()
    seen: int = int32(add_in_order(staged, limit, given, mine, beyond, found.sectors))
    cuda.syncthreads()
    return seen


@device_function
def sum_hierarchy(
    thread: int, limit: float, given: Given, squares: Squares, staged: Staged, window: Window,
    mine: Mine, beyond: Right, found: Found,
) -> int:  # fmt: skip
    """Add all squares, or their parts; number of sources in range."""
    box, threads = given.boxes[cuda.blockIdx.x], staged.ends.size
    total = squares.hierarchy.first.size
    start = waiting = int32(0)
    seen: int = int32(0)
    while start < total:
        sources = look_at_squares(thread, start, limit, given, squares, staged, window, mine, found)
        end = min(start + threads, total)
        following = next_square(start, end, squares.hierarchy, window.covers)
        last = following >= total
        if cuda.syncthreads_or(sources) or last:
            sources = add_up(sources, thread, staged)
            for source in range(0, max(sources, 1), threads):
                if source + thread < sources:
                    stage(
                        source + thread, waiting + thread, start, box, limit, given, squares,
                        staged,
                    )  # fmt: skip
                waiting += min(threads, sources - source)
                if waiting > WAITING - threads or last:
                    seen += add_all(thread, waiting, limit, given, staged, mine, beyond, found)
                    waiting = int32(0)
        start = following
    return seen


@cache
def hierarchy_kernel(launch: Launch) -> Any:
    """Compile the kernel for one kind of GPU; the threads of a block share a block of receptors."""
    threads = launch.threads
    each, teams = BLOCK // threads, threads // TEAM

    def sum_squares(limit: float, given: Given, squares: Squares, found: Found) -> None:
        numbers = cuda.shared.array((WAITING, NUMBERS), float32)
        segment = cuda.shared.array(WAITING, int32)
        key = cuda.shared.array(WAITING, int32)
        ordered = cuda.shared.array(PLACES, int32)
        ends = cuda.shared.array(threads, int32)
        of_teams = cuda.shared.array(teams, int32)
        marks = cuda.shared.array(MARKS, boolean)
        touching = cuda.shared.array(threads, boolean)
        staged = Staged(numbers, segment, key, ordered, ends, of_teams, marks, touching)
        covers = cuda.shared.array(threads, boolean)
        linked = cuda.shared.array(SQUARE_MARKS, boolean)
        window = Window(covers, linked)
        x = cuda.local.array(each, float32)
        y = cuda.local.array(each, float32)
        i = cuda.local.array(each, uint32)
        nox = cuda.local.array(each, float32)
        no2 = cuda.local.array(each, float32)
        pm10 = cuda.local.array(each, float32)
        pm25 = cuda.local.array(each, float32)
        ec = cuda.local.array(each, float32)
        mine = Mine(x, y, i, nox, no2, pm10, pm25, ec)
        nox_right = cuda.local.array(each, float32)
        no2_right = cuda.local.array(each, float32)
        beyond = Right(nox_right, no2_right)
        thread, first = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x) * BLOCK
        last = min(first + BLOCK, given.receptors.x.size)
        take_receptors(first + thread, threads, given.receptors, mine)
        clear(mine, found.sectors, found.near)
        for at in range(thread, MARKS, threads):
            marks[at] = False
        for at in range(thread, SQUARE_MARKS, threads):
            linked[at] = False
        cuda.syncthreads()
        mark_linked_roads(thread, threads, first, last, given.links, marks)
        mark_linked_squares(thread, threads, first, last, given.links, squares.hierarchy, linked)
        cuda.syncthreads()
        seen = sum_hierarchy(thread, limit, given, squares, staged, window, mine, beyond, found)
        write_annual(mine, found.annual)
        if thread == 0:
            found.pairs[cuda.blockIdx.x] = seen * (last - first)

    return kernel(sum_squares, launch)


def merge_blocks_on_gpu(
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
    hierarchy: Hierarchy,
    tolerance: float,
) -> None:
    """Add all segments, gathered in a hierarchy, at all receptors; fills the last four arrays.

    They are filled on the GPU if they are there.  Links may be empty, if there are none.
    """
    if receptors.x.size == 0:
        return
    site = Site(coefficients, annual_weight, sector_borders(annual_weight.size))
    given = on_device(Given(receptors, boxes, Roads(segments, emission, curve), site, links))
    gathered, roads = on_device(hierarchy), given.roads
    cells = summed_cells_on_gpu(gathered, roads.segments, roads.emission)
    squares = on_device(Squares(gathered, cells, opening_for(tolerance, annual_weight)))
    found = Found(sectors, annual, near, pairs)
    computed = room_on_device(found)
    launch = launch_here(LAUNCHES)
    sum_squares = hierarchy_kernel(launch)[boxes.shape[0], launch.threads]
    sum_squares(f32(max_range**2), given, squares, computed)
    if not lies_on_gpu(sectors):
        copy_back(computed, found)
