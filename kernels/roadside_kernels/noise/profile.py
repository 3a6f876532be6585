"""Attenuation of one profile, band by band; CNOSSOS-EU, 2.5.

What depends on the frequency is kept apart from what does not: ``propagation_path`` is worked out
once for a profile and a condition, ``boundary_attenuation`` for each band.
"""

from typing import NamedTuple

from roadside_kernels.arrays import Int32
from roadside_kernels.noise.atmosphere import air_attenuation
from roadside_kernels.noise.diffraction import (
    Diffraction,
    diffraction_attenuation,
    diffraction_over,
    ground_path,
    meets_rayleigh,
    no_diffraction,
)
from roadside_kernels.noise.edges import Profile, best_edge_below, find_edges
from roadside_kernels.noise.ground import SOUND_SPEED
from roadside_kernels.noise.mean_plane import GroundPath, ground_attenuation, mean_plane
from roadside_kernels.noise.path_difference import ray_bend, span
from roadside_kernels.noise.propagation import divergence
from roadside_kernels.physics import borrowing

#: Most points of a profile, and so the length of the scratch array of edges.
MOST_POINTS = 128


class PropagationPath(NamedTuple):
    """A path from source to receptor in one condition, whatever the frequency."""

    distance: float  # m, straight
    bend: float  # 1/m, of the rays; 0 in homogeneous conditions
    ground: GroundPath
    above: int  # edges above the ray
    diffracts: bool  # an edge is there, above the ray or below it
    diffraction: Diffraction


@borrowing
def straight_distance(profile: Profile) -> float:
    """Distance (m) from source to receptor."""
    across = profile.x[profile.x.size - 1] - profile.x[0]
    return span(across, profile.z_r - profile.z_s)


@borrowing
def favourable_bend(profile: Profile) -> float:
    """Bend (1/m) of the rays of a profile in favourable conditions."""
    return ray_bend(straight_distance(profile))


@borrowing
def propagation_path(profile: Profile, edges: Int32, bend: float) -> PropagationPath:
    """The path of a profile for rays of a bend (1/m), with its edges written to ``edges``.

    Where no edge is above the ray, edges[1] is the best below it.
    """
    end = profile.x.size - 1
    plane = mean_plane(profile.x, profile.z, 0, end)
    ground = ground_path(profile, plane, 0, end, profile.g[0], bend)
    distance = straight_distance(profile)
    count = find_edges(profile, edges, bend)
    if count == 0:
        edges[1] = best_edge_below(profile, bend)
        if edges[1] == 0:
            return PropagationPath(distance, bend, ground, 0, False, no_diffraction(ground))
    paths = diffraction_over(profile, edges, max(count, 1), bend)
    return PropagationPath(distance, bend, ground, count, True, paths)


@borrowing
def boundary_attenuation(frequency: float, path: PropagationPath) -> float:
    """A_boundary (dB) at a frequency (Hz): by diffraction, or by the ground alone."""
    wavelength = SOUND_SPEED / frequency
    if path.diffracts and (path.above > 0 or meets_rayleigh(path.diffraction, wavelength)):
        return diffraction_attenuation(frequency, wavelength, path.diffraction, path.bend)
    return ground_attenuation(frequency, path.ground, path.bend)


@borrowing
def path_attenuation(frequency: float, absorption: float, path: PropagationPath) -> float:
    """A (dB) at a frequency (Hz) in air that absorbs so much (dB/km)."""
    spreading = divergence(path.distance) + air_attenuation(path.distance, absorption)
    return spreading + boundary_attenuation(frequency, path)
