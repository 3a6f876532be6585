"""What arrives over one cut, direct or by way of a wall, in all bands and both conditions."""

import math

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.elementary import exp2
from roadside_kernels.noise.cut import Point, Points
from roadside_kernels.noise.edges import Profile, ray_height
from roadside_kernels.noise.path_difference import ray_bend, span
from roadside_kernels.noise.profile_energy import SPREADING, Bench, fill_energies
from roadside_kernels.noise.reflection import retro_difference
from roadside_kernels.noise.spectrum import Spectrum
from roadside_kernels.physics import inlined

#: Rays that pass no farther below the top of a wall than this (m) are not reflected.
GRAZING = 1e-3
#: Octave bands.
BANDS = 8


@inlined
def profile_in(points: Points, count: int, source: Point, receptor: Point) -> Profile:
    """The profile of so many points."""
    return Profile(
        points.x[:count],
        points.z[:count],
        points.g[:count],
        points.kind[:count],
        source.z,
        receptor.z,
    )


@inlined
def reflect(
    profile: Profile, edges: Int32, count: int, at: float, top: float, bend: float,
    spectrum: Spectrum, reflected: Float32, energy: Float32,
) -> None:  # fmt: skip
    """Leave of energies what a wall at a place on the path sends back, not what passes over."""
    edges[0] = 0
    # What adjoins the wall up to its top leaves nothing of it to reflect.
    if ray_height(profile, edges, count, at, bend) > top - GRAZING:
        energy[:BANDS] = 0.0
        return
    difference = retro_difference(profile, edges, count, at, top, bend)
    for band in range(BANDS):
        passes = 3.0 + 40.0 * difference / math.sqrt(spectrum.wavelength2[band])
        energy[band] *= reflected[band] / max(passes, 1.0)


@inlined
def add_path(
    profile: Profile, wall: int, at: float, top: float, reflected: Float32, length: float,
    spectrum: Spectrum, probability: Float32, sector: int, bench: Bench, row: Float32,
) -> None:  # fmt: skip
    """Add what arrives of a piece (m) over a profile; by a wall with its top (m) at a place (m).

    ``wall`` is a row of ``reflected``, -1 on a direct path.
    """
    distance = span(profile.x[profile.x.size - 1], profile.z_r - profile.z_s)
    bend = ray_bend(distance)
    count, curved = fill_energies(profile, spectrum, bend, bench)
    if wall >= 0:
        sent, edges, bent_edges = reflected[wall], bench.straight_edges, bench.bent_edges
        reflect(profile, edges, count, at, top, 0.0, spectrum, sent, bench.straight)
        reflect(profile, bent_edges, curved, at, top, bend, spectrum, sent, bench.bent)
    spread = length / (SPREADING * distance * distance)
    for c in range(row.shape[0]):
        p = probability[c, sector]
        for band in range(BANDS):
            mixed = bench.straight[band] + p * (bench.bent[band] - bench.straight[band])
            row[c, band] += spread * exp2(-spectrum.air[band] * distance) * mixed
