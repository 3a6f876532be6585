"""The sums of SRM2 on the GPU: one receptor a thread, segments staged in shared memory.

Two blocks of threads share a block of receptors and its bounding box, so that segments are cut
into the same pieces as on the CPU.  Sums by sector lie in shared memory, each thread its own
column: indexed by sector they would otherwise leave the registers for slow local memory.
"""

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import cuda, float32, int32
from numpy.typing import NDArray

from roadside_kernels.air.plume import Curve, fitted_dilution
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.geometry import (
    NEAREST,
    distance_to_box,
    distance_to_segment,
    pieces_of_segment,
    sector_of,
)
from roadside_kernels.launch import THREADS, copy_back, on_device
from roadside_kernels.physics import f32, physics

#: Numbers of a segment in shared memory: start, step, and the emission of a piece.
STAGED = 9
#: Shared memory (48 KiB a block of threads) holds the sums of this many sectors.
MOST_SECTORS = 36


class Given(NamedTuple):
    """What the kernel reads."""

    receptors: Receptors
    boxes: Float32  # (blocks, 4)
    segments: Segments
    emission: Float32  # (5, M)
    curve: Int32  # (M)
    coefficients: Float32
    annual: Float32  # (sectors), from a dilution to an annual mean
    links: StreetLinks


class Found(NamedTuple):
    """What it fills."""

    sectors: Float32  # (2, sectors, N)
    annual: Float32  # (3, N)
    near: NDArray[np.bool_]  # (N)
    pairs: Int64  # (blocks)


@physics
def curve_at(coefficients: Float32, k: int) -> Curve:
    """One curve, as the tuple that its formula takes."""
    return (
        coefficients[k, 0],
        coefficients[k, 1],
        coefficients[k, 2],
        coefficients[k, 3],
        coefficients[k, 4],
        coefficients[k, 5],
        coefficients[k, 6],
        coefficients[k, 7],
        coefficients[k, 8],
        coefficients[k, 9],
        coefficients[k, 10],
    )


@physics
def is_linked(i: int, road: int, links: StreetLinks) -> bool:
    """Whether a receptor is linked to a road."""
    found = False
    for link in range(links.start[i], links.start[i + 1]):
        found = found or links.road[link] == road
    return found


@physics
def stage(k: int, given: Given, block: int, staged: Float32, pieces: Int32, at: int) -> None:
    """Put a segment, as a block of receptors sees it, into shared memory."""
    segments, boxes = given.segments, given.boxes
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    west, south, east, north = (
        boxes[block, 0],
        boxes[block, 1],
        boxes[block, 2],
        boxes[block, 3],
    )
    count = pieces_of_segment(x0, y0, x1, y1, west, south, east, north)
    pieces[at] = count
    step_x, step_y = (x1 - x0) / f32(count), (y1 - y0) / f32(count)
    length = math.sqrt(step_x * step_x + step_y * step_y)
    staged[0, at], staged[1, at], staged[2, at], staged[3, at] = x0, y0, step_x, step_y
    for pollutant in range(5):
        staged[4 + pollutant, at] = given.emission[pollutant, k] * length


@physics
def is_near(x: float, y: float, k: int, segments: Segments) -> bool:
    """Whether a receptor is nearer than ``NEAREST`` to the axis of a segment."""
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    return distance_to_segment(x, y, x0, y0, x1, y1) < NEAREST


@cache
def open_road_kernel(sectors: int) -> Any:  # noqa: C901, PLR0915 -- barriers forbid parts
    """Compile the kernel for a number of wind sectors."""

    def sum_open_roads(limit: float, given: Given, found: Found) -> None:  # noqa: C901 -- as above
        staged = cuda.shared.array((STAGED, THREADS), float32)
        pieces = cuda.shared.array(THREADS, int32)
        by_sector = cuda.shared.array((2, sectors, THREADS), float32)
        thread = cuda.threadIdx.x
        i = cuda.blockIdx.x * THREADS + thread
        block = cuda.blockIdx.x * THREADS // BLOCK
        total = given.segments.x0.size
        inside = i < given.receptors.x.size
        # Threads past the last receptor keep company at the barriers, and write nothing.
        mine = min(i, given.receptors.x.size - 1)
        x, y = given.receptors.x[mine], given.receptors.y[mine]
        for s in range(sectors):
            by_sector[0, s, thread] = float32(0.0)
            by_sector[1, s, thread] = float32(0.0)
        pm10 = pm25 = ec = float32(0.0)
        near = False
        seen = int32(0)
        for first in range(0, total, THREADS):
            if first + thread < total:
                stage(first + thread, given, block, staged, pieces, thread)
            cuda.syncthreads()
            for at in range(min(THREADS, total - first)):
                k = first + at
                counts = not is_linked(mine, given.segments.road[k], given.links)
                near = near or is_near(x, y, k, given.segments)
                curve = curve_at(given.coefficients, given.curve[k])
                for piece in range(pieces[at]):
                    place = float32(piece) + float32(0.5)
                    px = staged[0, at] + place * staged[2, at]
                    py = staged[1, at] + place * staged[3, at]
                    away = distance_to_box(
                        px,
                        py,
                        given.boxes[block, 0],
                        given.boxes[block, 1],
                        given.boxes[block, 2],
                        given.boxes[block, 3],
                    )
                    if away * away > limit:
                        continue
                    seen += int32(1)
                    dx, dy = px - x, py - y
                    squared = dx * dx + dy * dy
                    if counts and squared <= limit:
                        g = fitted_dilution(squared, curve)
                        s = sector_of(dx, dy, int32(sectors))
                        by_sector[0, s, thread] += staged[4, at] * g
                        by_sector[1, s, thread] += staged[5, at] * g
                        g *= given.annual[s]
                        pm10 += staged[6, at] * g
                        pm25 += staged[7, at] * g
                        ec += staged[8, at] * g
            cuda.syncthreads()
        if inside:
            for s in range(sectors):
                found.sectors[0, s, i] = by_sector[0, s, thread]
                found.sectors[1, s, i] = by_sector[1, s, thread]
            found.annual[0, i] = pm10
            found.annual[1, i] = pm25
            found.annual[2, i] = ec
            found.near[i] = near
            if i % BLOCK == 0:
                found.pairs[block] = seen * min(BLOCK, given.receptors.x.size - i)

    return cuda.jit(fastmath=True)(sum_open_roads)


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
    """Add all segments at all receptors; fills the last four arrays.

    Raises
    ------
    ValueError
        If there are more wind sectors than shared memory holds.
    """
    if annual_weight.size > MOST_SECTORS:
        raise ValueError(f"{annual_weight.size} wind sectors, at most {MOST_SECTORS} on a GPU")
    if receptors.x.size == 0 or segments.x0.size == 0:
        return
    given = Given(receptors, boxes, segments, emission, curve, coefficients, annual_weight, links)
    found = Found(sectors, annual, near, pairs)
    computed = on_device(found)
    kernel = open_road_kernel(annual_weight.size)
    launch = kernel[-(-receptors.x.size // THREADS), THREADS]
    launch(f32(max_range**2), on_device(given), computed)
    copy_back(computed, found)
