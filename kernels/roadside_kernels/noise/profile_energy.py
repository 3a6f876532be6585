"""What of a source's sound arrives over a profile, in all bands and both conditions; fast.

    bench = profile_bench(most_points)            # once for each thread
    add_energy(profile, length, spectrum, probability, bench, energy)

The reference is ``path_attenuation``, band by band in decibels and double precision.  Here
energies 10^(-A / 10) are worked out without logarithms.
"""

import math
from typing import NamedTuple

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.elementary import exp2
from roadside_kernels.noise.edges import Profile, ray_height
from roadside_kernels.noise.path_difference import ray_bend
from roadside_kernels.noise.profile import straight_distance
from roadside_kernels.noise.reflection import retro_difference
from roadside_kernels.noise.relative_energy import Bench, fill_energies, find_above_both
from roadside_kernels.noise.spectrum import Spectrum
from roadside_kernels.physics import borrowing

#: Spreading of the energy of a point source: 10^1.1 d^2, A_div = 20 lg d + 11.
SPREADING = 10.0**1.1
#: Rays that pass no farther below the top of a wall than this (m) are not reflected.
GRAZING = 1e-3


class Wall(NamedTuple):
    """A wall that reflects."""

    x: float  # m along the unfolded path
    top: float  # m, altitude
    reflected: Float32  # (bands) share of the energy that it does not absorb


@borrowing
def passes_over(profile: Profile, edges: Int32, count: int, wall: Wall, bend: float) -> bool:
    """Whether a ray over edges passes over a wall, which then reflects nothing of it.

    So it does where what adjoins the wall is as high.
    """
    return ray_height(profile, edges, count, wall.x, bend) > wall.top - GRAZING


@borrowing
def keep_reflected(
    profile: Profile,
    edges: Int32,
    count: int,
    wall: Wall,
    bend: float,
    spectrum: Spectrum,
    energy: Float32,
) -> None:
    """Leave of energies by band what a wall above the ray sends back: A_abs and A_retro.

    10^(A_retro / 10) is 3 + 40 delta' / lambda and at least 1.
    """
    difference = retro_difference(profile, edges, count, wall.x, wall.top, bend)
    for band in range(energy.size):
        passes = max(3.0 + 40.0 * difference / math.sqrt(spectrum.wavelength2[band]), 1.0)
        energy[band] *= wall.reflected[band] / passes


@borrowing
def add_mixed(
    distance: float,
    length: float,
    spectrum: Spectrum,
    probability: Float32,
    bench: Bench,
    energy: Float32,
) -> None:
    """Add both conditions, spread over a distance (m) and absorbed by the air, to energies."""
    spread = length / (SPREADING * distance * distance)
    for mix in range(probability.size):
        # Not straight + p (bent - straight), in which the fainter of the two would be lost.
        favourable = spread * probability[mix]
        homogeneous = spread - favourable
        for band in range(bench.straight.size):
            air = exp2(-spectrum.air[band] * distance)
            mixed = homogeneous * bench.straight[band] + favourable * bench.bent[band]
            energy[mix, band] += air * mixed


@borrowing
def add_path(
    profile: Profile,
    wall: Wall,
    reflects: bool,
    length: float,
    spectrum: Spectrum,
    probability: Float32,
    bench: Bench,
    energy: Float32,
) -> None:
    """As ``add_energy``, over a profile unfolded where a wall reflects, if one does.

    Bent rays pass no lower than straight ones: what these do not send back, nothing does.
    """
    distance = straight_distance(profile)
    bend = ray_bend(distance)
    straight, bent = bench.straight_edges, bench.bent_edges
    above = find_above_both(profile, bend, bench)
    if reflects and passes_over(profile, straight, above.straight, wall, 0.0):
        return
    both = not (reflects and passes_over(profile, bent, above.bent, wall, bend))
    fill_energies(profile, spectrum, bend, above, both, bench)
    if reflects:
        keep_reflected(profile, straight, above.straight, wall, 0.0, spectrum, bench.straight)
        if both:
            keep_reflected(profile, bent, above.bent, wall, bend, spectrum, bench.bent)
    add_mixed(distance, length, spectrum, probability, bench, energy)


@borrowing
def add_energy(
    profile: Profile,
    length: float,
    spectrum: Spectrum,
    probability: Float32,
    bench: Bench,
    energy: Float32,
) -> None:
    """Add what arrives of a piece of road (m) over a profile to energies (mixes, bands).

    ``probability`` is that of favourable conditions in each mix.
    """
    no_wall = Wall(0.0, 0.0, bench.before)
    add_path(profile, no_wall, False, length, spectrum, probability, bench, energy)
