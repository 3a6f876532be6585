"""Which edges diffract; CNOSSOS-EU, 2.5, diffraction.

Edges are those points of a profile on the upper convex hull between source and receptor, in
favourable conditions after all points are lowered by the curvature of the rays.
"""

import math
from typing import NamedTuple

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.path_difference import edge_difference
from roadside_kernels.physics import borrowing

#: Kinds of points: where the ground factor alone changes, and where sound may be diffracted.
GROUND, EDGE = 0, 1


class Profile(NamedTuple):
    """A vertical cut from source to receptor, unfolded where walls reflect; lengths in m.

    Walls are vertical stretches: two or three points at one place.  The first and the last point
    are the feet of source and receptor.
    """

    x: Float32
    z: Float32  # altitude of the ground, of roofs and of tops of walls
    g: Float32  # ground factor after each point, 0 on roofs
    kind: Int32  # GROUND or EDGE
    z_s: float  # altitude of the source
    z_r: float  # altitude of the receptor


@borrowing
def sag(x: float, length: float, bend: float) -> float:
    """Height (m) of a ray above the straight line at x (m) from its start, over a length (m)."""
    from_middle = x - 0.5 * length
    end = math.sqrt(1.0 - 0.25 * bend * length * bend * length)
    here = math.sqrt(1.0 - bend * from_middle * bend * from_middle)
    return x * (length - x) * bend / (end + here)


@borrowing
def altitude(profile: Profile, i: int) -> float:
    """Altitude (m) of a point, of source and receptor in place of their feet."""
    if i == 0:
        return profile.z_s
    if i == profile.x.size - 1:
        return profile.z_r
    top: float = profile.z[i]
    return top


@borrowing
def lowered(profile: Profile, i: int, bend: float) -> float:
    """Altitude (m) of a point less the height of a bent ray from source to receptor."""
    start, length = profile.x[0], profile.x[profile.x.size - 1] - profile.x[0]
    return altitude(profile, i) - sag(profile.x[i] - start, length, bend)


@borrowing
def is_under(profile: Profile, left: int, i: int, right: int, bend: float) -> bool:
    """Whether point i lies on or under the ray from one point to another."""
    low = lowered(profile, left, bend)
    rise, total = lowered(profile, i, bend) - low, lowered(profile, right, bend) - low
    step, length = profile.x[i] - profile.x[left], profile.x[right] - profile.x[left]
    under: bool = rise * length <= total * step
    return under


@borrowing
def may_diffract(profile: Profile, i: int) -> bool:
    """Whether a point is an edge that stands clear of source and receptor."""
    clear: bool = profile.x[0] < profile.x[i] < profile.x[profile.x.size - 1]
    return clear and profile.kind[i] == EDGE


@borrowing
def find_edges(profile: Profile, edges: Int32, bend: float) -> int:
    """Write the edges of the upper hull to edges[1:count + 1] and return their count.

    ``edges`` has room for every point of the profile; edges[0] and edges[count + 1] are the feet.
    """
    last = profile.x.size - 1
    edges[0] = 0
    top = 0
    for i in range(1, last + 1):
        if i < last and not may_diffract(profile, i):
            continue
        while top > 0 and is_under(profile, edges[top - 1], edges[top], i, bend):
            top -= 1
        top += 1
        edges[top] = i
    return top - 1


@borrowing
def difference_at(profile: Profile, i: int, bend: float) -> float:
    """Path difference (m) over one point."""
    last = profile.x.size - 1
    return edge_difference(
        profile.x[0],
        profile.z_s,
        profile.x[i],
        profile.z[i],
        profile.x[last],
        profile.z_r,
        bend,
    )


@borrowing
def best_edge_below(profile: Profile, bend: float) -> int:
    """The edge with the greatest path difference where none is above the ray; 0 if none is."""
    best = 0
    greatest = 0.0
    for i in range(1, profile.x.size - 1):
        if may_diffract(profile, i):
            difference = difference_at(profile, i, bend)
            if best == 0 or difference > greatest:
                best, greatest = i, difference
    return best


@borrowing
def last_edge_before(profile: Profile, edges: Int32, count: int, x: float) -> int:
    """Place in ``edges`` of the last edge before x (m); 0, the source, if none is."""
    k = 0
    while k < count and profile.x[edges[k + 1]] < x:
        k += 1
    return k


@borrowing
def edge_behind(profile: Profile, edges: Int32, count: int, k: int) -> int:
    """The point after the k-th edge: the next edge, or the receptor after the last one."""
    end = profile.x.size - 1
    behind: int = edges[k + 1] if k < count else end
    return behind


@borrowing
def ray_height(profile: Profile, edges: Int32, count: int, x: float, bend: float) -> float:
    """Altitude (m) at x (m) of the ray from source over the edges to receptor."""
    k = last_edge_before(profile, edges, count, x)
    left, right = edges[k], edge_behind(profile, edges, count, k)
    start, length = profile.x[0], profile.x[profile.x.size - 1] - profile.x[0]
    low, high = lowered(profile, left, bend), lowered(profile, right, bend)
    share: float = (x - profile.x[left]) / (profile.x[right] - profile.x[left])
    return low + share * (high - low) + sag(x - start, length, bend)
