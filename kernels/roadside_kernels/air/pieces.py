"""Pieces of road, one at a time or four in a queue, added to the sums of a block of receptors.

Pieces that a block sees in one wind sector wait in a queue until four have the same curve and
sector; each sum is then loaded and stored once for four.
"""

from typing import NamedTuple

from roadside_kernels.air.lanes import (
    Lanes,
    add_by_lane,
    add_group,
    curve_of,
    find_dilution,
    find_sectors,
)
from roadside_kernels.air.plume import Curve
from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.elementary import i32
from roadside_kernels.physics import physics

#: Pieces that are added at a time.
GROUP = 4


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


class Site(NamedTuple):
    """What holds for all blocks."""

    coefficients: Float32  # of the dilution curves
    annual: Float32  # (sectors), from a dilution to an annual mean
    borders: Float32  # (sectors, 2), unit vectors from border to border, clockwise
    limit: float  # squared range (m2)


@physics
def add_found(
    lanes: Lanes,
    px: float,
    py: float,
    first: int,
    count: int,
    emission: Float32,
    site: Site,
    sums: Sums,
) -> None:
    """Add one piece whose dilution is found, seen in ``count`` sectors from ``first`` on."""
    if count > 1:
        find_sectors(lanes, px, py, first, count, i32(site.annual.size))
    else:
        lanes.sector[:] = 0
    add_by_lane(lanes, first, emission, site.annual, sums.by_sector, sums.annual)


@physics
def add_piece(
    lanes: Lanes,
    px: float,
    py: float,
    first: int,
    count: int,
    emission: Float32,
    curve: Curve,
    site: Site,
    sums: Sums,
) -> None:
    """Add one piece that a block sees in a few sectors, ``count`` from ``first`` on, clockwise."""
    find_dilution(lanes, px, py, curve, site.limit)
    add_found(lanes, px, py, first, count, emission, site, sums)


@physics
def add_to_queue(queue: Queue, slot: int, px: float, py: float) -> bool:
    """Put a piece in its queue; whether that completes a group."""
    at = queue.filled[slot]
    queue.x[slot, at], queue.y[slot, at] = px, py
    for pollutant in range(5):
        queue.emission[slot, pollutant * GROUP + at] = queue.piece[pollutant]
    queue.filled[slot] = (at + 1) % GROUP
    return bool(at + 1 == GROUP)


@physics
def add_queued_group(queue: Queue, slot: int, lanes: Lanes, site: Site, sums: Sums) -> None:
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
def complete_group(queue: Queue, slot: int) -> None:
    """Fill the group of a queue with pieces that emit nothing."""
    for at in range(queue.filled[slot], GROUP):
        queue.x[slot, at], queue.y[slot, at] = queue.x[slot, 0], queue.y[slot, 0]
        for pollutant in range(5):
            queue.emission[slot, pollutant * GROUP + at] = 0.0
