"""The sums of SRM2 on the CPU over a hierarchy: far squares as one source, near roads in pieces."""

import math

import numpy as np
from numba import get_num_threads, get_thread_id, njit, prange
from numpy.typing import NDArray

from roadside_kernels.air.hierarchy import Hierarchy, Opening, opening_for
from roadside_kernels.air.hierarchy_cells import (
    EMISSION,
    X,
    Y,
    gap,
    spread_correction,
    summed_cells,
)
from roadside_kernels.air.hierarchy_lanes import (
    NARROW,
    WAITING,
    BorderQueue,
    add_at_border,
    add_border_rest,
    find_dilution_at_rim,
    half_width,
)
from roadside_kernels.air.lanes import Lanes, curve_of
from roadside_kernels.air.merging import adds_nothing, farthest, seen_as_one
from roadside_kernels.air.open_road_cpu import (
    Scratch,
    add_segment,
    add_waiting,
    flag_near,
    keep_unlinked,
    new_scratch,
    room_for_block,
    write_sums,
)
from roadside_kernels.air.pieces import (
    GROUP,
    Queue,
    Site,
    Sums,
    add_found,
    add_piece,
    add_queued_group,
    add_to_queue,
)
from roadside_kernels.air.wind_sectors import sector_borders, sectors_seen
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import NEAREST, pieces_of_segment
from roadside_kernels.physics import FAST_MATH, f32, physics


@physics
def mark_linked(
    block: int, first: int, last: int, links: StreetLinks, hierarchy: Hierarchy, marks: Int32
) -> None:
    """Mark for a block the squares that hold a road linked to one of its receptors."""
    for link in range(links.start[first], links.start[last]):
        road = links.road[link]
        if road + 1 >= hierarchy.road_start.size:
            continue
        for at in range(hierarchy.road_start[road], hierarchy.road_start[road + 1]):
            square = hierarchy.on_road[at]
            while square >= 0 and marks[square] != block:
                marks[square] = block
                square = hierarchy.parent[square]


@physics
def add_square(
    cell: Float32,
    curve: int,
    first: int,
    count: int,
    rim: bool,
    lanes: Lanes,
    box: Float32,
    site: Site,
    queue: Queue,
    border: BorderQueue,
    sums: Sums,
) -> None:
    """Add a square as one source, seen in one sector or two."""
    x, y = cell[X], cell[Y]
    dx, dy = x - 0.5 * (box[0] + box[2]), y - 0.5 * (box[1] + box[3])
    shape = curve_of(site.coefficients, curve)
    correction = spread_correction(cell, dx, dy, shape)
    for pollutant in range(5):
        queue.piece[pollutant] = cell[EMISSION + pollutant] * correction
    sectors = i32(site.annual.size)
    if rim:
        away = math.sqrt(dx * dx + dy * dy)
        width, reach = half_width(cell, dx / away, dy / away), math.sqrt(site.limit)
        find_dilution_at_rim(border.place, x, y, width, reach, shape, lanes.dilution)
        add_found(lanes, x, y, first, count, queue.piece, site, sums)
    elif count == 1:
        slot = curve * sectors + first
        if add_to_queue(queue, slot, x, y):
            add_queued_group(queue, slot, lanes, site, sums)
    else:
        right = (first + 1) % sectors
        width = half_width(cell, site.borders[right, 1], -site.borders[right, 0])
        slot = curve * sectors + right
        add_at_border(x, y, width, queue.piece, slot, lanes.x.size, border, site, sums)


@physics
def add_merged(
    cell: Float32,
    curve: int,
    lanes: Lanes,
    box: Float32,
    site: Site,
    opening: Opening,
    queue: Queue,
    border: BorderQueue,
    sums: Sums,
) -> bool:
    """Add a square as one source if that is near enough at all receptors of a box."""
    first, count = seen_as_one(cell, box, site.borders, opening, site.limit)
    if count == 0:
        return False
    rim = farthest(cell, box) > site.limit
    add_square(cell, curve, first, count, rim, lanes, box, site, queue, border, sums)
    return True


@physics
def add_near_segment(
    k: int,
    lanes: Lanes,
    box: Float32,
    segments: Segments,
    emission: Float32,
    curve: Int32,
    site: Site,
    queue: Queue,
    border: BorderQueue,
    sums: Sums,
) -> int:
    """Add all of a segment, which lies within range, in pieces; their number."""
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    pieces = pieces_of_segment(x0, y0, x1, y1, box[0], box[1], box[2], box[3])
    step_x, step_y = (x1 - x0) / f32(pieces), (y1 - y0) / f32(pieces)
    length = math.sqrt(step_x * step_x + step_y * step_y)
    for pollutant in range(5):
        queue.piece[pollutant] = emission[pollutant, k] * length
    sectors = i32(site.annual.size)
    for piece in range(pieces):
        place = f32(piece) + 0.5
        px, py = x0 + place * step_x, y0 + place * step_y
        first, count = sectors_seen(px, py, box, site.borders)
        if count == 1:
            slot = curve[k] * sectors + first
            if add_to_queue(queue, slot, px, py):
                add_queued_group(queue, slot, lanes, site, sums)
        elif count == 2 and sectors >= 4:
            slot = curve[k] * sectors + (first + 1) % sectors
            add_at_border(px, py, NARROW, queue.piece, slot, lanes.x.size, border, site, sums)
        else:
            shape = curve_of(site.coefficients, curve[k])
            add_piece(lanes, px, py, first, count, queue.piece, shape, site, sums)
    return pieces


