"""Sound absorbed by the air; ISO 9613-1:1993."""

import math

from roadside_kernels.physics import physics

STANDARD_PRESSURE = 101.325  # kPa
STANDARD_TEMPERATURE = 293.15  # K
TRIPLE_POINT = 273.16  # K
FREEZING_POINT = 273.15  # K
#: Decibels of an amplitude ratio of e, as rounded in eq. 5.
DECIBEL_PER_NEPER = 8.686
LN_TEN = math.log(10.0)


@physics
def vapour_share(temperature: float, humidity: float, pressure: float) -> float:
    """Molar concentration (%) of water vapour; eq. B.1 to B.3.

    Parameters
    ----------
    temperature
        Of the air (K).
    humidity
        Relative humidity (%).
    pressure
        Of the air (kPa).
    """
    exponent = -6.8346 * (TRIPLE_POINT / temperature) ** 1.261 + 4.6151
    saturation = math.exp(LN_TEN * exponent)
    return humidity * saturation * (STANDARD_PRESSURE / pressure)


@physics
def oxygen_relaxation(vapour: float, pressure: float) -> float:
    """Relaxation frequency (Hz) of oxygen at a share of vapour (%) and a pressure (kPa); eq. 3."""
    share = (0.02 + vapour) / (0.391 + vapour)
    return pressure / STANDARD_PRESSURE * (24.0 + 4.04e4 * vapour * share)


@physics
def nitrogen_relaxation(vapour: float, pressure: float, temperature: float) -> float:
    """Relaxation frequency (Hz) of nitrogen, with the temperature in K; eq. 4."""
    ratio = temperature / STANDARD_TEMPERATURE
    growth = 280.0 * vapour * math.exp(-4.170 * (ratio ** (-1.0 / 3.0) - 1.0))
    return pressure / STANDARD_PRESSURE / math.sqrt(ratio) * (9.0 + growth)


@physics
def air_absorption(frequency: float, temperature: float, humidity: float, pressure: float) -> float:
    """Absorption (dB/km) of a pure tone (Hz) by air of degC, % and kPa; eq. 5."""
    kelvin = temperature + FREEZING_POINT
    ratio = kelvin / STANDARD_TEMPERATURE
    vapour = vapour_share(kelvin, humidity, pressure)
    oxygen = oxygen_relaxation(vapour, pressure)
    nitrogen = nitrogen_relaxation(vapour, pressure, kelvin)
    squared = frequency * frequency
    classical = 1.84e-11 * (STANDARD_PRESSURE / pressure) * math.sqrt(ratio)
    by_oxygen = 0.01275 * math.exp(-2239.1 / kelvin) / (oxygen + squared / oxygen)
    by_nitrogen = 0.1068 * math.exp(-3352.0 / kelvin) / (nitrogen + squared / nitrogen)
    nepers: float = squared * (classical + ratio**-2.5 * (by_oxygen + by_nitrogen))
    return 1000.0 * DECIBEL_PER_NEPER * nepers


@physics
def air_attenuation(distance: float, absorption: float) -> float:
    """Attenuation (dB) by air over a distance (m) at an absorption in dB/km."""
    return absorption * distance / 1000.0
