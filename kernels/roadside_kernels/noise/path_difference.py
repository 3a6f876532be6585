"""Path differences, free of cancellation; CNOSSOS-EU, 2.5, diffraction.

Lengths that nearly cancel are never subtracted: each leg of a path is compared with the stretch of
the straight line S-R above or below it, by the difference of their squares.  ``bend`` (1/m) is the
inverse of the radius of the rays, 0 in homogeneous conditions.
"""

import math

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.physics import borrowing, physics

#: Least radius (m) of a ray in favourable conditions, and radius over the length of the path.
LEAST_RADIUS = 1000.0
RADIUS_OVER_DISTANCE = 8.0


@physics
def ray_bend(distance: float) -> float:
    """Inverse (1/m) of the radius of rays over a distance (m) in favourable conditions."""
    return 1.0 / max(LEAST_RADIUS, RADIUS_OVER_DISTANCE * distance)


@physics
def span(step: float, rise: float) -> float:
    """Length (m) of a stretch."""
    return math.sqrt(step * step + rise * rise)


@physics
def arc_excess(length: float, bend: float) -> float:
    """What an arc is longer (m) than its chord (m): the series of 2 asin(l bend / 2) / bend."""
    angle2 = length * bend * length * bend
    return length * angle2 * (1.0 / 24.0 + angle2 * (3.0 / 640.0))


@physics
def leg_detour(step: float, rise: float, slope: float, onwards: bool) -> float:
    """What a leg is longer (m) than the straight line over the same abscissae.

    A leg that goes back, as those to mirrored ends may, lengthens the path by both.
    """
    along = slope * step
    both = span(step, rise) + span(step, along)
    if onwards:
        return (rise - along) * (rise + along) / both
    return both


@physics
def edge_difference(
    x_s: float, z_s: float, x_o: float, z_o: float, x_r: float, z_r: float, bend: float
) -> float:
    """Path difference (m) over one edge O between S and R; negative if O is below their line."""
    before, after, across = x_o - x_s, x_r - x_o, x_r - x_s
    slope = (z_r - z_s) / across
    detour = leg_detour(before, z_o - z_s, slope, before * across >= 0.0)
    detour += leg_detour(after, z_r - z_o, slope, after * across >= 0.0)
    bent = arc_excess(span(before, z_o - z_s), bend) + arc_excess(span(after, z_r - z_o), bend)
    direct = arc_excess(span(across, z_r - z_s), bend)
    if z_o - z_s >= slope * before:
        return detour + (bent - direct)
    under = arc_excess(span(before, slope * before), bend)
    under += arc_excess(span(after, slope * after), bend)
    return (2.0 * under - bent - direct) - detour


@borrowing
def path_difference(
    x: Float32,
    z: Float32,
    edges: Int32,
    count: int,
    x_s: float,
    z_s: float,
    x_r: float,
    z_r: float,
    bend: float,
) -> float:
    """Path difference (m) from S to R over edges[1] to edges[count] of a polyline (x, z)."""
    if count == 1:
        return edge_difference(x_s, z_s, x[edges[1]], z[edges[1]], x_r, z_r, bend)
    across = x_r - x_s
    slope = (z_r - z_s) / across
    x_last, z_last = x_s, z_s
    detour = 0.0
    bent = 0.0
    for k in range(1, count + 2):
        x_next, z_next = x_r, z_r
        if k <= count:
            x_next, z_next = x[edges[k]], z[edges[k]]
        step, rise = x_next - x_last, z_next - z_last
        detour += leg_detour(step, rise, slope, step * across >= 0.0)
        bent += arc_excess(span(step, rise), bend)
        x_last, z_last = x_next, z_next
    return detour + (bent - arc_excess(span(across, z_r - z_s), bend))


@borrowing
def edge_span(x: Float32, z: Float32, edges: Int32, count: int) -> float:
    """Length e (m) from the first edge to the last, along the edges."""
    length = 0.0
    for k in range(1, count):
        here, there = edges[k], edges[k + 1]
        length += span(x[there] - x[here], z[there] - z[here])
    return length
