"""What the formulas of a profile take of every octave band."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from roadside_kernels.arrays import Float32
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.ground import SOUND_SPEED


class Spectrum(NamedTuple):
    """Powers of the frequency f of each band, and what the air absorbs there; eight of each."""

    wave_number: Float32  # 1/m, k = 2 pi f / c
    wavelength2: Float32  # m2
    flow: Float32  # 0.0185 f, of eq. 2.5.17
    softness: Float32  # f^0.75, of eq. 2.5.17
    air: Float32  # 1/m: the energy halves over its inverse


def spectrum(absorption: Sequence[float]) -> Spectrum:
    """The octave bands in air that absorbs so much (dB/km) in each."""
    f = np.array(BANDS, float)
    halvings = np.asarray(absorption, float) / 1000.0 * math.log2(10.0) / 10.0
    wave_number, wavelength = 2.0 * math.pi * f / SOUND_SPEED, SOUND_SPEED / f
    powers = (wave_number, wavelength**2, 0.0185 * f, f**0.75, halvings)
    return Spectrum(*(power.astype(np.float32) for power in powers))
