"""The edges of a profile in both conditions, found fast; CNOSSOS-EU, 2.5, diffraction.

What ``find_edges`` finds, without working out twice what both conditions
share: only points above the straight line from source to receptor can be on a hull.
"""

from typing import NamedTuple

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.edges import EDGE, Profile, sag
from roadside_kernels.physics import borrowing


class Candidates(NamedTuple):
    """Source, the points that may diffract, and receptor; room for all points of a profile."""

    point: Int32  # of the profile
    x: Float32  # m
    z: Float32  # m, altitude
    lowered: Float32  # m, altitude less the height of the bent ray


@borrowing
def find_above(profile: Profile, found: Candidates) -> int:
    """Write the edges above the straight line to 1, 2, … with both ends around; their count."""
    last = profile.x.size - 1
    x_s, z_s, x_r, z_r = profile.x[0], profile.z_s, profile.x[last], profile.z_r
    across, rise = x_r - x_s, z_r - z_s
    found.point[0], found.x[0], found.z[0] = 0, x_s, z_s
    count = 0
    for i in range(1, last):
        x, z = profile.x[i], profile.z[i]
        if (z - z_s) * across > rise * (x - x_s) and profile.kind[i] == EDGE and x_s < x < x_r:
            count += 1
            found.point[count], found.x[count], found.z[count] = i, x, z
    found.point[count + 1], found.x[count + 1], found.z[count + 1] = last, x_r, z_r
    return count


@borrowing
def lower(found: Candidates, count: int, bend: float) -> None:
    """Work out by how much the ray of a bend (1/m) is higher over every candidate."""
    start = found.x[0]
    length = found.x[count + 1] - start
    for k in range(count + 2):
        found.lowered[k] = found.z[k] - sag(found.x[k] - start, length, bend)


@borrowing
def upper_hull(found: Candidates, height: Float32, count: int, edges: Int32) -> int:
    """Write the edges that a string over candidates of a height (m) touches; their count.

    As ``find_edges``: edges[0] and edges[count + 1] are the feet.
    """
    edges[0] = 0
    top = 0
    for k in range(1, count + 2):
        while top > 0:
            left, middle = edges[top - 1], edges[top]
            step, rise = found.x[middle] - found.x[left], height[middle] - height[left]
            length, total = found.x[k] - found.x[left], height[k] - height[left]
            if rise * length > total * step:
                break
            top -= 1
        top += 1
        edges[top] = k
    for k in range(1, top + 1):
        edges[k] = found.point[edges[k]]
    return top - 1
