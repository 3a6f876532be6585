"""The sum over roads on the GPU: a thread for each receptor, segments staged in shared memory."""

import math
from functools import cache
from typing import Any, NamedTuple

from numba import cuda, float32

from roadside_kernels.arrays import BLOCK, Float32, Int64, Receptors, Segments
from roadside_kernels.device_memory import copy_back, lies_on_gpu, on_device, room_on_device
from roadside_kernels.geometry import piece_count, sector_of, segment_to_box
from roadside_kernels.launch import THREADS, kernel
from roadside_kernels.noise.flat_ground import FlatGround, place_in_table
from roadside_kernels.physics import f32, physics

#: Segments that a block of threads reads at a time, and what it reads of each.
STAGE = 32
ENDS = 4
VALUES = ENDS + 3 * 8


class Heard(NamedTuple):
    """What the loop fills."""

    energy: Float32  # (3, N)
    pairs: Int64  # (blocks)


@physics
def interpolated(table: Float32, band: int, node: int, share: float) -> float:
    """A band of a table between two nodes."""
    low: float = table[band, node]
    high: float = table[band, node + 1]
    return low + share * (high - low)


@physics
def piece_energy(
    dx: float,
    dy: float,
    length: float,
    staged: Float32,
    s: int,
    transfer: FlatGround,
) -> tuple[float, float, float]:
    """Energy of the three periods that a piece (m) sends to a receptor (dx, dy) away from it."""
    place = max(place_in_table(dx * dx + dy * dy, transfer), 0.0)
    node = int(place)
    share = place - f32(node)
    sector = 0
    if transfer.probability.shape[1] > 1:
        sector = sector_of(-dx, -dy, transfer.probability.shape[1])
    p_day, p_evening = transfer.probability[0, sector], transfer.probability[1, sector]
    p_night = transfer.probability[2, sector]
    day = evening = night = 0.0
    for band in range(8):
        h = interpolated(transfer.homogeneous, band, node, share)
        more = interpolated(transfer.favourable, band, node, share) - h
        day += staged[ENDS + band, s] * (h + p_day * more)
        evening += staged[ENDS + 8 + band, s] * (h + p_evening * more)
        night += staged[ENDS + 16 + band, s] * (h + p_night * more)
    return length * day, length * evening, length * night


@physics
def segment_energy(
    x: float,
    y: float,
    box: Float32,
    staged: Float32,
    s: int,
    transfer: FlatGround,
    reach: float,
) -> tuple[float, float, float, int]:
    """Energy of the three periods that a segment sends to a receptor, and number of its pieces."""
    x0, y0, x1, y1 = staged[0, s], staged[1, s], staged[2, s], staged[3, s]
    day = evening = night = 0.0
    nearest = segment_to_box(x0, y0, x1, y1, box[0], box[1], box[2], box[3])
    if nearest > reach:
        return day, evening, night, 0
    length = math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0))
    pieces = piece_count(length, math.sqrt(nearest * nearest + transfer.rise * transfer.rise))
    for piece in range(pieces):
        along = (f32(piece) + 0.5) / f32(pieces)
        dx, dy = x - (x0 + along * (x1 - x0)), y - (y0 + along * (y1 - y0))
        if dx * dx + dy * dy <= reach * reach:
            d, e, n = piece_energy(dx, dy, length / f32(pieces), staged, s, transfer)
            day, evening, night = day + d, evening + e, night + n
    return day, evening, night, pieces


def loop(
    receptors: Receptors,
    boxes: Float32,
    segments: Segments,
    power: Float32,
    transfer: FlatGround,
    reach: float,
    energy: Float32,
    pairs: Int64,
) -> None:
    """Energy (3, N) at all receptors; power as (periods * bands, M)."""
    staged = cuda.shared.array((VALUES, STAGE), float32)
    i = cuda.grid(1)
    block = cuda.blockIdx.x * THREADS // BLOCK
    last = receptors.x.size
    x, y = receptors.x[min(i, last - 1)], receptors.y[min(i, last - 1)]
    day = evening = night = float32(0.0)
    pieces = 0
    for start in range(0, segments.x0.size, STAGE):
        count = min(STAGE, segments.x0.size - start)
        cuda.syncthreads()
        for at in range(cuda.threadIdx.x, count, THREADS):
            staged[0, at], staged[1, at] = segments.x0[start + at], segments.y0[start + at]
            staged[2, at], staged[3, at] = segments.x1[start + at], segments.y1[start + at]
        for at in range(cuda.threadIdx.x, power.shape[0] * STAGE, THREADS):
            if at % STAGE < count:
                staged[ENDS + at // STAGE, at % STAGE] = power[at // STAGE, start + at % STAGE]
        cuda.syncthreads()
        for s in range(count):
            d, e, n, cut = segment_energy(x, y, boxes[block], staged, s, transfer, reach)
            day, evening, night, pieces = day + d, evening + e, night + n, pieces + cut
    if i < last:
        energy[0, i], energy[1, i], energy[2, i] = day, evening, night
    if i == block * BLOCK:
        pairs[block] = pieces * min(BLOCK, last - i)


@cache
def gpu_loop() -> Any:
    """The compiled loop."""
    return kernel(loop)


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
    grid = -(-receptors.x.size // THREADS)
    if not grid:
        return
    found = Heard(energy, pairs)
    computed = room_on_device(found)
    gpu_loop()[grid, THREADS](
        on_device(receptors),
        on_device(boxes),
        on_device(segments),
        on_device(power).reshape(-1, power.shape[2]),
        on_device(transfer),
        reach,
        computed.energy,
        computed.pairs,
    )
    if not lies_on_gpu(energy):
        copy_back(computed, found)
