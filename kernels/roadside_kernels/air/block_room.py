"""A block of receptors on the CPU: its roads, the room where its sums grow, and what is kept."""

from typing import NamedTuple

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from roadside_kernels.air.lanes import Lanes
from roadside_kernels.air.pieces import GROUP, Queue, Sums
from roadside_kernels.arrays import BLOCK, Float32, Int32, Receptors, Segments, StreetLinks
from roadside_kernels.physics import inlined, physics

Bool = NDArray[np.bool_]


class Roads(NamedTuple):
    """Segments, and what they emit at which receptors."""

    segments: Segments
    emission: Float32  # (5, M), ug/(m s)
    curve: Int32  # (M), which dilution curve holds
    links: StreetLinks  # receptors get nothing from roads that they are linked to


class Block(NamedTuple):
    """Receptors that are computed together, and where their sums grow."""

    lanes: Lanes
    box: Float32  # (4), of the receptors (m): west, south, east, north
    queue: Queue
    sums: Sums


class Found(NamedTuple):
    """What is computed of all receptors."""

    sectors: Float32  # (2, sectors, N): NOx, NO2
    annual: Float32  # (3, N): PM10, PM2.5, EC
    near: Bool  # (N)


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


@inlined
def room_for_block(
    first: int, last: int, worker: int, receptors: Receptors, box: Float32, scratch: Scratch
) -> Block:
    """Lanes, queues and sums of a block of receptors, cleared."""
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
    return Block(lanes, box, queue, sums)


@physics
def put_lanes(lanes: Float32, found: Float32) -> None:
    """Write the lanes of a block."""
    for i in range(found.size):
        # Unsigned: without the test for negative indices the loop goes into SIMD lanes.
        j = np.uint32(i)
        found[j] = lanes[j]


@physics
def write_sums(sums: Sums, first: int, size: int, sectors: Float32, annual: Float32) -> None:
    """Write the sums of a block, whose receptors are ``size`` from ``first`` on."""
    for pollutant in range(2):
        for sector in range(sectors.shape[1]):
            lanes = sums.by_sector[sector, pollutant * BLOCK :]
            put_lanes(lanes, sectors[pollutant, sector, first : first + size])
    for pollutant in range(3):
        put_lanes(sums.annual[pollutant * BLOCK :], annual[pollutant, first : first + size])


def new_scratch(curves: int, sectors: int, roads: int) -> Scratch:
    """Room for every worker."""
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
