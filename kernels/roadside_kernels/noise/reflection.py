"""What reflection by a wall costs; CNOSSOS-EU, 2.5, reflection on vertical obstacles."""

import math

from roadside_kernels.arrays import Int32
from roadside_kernels.noise.edges import Profile, altitude, edge_behind, last_edge_before
from roadside_kernels.noise.ground import SOUND_SPEED
from roadside_kernels.noise.path_difference import edge_difference
from roadside_kernels.physics import borrowing, physics


@physics
def wall_absorption(absorbed: float) -> float:
    """A_abs (dB) of a wall that absorbs a share (1) of the energy."""
    return -10.0 * math.log10(1.0 - absorbed)


@borrowing
def retro_difference(
    profile: Profile, edges: Int32, count: int, x: float, top: float, bend: float
) -> float:
    """Path difference (m) over the top (m) of a wall at x (m), negative if above the ray.

    The path is that between the edges before and behind the wall; source and
    receptor where there is none.
    """
    k = last_edge_before(profile, edges, count, x)
    left, right = edges[k], edge_behind(profile, edges, count, k)
    return -edge_difference(
        profile.x[left],
        altitude(profile, left),
        x,
        top,
        profile.x[right],
        altitude(profile, right),
        bend,
    )


@physics
def retro_diffraction(frequency: float, difference: float) -> float:
    """A_retro (dB) at a frequency (Hz): what passes over the wall in place of being reflected."""
    reach = 40.0 * frequency / SOUND_SPEED * difference
    if reach < -2.0:
        return 0.0
    return 10.0 * math.log10(3.0 + reach)
