"""Random cuts from source to receptor, and how far the fast acoustics is from its reference.

Two kinds are drawn.  Open land: 20 to 800 m, up to 8 points inside, level or rolling by a
standard deviation of 1 or 6 m, each with a ground factor of its own, half of them edges and three
in ten barriers of 0.5 to 10 m; source at 0.05 to 4 m, receptor at 1.5 to 12 m.  Town: 10 to 500 m
of level ground with houses of 2 to 22 m, source at 0.05 m on a hard road, receptor at 4 m.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.edges import EDGE, GROUND, Profile
from roadside_kernels.noise.profile import favourable_bend, path_attenuation, propagation_path
from roadside_kernels.noise.profile_energy import add_energy
from roadside_kernels.noise.relative_energy import profile_bench
from roadside_kernels.noise.spectrum import spectrum
from roadside_kernels.physics import FAST_MATH, f32, in_double

#: Absorption by the air (dB/km) at 10 degC and 70 %.
AIR = (0.12, 0.41, 1.04, 1.93, 3.66, 9.66, 32.77, 116.88)
#: Points of the longest profile that is drawn, and more.
MOST_POINTS = 512
#: Probabilities of favourable conditions that leave one condition alone.
ONE_CONDITION = np.array([0.0, 1.0], np.float32)
#: Share of points with a barrier, and of plots with a house.
BARRIERS, HOUSES = 0.3, 0.6
#: Profiles that are computed in one go by a core.
BATCH = 64

Draw = Callable[[np.random.Generator], tuple[NDArray[Any], tuple[float, float]]]


class Profiles(NamedTuple):
    """Profiles one after the other: those of profile i are start[i]:start[i + 1]."""

    x: Float32
    z: Float32
    g: Float32
    kind: Int32
    start: Int32
    ends: Float32  # (profiles, 2) altitudes (m) of source and receptor


def open_land(rng: np.random.Generator) -> tuple[NDArray[Any], tuple[float, float]]:
    """Points (x, z, ground factor, kind) over rolling land with barriers, and both ends."""
    length = rng.uniform(20, 800)
    inner = np.sort(rng.uniform(0, length, rng.integers(0, 9)))
    x = np.concatenate(([0.0], inner, [length]))
    z = 100.0 + rng.choice([0.0, 1.0, 6.0]) * rng.standard_normal(x.size)
    points = [(0.0, z[0], rng.uniform(0, 1), GROUND)]
    for at, foot in zip(x[1:-1], z[1:-1], strict=True):
        g = rng.choice([0.0, rng.uniform(0, 1), 1.0])
        points.append((at, foot, g, rng.choice([GROUND, EDGE])))
        if rng.uniform() < BARRIERS:
            points += [(at, foot + rng.uniform(0.5, 10), g, EDGE), (at, foot, g, GROUND)]
    points.append((length, z[-1], 0.0, GROUND))
    ends = z[0] + rng.choice([0.05, rng.uniform(0.05, 4)]), z[-1] + rng.uniform(1.5, 12)
    return np.array(points), ends


def town(rng: np.random.Generator) -> tuple[NDArray[Any], tuple[float, float]]:
    """Points between a road and a receptor with houses between."""
    length = float(np.exp(rng.uniform(np.log(10.0), np.log(500.0))))
    points = [(0.0, 0.0, 0.0, GROUND), (0.0, 0.0, 0.5, GROUND)]
    x = rng.uniform(4, 20)
    while (end := x + rng.uniform(8, 18)) < length - 1.0:
        roof = rng.choice([3, 12, 15, 18, 21]) + rng.uniform(-1, 1)
        walls = ((x, 0.0, 0.0, GROUND), (x, roof, 0.0, EDGE), (end, roof, 0.0, EDGE))
        if rng.uniform() < HOUSES:
            points += [*walls, (end, 0.0, 0.5, GROUND)]
        x = end + rng.uniform(5, 40)
    return np.array([*points, (length, 0.0, 0.0, GROUND)]), (0.05, 4.0)


def draw_profiles(draw: Draw, count: int, seed: int) -> Profiles:
    """So many profiles of one kind."""
    rng = np.random.default_rng(seed)
    drawn = [draw(rng) for _ in range(count)]
    x, z, g, kind = np.concatenate([points for points, _ in drawn]).astype(np.float32).T.copy()
    start = np.cumsum([0] + [len(points) for points, _ in drawn]).astype(np.int32)
    ends = np.array([ends for _, ends in drawn], np.float32)
    return Profiles(x, z, g, kind.astype(np.int32), start, ends)


def _profile(profiles: Profiles, i: int) -> Profile:
    a, b = profiles.start[i], profiles.start[i + 1]
    return Profile(
        profiles.x[a:b],
        profiles.z[a:b],
        profiles.g[a:b],
        profiles.kind[a:b],
        profiles.ends[i, 0],
        profiles.ends[i, 1],
    )


_profile_at: Any = njit(_profile)
#: Compiled, so that threads make their own.
_bench: Any = njit(profile_bench)
_straight_path, _bent = in_double(propagation_path), in_double(favourable_bend)
_attenuation = in_double(path_attenuation)


def _fast(
    profiles: Profiles, bands: Any, probability: Float32, energy: Float32, batches: int
) -> None:
    for batch in prange(batches):
        bench = _bench(MOST_POINTS)
        for i in range(batch * BATCH, min((batch + 1) * BATCH, profiles.start.size - 1)):
            profile = _profile_at(profiles, i)
            add_energy(profile, f32(1.0), bands, probability, bench, energy[i])


def _reference(profiles: Profiles, frequencies: Any, air: Any, loss: Any, edges: Int32) -> None:
    for i in range(profiles.start.size - 1):
        profile = _profile_at(profiles, i)
        for condition in range(2):
            bend = _bent(profile) if condition == 1 else 0.0
            path = _straight_path(profile, edges, bend)
            for band in range(air.size):
                loss[i, condition, band] = _attenuation(frequencies[band], air[band], path)


_fast_on_all: Any = njit(parallel=True, nogil=True, error_model="numpy", fastmath=FAST_MATH)(_fast)
_by_reference: Any = njit(nogil=True, error_model="numpy")(_reference)


def energies(profiles: Profiles, probability: Float32 = ONE_CONDITION) -> Float32:
    """Energies of a metre of road (profiles, mixes, bands) by the fast acoustics."""
    count = profiles.start.size - 1
    energy = np.zeros((count, probability.size, len(BANDS)), np.float32)
    _fast_on_all(profiles, spectrum(AIR), probability, energy, -(-count // BATCH))
    return energy


def attenuations(profiles: Profiles) -> NDArray[np.float64]:
    """Attenuation (dB; profiles, conditions, bands) by the reference."""
    loss = np.empty((profiles.start.size - 1, 2, len(BANDS)))
    parts: Any = (p.astype(float) if p.dtype == np.float32 else p for p in profiles)
    exact = Profiles(*parts)
    bands = (np.array(BANDS, float), np.array(AIR))
    _by_reference(exact, *bands, loss, np.zeros(MOST_POINTS, np.int32))
    return loss


def errors(profiles: Profiles) -> NDArray[np.float64]:
    """Differences (dB; profiles, conditions, bands) of the fast acoustics from the reference."""
    found = -10.0 * np.log10(energies(profiles).astype(float))
    difference: NDArray[np.float64] = np.abs(found - attenuations(profiles))
    return difference


def seconds(profiles: Profiles, repeats: int) -> Sequence[float]:
    """Time (s) of the fast acoustics, one mix, on the threads that Numba has."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        energies(profiles, np.array([0.5], np.float32))
        times.append(time.perf_counter() - start)
    return times[1:]
