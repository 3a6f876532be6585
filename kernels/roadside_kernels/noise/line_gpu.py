"""The sum over roads on the GPU: receptors in threads, a segment's curves in shared memory.

What a segment sends, summed over bands, is a function of the distance alone.  The threads of a
block work it out together at the nodes that the distances of their block of receptors span, then
each reads its receptor's place: three or six readings of shared memory for each pair instead of
thirty-two of the tables in global memory.
"""

import math
from functools import cache
from typing import Any, NamedTuple

from numba import cuda, float32, int32

from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments
from roadside_kernels.device_memory import copy_back, lies_on_gpu, on_device, room_on_device
from roadside_kernels.elementary import ONE, i32, u32
from roadside_kernels.geometry import piece_count, sector_of, segment_to_box
from roadside_kernels.launch import Launch, device_function, kernel, launch_here
from roadside_kernels.noise.flat_ground import FlatGround, place_in_table
from roadside_kernels.noise.line_cpu import farthest_in_box, node_below
from roadside_kernels.physics import f32, on_gpu, physics

#: How the loop runs, from a compute capability on: one thread for each receptor of a block, so
#: that curves are worked out once for all of them.  7.5 has shared memory for two blocks; with
#: four the compiler for 10.0 would leave the registers.
LAUNCHES = {
    (7, 5): Launch(threads=BLOCK, resident=2),
    (8, 0): Launch(threads=BLOCK, resident=4),
    (10, 0): Launch(threads=BLOCK, resident=3),
}
#: Numbers in shared memory for curves: two blocks of threads fit even where it has 64 KiB.
ROOM = 6912
BANDS = 8


class Given(NamedTuple):
    """What the loop reads."""

    receptors: Receptors
    boxes: Float32  # (blocks, 4)
    segments: Segments
    power: Float32  # (periods * bands, M)
    transfer: FlatGround


class Heard(NamedTuple):
    """What the loop fills."""

    energy: Float32  # (3, N)
    pairs: Int64  # (blocks)


class Near(NamedTuple):
    """Segments at hand, one a thread, as a block of receptors sees them; in shared memory."""

    pieces: Int32  # 0: out of reach
    first: Int32  # of the nodes that the block's distances span
    last: Int32  # one past their last


@physics
def look_at(k: int, at: int, box: Float32, given: Given, reach: float, near: Near) -> None:
    """Note the pieces of a segment and the nodes that a block's distances from it span."""
    segments, transfer = given.segments, given.transfer
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    west, south, east, north = box[0], box[1], box[2], box[3]
    nearest = segment_to_box(x0, y0, x1, y1, west, south, east, north)
    near.pieces[at] = 0
    if nearest <= reach:
        length = math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0))
        slant = math.sqrt(nearest * nearest + transfer.rise * transfer.rise)
        far0 = farthest_in_box(x0, y0, west, south, east, north)
        far1 = farthest_in_box(x1, y1, west, south, east, north)
        farthest = min(max(far0, far1), reach)
        near.pieces[at] = piece_count(length, slant)
        near.first[at] = max(node_below(nearest, transfer) - 1, 0)
        near.last[at] = min(node_below(farthest, transfer) + 3, transfer.homogeneous.shape[1])


