"""The sum over roads on the CPU: blocks of receptors share the cores, receptors the SIMD lanes.

What a segment sends, summed over bands, is a function of the distance alone: one curve for each
period.  It is worked out once for a block, at the few nodes that the block's distances span;
then each pair of piece and receptor costs one reading of three curves.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments
from roadside_kernels.geometry import distance_to_box, piece_count, sector_of, segment_to_box
from roadside_kernels.launch import on_all_cores
from roadside_kernels.noise.flat_ground import FlatGround, place_in_table
from roadside_kernels.physics import f32, physics

UInt32 = NDArray[np.uint32]

#: Floats in a SIMD register; table rows are read from a multiple of it on.
LANES = 16


class Bench(NamedTuple):
    """Where a core works on one block."""

    certain: Float32  # (2, 3) probability of favourable conditions: never, always
    curves: Float32  # (3 or 6, nodes) energy (m-2) of a metre of the segment
    node: UInt32  # (receptors) node of the curves below the distance
    share: Float32  # of the way to the next node
    heard: Float32  # 1 within reach, else 0
    sector: Int32  # from which the piece is heard
    energy: Float32  # (3, receptors) the sums


@physics
def farthest_in_box(
    x: float, y: float, west: float, south: float, east: float, north: float
) -> float:
    """Distance (m) from a point to the farthest point of a box."""
    dx = max(abs(x - west), abs(x - east))
    dy = max(abs(y - south), abs(y - north))
    return math.sqrt(dx * dx + dy * dy)


@physics
def fill_curves(
    power: Float32,
    segment: int,
    p: Float32,
    transfer: FlatGround,
    first: int,
    nodes: int,
    curves: Float32,
) -> None:
    """What a metre of a segment sends (m-2), by period, to a number of nodes from ``first`` on.

    ``p`` is the probability of favourable conditions in the three periods.
    """
    day, evening, night = curves[0], curves[1], curves[2]
    day[:nodes], evening[:nodes], night[:nodes] = 0.0, 0.0, 0.0
    for band in range(power.shape[1]):
        homogeneous = transfer.homogeneous[band, first:]
        favourable = transfer.favourable[band, first:]
        w_d, w_e, w_n = power[0, band, segment], power[1, band, segment], power[2, band, segment]
        day_f, evening_f, night_f = w_d * p[0], w_e * p[1], w_n * p[2]
        day_h, evening_h, night_h = w_d - day_f, w_e - evening_f, w_n - night_f
        for k in range(nodes):
            h, f = homogeneous[k], favourable[k]
            day[k] += day_h * h + day_f * f
            evening[k] += evening_h * h + evening_f * f
            night[k] += night_h * h + night_f * f


@physics
def read_places(
    x: Float32,
    y: Float32,
    middle_x: float,
    middle_y: float,
    first: int,
    nodes: int,
    transfer: FlatGround,
    reach: float,
    bench: Bench,
) -> None:
    """Find where each receptor's distance from a piece lies on the curves."""
    top = f32(nodes) - 1.01
    for j in range(x.size):
        dx, dy = x[j] - middle_x, y[j] - middle_y
        distance2 = dx * dx + dy * dy
        place = place_in_table(distance2, transfer) - f32(first)
        place = min(max(place, 0.0), top)
        bench.node[j] = np.uint32(place)
        bench.share[j] = place - np.float32(np.uint32(place))
        bench.heard[j] = 1.0 if distance2 <= reach * reach else 0.0


@physics
def read_sectors(
    x: Float32, y: Float32, middle_x: float, middle_y: float, sectors: int, bench: Bench
) -> None:
    """Find the sector in which each receptor hears a piece."""
    for j in range(x.size):
        bench.sector[j] = sector_of(middle_x - x[j], middle_y - y[j], sectors)


# Reading curves does not vectorise, finding places does: hence two loops.
@physics
def add_piece(length: float, receptors: int, bench: Bench) -> None:
    """Add the energy that a piece (m) sends to receptors."""
    day, evening, night = bench.curves[0], bench.curves[1], bench.curves[2]
    next_day, next_evening, next_night = day[1:], evening[1:], night[1:]
    energy = bench.energy
    for j in range(receptors):
        k, f, weight = bench.node[j], bench.share[j], length * bench.heard[j]
        d = day[k] + f * (next_day[k] - day[k])
        e = evening[k] + f * (next_evening[k] - evening[k])
        n = night[k] + f * (next_night[k] - night[k])
        energy[0, j] += weight * d
        energy[1, j] += weight * e
        energy[2, j] += weight * n


@physics
def add_piece_by_sector(length: float, receptors: int, probability: Float32, bench: Bench) -> None:
    """The same, with homogeneous (0 to 2) and favourable curves (3 to 5) weighed by sector."""
    for period in range(3):
        homogeneous, favourable = bench.curves[period], bench.curves[3 + period]
        next_homogeneous, next_favourable = homogeneous[1:], favourable[1:]
        for j in range(receptors):
            k, share, p = bench.node[j], bench.share[j], probability[period, bench.sector[j]]
            h = homogeneous[k] + share * (next_homogeneous[k] - homogeneous[k])
            f = favourable[k] + share * (next_favourable[k] - favourable[k])
            bench.energy[period, j] += length * bench.heard[j] * (h + p * (f - h))


