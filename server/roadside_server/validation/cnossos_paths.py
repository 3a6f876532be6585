"""Attenuation of one profile by the formulas themselves, in double precision."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from roadside_kernels.arrays import Int32
from roadside_kernels.noise.atmosphere import air_absorption
from roadside_kernels.noise.bands import BANDS, MID_BANDS
from roadside_kernels.noise.edges import Profile, ray_height
from roadside_kernels.noise.lateral import lateral_attenuation
from roadside_kernels.noise.profile import (
    PropagationPath,
    boundary_attenuation,
    favourable_bend,
    path_attenuation,
    propagation_path,
)
from roadside_kernels.noise.reflection import (
    retro_difference,
    retro_diffraction,
    wall_absorption,
)
from roadside_kernels.noise.ways_around import Detour
from roadside_kernels.physics import in_double

from roadside_server.region.schema import Float64

FREQUENCIES = tuple(map(float, BANDS))


class Wall(NamedTuple):
    """A wall that reflects, where the unfolded path meets it."""

    x: float  # m, from the source
    top: float  # m, altitude
    absorbed: Float64  # share by band


class Air(NamedTuple):
    """What the cases assume of the air."""

    absorption: Float64  # dB/km by band
    p_favourable: float


def air_of(temperature: float, humidity: float, pressure: float, p_favourable: float) -> Air:
    """The air at degC, % and kPa."""
    formula = in_double(air_absorption)
    absorption = [formula(f, temperature, humidity, pressure) for f in MID_BANDS]
    return Air(np.array(absorption), p_favourable)


def bend_of(profile: Profile, condition: str) -> float:
    """Bend (1/m) of the rays of a profile in a condition."""
    return in_double(favourable_bend)(profile) if condition == "favourable" else 0.0


class SoundPath(NamedTuple):
    """A path in one condition and the edges it was found to have."""

    profile: Profile
    edges: Int32
    along: PropagationPath


def path_over(profile: Profile, condition: str) -> SoundPath:
    """The path of a profile in a condition."""
    edges = np.zeros(profile.x.size + 1, np.int32)
    along = in_double(propagation_path)(profile, edges, bend_of(profile, condition))
    return SoundPath(profile, edges, along)


def boundary_of(path: SoundPath) -> Float64:
    """A_boundary (dB) by band."""
    formula = in_double(boundary_attenuation)
    return np.array([formula(f, path.along) for f in FREQUENCIES])


def attenuation_over(path: SoundPath, air: Air) -> Float64:
    """A (dB) by band: spreading, air, ground and edges."""
    formula = in_double(path_attenuation)
    bands = zip(FREQUENCIES, air.absorption, strict=True)
    return np.array([formula(f, alpha, path.along) for f, alpha in bands])


def retro_of(path: SoundPath, wall: Wall) -> Float64:
    """A_retro (dB) by band of one wall."""
    edges, count, bend = path.edges, path.along.above, path.along.bend
    formula = in_double(retro_difference)
    difference = formula(path.profile, edges, count, wall.x, wall.top, bend)
    return np.array([in_double(retro_diffraction)(f, difference) for f in FREQUENCIES])


def reflection_of(path: SoundPath, wall: Wall) -> Float64:
    """A_abs + A_retro (dB) by band of one wall; infinite where the ray passes over it."""
    edges, count, bend = path.edges, path.along.above, path.along.bend
    if in_double(ray_height)(path.profile, edges, count, wall.x, bend) > wall.top:
        return np.full(len(BANDS), np.inf)
    absorbed = [in_double(wall_absorption)(share) for share in wall.absorbed.tolist()]
    return np.array(absorbed) + retro_of(path, wall)


def attenuation_around(detour: Detour, path: SoundPath, air: Air) -> Float64:
    """A (dB) by band of a path around vertical edges."""
    formula = in_double(lateral_attenuation)
    bands = zip(FREQUENCIES, air.absorption, strict=True)
    return np.array([formula(f, a, path.along.ground, *detour, path.along.bend) for f, a in bands])


def meteo_of(document: Mapping[str, float]) -> Air:
    """The air of a document of cases."""
    return air_of(
        float(document["temperature_C"]),
        float(document["humidity_pct"]),
        document["pressure_Pa"] / 1000.0,
        float(document["p_favourable"]),
    )
