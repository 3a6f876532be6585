"""Indicators of the noise of a year; Directive 2002/49/EC, Annex I.

A receptor that no road reaches has energy 0; its levels are NaN, not minus infinity: the method
says nothing there.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32
from roadside_kernels.device_memory import contiguous, lies_on_gpu, room_beside
from roadside_kernels.launch import at_every_receptor
from roadside_kernels.noise.decibel import level_of
from roadside_kernels.physics import physics

#: Hours of day (07-19), evening (19-23) and night (23-07).
DAY, EVENING, NIGHT = 12.0, 4.0, 8.0
#: Energy that counts for one of the evening (+5 dB) and of the night (+10 dB).
EVENING_PENALTY = math.sqrt(10.0)
NIGHT_PENALTY = 10.0


class Levels(NamedTuple):
    """Levels (dB(A)) at N receptors; NaN where no road is within range."""

    lday: Float32
    levening: Float32
    lnight: Float32
    lden: Float32
    laeq: Float32  # of 24 hours


@physics
def daily_energy(day: float, evening: float, night: float) -> float:
    """Mean energy of 24 hours of the energies of the three periods, none of them weighted."""
    return (DAY * day + EVENING * evening + NIGHT * night) / (DAY + EVENING + NIGHT)


@physics
def lden_energy(day: float, evening: float, night: float) -> float:
    """Day-evening-night energy of the energies of the three periods; Annex I, 1."""
    return daily_energy(day, EVENING_PENALTY * evening, NIGHT_PENALTY * night)


@physics
def level_or_nan(energy: float) -> float:
    """Level (dB) of an energy; NaN where there is none."""
    return level_of(energy) if energy > 0.0 else math.nan


class Energies(NamedTuple):
    """Energies re (20 uPa)^2 of day, evening and night at N receptors."""

    energy: Float32  # (3, N)


@physics
def levels_at(i: int, given: Energies, found: Levels) -> None:
    """Levels at receptor ``i``."""
    day, evening, night = given.energy[0, i], given.energy[1, i], given.energy[2, i]
    found.lday[i] = level_or_nan(day)
    found.levening[i] = level_or_nan(evening)
    found.lnight[i] = level_or_nan(night)
    found.lden[i] = level_or_nan(lden_energy(day, evening, night))
    found.laeq[i] = level_or_nan(daily_energy(day, evening, night))


def levels(energy: Float32) -> Levels:
    """Levels (dB(A)) of the energies (3, N) re (20 uPa)^2 of day, evening and night.

    If the energies lie on a GPU, so do the levels.
    """
    receptors = energy.shape[1]
    rows = (room_beside(energy, (receptors,), np.float32) for _ in Levels._fields)
    found = Levels(*rows)
    given = Energies(contiguous(energy))
    if lies_on_gpu(energy):
        at_every_receptor(levels_at, receptors, given, found)
    else:
        _levels(receptors, given, found)
    return found


def _levels_of(receptors: int, given: Energies, found: Levels) -> None:
    for i in range(receptors):
        levels_at(i, given, found)


# So little work that more cores gain nothing.
_levels: Any = njit(nogil=True, error_model="numpy")(_levels_of)
