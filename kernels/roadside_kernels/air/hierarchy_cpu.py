"""The sums of SRM2 on the CPU over a hierarchy: far squares as one source, near roads in pieces."""

import math
from typing import NamedTuple

import numpy as np
from numba import get_thread_id, njit, prange
from numpy.typing import NDArray

from roadside_kernels.air.block_room import (
    Block,
    Bool,
    Found,
    Roads,
    Scratch,
    new_scratch,
    room_for_block,
    write_sums,
)
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
    BorderQueue,
    Rooms,
    add_at_border,
    add_border_rest,
    find_dilution_at_rim,
    half_width,
    new_rooms,
)
from roadside_kernels.air.lanes import curve_of
from roadside_kernels.air.merging import adds_nothing, farthest, mark_linked, seen_as_one
from roadside_kernels.air.near_roads_cpu import add_lone
from roadside_kernels.air.negligible import GENEROUS, most_added, roads_in_range
from roadside_kernels.air.open_road_cpu import (
    add_waiting,
)
from roadside_kernels.air.pieces import (
    Site,
    add_found,
    add_queued_group,
    add_to_queue,
)
from roadside_kernels.air.wind_sectors import sector_borders
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import NEAREST
from roadside_kernels.launch import dealt
from roadside_kernels.physics import FAST_MATH, f32, physics


class Tree(NamedTuple):
    """Squares of roads, what they emit, and when they may act as one source."""

    hierarchy: Hierarchy
    cells: Float32  # (squares, COLUMNS)
    opening: Opening
    negligible: float  # ug/m3, of annual means, that sources left out may add in all


@physics
def add_square(
    cell: Float32,
    curve: int,
    first: int,
    count: int,
    rim: bool,
    block: Block,
    border: BorderQueue,
    site: Site,
) -> None:
    """Add a square as one source, seen in one sector or two."""
    lanes, box, queue, sums = block
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
    cell: Float32, curve: int, opening: Opening, block: Block, border: BorderQueue, site: Site
) -> bool:
    """Add a square as one source if that is near enough at all receptors of a block."""
    first, count = seen_as_one(cell, block.box, site.borders, opening, site.limit)
    if count == 0:
        return False
    rim = farthest(cell, block.box) > site.limit
    add_square(cell, curve, first, count, rim, block, border, site)
    return True


@physics
def add_tree(
    number: int,
    tree: Tree,
    marks: Int32,
    block: Block,
    border: BorderQueue,
    roads: Roads,
    site: Site,
    near: Bool,
) -> int:
    """Add all roads at a numbered block of receptors, but for negligible ones; sources it sees."""
    hierarchy, cells, opening, left = tree
    weight, each = site.annual.max(), f32(0.0)
    if left > 0.0:
        each = GENEROUS * left / f32(1 + roads_in_range(hierarchy, cells, block.box, site.limit))
    sources = 0
    square = 0
    while square < hierarchy.first.size:
        cell = cells[square]
        if adds_nothing(cell, block.box, site.limit):
            square = hierarchy.after[square]
            continue
        linked = marks[square] == number
        k = hierarchy.segment[hierarchy.first[square]]
        away = gap(cell, block.box)
        if not linked and left > 0.0 and away >= NEAREST:
            shape = curve_of(site.coefficients, roads.curve[k])
            added = most_added(cell, away, shape, weight)
            held = f32(hierarchy.last[square] - hierarchy.first[square])
            if added <= min(left, each * held):
                left -= added
                square = hierarchy.after[square]
                continue
        if hierarchy.after[square] == square + 1:
            first = number * BLOCK
            sources += add_lone(k, first, linked, cell, block, border, roads, site, near)
            square += 1
        elif not linked and add_merged(cell, roads.curve[k], opening, block, border, site):
            sources += 1
            square = hierarchy.after[square]
        else:
            square += 1
    return sources


@physics
def sum_block(
    number: int,
    worker: int,
    receptors: Receptors,
    box: Float32,
    tree: Tree,
    roads: Roads,
    site: Site,
    scratch: Scratch,
    rooms: Rooms,
    found: Found,
) -> int:
    """Compute one block of receptors; pairs of a receptor and a source."""
    first = number * BLOCK
    last = min(first + BLOCK, receptors.x.size)
    size = last - first
    block = room_for_block(first, last, worker, receptors, box, scratch)
    border = BorderQueue(rooms.waiting[worker], rooms.filled[worker], rooms.place[worker])
    border.place[:size] = block.lanes.x
    border.place[BLOCK : BLOCK + size] = block.lanes.y
    marks = rooms.marks[worker]
    mark_linked(number, first, last, roads.links, tree.hierarchy, marks)
    sources = add_tree(number, tree, marks, block, border, roads, site, found.near[first:last])
    add_waiting(block.queue, block.lanes, site, block.sums)
    add_border_rest(size, border, site, block.sums)
    write_sums(block.sums, first, size, found.sectors, found.annual)
    return sources * size


def _add_blocks(
    order: Int64,
    receptors: Receptors,
    boxes: Float32,
    hierarchy: Hierarchy,
    cells: Float32,
    opening: Opening,
    negligible: float,
    segments: Segments,
    emission: Float32,
    curve: Int32,
    links: StreetLinks,
    site: Site,
    scratch: Scratch,
    rooms: Rooms,
    found: Found,
    pairs: Int64,
) -> None:
    for turn in prange(order.size):
        number = order[turn]
        # Made here, because loops in parallel take no tuples of tuples.
        roads = Roads(segments, emission, curve, links)
        tree = Tree(hierarchy, cells, opening, negligible)
        pairs[number] = sum_block(
            number, get_thread_id(), receptors, boxes[number], tree, roads, site, scratch, rooms,
            found,
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
    negligible: float,
) -> None:
    """Add all segments, gathered in a hierarchy, at all receptors; fills four arrays."""
    if receptors.x.size == 0:
        return
    opening = opening_for(tolerance, annual_weight)
    cells = summed_cells(hierarchy, segments, emission, receptors, max_range)
    site = Site(coefficients, annual_weight, sector_borders(annual_weight.size), f32(max_range**2))
    scratch = new_scratch(coefficients.shape[0], annual_weight.size, 0)
    rooms = new_rooms(coefficients.shape[0] * annual_weight.size, hierarchy.first.size)
    found = Found(sectors, annual, near)
    _add_blocks_in_parallel(
        dealt(boxes.shape[0]), receptors, boxes, hierarchy, cells, opening, f32(negligible),
        segments, emission, curve, links, site, scratch, rooms, found, pairs,
    )  # fmt: skip
