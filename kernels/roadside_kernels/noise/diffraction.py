"""Attenuation by diffraction over edges; CNOSSOS-EU, 2.5, diffraction.

The paths over the edges do not depend on the frequency: ``diffraction_over`` finds them once, and
the attenuation is worked out from them band by band.
"""

import math
from typing import NamedTuple

from roadside_kernels.arrays import Int32
from roadside_kernels.noise.edges import Profile, altitude
from roadside_kernels.noise.ground import path_ground_factor
from roadside_kernels.noise.mean_plane import (
    GroundPath,
    MeanPlane,
    foot_distance,
    ground_attenuation,
    height_above,
    image_x,
    image_z,
    mean_ground_factor,
    mean_plane,
)
from roadside_kernels.noise.path_difference import edge_span, path_difference
from roadside_kernels.physics import borrowing, physics

#: Edges no further apart than this (m) are one.
ONE_EDGE = 0.3
#: Most that diffraction itself attenuates (dB).
GREATEST = 25.0
#: exp(NEPER * level) is ten to the power level / 20.
NEPER = math.log(10.0) / 20.0


class Diffraction(NamedTuple):
    """Path differences (m) over the edges and the ground on either side of them."""

    apart: float  # m, from the first edge to the last
    direct: float  # from S to R
    from_image: float  # from S', mirrored in the ground before the edges
    to_image: float  # to R', mirrored in the ground behind them
    of_images: float  # from S' to R'
    before: GroundPath
    behind: GroundPath
    source_below: bool  # the source lies below the mean plane of its ground
    receptor_below: bool


@physics
def several_edges(apart: float, wavelength: float) -> float:
    """C'' of edges that are apart (m)."""
    if apart <= ONE_EDGE:
        return 1.0
    ratio = 5.0 * wavelength / apart
    return (1.0 + ratio * ratio) / (1.0 / 3.0 + ratio * ratio)


@physics
def pure_diffraction(difference: float, apart: float, wavelength: float) -> float:
    """Delta_dif (dB) of a path difference (m), without a bound above."""
    reach = 40.0 / wavelength * several_edges(apart, wavelength) * difference
    if reach < -2.0:
        return 0.0
    return 10.0 * math.log10(3.0 + reach)


@borrowing
def ground_path(
    profile: Profile, plane: MeanPlane, first: int, last: int, g_s: float, bend: float
) -> GroundPath:
    """The ground between two points, where source, edges or receptor stand; from a source's G_s.

    G_s below 0 stands for no source: the ground factor is that of the path.
    """
    from_z, to_z = altitude(profile, first), altitude(profile, last)
    z_s = max(height_above(plane, profile.x[first], from_z), 0.0)
    z_r = max(height_above(plane, profile.x[last], to_z), 0.0)
    d_p = foot_distance(plane, profile.x[first], from_z, profile.x[last], to_z)
    g_path = mean_ground_factor(profile.x, profile.g, first, last)
    if g_s < 0.0:
        return GroundPath(d_p, z_s, z_r, g_path, g_path, g_path)
    g_m = path_ground_factor(d_p, z_s, z_r, g_path, g_s)
    return GroundPath(d_p, z_s, z_r, g_path, g_m if bend == 0.0 else g_path, g_m)


@borrowing
def diffraction_over(profile: Profile, edges: Int32, count: int, bend: float) -> Diffraction:
    """The paths over edges[1] to edges[count], with the ground before and behind them."""
    x, z, end = profile.x, profile.z, profile.x.size - 1
    x_s, z_s, x_r, z_r = x[0], profile.z_s, x[end], profile.z_r
    before = mean_plane(x, z, 0, edges[1])
    behind = mean_plane(x, z, edges[count], end)
    x_i, z_i = image_x(before, x_s, z_s), image_z(before, x_s, z_s)
    x_j, z_j = image_x(behind, x_r, z_r), image_z(behind, x_r, z_r)
    return Diffraction(
        edge_span(x, z, edges, count),
        path_difference(x, z, edges, count, x_s, z_s, x_r, z_r, bend),
        path_difference(x, z, edges, count, x_i, z_i, x_r, z_r, bend),
        path_difference(x, z, edges, count, x_s, z_s, x_j, z_j, bend),
        path_difference(x, z, edges, count, x_i, z_i, x_j, z_j, bend),
        ground_path(profile, before, 0, edges[1], profile.g[0], bend),
        ground_path(profile, behind, edges[count], end, -1.0, bend),
        height_above(before, x_s, z_s) < 0.0,
        height_above(behind, x_r, z_r) < 0.0,
    )


@physics
def no_diffraction(ground: GroundPath) -> Diffraction:
    """The paths where there is no edge at all."""
    return Diffraction(0.0, 0.0, 0.0, 0.0, 0.0, ground, ground, False, False)


@physics
def meets_rayleigh(paths: Diffraction, wavelength: float) -> bool:
    """Whether an edge below the ray diffracts at a wavelength (m)."""
    near = paths.direct > -wavelength / 20.0
    return near and paths.direct > wavelength / 4.0 - paths.of_images


@physics
def ground_beside_edge(ground: float, to_image: float, direct: float) -> float:
    """Delta_ground (dB) on one side, from A_ground and both attenuations by diffraction (dB)."""
    reflected = (math.exp(-NEPER * ground) - 1.0) * math.exp(NEPER * (direct - to_image))
    return -20.0 * math.log10(1.0 + reflected)


@physics
def diffraction_attenuation(
    frequency: float, wavelength: float, paths: Diffraction, bend: float
) -> float:
    """A_dif (dB) at a frequency (Hz) and its wavelength (m)."""
    direct = pure_diffraction(paths.direct, paths.apart, wavelength)
    from_image = pure_diffraction(paths.from_image, paths.apart, wavelength)
    to_image = pure_diffraction(paths.to_image, paths.apart, wavelength)
    before = ground_attenuation(frequency, paths.before, bend)
    behind = ground_attenuation(frequency, paths.behind, bend)
    over = direct
    if paths.source_below and paths.receptor_below:
        over = pure_diffraction(paths.of_images, paths.apart, wavelength)
    elif paths.source_below:
        over = from_image
    elif paths.receptor_below:
        over = to_image
    if not paths.source_below:
        before = ground_beside_edge(before, from_image, direct)
    if not paths.receptor_below:
        behind = ground_beside_edge(behind, to_image, direct)
    return min(max(over, 0.0), GREATEST) + before + behind
