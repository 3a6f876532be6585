"""The mean plane of the ground under a path; CNOSSOS-EU, 2.5, modelling of the terrain.

In the vertical plane of propagation the ground is a polyline (x, z) from the foot of the source to
that of the receptor; ``first`` and ``last`` are the points between which a plane is fitted.  Walls
are vertical stretches: they have no length and no part in the plane.
"""

import math
from typing import NamedTuple

from roadside_kernels.arrays import Float32
from roadside_kernels.noise.ground import ground_favourable, ground_homogeneous
from roadside_kernels.physics import borrowing


class MeanPlane(NamedTuple):
    """A line whose altitude (m) is z + rise + slope (at - x), z being that of the first point."""

    x: float
    z: float
    rise: float
    slope: float


class GroundPath(NamedTuple):
    """What the ground's attenuation depends on: lengths (m) and ground factors (1)."""

    d_p: float
    z_s: float
    z_r: float
    g_path: float
    g_w: float
    g_m: float


@borrowing
def mean_plane(x: Float32, z: Float32, first: int, last: int) -> MeanPlane:
    """Plane of least squares through a polyline.

    The sums A and B of the Directive, with x from the middle and z from the first point, where
    they lose no digits.
    """
    middle = 0.5 * (x[first] + x[last])
    length = x[last] - x[first]
    area = 0.0
    moment = 0.0
    for k in range(first, last):
        step = x[k + 1] - x[k]
        at = 0.5 * (x[k] + x[k + 1]) - middle
        mean = 0.5 * ((z[k] - z[first]) + (z[k + 1] - z[first]))
        area += mean * step
        moment += step * (mean * at + (z[k + 1] - z[k]) * step / 12.0)
    slope = 12.0 * moment / (length * length * length)
    return MeanPlane(middle, z[first], area / length, slope)


@borrowing
def height_above(plane: MeanPlane, x: float, z: float) -> float:
    """Orthogonal height (m) of a point above a plane, negative below it."""
    slope = plane.slope
    above = (z - plane.z) - plane.rise - slope * (x - plane.x)
    return above / math.sqrt(1.0 + slope * slope)


@borrowing
def foot_distance(plane: MeanPlane, x: float, z: float, to_x: float, to_z: float) -> float:
    """Distance d_p (m) between the orthogonal projections of two points on a plane."""
    slope = plane.slope
    return abs(to_x - x + slope * (to_z - z)) / math.sqrt(1.0 + slope * slope)


@borrowing
def image_x(plane: MeanPlane, x: float, z: float) -> float:
    """Abscissa (m) of a point mirrored in a plane."""
    slope = plane.slope
    return x + 2.0 * slope * height_above(plane, x, z) / math.sqrt(1.0 + slope * slope)


@borrowing
def image_z(plane: MeanPlane, x: float, z: float) -> float:
    """Altitude (m) of a point mirrored in a plane."""
    slope = plane.slope
    return z - 2.0 * height_above(plane, x, z) / math.sqrt(1.0 + slope * slope)


@borrowing
def mean_ground_factor(x: Float32, g: Float32, first: int, last: int) -> float:
    """G_path, the mean ground factor by horizontal length; g holds that after each point."""
    soft: float = 0.0
    for k in range(first, last):
        soft += g[k] * (x[k + 1] - x[k])
    length: float = x[last] - x[first]
    return soft / length


@borrowing
def ground_attenuation(frequency: float, path: GroundPath, bend: float) -> float:
    """A_ground (dB) at a frequency (Hz): of straight rays where their bend (1/m) is 0."""
    if bend == 0.0:
        return ground_homogeneous(
            frequency, path.d_p, path.z_s, path.z_r, path.g_path, path.g_w, path.g_m
        )
    return ground_favourable(
        frequency, path.d_p, path.z_s, path.z_r, path.g_path, path.g_w, path.g_m
    )
