"""Energies that arrive over a profile relative to free field, in all bands and both conditions.

    above = find_above_both(profile, bend, bench)
    fill_energies(profile, spectrum, bend, above, True, bench)

The reference is ``boundary_attenuation``, band by band in decibels and double precision.  What does
not depend on the frequency is worked out once, what does in loops without branches over the bands,
and what both conditions share once.
"""

import math
from typing import NamedTuple

import numpy as np

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.diffraction import ground_path
from roadside_kernels.noise.edge_search import Candidates, find_above, lower, upper_hull
from roadside_kernels.noise.edges import Profile, best_edge_below
from roadside_kernels.noise.ground_bands import BANDS, fill, fill_favourable, fill_homogeneous
from roadside_kernels.noise.mean_plane import GroundPath, mean_plane
from roadside_kernels.noise.over_edges import (
    Differences,
    Screen,
    difference_of_images,
    differences_over,
    diffracting,
    side_of_receptor,
    side_of_source,
    way_over,
)
from roadside_kernels.noise.spectrum import Spectrum
from roadside_kernels.physics import borrowing

#: Energy left by the most that diffraction itself attenuates, 25 dB; its inverse.
MOST_SCREENED = 10.0**2.5


class Bench(NamedTuple):
    """Where a thread works on a profile."""

    found: Candidates
    straight_edges: Int32
    bent_edges: Int32
    before: Float32  # (bands) amplitudes that the ground before the edges leaves
    behind: Float32  # behind them
    straight: Float32  # (bands) energies relative to free field, in homogeneous conditions
    bent: Float32  # in favourable conditions
    diffracted: Float32  # by the best edge below the ray


class Above(NamedTuple):
    """How many edges are above the rays in homogeneous and in favourable conditions."""

    straight: int
    bent: int


def profile_bench(points: int) -> Bench:
    """Room for profiles of so many points at most."""
    found = Candidates(
        np.empty(points, np.int32),
        np.empty(points, np.float32),
        np.empty(points, np.float32),
        np.empty(points, np.float32),
    )
    return Bench(
        found,
        np.empty(points, np.int32),
        np.empty(points, np.int32),
        np.empty(BANDS, np.float32),
        np.empty(BANDS, np.float32),
        np.empty(BANDS, np.float32),
        np.empty(BANDS, np.float32),
        np.empty(BANDS, np.float32),
    )


@borrowing
def beside_edge(ground: float, direct: float, of_image: float) -> float:
    """Amplitude 10^(-Delta_ground / 20) on one side of an edge, from that over its ground.

    1 + (ground - 1) 10^(-(Delta_dif,S' - Delta_dif,S) / 20), from both 10^(Delta_dif / 10).
    """
    return ground + (1.0 - ground) * (of_image - direct) / (of_image + math.sqrt(of_image * direct))


@borrowing
def fill_diffracted(
    spectrum: Spectrum, paths: Differences, over: float, apart: float, bench: Bench, energy: Float32
) -> None:
    """Energies 10^(-A_dif / 10) by band, from path differences (m) and ground amplitudes.

    10^(Delta_dif / 10) is 3 + 40 C'' delta / lambda and at least 1, which also stands for 0 dB
    where the term is below -2.
    """
    apart2 = apart * apart
    for band in range(energy.size):
        lambda2 = spectrum.wavelength2[band]
        wide = 25.0 * lambda2
        several = (apart2 + wide) / (apart2 / 3.0 + wide)
        reach = 40.0 * several / math.sqrt(lambda2)
        direct = max(3.0 + reach * paths.direct, 1.0)
        from_image = max(3.0 + reach * paths.from_image, 1.0)
        to_image = max(3.0 + reach * paths.to_image, 1.0)
        screened = min(max(3.0 + reach * over, 1.0), MOST_SCREENED)
        before = beside_edge(bench.before[band], direct, from_image)
        both = before * beside_edge(bench.behind[band], direct, to_image)
        energy[band] = both * both / screened


@borrowing
def screen_of(profile: Profile, edges: Int32, count: int, bend: float) -> Screen:
    """What the edges of a path do, whatever the frequency."""
    return Screen(
        way_over(profile, edges, count, bend),
        side_of_source(profile, edges[1]),
        side_of_receptor(profile, edges[count]),
    )


@borrowing
def favourable_ground(ground: GroundPath) -> GroundPath:
    """The same ground in favourable conditions, where G_w is that of the path."""
    return GroundPath(ground.d_p, ground.z_s, ground.z_r, ground.g_path, ground.g_path, ground.g_m)


