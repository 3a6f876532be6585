"""The sums of SRM2 on the CPU: blocks of receptors shared among the cores, receptors in lanes.

Nearly every piece of road lies in one and the same wind sector for a whole block.  Four such
pieces at a time are added to all receptors, so that each sum is loaded and stored once for four.
Pieces that straddle a border, or that some receptors leave out, take the general way.
"""

import math

import numpy as np
from numba import get_thread_id, njit, prange
from numpy.typing import NDArray

from roadside_kernels.air.block_room import (
    Block,
    Found,
    Roads,
    Scratch,
    new_scratch,
    room_for_block,
    write_sums,
)
from roadside_kernels.air.lanes import Lanes, curve_of
from roadside_kernels.air.pieces import (
    Queue,
    Site,
    Sums,
    add_piece,
    add_queued_group,
    add_to_queue,
    complete_group,
)
from roadside_kernels.air.wind_sectors import sector_borders, sectors_seen
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.geometry import (
    NEAREST,
    distance_to_box,
    distance_to_segment,
    pieces_of_segment,
)
from roadside_kernels.launch import dealt
from roadside_kernels.physics import FAST_MATH, f32, inlined, physics

Bool = NDArray[np.bool_]


@physics
def keep_unlinked(first: int, road: int, links: StreetLinks, keep: Float32) -> None:
    """Which receptors of a block, from ``first`` on, are not linked to a road."""
    for j in range(keep.size):
        keep[j] = 1.0
        for link in range(links.start[first + j], links.start[first + j + 1]):
            if links.road[link] == road:
                keep[j] = 0.0


@physics
def flag_near(lanes: Lanes, x0: float, y0: float, x1: float, y1: float, near: Bool) -> None:
    """Flag the receptors nearer than ``NEAREST`` to the axis of a segment."""
    x, y = lanes.x, lanes.y
    for j in range(near.size):
        if distance_to_segment(x[j], y[j], x0, y0, x1, y1) < NEAREST:
            near[j] = True


@inlined
def add_source(px: float, py: float, curve: int, linked: bool, block: Block, site: Site) -> int:
    """Add the piece at hand, through a queue or on its own; 1, or 0 if it is out of range."""
    box, queue = block.box, block.queue
    away = distance_to_box(px, py, box[0], box[1], box[2], box[3])
    if away * away > site.limit:
        return 0
    first, count = sectors_seen(px, py, box, site.borders)
    if linked or count > 1:
        shape = curve_of(site.coefficients, curve)
        add_piece(block.lanes, px, py, first, count, queue.piece, shape, site, block.sums)
        return 1
    slot = curve * site.annual.size + first
    if add_to_queue(queue, slot, px, py):
        add_queued_group(queue, slot, block.lanes, site, block.sums)
    return 1


@physics
def add_segment(k: int, linked: bool, block: Block, roads: Roads, site: Site) -> int:
    """Add a segment in pieces; pieces within range."""
    segments, box, queue = roads.segments, block.box, block.queue
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    pieces = pieces_of_segment(x0, y0, x1, y1, box[0], box[1], box[2], box[3])
    step_x, step_y = (x1 - x0) / f32(pieces), (y1 - y0) / f32(pieces)
    length = math.sqrt(step_x * step_x + step_y * step_y)
    for pollutant in range(5):
        queue.piece[pollutant] = roads.emission[pollutant, k] * length
    counted = 0
    for piece in range(pieces):
        place = f32(piece) + 0.5
        px, py = x0 + place * step_x, y0 + place * step_y
        counted += add_source(px, py, roads.curve[k], linked, block, site)
    return counted


@physics
def at_least_from(k: int, segments: Segments, box: Float32) -> float:
    """Distance (m) that a segment keeps from a box, or less; negative near the box."""
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    half_x, half_y = 0.5 * (x1 - x0), 0.5 * (y1 - y0)
    middle = distance_to_box(x0 + half_x, y0 + half_y, box[0], box[1], box[2], box[3])
    return middle - math.sqrt(half_x * half_x + half_y * half_y)


@physics
def mark_linked(first: int, last: int, links: StreetLinks, linked: Bool) -> None:
    """Mark the roads that are linked to a receptor of a block."""
    linked[:] = False
    for link in range(links.start[first], links.start[last]):
        if links.road[link] < linked.size:
            linked[links.road[link]] = True


@physics
def add_waiting(queue: Queue, lanes: Lanes, site: Site, sums: Sums) -> None:
    """Add the groups that no further piece completes."""
    for slot in range(queue.filled.size):
        if queue.filled[slot] > 0:
            complete_group(queue, slot)
            add_queued_group(queue, slot, lanes, site, sums)
            queue.filled[slot] = 0


@physics
def add_all(first: int, linked: Bool, block: Block, roads: Roads, site: Site, near: Bool) -> int:
    """Add all segments at the block of receptors from ``first`` on; pieces that it sees."""
    pieces = 0
    segments, lanes = roads.segments, block.lanes
    for k in range(segments.x0.size):
        nearest = at_least_from(k, segments, block.box)
        if nearest > 0.0 and nearest * nearest > site.limit:
            continue
        leaves_out = linked[segments.road[k]]
        if leaves_out:
            keep_unlinked(first, segments.road[k], roads.links, lanes.keep)
        pieces += add_segment(k, leaves_out, block, roads, site)
        if leaves_out:
            lanes.keep[:] = 1.0
        if nearest < NEAREST:
            x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
            flag_near(lanes, x0, y0, x1, y1, near)
    add_waiting(block.queue, lanes, site, block.sums)
    return pieces


@physics
def sum_block(
    first: int,
    last: int,
    worker: int,
    box: Float32,
    receptors: Receptors,
    roads: Roads,
    site: Site,
    scratch: Scratch,
    found: Found,
) -> int:
    """Compute one block of receptors; pairs of a receptor and a piece."""
    block = room_for_block(first, last, worker, receptors, box, scratch)
    linked = scratch.linked[worker]
    mark_linked(first, last, roads.links, linked)
    pieces = add_all(first, linked, block, roads, site, found.near[first:last])
    write_sums(block.sums, first, last - first, found.sectors, found.annual)
    return pieces * (last - first)


def _add_blocks(
    order: Int64,
    receptors: Receptors,
    boxes: Float32,
    segments: Segments,
    emission: Float32,
    curve: Int32,
    links: StreetLinks,
    site: Site,
    scratch: Scratch,
    found: Found,
    pairs: Int64,
) -> None:
    for turn in prange(order.size):
        block = order[turn]
        first = block * BLOCK
        last = min(first + BLOCK, receptors.x.size)
        # Made here, because loops in parallel take no tuples of tuples.
        roads = Roads(segments, emission, curve, links)
        pairs[block] = sum_block(
            first, last, get_thread_id(), boxes[block], receptors, roads, site, scratch, found
        )


_add_blocks_in_parallel = njit(parallel=True, nogil=True, error_model="numpy", fastmath=FAST_MATH)(
    _add_blocks
)


def add_blocks(
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
    """Add all segments at all receptors; fills the last four arrays."""
    site = Site(coefficients, annual_weight, sector_borders(annual_weight.size), f32(max_range**2))
    count = int(segments.road.max(initial=-1)) + 1
    scratch = new_scratch(coefficients.shape[0], annual_weight.size, count)
    found = Found(sectors, annual, near)
    order = dealt(boxes.shape[0])
    _add_blocks_in_parallel(
        order, receptors, boxes, segments, emission, curve, links, site, scratch, found, pairs
    )
