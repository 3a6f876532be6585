"""Levels and energies."""

import math

from roadside_kernels.physics import physics

#: exp(DECIBEL * level) is ten to the power level / 10.
DECIBEL = math.log(10.0) / 10.0


@physics
def energy_of(level: float) -> float:
    """Energy of a level (dB), relative to the reference."""
    return math.exp(DECIBEL * level)


@physics
def level_of(energy: float) -> float:
    """Level (dB) of an energy relative to the reference."""
    return 10.0 * math.log10(energy)
