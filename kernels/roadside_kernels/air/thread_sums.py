"""The sums of one GPU thread: its receptors, and the pieces that wait in shared memory."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.air.lanes import dilution_within
from roadside_kernels.air.plume import Curve
from roadside_kernels.air.staging import (
    MARKS,
    Roads,
    Site,
    Staged,
    curve_of_key,
    key_of,
    place_of_key,
    sector_of_key,
)
from roadside_kernels.arrays import Float32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.elementary import ONE, i32, u32
from roadside_kernels.geometry import NEAREST, distance_to_segment, sector_of
from roadside_kernels.physics import physics


class Given(NamedTuple):
    """What the kernel reads."""

    receptors: Receptors
    boxes: Float32  # (blocks, 4)
    roads: Roads
    site: Site
    links: StreetLinks


class Found(NamedTuple):
    """What it fills."""

    sectors: Float32  # (2, sectors, N)
    annual: Float32  # (3, N)
    near: NDArray[np.bool_]  # (N)
    pairs: Int64  # (blocks)


class Mine(NamedTuple):
    """The receptors of a thread, a few apiece, and their sums (ug/m3), in registers."""

    x: Float32
    y: Float32
    i: NDArray[np.uint32]  # row of the receptor; N or more: none
    nox: Float32  # in the sector at hand
    no2: Float32
    pm10: Float32  # annual means
    pm25: Float32
    ec: Float32


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
def add_piece(at: int, numbers: Float32, curve: Curve, limit: float, mine: Mine) -> None:
    """Add a piece that the whole block sees in one sector."""
    px, py = numbers[at, 0], numbers[at, 1]
    nox, no2 = numbers[at, 2], numbers[at, 3]
    pm10, pm25, ec = numbers[at, 4], numbers[at, 5], numbers[at, 6]
    for j in range(mine.x.size):
        g = dilution_within(px - mine.x[j], py - mine.y[j], curve, limit)
        mine.nox[j] += nox * g
        mine.no2[j] += no2 * g
        mine.pm10[j] += pm10 * g
        mine.pm25[j] += pm25 * g
        mine.ec[j] += ec * g


@physics
def add_sector(
    place: int, sector: int, staged: Staged, site: Site, limit: float, mine: Mine, total: Float32
) -> int:
    """Add all waiting pieces of one sector, from a place in order on; the place after them."""
    curves = i32(site.coefficients.shape[0])
    for j in range(mine.x.size):
        mine.nox[j] = 0.0
        mine.no2[j] = 0.0
    end = key_of(i32(sector + 1), i32(0), curves, i32(0))
    while staged.ordered[place] < end:
        k = curve_of_key(staged.ordered[place], curves)
        curve, last = curve_at(site.coefficients, k), key_of(sector, i32(k + 1), curves, i32(0))
        while staged.ordered[place] < last:
            add_piece(place_of_key(staged.ordered[place]), staged.numbers, curve, limit, mine)
            place = u32(place + ONE)
    for j in range(mine.x.size):
        if mine.i[j] < total.shape[2]:
            total[0, u32(sector), mine.i[j]] += mine.nox[j]
            total[1, u32(sector), mine.i[j]] += mine.no2[j]
    return place


@physics
def is_linked(i: int, road: int, links: StreetLinks) -> bool:
    """Whether a receptor is linked to a road."""
    found = False
    for link in range(links.start[i], links.start[i + 1]):
        found = found or links.road[link] == road
    return found


@physics
def add_at_border(
    at: int, curve: Curve, staged: Staged, limit: float, given: Given, mine: Mine, total: Float32
) -> None:
    """Add a piece that each receptor sees in a sector of its own, or not at all."""
    numbers, annual = staged.numbers, given.site.annual
    road = given.roads.segments.road[staged.segment[at]]
    for j in range(mine.x.size):
        i = mine.i[j]
        left_out = i >= total.shape[2]
        if not left_out and staged.marks[road % MARKS]:
            left_out = is_linked(i, road, given.links)
        if not left_out:
            dx, dy = numbers[at, 0] - mine.x[j], numbers[at, 1] - mine.y[j]
            g = dilution_within(dx, dy, curve, limit)
            s = u32(sector_of(dx, dy, i32(annual.size)))
            total[0, s, i] += numbers[at, 2] * g
            total[1, s, i] += numbers[at, 3] * g
            g *= annual[s]
            mine.pm10[j] += numbers[at, 4] * g
            mine.pm25[j] += numbers[at, 5] * g
            mine.ec[j] += numbers[at, 6] * g


@physics
def add_waiting(staged: Staged, limit: float, given: Given, mine: Mine, total: Float32) -> int:
    """Add all waiting pieces; how many were in range."""
    site = given.site
    curves, sectors = i32(site.coefficients.shape[0]), i32(site.annual.size)
    place = u32(0)
    while staged.ordered[place] < key_of(sectors, i32(0), curves, i32(0)):
        sector = sector_of_key(staged.ordered[place], curves)
        place = add_sector(place, sector, staged, site, limit, mine, total)
    while staged.ordered[place] < key_of(i32(sectors + 1), i32(0), curves, i32(0)):
        key = staged.ordered[place]
        curve = curve_at(site.coefficients, curve_of_key(key, curves))
        add_at_border(place_of_key(key), curve, staged, limit, given, mine, total)
        place = u32(place + ONE)
    return place


@physics
def flag_near_segment(k: int, segments: Segments, mine: Mine, near: NDArray[np.bool_]) -> None:
    """Flag receptors nearer than ``NEAREST`` to the axis of a segment."""
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    for j in range(mine.x.size):
        away = distance_to_segment(mine.x[j], mine.y[j], x0, y0, x1, y1)
        if away < NEAREST and mine.i[j] < near.size:
            near[mine.i[j]] = True


@physics
def flag_near(start: int, touching: NDArray[np.bool_], segments: Segments, mine: Mine,
              near: NDArray[np.bool_]) -> None:  # fmt: skip
    """Flag receptors near the axis of any segment that touches the block."""
    for at in range(touching.size):
        if touching[at]:
            flag_near_segment(start + at, segments, mine, near)


@physics
def clear(mine: Mine, total: Float32, near: NDArray[np.bool_]) -> None:
    """Set what a thread adds to, or raises flags in, to nothing."""
    for j in range(mine.x.size):
        if mine.i[j] < near.size:
            near[mine.i[j]] = False
            for sector in range(total.shape[1]):
                total[0, sector, mine.i[j]] = 0.0
                total[1, sector, mine.i[j]] = 0.0


@physics
def take_receptors(first: int, threads: int, receptors: Receptors, mine: Mine) -> None:
    """The receptors of a thread, from ``first`` on; past the last they stand in its place."""
    for j in range(mine.x.size):
        mine.i[j] = u32(first + j * threads)
        i = min(first + j * threads, receptors.x.size - 1)
        mine.x[j], mine.y[j] = receptors.x[i], receptors.y[i]
        mine.pm10[j] = 0.0
        mine.pm25[j] = 0.0
        mine.ec[j] = 0.0


@physics
def write_annual(mine: Mine, annual: Float32) -> None:
    """Write the annual means of a thread's receptors."""
    for j in range(mine.x.size):
        if mine.i[j] < annual.shape[1]:
            annual[0, mine.i[j]] = mine.pm10[j]
            annual[1, mine.i[j]] = mine.pm25[j]
            annual[2, mine.i[j]] = mine.ec[j]
