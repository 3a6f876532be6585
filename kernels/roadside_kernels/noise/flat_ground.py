"""Transfer of sound over flat ground, as tables of the distance.

Sources of a road lie 0.05 m high, receptors at one height and the ground has one factor beside
the road, so that what arrives of a source depends on the distance, the octave band and the
atmosphere alone.  The tables have equal steps in the logarithm of the squared slant distance and
are read by linear interpolation of the energy.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32
from roadside_kernels.elementary import log2
from roadside_kernels.noise.atmosphere import STANDARD_PRESSURE, air_absorption
from roadside_kernels.noise.bands import BANDS, MID_BANDS
from roadside_kernels.noise.decibel import energy_of
from roadside_kernels.noise.propagation import (
    SOURCE_HEIGHT,
    attenuation_favourable,
    attenuation_homogeneous,
)
from roadside_kernels.physics import f32, in_double, physics

Float64 = NDArray[np.float64]

#: Error (dB) of interpolation that the tables stay below, in every band and both conditions.
TOLERANCE = 0.005
#: Nodes for each doubling of the squared distance that are tried until the error is small enough.
DENSITIES = (128, 256, 512, 1024)
#: Ground factor under a road's sources: the road itself.
ROAD_GROUND = 0.0
#: Nodes are a multiple of this, so that all rows of a table begin alike in memory.
ALIGNMENT = 16
#: Lowest receptor (m) for which the tables are made.
LOWEST_RECEPTOR = 1.0
#: Horizontal distance (m) that stands for none, where the ground's formulas have no value.
FOOT = 0.01


class FlatGround(NamedTuple):
    """Energy (m-2) that arrives of a source of unit power, at nodes of the distance."""

    homogeneous: Float32  # (bands, nodes)
    favourable: Float32
    probability: Float32  # (3 periods, sectors; 1 where all are alike) of favourable conditions
    rise: float  # m, receptor above source
    origin: float  # log2 of the squared slant distance at the first node
    density: float  # nodes for each doubling of the squared slant distance
    reach: float  # m, horizontal distance to which the tables go
    error: float  # dB, largest of interpolation, measured


@physics
def place_in_table(horizontal2: float, transfer: FlatGround) -> float:
    """Place between nodes of a squared horizontal distance (m2)."""
    slant2 = horizontal2 + transfer.rise * transfer.rise
    return (log2(slant2) - transfer.origin) * transfer.density


def flat_ground(
    *,
    receptor_height: float,
    ground_factor: float,
    temperature: float,
    humidity: float,
    favourable: NDArray[np.floating],
    pressure: float = STANDARD_PRESSURE,
    reach: float = 800.0,
) -> FlatGround:
    """Transfer over flat ground, with tables as fine as ``TOLERANCE`` asks.

    Parameters
    ----------
    receptor_height
        Height of all receptors above ground (m), at least 1.
    ground_factor
        G of the land beside the roads, 0 hard to 1 soft.
    temperature, humidity, pressure
        Of the air (degC, %, kPa).
    favourable
        Probability of favourable conditions (3 periods, n sectors) for sound that comes from a
        sector; sector i is centred on i * 360 / n degrees, clockwise from north.
    reach
        Largest horizontal distance (m) between source and receptor.
    """
    if receptor_height < LOWEST_RECEPTOR:
        raise ValueError(f"receptor height: {receptor_height} m, at least {LOWEST_RECEPTOR} m")
    rise = receptor_height - SOURCE_HEIGHT
    air = [in_double(air_absorption)(f, temperature, humidity, pressure) for f in MID_BANDS]
    path = (np.array(air), float(receptor_height), float(ground_factor))
    origin, end = math.log2(rise**2), math.log2(rise**2 + reach**2)
    for density in DENSITIES:
        nodes = math.ceil((end - origin) * density) + 3
        places = origin + np.arange(nodes + -nodes % ALIGNMENT) / density
        energy = transfer_at(places, *path)
        error = _interpolation_error(places, energy, path)
        if error <= TOLERANCE:
            break
    return FlatGround(
        homogeneous=energy[0].astype(np.float32),
        favourable=energy[1].astype(np.float32),
        probability=_by_sector(favourable),
        rise=f32(rise),
        origin=f32(origin),
        density=f32(density),
        reach=f32(reach),
        error=f32(error),
    )


def _by_sector(favourable: NDArray[np.floating]) -> Float32:
    """Probability (3, sectors), with one sector where direction makes no difference."""
    probability = np.ascontiguousarray(favourable, np.float32)
    if (probability == probability[:, :1]).all():
        return np.ascontiguousarray(probability[:, :1])
    return probability


def _interpolation_error(
    places: Float64, energy: Float64, path: tuple[Float64, float, float]
) -> float:
    """Largest error (dB) of linear interpolation a quarter, half and three quarters on."""
    errors = []
    for share in (0.25, 0.5, 0.75):
        between = places[:-1] + share * np.diff(places)
        table = energy[..., :-1] + share * np.diff(energy)
        errors.append(np.abs(10.0 * np.log10(table / transfer_at(between, *path))).max())
    return float(max(errors))


def _transfer_at(
    places: Float64, absorption: Float64, receptor_height: float, ground_factor: float
) -> Float64:
    """Energy (m-2) by condition, band and place, which is log2 of a squared slant distance."""
    energy = np.empty((2, len(BANDS), places.size))
    rise = receptor_height - SOURCE_HEIGHT
    for i in range(places.size):
        d_p = math.sqrt(max(2.0 ** places[i] - rise * rise, FOOT * FOOT))
        for band in range(len(BANDS)):
            path = (d_p, SOURCE_HEIGHT, receptor_height, ground_factor, ROAD_GROUND)
            loss_h = _homogeneous(float(BANDS[band]), absorption[band], *path)
            loss_f = _favourable(float(BANDS[band]), absorption[band], *path)
            energy[0, band, i] = _energy_of(-loss_h)
            energy[1, band, i] = _energy_of(-loss_f)
    return energy


_homogeneous = in_double(attenuation_homogeneous)
_favourable = in_double(attenuation_favourable)
_energy_of = in_double(energy_of)
#: Compiled for speed; the formulas are those of ``propagation`` in double precision.
transfer_at: Any = njit(nogil=True, error_model="numpy")(_transfer_at)