@physics
def keeps_away(segments: Segments, s: int, box: Float32, reach: float) -> bool:
    """Whether a segment is surely out of a box's reach (m), by its middle and length alone."""
    half_x = 0.5 * (segments.x1[s] - segments.x0[s])
    half_y = 0.5 * (segments.y1[s] - segments.y0[s])
    middle_x, middle_y = segments.x0[s] + half_x, segments.y0[s] + half_y
    middle = distance_to_box(middle_x, middle_y, box[0], box[1], box[2], box[3])
    return middle - math.sqrt(half_x * half_x + half_y * half_y) > reach


@physics
def node_below(distance: float, transfer: FlatGround) -> int:
    """Node of the table below a horizontal distance (m)."""
    return int(place_in_table(distance * distance, transfer))


@physics
def fill_bench(
    nearest: float,
    farthest: float,
    power: Float32,
    segment: int,
    transfer: FlatGround,
    bench: Bench,
) -> tuple[int, int]:
    """Work out a segment's curves between two distances (m); first node and number of nodes."""
    first = max(node_below(nearest, transfer) - 1, 0) // LANES * LANES
    last = min(node_below(farthest, transfer) + 3, transfer.homogeneous.shape[1])
    nodes = last - first
    if bench.curves.shape[0] == 3:
        probability = transfer.probability[:, 0]
        fill_curves(power, segment, probability, transfer, first, nodes, bench.curves)
    else:
        fill_curves(power, segment, bench.certain[0], transfer, first, nodes, bench.curves[:3])
        fill_curves(power, segment, bench.certain[1], transfer, first, nodes, bench.curves[3:])
    return first, nodes


@physics
def add_segment(
    x: Float32,
    y: Float32,
    box: Float32,
    segments: Segments,
    s: int,
    power: Float32,
    transfer: FlatGround,
    reach: float,
    bench: Bench,
) -> int:
    """Add the energy that a segment sends to a block of receptors; number of its pieces."""
    x0, y0, x1, y1 = segments.x0[s], segments.y0[s], segments.x1[s], segments.y1[s]
    west, south, east, north = box[0], box[1], box[2], box[3]
    nearest = segment_to_box(x0, y0, x1, y1, west, south, east, north)
    if nearest > reach:
        return 0
    far0 = farthest_in_box(x0, y0, west, south, east, north)
    far1 = farthest_in_box(x1, y1, west, south, east, north)
    farthest = min(max(far0, far1), reach)
    first, nodes = fill_bench(nearest, farthest, power, s, transfer, bench)
    slant = math.sqrt(nearest * nearest + transfer.rise * transfer.rise)
    length = math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0))
    pieces = piece_count(length, slant)
    length /= f32(pieces)
    for piece in range(pieces):
        along = (f32(piece) + 0.5) / f32(pieces)
        middle_x, middle_y = x0 + along * (x1 - x0), y0 + along * (y1 - y0)
        read_places(x, y, middle_x, middle_y, first, nodes, transfer, reach, bench)
        if bench.curves.shape[0] == 3:
            add_piece(length, x.size, bench)
        else:
            read_sectors(x, y, middle_x, middle_y, transfer.probability.shape[1], bench)
            add_piece_by_sector(length, x.size, transfer.probability, bench)
    return pieces


def _new_bench(transfer: FlatGround) -> Bench:
    """Room for the work on one block, with sums of nothing."""
    rows = 3 if transfer.probability.shape[1] == 1 else 6
    certain = np.zeros((2, 3), np.float32)
    certain[1] = 1.0
    return Bench(
        certain,
        np.empty((rows, transfer.homogeneous.shape[1]), np.float32),
        np.empty(BLOCK, np.uint32),
        np.empty(BLOCK, np.float32),
        np.empty(BLOCK, np.float32),
        np.empty(BLOCK, np.int32),
        np.zeros((3, BLOCK), np.float32),
    )


_bench: Any = njit(_new_bench)


def _sum_lines(
    receptors: Receptors,
    boxes: Float32,
    segments: Segments,
    power: Float32,
    transfer: FlatGround,
    reach: float,
    energy: Float32,
    pairs: Int64,
) -> None:
    """Energy (3, N) at all receptors, and the pairs of piece and receptor of each block."""
    for block in prange(pairs.size):
        first = block * BLOCK
        last = min(first + BLOCK, receptors.x.size)
        x, y = receptors.x[first:last], receptors.y[first:last]
        bench = _bench(transfer)
        pieces = 0
        for s in range(segments.x0.size):
            if not keeps_away(segments, s, boxes[block], reach):
                pieces += add_segment(
                    x, y, boxes[block], segments, s, power, transfer, reach, bench
                )
        energy[:, first:last] = bench.energy[:, : last - first]
        pairs[block] = pieces * (last - first)


sum_lines = on_all_cores(_sum_lines)
