"""One block of receptors in SIMD lanes: the innermost loops of SRM2 on the CPU."""

from typing import NamedTuple

import numpy as np

from roadside_kernels.air.plume import Curve, fitted_dilution
from roadside_kernels.arrays import BLOCK, Float32, Int32
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import sector_of
from roadside_kernels.physics import physics


class Lanes(NamedTuple):
    """The receptors of a block, and what is known of each for the piece at hand."""

    x: Float32
    y: Float32
    keep: Float32  # 0 where the piece's road is left out, else 1
    dilution: Float32
    sector: Int32  # counted from the first that any lane sees


@physics
def curve_of(coefficients: Float32, k: int) -> Curve:
    """One curve, as the tuple that its formula takes."""
    c = coefficients[k]
    return (c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10])


@physics
def dilution_within(dx: float, dy: float, curve: Curve, limit: float) -> float:
    """Dilution (s/m3) of a piece at an offset (m); 0 beyond a squared range (m2)."""
    squared = dx * dx + dy * dy
    diluted = fitted_dilution(squared, curve)
    return diluted if squared <= limit else 0.0


@physics
def add_group(
    lanes: Lanes,
    px: Float32,
    py: Float32,
    emission: Float32,
    weight: float,
    curve: Curve,
    limit: float,
    by_sector: Float32,
    annual: Float32,
) -> None:
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
def add_by_lane(
    lanes: Lanes,
    first: int,
    emission: Float32,
    weight: Float32,
    by_sector: Float32,
    annual: Float32,
) -> None:
    """Add a piece, whose dilution is known, in the sector in which each receptor sees it.

    Lane by lane, however many sectors there are; changes the dilutions.
    """
    a, b, c, d, e = emission[0], emission[1], emission[2], emission[3], emission[4]
    dilution, sector, sectors = lanes.dilution, lanes.sector, i32(weight.size)
    for i in range(dilution.size):
        j = np.uint32(i)
        place = i32(first + sector[j])
        s = np.uint32(place - sectors if place >= sectors else place)
        g = dilution[j]
        by_sector[s, j] += a * g
        by_sector[s, BLOCK + j] += b * g
        dilution[j] = weight[s] * g
    for i in range(dilution.size):
        j = np.uint32(i)
        g = dilution[j]
        annual[j] += c * g
        annual[BLOCK + j] += d * g
        annual[2 * BLOCK + j] += e * g


@physics
def find_dilution(lanes: Lanes, px: float, py: float, curve: Curve, limit: float) -> None:
    """Dilution of a piece at each receptor of a block."""
    x, y, keep, dilution = lanes.x, lanes.y, lanes.keep, lanes.dilution
    for j in range(x.size):
        dilution[j] = keep[j] * dilution_within(px - x[j], py - y[j], curve, limit)


@physics
def find_sectors(lanes: Lanes, px: float, py: float, first: int, count: int, sectors: int) -> None:
    """Sector in which each receptor sees a piece, counted from the first of a few.

    Rounding may put a receptor just outside them: it then belongs to the nearer end.
    """
    x, y, sector = lanes.x, lanes.y, lanes.sector
    for j in range(x.size):
        place = i32(sector_of(px - x[j], py - y[j], sectors) - first)
        place = i32(place + sectors) if place < 0 else place
        outside = i32(0) if 2 * place > sectors + count else i32(count - 1)
        sector[j] = outside if place >= count else place