@borrowing
def fill_over_edges(
    profile: Profile,
    spectrum: Spectrum,
    edges: Int32,
    count: int,
    screen: Screen,
    bend: float,
    bench: Bench,
    energy: Float32,
) -> Differences:
    """Energies by band of sound that passes over edges, in the condition of a bend (1/m)."""
    if bend == 0.0:
        fill_homogeneous(spectrum, screen.before.ground, bench.before)
        fill_homogeneous(spectrum, screen.behind.ground, bench.behind)
    else:
        fill_favourable(spectrum, favourable_ground(screen.before.ground), bench.before)
        fill_favourable(spectrum, screen.behind.ground, bench.behind)
    found = differences_over(profile, edges, count, screen, bend)
    over = diffracting(profile, edges, count, screen, found, bend)
    # A source below the ground's mean plane has no image: A_ground counts as it is.
    paths = Differences(
        found.direct,
        found.direct if screen.before.end < 0.0 else found.from_image,
        found.direct if screen.behind.end < 0.0 else found.to_image,
    )
    fill_diffracted(spectrum, paths, over, screen.way.apart, bench, energy)
    return found


@borrowing
def fill_ground(spectrum: Spectrum, ground: GroundPath, bend: float, energy: Float32) -> None:
    """Energies by band of sound that the ground alone attenuates."""
    if bend == 0.0:
        fill_homogeneous(spectrum, ground, energy)
    else:
        fill_favourable(spectrum, favourable_ground(ground), energy)
    for band in range(energy.size):
        energy[band] *= energy[band]


@borrowing
def fill_below(
    profile: Profile,
    spectrum: Spectrum,
    edges: Int32,
    ground: GroundPath,
    bend: float,
    bench: Bench,
    energy: Float32,
) -> None:
    """Energies by band where no edge is above the ray: by the best below it, or the ground alone.

    Which, the Rayleigh criterion says for each band.
    """
    fill_ground(spectrum, ground, bend, energy)
    edges[1] = best_edge_below(profile, bend)
    if edges[1] == 0:
        return
    screen = screen_of(profile, edges, 1, bend)
    diffracted = bench.diffracted
    found = fill_over_edges(profile, spectrum, edges, 1, screen, bend, bench, diffracted)
    of_images = difference_of_images(profile, edges, 1, screen, bend)
    for band in range(energy.size):
        wavelength = math.sqrt(spectrum.wavelength2[band])
        near = found.direct > -wavelength / 20.0
        if near and found.direct > wavelength / 4.0 - of_images:
            energy[band] = diffracted[band]


@borrowing
def same_edges(edges: Int32, count: int, others: Int32, other_count: int) -> bool:
    """Whether both conditions have the same edges."""
    if count != other_count:
        return False
    same = True
    for k in range(1, count + 1):
        same = same and edges[k] == others[k]
    return same


@borrowing
def whole_ground(profile: Profile) -> GroundPath:
    """The ground from source to receptor, in homogeneous conditions."""
    end = profile.x.size - 1
    plane = mean_plane(profile.x, profile.z, 0, end)
    return ground_path(profile, plane, 0, end, profile.g[0], 0.0)


@borrowing
def find_above_both(profile: Profile, bend: float, bench: Bench) -> Above:
    """Find the edges above the straight rays and above those of a bend (1/m)."""
    straight, bent = bench.straight_edges, bench.bent_edges
    straight[0] = bent[0] = 0
    candidates = find_above(profile, bench.found)
    if candidates == 0:
        return Above(0, 0)
    lower(bench.found, candidates, bend)
    return Above(
        upper_hull(bench.found, bench.found.z, candidates, straight),
        upper_hull(bench.found, bench.found.lowered, candidates, bent),
    )


@borrowing
def fill_energies(
    profile: Profile, spectrum: Spectrum, bend: float, above: Above, both: bool, bench: Bench
) -> None:
    """Energies by band in both conditions, or in homogeneous ones alone, over the edges found."""
    straight, bent = bench.straight_edges, bench.bent_edges
    count, curved = above.straight, above.bent
    if not both:
        fill(bench.bent, 0.0)
    if count == 0 or (both and curved == 0):
        ground = whole_ground(profile)
        if count == 0:
            fill_below(profile, spectrum, straight, ground, 0.0, bench, bench.straight)
        if both and curved == 0:
            fill_below(profile, spectrum, bent, ground, bend, bench, bench.bent)
    if count > 0:
        screen = screen_of(profile, straight, count, bend)
        fill_over_edges(profile, spectrum, straight, count, screen, 0.0, bench, bench.straight)
        if both and curved > 0:
            if not same_edges(straight, count, bent, curved):
                screen = screen_of(profile, bent, curved, bend)
            fill_over_edges(profile, spectrum, bent, curved, screen, bend, bench, bench.bent)
