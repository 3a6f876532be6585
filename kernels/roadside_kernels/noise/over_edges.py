"""Paths over edges in both conditions at once; CNOSSOS-EU, 2.5, diffraction.

The reference is ``diffraction_over``.  Path differences from and to mirrored ends are those of the
ends themselves plus what mirroring adds, worked out from heights above the mean plane.  Subtracted
from one another instead, they would lose the digits that tell grazing sound from its reflection.
"""

import math
from typing import NamedTuple

from roadside_kernels.arrays import Int32
from roadside_kernels.noise.diffraction import ONE_EDGE, ground_path
from roadside_kernels.noise.edges import Profile
from roadside_kernels.noise.mean_plane import (
    GroundPath,
    MeanPlane,
    height_above,
    image_x,
    image_z,
    mean_plane,
)
from roadside_kernels.noise.path_difference import (
    arc_excess,
    edge_difference,
    path_difference,
    span,
)
from roadside_kernels.physics import borrowing

#: Ground factor in place of that under a source, where there is none; see ``ground_path``.
NO_SOURCE = -1.0


class Way(NamedTuple):
    """The way from source to receptor over edges, as straight legs and as arcs."""

    direct: float  # m, from S to R
    first: float  # m, from S to the first edge
    last: float  # m, from the last edge to R
    apart: float  # m, from the first edge to the last; 0 where they count as one
    detour: float  # m, that all legs together are longer than from S to R
    arcs: float  # m, that bending adds to all legs less what it adds from S to R


class Side(NamedTuple):
    """The ground on one side of the edges, below an end of the path: source or receptor."""

    plane: MeanPlane
    ground: GroundPath
    end: float  # m, height of the end above the mean plane, negative below it
    edge: float  # m, of the edge
    other: float  # m, of the other end of the path


class Screen(NamedTuple):
    """Edges that sound passes over, whatever the frequency and the condition."""

    way: Way
    before: Side
    behind: Side


class Differences(NamedTuple):
    """Path differences (m) in one condition."""

    direct: float  # from S to R
    from_image: float  # from S', mirrored in the ground before the edges
    to_image: float  # to R', mirrored in the ground behind them


@borrowing
def way_over(profile: Profile, edges: Int32, count: int, bend: float) -> Way:
    """The way over edges[1] to edges[count], with arcs of a bend (1/m)."""
    end = profile.x.size - 1
    across, rise = profile.x[end] - profile.x[0], profile.z_r - profile.z_s
    slope = rise / across
    stretch = math.sqrt(1.0 + slope * slope)
    x, z = profile.x[0], profile.z_s
    first = leg = apart = detour = arcs = 0.0
    for k in range(1, count + 2):
        x_next, z_next = profile.x[end], profile.z_r
        if k <= count:
            x_next, z_next = profile.x[edges[k]], profile.z[edges[k]]
        step, up = x_next - x, z_next - z
        leg = span(step, up)
        detour += (up - slope * step) * (up + slope * step) / (leg + step * stretch)
        arcs += arc_excess(leg, bend)
        if k == 1:
            first = leg
        elif k <= count:
            apart += leg
        x, z = x_next, z_next
    direct = across * stretch
    apart = apart if apart > ONE_EDGE else 0.0
    return Way(direct, first, leg, apart, detour, arcs - arc_excess(direct, bend))


@borrowing
def side_of_source(profile: Profile, edge: int) -> Side:
    """The ground between the source and the first edge."""
    x, z, end = profile.x, profile.z, profile.x.size - 1
    plane = mean_plane(x, z, 0, edge)
    return Side(
        plane,
        ground_path(profile, plane, 0, edge, profile.g[0], 0.0),
        height_above(plane, x[0], profile.z_s),
        height_above(plane, x[edge], z[edge]),
        height_above(plane, x[end], profile.z_r),
    )


@borrowing
def side_of_receptor(profile: Profile, edge: int) -> Side:
    """The ground between the last edge and the receptor."""
    x, z, end = profile.x, profile.z, profile.x.size - 1
    plane = mean_plane(x, z, edge, end)
    return Side(
        plane,
        ground_path(profile, plane, edge, end, NO_SOURCE, 0.0),
        height_above(plane, x[end], profile.z_r),
        height_above(plane, x[edge], z[edge]),
        height_above(plane, x[0], profile.z_s),
    )


