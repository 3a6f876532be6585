"""The sums of SRM2 on the CPU: blocks of receptors shared among the cores, receptors in lanes.

Nearly every piece of road lies in one and the same wind sector for a whole block.  Four such
pieces at a time are added to all receptors, so that each sum is loaded and stored once for four.
Pieces that straddle a border, or that some receptors leave out, take the general way.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import get_num_threads, get_thread_id, njit, prange
from numpy.typing import NDArray

from roadside_kernels.air.plume import fitted_dilution
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.geometry import (
    NEAREST,
    distance_to_box,
    distance_to_segment,
    pieces_of_segment,
    sector_of,
)
from roadside_kernels.physics import FAST_MATH, physics

#: Pieces that are added at a time.
GROUP = 4
#: A piece this near to a block (m) may be seen in any sector.
TOUCHING = 0.01


class Lanes(NamedTuple):
    """The receptors of a block, and what is known of each for the piece at hand."""

    x: Float32
    y: Float32
    keep: Float32  # 0 where the piece's road is left out, else 1
    dilution: Float32
    sector: Int32  # counted from the first that any lane sees


class Sums(NamedTuple):
    """What a block adds up; quantities one after the other, ``BLOCK`` lanes each.

    Constant offsets within one array let the compiler see that lanes do not overlap.
    """

    by_sector: Float32  # (sectors, 2 * BLOCK): NOx, NO2
    annual: Float32  # (3 * BLOCK): PM10, PM2.5, EC


class Queue(NamedTuple):
    """Pieces that wait until a group with one curve and one sector is complete."""

    x: Float32  # (curves * sectors, GROUP)
    y: Float32
    emission: Float32  # (curves * sectors, 5 * GROUP), ug/s, pollutant by pollutant
    filled: Int32  # (curves * sectors)
    piece: Float32  # (5), emission of the piece at hand (ug/s)


class Scratch(NamedTuple):
    """Room for lanes, queues and sums, for each worker (the first axis of each array).

    Arrays that the loop is given need no reference counts inside it, unlike those it makes.
    """

    keep: Float32  # (workers, BLOCK), as the next two
    dilution: Float32
    sector: Int32
    x: Float32  # (workers, slots, GROUP), as the next
    y: Float32
    emission: Float32  # (workers, slots, 5 * GROUP)
    filled: Int32  # (workers, slots)
    piece: Float32  # (workers, 5)
    by_sector: Float32  # (workers, sectors, 2 * BLOCK)
    annual: Float32  # (workers, 3 * BLOCK)
    linked: NDArray[np.bool_]  # (workers, roads)


class Site(NamedTuple):
    """What holds for all blocks."""

    coefficients: Float32  # of the dilution curves
    annual: Float32  # (sectors), from a dilution to an annual mean
    borders: Float32  # (sectors, 2), unit vectors from border to border, clockwise
    limit: float  # squared range (m2)


@physics
def curve_of(coefficients, k):
    """One curve, as the tuple that its formula takes."""
    c = coefficients[k]
    return (c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10])


@physics
def dilution_within(dx, dy, curve, limit):
    """Dilution (s/m3) of a piece at an offset (m); 0 beyond a squared range (m2)."""
    squared = dx * dx + dy * dy
    diluted = fitted_dilution(squared, curve)
    return diluted if squared <= limit else 0.0


@physics
def add_group(lanes, px, py, emission, weight, curve, limit, by_sector, annual):
    """Add four pieces, in one sector and with one curve, at all receptors of a block."""
    x, y = lanes.x, lanes.y
    x0, x1, x2, x3 = px[0], px[1], px[2], px[3]
    y0, y1, y2, y3 = py[0], py[1], py[2], py[3]
    a0, a1, a2, a3 = emission[0], emission[1], emission[2], emission[3]
    b0, b1, b2, b3 = emission[4], emission[5], emission[6], emission[7]
    c0, c1, c2, c3 = emission[8], emission[9], emission[10], emission[11]
    d0, d1, d2, d3 = emission[12], emission[13], emission[14], emission[15]
    e0, e1, e2, e3 = emission[16], emission[17], emission[18], emission[19]
    for i in range(x.size):
        # Unsigned: without the test for negative indices the loop goes into SIMD lanes.
        j = np.uint32(i)
        g0 = dilution_within(x0 - x[j], y0 - y[j], curve, limit)
        g1 = dilution_within(x1 - x[j], y1 - y[j], curve, limit)
        g2 = dilution_within(x2 - x[j], y2 - y[j], curve, limit)
        g3 = dilution_within(x3 - x[j], y3 - y[j], curve, limit)
        by_sector[j] += a0 * g0 + a1 * g1 + a2 * g2 + a3 * g3
        by_sector[BLOCK + j] += b0 * g0 + b1 * g1 + b2 * g2 + b3 * g3
        annual[j] += weight * (c0 * g0 + c1 * g1 + c2 * g2 + c3 * g3)
        annual[BLOCK + j] += weight * (d0 * g0 + d1 * g1 + d2 * g2 + d3 * g3)
        annual[2 * BLOCK + j] += weight * (e0 * g0 + e1 * g1 + e2 * g2 + e3 * g3)


@physics
def add_lanes(lanes, at, emission, weight, by_sector, annual):
    """Add a piece, whose dilution is known, at the receptors that see it in one sector."""
    a, b = emission[0], emission[1]
    c, d, e = emission[2] * weight, emission[3] * weight, emission[4] * weight
    dilution, sector = lanes.dilution, lanes.sector
    for i in range(dilution.size):
        j = np.uint32(i)
        g = dilution[j] if sector[j] == at else 0.0
        by_sector[j] += a * g
        by_sector[BLOCK + j] += b * g
        annual[j] += c * g
        annual[BLOCK + j] += d * g
        annual[2 * BLOCK + j] += e * g


@physics
def find_dilution(lanes, px, py, curve, limit):
    """Dilution of a piece at each receptor of a block."""
    x, y, keep, dilution = lanes.x, lanes.y, lanes.keep, lanes.dilution
    for j in range(x.size):
        dilution[j] = keep[j] * dilution_within(px - x[j], py - y[j], curve, limit)


@physics
def find_sectors(lanes, px, py, first, count, sectors):
    """Sector in which each receptor sees a piece, counted from the first of a few.

    Rounding may put a receptor just outside them: it then belongs to the nearer end.
    """
    x, y, sector = lanes.x, lanes.y, lanes.sector
    for j in range(x.size):
        place = np.int32(sector_of(px - x[j], py - y[j], sectors) - first)
        place = np.int32(place + sectors) if place < 0 else place
        outside = np.int32(0) if 2 * place > sectors + count else np.int32(count - 1)
        sector[j] = outside if place >= count else place


@physics
def add_piece(lanes, px, py, first, count, emission, curve, site, sums):
    """Add one piece that a block sees in a few sectors, ``count`` from ``first`` on, clockwise."""
    sectors = np.int32(site.annual.size)
    find_dilution(lanes, px, py, curve, site.limit)
    if count > 1:
        find_sectors(lanes, px, py, first, count, sectors)
    else:
        lanes.sector[:] = 0
    for at in range(count):
        s = (first + at) % sectors
        add_lanes(lanes, at, emission, site.annual[s], sums.by_sector[s], sums.annual)


@physics
def is_beside(dx, dy, half_width, half_height, border_x, border_y):
    """Whether all of a box at an offset (m) lies on one side of a direction: 1 right, -1 left."""
    across = border_y * dx - border_x * dy
    reach = abs(border_y) * half_width + abs(border_x) * half_height
    if across > reach:
        return 1
    return -1 if -across > reach else 0


@physics
def sectors_seen(px, py, box, borders):
    """First wind sector, and number of sectors, in which receptors of a box see a piece."""
    sectors = np.int32(borders.shape[0])
    west, south, east, north = box[0], box[1], box[2], box[3]
    dx, dy = px - 0.5 * (west + east), py - 0.5 * (south + north)
    half_width, half_height = 0.5 * (east - west), 0.5 * (north - south)
    middle = sector_of(dx, dy, sectors)
    after = np.int32(0) if middle + 1 == sectors else np.int32(middle + 1)
    right = is_beside(dx, dy, half_width, half_height, borders[middle, 0], borders[middle, 1])
    left = is_beside(dx, dy, half_width, half_height, borders[after, 0], borders[after, 1])
    if right == 1 and left == -1:
        return middle, np.int32(1)
    if distance_to_box(px, py, west, south, east, north) < TOUCHING:
        return np.int32(0), sectors
    low = high = np.int32(0)
    for x in (west, east):
        for y in (south, north):
            turn = np.int32(sector_of(px - x, py - y, sectors) - middle)
            turn = np.int32(turn - sectors) if 2 * turn > sectors else turn
            turn = np.int32(turn + sectors) if 2 * turn < -sectors else turn
            low, high = min(low, turn), max(high, turn)
    first = np.int32(middle + low)
    count = np.int32(min(high - low + 1, sectors))
    return (np.int32(first + sectors) if first < 0 else first), count


@physics
def add_to_queue(queue, slot, px, py):
    """Put a piece in its queue; whether that completes a group."""
    at = queue.filled[slot]
    queue.x[slot, at], queue.y[slot, at] = px, py
    for pollutant in range(5):
        queue.emission[slot, pollutant * GROUP + at] = queue.piece[pollutant]
    queue.filled[slot] = (at + 1) % GROUP
    return at + 1 == GROUP


@physics
def add_queued_group(queue, slot, lanes, site, sums):
    """Add the complete group of a queue."""
    sectors = site.annual.size
    curve, s = curve_of(site.coefficients, slot // sectors), slot % sectors
    add_group(
        lanes,
        queue.x[slot],
        queue.y[slot],
        queue.emission[slot],
        site.annual[s],
        curve,
        site.limit,
        sums.by_sector[s],
        sums.annual,
    )


@physics
def complete_group(queue, slot):
    """Fill the group of a queue with pieces that emit nothing."""
    for at in range(queue.filled[slot], GROUP):
        queue.x[slot, at], queue.y[slot, at] = queue.x[slot, 0], queue.y[slot, 0]
        for pollutant in range(5):
            queue.emission[slot, pollutant * GROUP + at] = 0.0


@physics
def keep_unlinked(first, road, links, keep):
    """Which receptors of a block, from ``first`` on, are not linked to a road."""
    for j in range(keep.size):
        keep[j] = 1.0
        for link in range(links.start[first + j], links.start[first + j + 1]):
            if links.road[link] == road:
                keep[j] = 0.0


@physics
def flag_near(lanes, k, segments, near):
    """Flag the receptors nearer than ``NEAREST`` to the axis of a segment."""
    x, y = lanes.x, lanes.y
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    for j in range(near.size):
        if distance_to_segment(x[j], y[j], x0, y0, x1, y1) < NEAREST:
            near[j] = True


@physics
def add_segment(k, linked, lanes, box, segments, emission, curve, site, queue, sums):
    """Add a segment in pieces, each to its queue or on its own; pieces within range."""
    west, south, east, north = box[0], box[1], box[2], box[3]
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    pieces = pieces_of_segment(x0, y0, x1, y1, west, south, east, north)
    step_x, step_y = (x1 - x0) / np.float32(pieces), (y1 - y0) / np.float32(pieces)
    length = math.sqrt(step_x * step_x + step_y * step_y)
    for pollutant in range(5):
        queue.piece[pollutant] = emission[pollutant, k] * length
    counted = 0
    for piece in range(pieces):
        place = np.float32(piece) + 0.5
        px, py = x0 + place * step_x, y0 + place * step_y
        away = distance_to_box(px, py, west, south, east, north)
        if away * away > site.limit:
            continue
        counted += 1
        first, count = sectors_seen(px, py, box, site.borders)
        if linked or count > 1:
            shape = curve_of(site.coefficients, curve[k])
            add_piece(lanes, px, py, first, count, queue.piece, shape, site, sums)
        else:
            slot = curve[k] * site.annual.size + first
            if add_to_queue(queue, slot, px, py):
                add_queued_group(queue, slot, lanes, site, sums)
    return counted


@physics
def at_least_from(k, segments, box):
    """Distance (m) that a segment keeps from a box, or less; negative near the box."""
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    half_x, half_y = 0.5 * (x1 - x0), 0.5 * (y1 - y0)
    middle = distance_to_box(x0 + half_x, y0 + half_y, box[0], box[1], box[2], box[3])
    return middle - math.sqrt(half_x * half_x + half_y * half_y)


@physics
def mark_linked(first, last, links, linked):
    """Mark the roads that are linked to a receptor of a block."""
    linked[:] = False
    for link in range(links.start[first], links.start[last]):
        if links.road[link] < linked.size:
            linked[links.road[link]] = True


@physics
def add_block(
    first, box, receptors, segments, linked, emission, curve, links, site, lanes, queue, sums, near
):
    """Add all segments at the block of receptors from ``first`` on; pieces that it sees."""
    pieces = 0
    for k in range(segments.x0.size):
        nearest = at_least_from(k, segments, box)
        if nearest > 0.0 and nearest * nearest > site.limit:
            continue
        leaves_out = linked[segments.road[k]]
        if leaves_out:
            keep_unlinked(first, segments.road[k], links, lanes.keep)
        pieces += add_segment(
            k, leaves_out, lanes, box, segments, emission, curve, site, queue, sums
        )
        if leaves_out:
            lanes.keep[:] = 1.0
        if nearest < NEAREST:
            flag_near(lanes, k, segments, near)
    for slot in range(queue.filled.size):
        if queue.filled[slot] > 0:
            complete_group(queue, slot)
            add_queued_group(queue, slot, lanes, site, sums)
            queue.filled[slot] = 0
    return pieces


@physics
def sum_block(
    first,
    last,
    worker,
    box,
    receptors,
    segments,
    emission,
    curve,
    links,
    site,
    scratch,
    sectors,
    annual,
    near,
):
    """Compute one block of receptors; pairs of a receptor and a piece."""
    size = last - first
    lanes = Lanes(
        receptors.x[first:last],
        receptors.y[first:last],
        scratch.keep[worker, :size],
        scratch.dilution[worker, :size],
        scratch.sector[worker, :size],
    )
    queue = Queue(
        scratch.x[worker],
        scratch.y[worker],
        scratch.emission[worker],
        scratch.filled[worker],
        scratch.piece[worker],
    )
    sums = Sums(scratch.by_sector[worker], scratch.annual[worker])
    sums.by_sector[:] = 0.0
    sums.annual[:] = 0.0
    lanes.keep[:] = 1.0
    linked = scratch.linked[worker]
    mark_linked(first, last, links, linked)
    pieces = add_block(
        first, box, receptors, segments, linked, emission, curve, links, site, lanes, queue, sums,
        near[first:last],
    )  # fmt: skip
    for pollutant in range(2):
        start = pollutant * BLOCK
        sectors[pollutant, :, first:last] = sums.by_sector[:, start : start + size]
    for pollutant in range(3):
        start = pollutant * BLOCK
        annual[pollutant, first:last] = sums.annual[start : start + size]
    return pieces * size


def _add_blocks(
    receptors, boxes, segments, emission, curve, links, site, scratch, sectors, annual, near, pairs
):
    for block in prange(boxes.shape[0]):
        first = block * BLOCK
        last = min(first + BLOCK, receptors.x.size)
        pairs[block] = sum_block(
            first, last, get_thread_id(), boxes[block], receptors, segments, emission, curve,
            links, site, scratch, sectors, annual, near,
        )  # fmt: skip


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
    site = Site(
        coefficients, annual_weight, sector_borders(annual_weight.size), np.float32(max_range**2)
    )
    roads = int(segments.road.max(initial=-1)) + 1
    scratch = _scratch(coefficients.shape[0], annual_weight.size, roads)
    _add_blocks_in_parallel(
        receptors, boxes, segments, emission, curve, links, site, scratch, sectors, annual, near, pairs
    )  # fmt: skip


def sector_borders(sectors: int) -> Float32:
    """Unit vectors (east, north) along the borders before each sector, clockwise from north."""
    angle = (np.arange(sectors) - 0.5) * (2 * np.pi / sectors)
    return np.stack([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


def _scratch(curves: int, sectors: int, roads: int) -> Scratch:
    workers, slots = get_num_threads(), curves * sectors
    return Scratch(
        np.empty((workers, BLOCK), np.float32),
        np.empty((workers, BLOCK), np.float32),
        np.empty((workers, BLOCK), np.int32),
        np.empty((workers, slots, GROUP), np.float32),
        np.empty((workers, slots, GROUP), np.float32),
        np.empty((workers, slots, 5 * GROUP), np.float32),
        np.zeros((workers, slots), np.int32),
        np.empty((workers, 5), np.float32),
        np.empty((workers, sectors, 2 * BLOCK), np.float32),
        np.empty((workers, 3 * BLOCK), np.float32),
        np.zeros((workers, roads), np.bool_),
    )
