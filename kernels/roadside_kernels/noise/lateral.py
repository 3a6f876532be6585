"""Paths around the vertical edges of obstacles; CNOSSOS-EU, 2.5, lateral diffraction.

The Directive has them for point sources of railways and industry.  Sources of roads do not use
them: they are here to be compared with the published cases.
"""

from roadside_kernels.noise.atmosphere import air_attenuation
from roadside_kernels.noise.diffraction import pure_diffraction
from roadside_kernels.noise.ground import SOUND_SPEED
from roadside_kernels.noise.mean_plane import GroundPath, ground_attenuation
from roadside_kernels.noise.path_difference import span
from roadside_kernels.noise.propagation import divergence
from roadside_kernels.physics import physics


@physics
def lateral_difference(unfolded: float, horizontal: float, rise: float) -> float:
    """Path difference (m) of an unfolded horizontal length (m) over the direct one (m)."""
    both = span(unfolded, rise) + span(horizontal, rise)
    return (unfolded - horizontal) * (unfolded + horizontal) / both


@physics
def lateral_attenuation(
    frequency: float,
    absorption: float,
    ground: GroundPath,
    distance: float,
    difference: float,
    apart: float,
    bend: float,
) -> float:
    """A (dB) of a path around edges that are apart (m), by the ground of its unfolded profile.

    The sound spreads over the straight distance (m) and is absorbed on the way around.
    """
    around = pure_diffraction(difference, apart, SOUND_SPEED / frequency)
    air = air_attenuation(distance + difference, absorption)
    return divergence(distance) + air + ground_attenuation(frequency, ground, bend) + around
