"""NO2 on the CPU: one wind sector after the other, the receptors of a block in SIMD lanes.

A receptor at a time would read a line of memory for each sector and use one number of it.
"""

from typing import NamedTuple

import numpy as np
from numba import get_num_threads, get_thread_id, prange

from roadside_kernels.air.chemistry import AnnualNo2, Exhaust, combine_at, sector_no2
from roadside_kernels.arrays import BLOCK, Float32
from roadside_kernels.launch import on_all_cores
from roadside_kernels.physics import physics, strict


class Change(NamedTuple):
    """What comes to NOx and NO2 of open roads (ug/m3); no receptors: nothing does."""

    nox: Float32  # (n, N), while the wind is in the sector
    no2: Float32


class Room(NamedTuple):
    """Room for a block of receptors, for each worker (the first axis)."""

    sector: Float32  # (workers, 2 * BLOCK): NOx, NO2 in the sector at hand
    sums: Float32  # (workers, 3 * BLOCK): NOx, emitted and formed NO2, annual means


@strict
def put_sums(one: Float32, other: Float32, found: Float32) -> None:
    """Sums over two parts of the roads; the other may have none."""
    for i in range(one.size):
        found[i] = one[i] + other[i] if other.size else one[i]


@physics
def add_sector(frequency: float, sector: Float32, ozone: Float32, sums: Float32) -> None:
    """Add a sector to the annual means at a block of receptors."""
    for i in range(ozone.size):
        # Unsigned: without the test for negative indices the loop goes into SIMD lanes.
        j = np.uint32(i)
        x, d = sector[j], sector[BLOCK + j]
        formed = sector_no2(x, d, ozone[j])
        f = frequency if x > 0.0 else 0.0
        sums[j] += f * x
        sums[BLOCK + j] += f * d
        sums[2 * BLOCK + j] += f * formed


@physics
def form_in_block(
    first: int,
    last: int,
    exhaust: Exhaust,
    change: Change,
    sector: Float32,
    sums: Float32,
    found: AnnualNo2,
) -> None:
    """Annual means at the receptors from ``first`` to ``last``."""
    sums[:] = 0.0
    last_ozone = exhaust.sector_ozone.shape[0] - 1
    for s in range(exhaust.frequency.size):
        put_sums(exhaust.open_nox[s, first:last], change.nox[s, first:last], sector)
        put_sums(exhaust.open_no2[s, first:last], change.no2[s, first:last], sector[BLOCK:])
        ozone = exhaust.sector_ozone[min(s, last_ozone), first:last]
        add_sector(exhaust.frequency[s], sector, ozone, sums)
    for j in range(last - first):
        nox, emitted, formed = sums[j], sums[BLOCK + j], sums[2 * BLOCK + j]
        combine_at(first + j, nox, emitted, formed, exhaust, found)


def _form_in_blocks(exhaust: Exhaust, change: Change, room: Room, found: AnnualNo2) -> None:
    receptors = found.no2.size
    for block in prange(-(-receptors // BLOCK)):
        first, worker = block * BLOCK, get_thread_id()
        last = min(first + BLOCK, receptors)
        form_in_block(first, last, exhaust, change, room.sector[worker], room.sums[worker], found)


_in_parallel = on_all_cores(_form_in_blocks)


def form_in_blocks(exhaust: Exhaust, change: Change, found: AnnualNo2) -> None:
    """Annual means at all receptors; fills the arrays of ``found``."""
    workers = get_num_threads()
    sizes = (2 * BLOCK, 3 * BLOCK)
    room = Room(*(np.empty((workers, size), np.float32) for size in sizes))
    _in_parallel(exhaust, change, room, found)


def nothing(exhaust: Exhaust) -> Change:
    """No change of the open roads of an exhaust."""
    none = exhaust.open_nox[:, :0]
    return Change(none, none)