@physics
def fill_node(k: int, node: int, at: int, rows: int, given: Given, curves: Float32) -> None:
    """What a metre of a segment sends (m-2) to a node, by period, at a place of the curves.

    Of three rows each holds both conditions, with their probability; of six, the first three
    hold homogeneous conditions and the others what favourable ones add.
    """
    day_h = evening_h = night_h = f32(0.0)
    day_f = evening_f = night_f = f32(0.0)
    transfer, power, segment = given.transfer, given.power, u32(k)
    for band in range(BANDS):
        h, f = transfer.homogeneous[band, u32(node)], transfer.favourable[band, u32(node)]
        w_d, w_e = power[band, segment], power[BANDS + band, segment]
        w_n = power[2 * BANDS + band, segment]
        day_h, evening_h, night_h = day_h + w_d * h, evening_h + w_e * h, night_h + w_n * h
        day_f, evening_f, night_f = day_f + w_d * f, evening_f + w_e * f, night_f + w_n * f
    size, p = i32(curves.size // rows), transfer.probability
    day_f, evening_f, night_f = day_f - day_h, evening_f - evening_h, night_f - night_h
    if rows == 3:
        day_h, evening_h = day_h + p[0, 0] * day_f, evening_h + p[1, 0] * evening_f
        night_h += p[2, 0] * night_f
    else:
        curves[u32(at + 3 * size)] = day_f
        curves[u32(at + 4 * size)] = evening_f
        curves[u32(at + 5 * size)] = night_f
    curves[u32(at)] = day_h
    curves[u32(at + size)] = evening_h
    curves[u32(at + 2 * size)] = night_h


@physics
def read_curve(row: int, rows: int, node: int, share: float, curves: Float32) -> float:
    """A curve between two nodes."""
    at = u32(row * i32(curves.size // rows) + node)
    low: float = curves[at]
    high: float = curves[u32(at + ONE)]
    return low + share * (high - low)


@physics
def piece_energy(
    dx: float, dy: float, place: float, rows: int, curves: Float32, probability: Float32
) -> tuple[float, float, float]:
    """Energy of the three periods that a metre of a piece (dx, dy) away sends to a receptor."""
    node = i32(place)
    share = place - f32(node)
    day = read_curve(0, rows, node, share, curves)
    evening = read_curve(1, rows, node, share, curves)
    night = read_curve(2, rows, node, share, curves)
    if rows > 3:
        s = u32(sector_of(dx, dy, i32(probability.shape[1])))
        day += probability[0, s] * read_curve(3, rows, node, share, curves)
        evening += probability[1, s] * read_curve(4, rows, node, share, curves)
        night += probability[2, s] * read_curve(5, rows, node, share, curves)
    return day, evening, night


@physics
def segment_energy(
    x: float,
    y: float,
    k: int,
    pieces: int,
    low: int,
    high: int,
    last: int,
    rows: int,
    given: Given,
    curves: Float32,
    reach: float,
) -> tuple[float, float, float]:
    """Energy that a segment sends to a receptor, of pieces whose distance is between two nodes."""
    segments, transfer = given.segments, given.transfer
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    length = math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)) / f32(pieces)
    day = evening = night = f32(0.0)
    for piece in range(pieces):
        along = (f32(piece) + 0.5) / f32(pieces)
        dx, dy = x0 + along * (x1 - x0) - x, y0 + along * (y1 - y0) - y
        distance2 = dx * dx + dy * dy
        place = min(max(place_in_table(distance2, transfer), 0.0), f32(last) - 1.01)
        if distance2 <= reach * reach and place >= f32(low) and place < f32(high - 1):
            d, e, n = piece_energy(dx, dy, place - f32(low), rows, curves, transfer.probability)
            day, evening, night = day + length * d, evening + length * e, night + length * n
    return day, evening, night


look_at_gpu, segment_energy_gpu = on_gpu(look_at), on_gpu(segment_energy)


@device_function
def hear_segment(
    thread: int, x: float, y: float, k: int, at: int, near: Near, given: Given, curves: Float32,
    reach: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Energy that a segment sends to each thread's receptor; curves go in part by part."""
    rows = 3 if given.transfer.probability.shape[1] == 1 else 6
    size, last = curves.size // rows, near.last[at]
    day = evening = night = float32(0.0)
    for low in range(near.first[at], last - 1, size - 1):
        high = min(low + size, last)
        for node in range(low + thread, high, BLOCK):
            fill_node(k, node, node - low, rows, given, curves)
        cuda.syncthreads()
        d, e, n = segment_energy_gpu(
            x, y, k, near.pieces[at], low, high, last, rows, given, curves, reach
        )
        day, evening, night = day + d, evening + e, night + n
        cuda.syncthreads()
    return day, evening, night


def loop(reach: float, given: Given, heard: Heard) -> None:
    """Energy at all receptors."""
    curves = cuda.shared.array(ROOM, float32)
    pieces = cuda.shared.array(BLOCK, int32)
    first = cuda.shared.array(BLOCK, int32)
    last = cuda.shared.array(BLOCK, int32)
    near = Near(pieces, first, last)
    thread, block = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x)
    i, receptors = block * BLOCK + thread, given.receptors.x.size
    mine = min(i, receptors - 1)
    x, y = given.receptors.x[mine], given.receptors.y[mine]
    day = evening = night = float32(0.0)
    seen = int32(0)
    for start in range(0, given.segments.x0.size, BLOCK):
        count = min(BLOCK, given.segments.x0.size - start)
        if thread < count:
            look_at_gpu(start + thread, thread, given.boxes[block], given, reach, near)
        cuda.syncthreads()
        for at in range(count):
            if pieces[at] > 0:
                seen += pieces[at]
                d, e, n = hear_segment(thread, x, y, start + at, at, near, given, curves, reach)
                day, evening, night = day + d, evening + e, night + n
        cuda.syncthreads()
    if i < receptors:
        heard.energy[0, i], heard.energy[1, i], heard.energy[2, i] = day, evening, night
    if thread == 0:
        heard.pairs[block] = seen * min(BLOCK, receptors - i)


@cache
def gpu_loop(launch: Launch) -> Any:
    """Compile the loop for one kind of GPU."""
    return kernel(loop, launch)


def sum_lines_on_gpu(
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
    if receptors.x.size == 0:
        return
    periods, bands, count = power.shape
    rows = on_device(power).reshape(periods * bands, count)
    heard = Heard(energy, pairs)
    computed = room_on_device(heard)
    given = Given(receptors, boxes, segments, rows, transfer)
    sum_lines = gpu_loop(launch_here(LAUNCHES))[boxes.shape[0], BLOCK]
    sum_lines(reach, on_device(given), computed)
    if not lies_on_gpu(energy):
        copy_back(computed, heard)