@borrowing
def mirrored_longer(length: float, from_plane: float, to_plane: float, bend: float) -> float:
    """What a leg is longer (m) if one of its ends is mirrored in a plane.

    |S'O|^2 - |SO|^2 is four times the product of both heights (m) above the plane; arcs of a bend
    (1/m) add the same share as ``arc_excess``.
    """
    more = 4.0 * from_plane * to_plane
    mirrored = math.sqrt(max(length * length + more, 0.0))
    both = length + mirrored
    squares = (both * both - length * mirrored) * bend * bend
    middle = both * both * bend * bend / 4.0
    bending = squares / 24.0 + 3.0 / 128.0 * middle * middle
    return more / both * (1.0 + bending)


@borrowing
def image_longer(side: Side, leg: float, direct: float, bend: float) -> float:
    """What mirroring the end of a side adds (m) to the path difference over an edge.

    ``leg`` is the way from the end to the edge (m), ``direct`` that to the path's other end.
    """
    by_edge = mirrored_longer(leg, side.end, side.edge, bend)
    return by_edge - mirrored_longer(direct, side.end, side.other, bend)


@borrowing
def signed_difference(
    profile: Profile,
    edge: int,
    x_s: float,
    z_s: float,
    x_r: float,
    z_r: float,
    longer: float,
    bend: float,
) -> float:
    """Path difference (m) over one edge: what its way is longer, negative below the line S-R."""
    x, z = profile.x[edge], profile.z[edge]
    if z - z_s >= (z_r - z_s) / (x_r - x_s) * (x - x_s):
        return longer
    if bend == 0.0:
        return -longer
    return edge_difference(x_s, z_s, x, z, x_r, z_r, bend)


@borrowing
def differences_over(
    profile: Profile, edges: Int32, count: int, screen: Screen, bend: float
) -> Differences:
    """Path differences over edges in a condition."""
    way, before, behind = screen.way, screen.before, screen.behind
    direct = way.detour + way.arcs if bend > 0.0 else way.detour
    from_image = direct + image_longer(before, way.first, way.direct, bend)
    to_image = direct + image_longer(behind, way.last, way.direct, bend)
    if count == 1:
        x_s, z_s = profile.x[0], profile.z_s
        x_r, z_r = profile.x[profile.x.size - 1], profile.z_r
        x_i, z_i = image_x(before.plane, x_s, z_s), image_z(before.plane, x_s, z_s)
        x_j, z_j = image_x(behind.plane, x_r, z_r), image_z(behind.plane, x_r, z_r)
        o = edges[1]
        from_image = signed_difference(profile, o, x_i, z_i, x_r, z_r, from_image, bend)
        to_image = signed_difference(profile, o, x_s, z_s, x_j, z_j, to_image, bend)
        direct = signed_difference(profile, o, x_s, z_s, x_r, z_r, direct, bend)
    return Differences(direct, from_image, to_image)


@borrowing
def difference_of_images(
    profile: Profile, edges: Int32, count: int, screen: Screen, bend: float
) -> float:
    """Path difference (m) from S' to R', both mirrored in the ground on their side."""
    end = profile.x.size - 1
    before, behind = screen.before.plane, screen.behind.plane
    return path_difference(
        profile.x,
        profile.z,
        edges,
        count,
        image_x(before, profile.x[0], profile.z_s),
        image_z(before, profile.x[0], profile.z_s),
        image_x(behind, profile.x[end], profile.z_r),
        image_z(behind, profile.x[end], profile.z_r),
        bend,
    )


@borrowing
def diffracting(
    profile: Profile, edges: Int32, count: int, screen: Screen, found: Differences, bend: float
) -> float:
    """Path difference (m) by which sound is diffracted; by images of ends below their ground."""
    source_below, receptor_below = screen.before.end < 0.0, screen.behind.end < 0.0
    if source_below and receptor_below:
        return difference_of_images(profile, edges, count, screen, bend)
    if source_below:
        return found.from_image
    return found.to_image if receptor_below else found.direct
