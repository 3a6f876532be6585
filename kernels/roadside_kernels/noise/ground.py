"""Attenuation by the ground; CNOSSOS-EU, Directive (EU) 2015/996 as amended by 2021/1226, 2.5.

Heights (m) are above the mean plane of the ground, d_p (m) is the distance between the feet of
source and receptor on it.  Ground factors G run from 0, hard, to 1, soft: ``g_path`` of the path,
``g_w`` and ``g_m`` those that eq. 2.5.17 and 2.5.18 take in their place.
"""

import math

from roadside_kernels.physics import physics

#: Speed of sound (m/s), a constant of the method whatever the temperature.
SOUND_SPEED = 340.0
TWO_PI = 2.0 * math.pi
#: Curvature of rays in favourable conditions (1/m) and effect of turbulence; eq. 2.5.19.
RAY_CURVATURE = 2e-4
TURBULENCE = 6e-3
#: A distance is short below this many times the sum of both heights.
SHORT = 30.0


@physics
def path_ground_factor(d_p: float, z_s: float, z_r: float, g_path: float, g_s: float) -> float:
    """Ground factor G'_path, which nears G_s of the source on short paths; eq. 2.5.14."""
    short = SHORT * (z_s + z_r)
    if d_p > short:
        return g_path
    return g_path * (d_p / short) + g_s * (1.0 - d_p / short)


@physics
def ground_length(frequency: float, d_p: float, g_w: float) -> float:
    """C_f (m), the ground's equivalent distance at a frequency (Hz); eq. 2.5.16 and 2.5.17."""
    softness: float = g_w**1.3 * frequency**0.75
    w: float = (
        0.0185 * frequency**2.5 * g_w**2.6 / (softness * softness + 1300.0 * softness + 1.16e6)
    )
    return d_p * (1.0 + 3.0 * w * d_p * math.exp(-math.sqrt(w * d_p))) / (1.0 + w * d_p)


@physics
def ground_interference(frequency: float, d_p: float, z_s: float, z_r: float, g_w: float) -> float:
    """Attenuation (dB) where direct and reflected sound meet, without a lower bound; eq. 2.5.15."""
    k = TWO_PI * frequency / SOUND_SPEED
    length = ground_length(frequency, d_p, g_w) / k
    span = math.sqrt(2.0 * length)
    at_source = z_s * z_s - span * z_s + length
    at_receptor = z_r * z_r - span * z_r + length
    return -10.0 * math.log10(4.0 * k * k / (d_p * d_p) * at_source * at_receptor)


@physics
def ground_homogeneous(
    frequency: float, d_p: float, z_s: float, z_r: float, g_path: float, g_w: float, g_m: float
) -> float:
    """A_ground,H (dB) in a homogeneous atmosphere at a frequency (Hz); eq. 2.5.15 and 2.5.18."""
    if g_path == 0.0:
        return -3.0
    bound = -3.0 * (1.0 - g_m)
    return max(ground_interference(frequency, d_p, z_s, z_r, g_w), bound)


@physics
def favourable_bound(d_p: float, z_s: float, z_r: float, g_m: float) -> float:
    """Lower bound (dB) of A_ground,F, with the heights as they are; eq. 2.5.20."""
    short = SHORT * (z_s + z_r)
    if d_p <= short:
        return -3.0 * (1.0 - g_m)
    return -3.0 * (1.0 - g_m) * (1.0 + 2.0 * (1.0 - short / d_p))


@physics
def raised(height: float, d_p: float, heights: float) -> float:
    """Height (m) above a curved ray's mean plane, for the sum of both heights; eq. 2.5.19."""
    if heights == 0.0:
        return height
    share = height / heights
    bending = RAY_CURVATURE * share * share * d_p * d_p / 2.0
    return height + bending + TURBULENCE * d_p / heights


@physics
def ground_favourable(
    frequency: float, d_p: float, z_s: float, z_r: float, g_path: float, g_w: float, g_m: float
) -> float:
    """A_ground,F (dB) in favourable conditions at a frequency (Hz); eq. 2.5.15, 2.5.19, 2.5.20."""
    bound = favourable_bound(d_p, z_s, z_r, g_m)
    if g_path == 0.0:
        return bound
    heights = z_s + z_r
    high_s, high_r = raised(z_s, d_p, heights), raised(z_r, d_p, heights)
    return max(ground_interference(frequency, d_p, high_s, high_r, g_w), bound)
