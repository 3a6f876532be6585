"""From one point source to one receptor over flat ground; CNOSSOS-EU, 2.5.

Nothing stands between the two.  ``absorption`` (dB/km) is that of the air at the band's exact
frequency; the ground's formulas take the nominal frequency (Hz).
"""

import math

from roadside_kernels.noise.atmosphere import air_attenuation
from roadside_kernels.noise.ground import (
    ground_favourable,
    ground_homogeneous,
    path_ground_factor,
)
from roadside_kernels.physics import physics

#: Height of a road's sources (m).
SOURCE_HEIGHT = 0.05


@physics
def divergence(distance: float) -> float:
    """Attenuation (dB) by spherical spreading over a distance (m); A_div."""
    return 20.0 * math.log10(distance) + 11.0


@physics
def slant(d_p: float, z_s: float, z_r: float) -> float:
    """Straight distance (m) between source and receptor whose feet are d_p (m) apart."""
    rise = z_r - z_s
    return math.sqrt(d_p * d_p + rise * rise)


@physics
def attenuation_homogeneous(
    frequency: float,
    absorption: float,
    d_p: float,
    z_s: float,
    z_r: float,
    g_path: float,
    g_s: float,
) -> float:
    """A_H (dB) of a direct path in a homogeneous atmosphere."""
    distance = slant(d_p, z_s, z_r)
    g = path_ground_factor(d_p, z_s, z_r, g_path, g_s)
    ground = ground_homogeneous(frequency, d_p, z_s, z_r, g_path, g, g)
    return divergence(distance) + air_attenuation(distance, absorption) + ground


@physics
def attenuation_favourable(
    frequency: float,
    absorption: float,
    d_p: float,
    z_s: float,
    z_r: float,
    g_path: float,
    g_s: float,
) -> float:
    """A_F (dB) of a direct path in an atmosphere favourable to propagation."""
    distance = slant(d_p, z_s, z_r)
    g_m = path_ground_factor(d_p, z_s, z_r, g_path, g_s)
    ground = ground_favourable(frequency, d_p, z_s, z_r, g_path, g_path, g_m)
    return divergence(distance) + air_attenuation(distance, absorption) + ground
