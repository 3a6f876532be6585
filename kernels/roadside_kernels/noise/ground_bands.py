"""The ground's effect on all bands at once, as amplitudes; CNOSSOS-EU, 2.5, ground effect.

The formulas are those of ``ground``, which are the reference.  10^(-A_ground / 20) is worked out
without logarithms, in loops without branches over the bands, which compilers put in SIMD lanes.
"""

import math

from roadside_kernels.arrays import Float32
from roadside_kernels.elementary import exp2, log2
from roadside_kernels.noise.ground import favourable_bound, raised
from roadside_kernels.noise.mean_plane import GroundPath
from roadside_kernels.noise.spectrum import Spectrum
from roadside_kernels.physics import borrowing

#: exp2(HALVINGS * level) is ten to the power level / 20.
HALVINGS = math.log2(10.0) / 20.0
LOG2_E = math.log2(math.e)
#: Least ground factor that has a logarithm, and least power of two that has a number.
LEAST_FACTOR, LEAST_POWER = 1e-10, -125.0
BANDS = 8


@borrowing
def amplitude_of(loss: float) -> float:
    """Amplitude (1) that an attenuation (dB) leaves."""
    return exp2(-HALVINGS * loss)


@borrowing
def half_span(k: float, flow: float, softness: float, d_p: float) -> float:
    """Root of C_f / 2 k (m) at a wave number k (1/m); eq. 2.5.16 and 2.5.17.

    ``flow`` is 0.0185 f and ``softness`` f^0.75 G_w^1.3.
    """
    squared = softness * softness
    wd = flow * squared / (squared + 1300.0 * softness + 1.16e6) * d_p
    decay = exp2(max(-LOG2_E * math.sqrt(wd), LEAST_POWER))
    return math.sqrt(0.5 * d_p * (1.0 + 3.0 * wd * decay) / ((1.0 + wd) * k))


@borrowing
def interference(k: float, d_p: float, z_s: float, z_r: float, half: float) -> float:
    """Amplitude where direct and reflected sound meet, without an upper bound; eq. 2.5.15.

    z^2 - sqrt(2 C_f / k) z + C_f / k, as a sum of squares that lose no digits.
    """
    at_source = (z_s - half) * (z_s - half) + half * half
    at_receptor = (z_r - half) * (z_r - half) + half * half
    return 2.0 * k / d_p * math.sqrt(at_source * at_receptor)


@borrowing
def fill(amplitude: Float32, everywhere: float) -> None:
    """The same amplitude in every band."""
    for band in range(amplitude.size):
        amplitude[band] = everywhere


@borrowing
def fill_interference(
    spectrum: Spectrum,
    d_p: float,
    z_s: float,
    z_r: float,
    g_w: float,
    most: float,
    amplitude: Float32,
) -> None:
    """Amplitudes by band over soft ground, ``most`` at most."""
    softness = exp2(1.3 * log2(max(g_w, LEAST_FACTOR)))
    for band in range(amplitude.size):
        k = spectrum.wave_number[band]
        half = half_span(k, spectrum.flow[band], spectrum.softness[band] * softness, d_p)
        amplitude[band] = min(interference(k, d_p, z_s, z_r, half), most)


@borrowing
def fill_homogeneous(spectrum: Spectrum, path: GroundPath, amplitude: Float32) -> None:
    """Amplitudes 10^(-A_ground,H / 20) by band; eq. 2.5.15 and 2.5.18."""
    if path.g_path == 0.0:
        fill(amplitude, amplitude_of(-3.0))
        return
    most = amplitude_of(-3.0 * (1.0 - path.g_m))
    fill_interference(spectrum, path.d_p, path.z_s, path.z_r, path.g_w, most, amplitude)


@borrowing
def fill_favourable(spectrum: Spectrum, path: GroundPath, amplitude: Float32) -> None:
    """Amplitudes 10^(-A_ground,F / 20) by band; eq. 2.5.15, 2.5.19 and 2.5.20."""
    most = amplitude_of(favourable_bound(path.d_p, path.z_s, path.z_r, path.g_m))
    if path.g_path == 0.0:
        fill(amplitude, most)
        return
    heights = path.z_s + path.z_r
    high_s = raised(path.z_s, path.d_p, heights)
    high_r = raised(path.z_r, path.d_p, heights)
    fill_interference(spectrum, path.d_p, high_s, high_r, path.g_w, most, amplitude)