@physics
def add_hierarchy(
    block: int,
    first: int,
    box: Float32,
    hierarchy: Hierarchy,
    cells: Float32,
    segments: Segments,
    emission: Float32,
    curve: Int32,
    links: StreetLinks,
    marks: Int32,
    opening: Opening,
    site: Site,
    lanes: Lanes,
    queue: Queue,
    border: BorderQueue,
    sums: Sums,
    near: NDArray[np.bool_],
) -> int:
    """Add all roads at the block of receptors from ``first`` on; sources that it sees."""
    sources = 0
    square = 0
    while square < hierarchy.first.size:
        cell = cells[square]
        if adds_nothing(cell, box, site.limit):
            square = hierarchy.after[square]
            continue
        linked = marks[square] == block
        k = hierarchy.segment[hierarchy.first[square]]
        if hierarchy.after[square] == square + 1:
            if linked or farthest(cell, box) > site.limit:
                if linked:
                    keep_unlinked(first, segments.road[k], links, lanes.keep)
                sources += add_segment(
                    k, linked, lanes, box, segments, emission, curve, site, queue, sums
                )
                lanes.keep[:] = 1.0
            else:
                sources += add_near_segment(
                    k, lanes, box, segments, emission, curve, site, queue, border, sums
                )
            if gap(cell, box) < NEAREST:
                x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
                flag_near(lanes, x0, y0, x1, y1, near)
            square += 1
        elif not linked and add_merged(
            cell, curve[k], lanes, box, site, opening, queue, border, sums
        ):
            sources += 1
            square = hierarchy.after[square]
        else:
            square += 1
    return sources


@physics
def sum_block(
    block: int,
    worker: int,
    receptors: Receptors,
    box: Float32,
    hierarchy: Hierarchy,
    cells: Float32,
    segments: Segments,
    emission: Float32,
    curve: Int32,
    links: StreetLinks,
    marks: Int32,
    opening: Opening,
    site: Site,
    scratch: Scratch,
    rooms: BorderQueue,
    sectors: Float32,
    annual: Float32,
    near: NDArray[np.bool_],
) -> int:
    """Compute one block of receptors; pairs of a receptor and a source."""
    first = block * BLOCK
    last = min(first + BLOCK, receptors.x.size)
    lanes, queue, sums = room_for_block(first, last, worker, receptors, scratch)
    border = BorderQueue(rooms.waiting[worker], rooms.filled[worker], rooms.place[worker])
    border.place[: last - first] = lanes.x
    border.place[BLOCK : BLOCK + last - first] = lanes.y
    mark_linked(block, first, last, links, hierarchy, marks)
    sources = add_hierarchy(
        block, first, box, hierarchy, cells, segments, emission, curve, links, marks, opening,
        site, lanes, queue, border, sums, near[first:last],
    )  # fmt: skip
    add_waiting(queue, lanes, site, sums)
    add_border_rest(last - first, border, site, sums)
    write_sums(sums, first, last - first, sectors, annual)
    return sources * (last - first)


def _add_blocks(
    receptors: Receptors,
    boxes: Float32,
    hierarchy: Hierarchy,
    cells: Float32,
    segments: Segments,
    emission: Float32,
    curve: Int32,
    links: StreetLinks,
    marks: Int32,
    opening: Opening,
    site: Site,
    scratch: Scratch,
    rooms: BorderQueue,
    sectors: Float32,
    annual: Float32,
    near: NDArray[np.bool_],
    pairs: Int64,
) -> None:
    for block in prange(boxes.shape[0]):
        worker = get_thread_id()
        pairs[block] = sum_block(
            block, worker, receptors, boxes[block], hierarchy, cells, segments,
            emission, curve, links, marks[worker], opening, site, scratch, rooms,
            sectors, annual, near,
        )  # fmt: skip


_add_blocks_in_parallel = njit(parallel=True, nogil=True, error_model="numpy", fastmath=FAST_MATH)(
    _add_blocks
)


def merge_blocks(
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
    """Add all segments, gathered in a hierarchy, at all receptors; fills the last four arrays."""
    if receptors.x.size == 0:
        return
    opening = opening_for(tolerance, annual_weight)
    cells = summed_cells(hierarchy, segments, emission, receptors, max_range)
    site = Site(coefficients, annual_weight, sector_borders(annual_weight.size), f32(max_range**2))
    scratch = new_scratch(coefficients.shape[0], annual_weight.size, 0)
    workers, slots = get_num_threads(), coefficients.shape[0] * annual_weight.size
    rooms = BorderQueue(
        np.empty((workers, slots, WAITING * GROUP), np.float32),
        np.zeros((workers, slots), np.int32),
        np.zeros((workers, 2 * BLOCK), np.float32),
    )
    marks = np.full((workers, hierarchy.first.size), -1, np.int32)
    _add_blocks_in_parallel(
        receptors, boxes, hierarchy, cells, segments, emission, curve, links,
        marks, opening, site, scratch, rooms, sectors, annual, near, pairs,
    )  # fmt: skip
