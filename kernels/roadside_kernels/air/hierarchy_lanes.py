"""Sources that a block of receptors sees on both sides of a border between wind sectors.

A square of roads is divided between two sectors as if it were spread evenly about its centroid;
so is one on the rim of the range between what counts and what does not.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import get_num_threads

from roadside_kernels.air.hierarchy_cells import WEIGHT, XX, XY, YY
from roadside_kernels.air.lanes import curve_of
from roadside_kernels.air.pieces import GROUP, Site, Sums
from roadside_kernels.air.plume import Curve, fitted_dilution
from roadside_kernels.arrays import BLOCK, Float32, Int32
from roadside_kernels.geometry import clamp
from roadside_kernels.physics import physics

#: Half the width of an even spread, over its standard deviation.
HALF_WIDTH = math.sqrt(3.0)
#: Half the width (m) that a piece of road is taken to have across a border.
NARROW = 1e-3
#: Numbers of a waiting source: place, one over its width, and the emission of five pollutants.
WAITING = 8


class BorderQueue(NamedTuple):
    """Sources that wait until four straddle the same border and have the same curve."""

    waiting: Float32  # (curves * sectors, WAITING * GROUP), quantity by quantity
    filled: Int32  # (curves * sectors)
    place: Float32  # (2 * BLOCK), x and y of the receptors


class Rooms(NamedTuple):
    """Room for sources at borders and marks, for each worker (the first axis of each array)."""

    waiting: Float32  # (workers, slots, WAITING * GROUP)
    filled: Int32  # (workers, slots)
    place: Float32  # (workers, 2 * BLOCK)
    marks: Int32  # (workers, squares)


def new_rooms(slots: int, squares: int) -> Rooms:
    """Room for every worker."""
    workers = get_num_threads()
    return Rooms(
        np.empty((workers, slots, WAITING * GROUP), np.float32),
        np.zeros((workers, slots), np.int32),
        np.zeros((workers, 2 * BLOCK), np.float32),
        np.full((workers, squares), -1, np.int32),
    )


@physics
def half_width(cell: Float32, across_x: float, across_y: float) -> float:
    """Half the width (m) of an even spread with the moments of a square in a direction."""
    moment = (
        across_x * across_x * cell[XX]
        + 2.0 * across_x * across_y * cell[XY]
        + across_y * across_y * cell[YY]
    )
    return max(HALF_WIDTH * math.sqrt(max(moment / cell[WEIGHT], 0.0)), NARROW)


@physics
def share_beyond(across: float, per_width: float) -> float:
    """Share of a spread beyond a line; its centroid is so far (m) beyond."""
    return clamp(0.5 + across * per_width, 0.0, 1.0)


@physics
def add_border_group(
    place: Float32,
    size: int,
    waiting: Float32,
    border_x: float,
    border_y: float,
    before: float,
    after: float,
    curve: Curve,
    left: Float32,
    right: Float32,
    annual: Float32,
) -> None:
    """Add four sources, divided between the sectors left and right of a border."""
    w = waiting
    x0, x1, x2, x3 = w[0], w[1], w[2], w[3]
    y0, y1, y2, y3 = w[4], w[5], w[6], w[7]
    p0, p1, p2, p3 = w[8], w[9], w[10], w[11]
    a0, a1, a2, a3 = w[12], w[13], w[14], w[15]
    b0, b1, b2, b3 = w[16], w[17], w[18], w[19]
    c0, c1, c2, c3 = w[20], w[21], w[22], w[23]
    d0, d1, d2, d3 = w[24], w[25], w[26], w[27]
    e0, e1, e2, e3 = w[28], w[29], w[30], w[31]
    for i in range(size):
        # Unsigned: without the test for negative indices the loop goes into SIMD lanes.
        j = np.uint32(i)
        x, y = place[j], place[BLOCK + j]
        u0, v0, u1, v1 = x0 - x, y0 - y, x1 - x, y1 - y
        u2, v2, u3, v3 = x2 - x, y2 - y, x3 - x, y3 - y
        g0 = fitted_dilution(u0 * u0 + v0 * v0, curve)
        g1 = fitted_dilution(u1 * u1 + v1 * v1, curve)
        g2 = fitted_dilution(u2 * u2 + v2 * v2, curve)
        g3 = fitted_dilution(u3 * u3 + v3 * v3, curve)
        h0 = g0 * share_beyond(border_y * u0 - border_x * v0, p0)
        h1 = g1 * share_beyond(border_y * u1 - border_x * v1, p1)
        h2 = g2 * share_beyond(border_y * u2 - border_x * v2, p2)
        h3 = g3 * share_beyond(border_y * u3 - border_x * v3, p3)
        g0, g1, g2, g3 = g0 - h0, g1 - h1, g2 - h2, g3 - h3
        left[j] += a0 * g0 + a1 * g1 + a2 * g2 + a3 * g3
        left[BLOCK + j] += b0 * g0 + b1 * g1 + b2 * g2 + b3 * g3
        right[j] += a0 * h0 + a1 * h1 + a2 * h2 + a3 * h3
        right[BLOCK + j] += b0 * h0 + b1 * h1 + b2 * h2 + b3 * h3
        g0, g1 = before * g0 + after * h0, before * g1 + after * h1
        g2, g3 = before * g2 + after * h2, before * g3 + after * h3
        annual[j] += c0 * g0 + c1 * g1 + c2 * g2 + c3 * g3
        annual[BLOCK + j] += d0 * g0 + d1 * g1 + d2 * g2 + d3 * g3
        annual[2 * BLOCK + j] += e0 * g0 + e1 * g1 + e2 * g2 + e3 * g3


@physics
def add_waiting_group(slot: int, size: int, queue: BorderQueue, site: Site, sums: Sums) -> None:
    """Add the complete group of a border and a curve."""
    sectors = site.annual.size
    right = slot % sectors
    left = right - 1 if right > 0 else sectors - 1
    add_border_group(
        queue.place, size, queue.waiting[slot], site.borders[right, 0], site.borders[right, 1],
        site.annual[left], site.annual[right], curve_of(site.coefficients, slot // sectors),
        sums.by_sector[left], sums.by_sector[right], sums.annual,
    )  # fmt: skip


@physics
def add_at_border(
    px: float,
    py: float,
    width: float,
    emission: Float32,
    slot: int,
    size: int,
    queue: BorderQueue,
    site: Site,
    sums: Sums,
) -> None:
    """Add a source of half a width (m) across the border of a slot."""
    at = queue.filled[slot]
    queue.waiting[slot, at], queue.waiting[slot, GROUP + at] = px, py
    queue.waiting[slot, 2 * GROUP + at] = 0.5 / width
    for pollutant in range(5):
        queue.waiting[slot, (3 + pollutant) * GROUP + at] = emission[pollutant]
    queue.filled[slot] = (at + 1) % GROUP
    if at + 1 == GROUP:
        add_waiting_group(slot, size, queue, site, sums)


@physics
def add_border_rest(size: int, queue: BorderQueue, site: Site, sums: Sums) -> None:
    """Add the groups that no further source completes."""
    for slot in range(queue.filled.size):
        if queue.filled[slot] > 0:
            for at in range(queue.filled[slot], GROUP):
                for quantity in range(WAITING):
                    first = queue.waiting[slot, quantity * GROUP]
                    queue.waiting[slot, quantity * GROUP + at] = first if quantity < 3 else 0.0
            add_waiting_group(slot, size, queue, site, sums)
            queue.filled[slot] = 0


@physics
def dilution_at_rim(dx: float, dy: float, width: float, reach: float, curve: Curve) -> float:
    """Dilution (s/m3) of a source at an offset (m) that lies partly within the range (m).

    What counts of it lies nearer than its centroid, by half of what does not.
    """
    away = math.sqrt(dx * dx + dy * dy)
    within = share_beyond(reach - away, 0.5 / width)
    nearer = away - width * (1.0 - within)
    return within * fitted_dilution(nearer * nearer, curve)


@physics
def find_dilution_at_rim(
    place: Float32, px: float, py: float, width: float, reach: float, curve: Curve, found: Float32
) -> None:
    """The same at each receptor of a block, of a source at a place."""
    for i in range(found.size):
        j = np.uint32(i)
        found[j] = dilution_at_rim(px - place[j], py - place[BLOCK + j], width, reach, curve)
