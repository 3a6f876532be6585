"""People exposed to road noise and what it does to them; Directive 2002/49/EC (END).

Bands of 5 dB and their central values as in END reporting (Annex VI); exposure-response functions
of Annex III as set by Directive (EU) 2020/367, for road traffic.  Levels are those of the most
exposed facade (dB(A)).
"""

import math
from typing import NamedTuple

import numpy as np

from roadside_server.region.schema import Float64

#: Width of a band (dB); the highest is open.
BAND = 5.0
#: Lower edges (dB) of the bands that are reported.
LDEN_BANDS = (55.0, 60.0, 65.0, 70.0, 75.0)
LNIGHT_BANDS = (50.0, 55.0, 60.0, 65.0, 70.0)
#: Percentage highly annoyed, by powers of Lden (dB); Annex III, formula 4.
HIGHLY_ANNOYED = (78.9270, -3.1162, 0.0342)
#: Percentage with highly disturbed sleep, by powers of Lnight (dB); Annex III, formula 7.
SLEEP_DISTURBED = (19.4312, -0.9336, 0.0126)
#: Relative risk of ischaemic heart disease for every 10 dB of Lden above a threshold (dB).
IHD_RISK, IHD_THRESHOLD = 1.08, 53.0


class Exposure(NamedTuple):
    """People by band, and those harmed; cases are a year's."""

    people: float  # all, whatever their level
    lden: Float64  # people in each of LDEN_BANDS
    lnight: Float64  # people in each of LNIGHT_BANDS
    highly_annoyed: float
    highly_sleep_disturbed: float
    ihd_fraction: float  # of all cases of ischaemic heart disease, that is due to road noise


def exposure(people: Float64, lden: Float64, lnight: Float64) -> Exposure:
    """What the levels (dB(A)) at everyone's facade amount to; NaN: no road within range."""
    by_lden = people_by_band(people, lden, LDEN_BANDS)
    by_lnight = people_by_band(people, lnight, LNIGHT_BANDS)
    everyone = float(people.sum())
    return Exposure(
        people=everyone,
        lden=by_lden,
        lnight=by_lnight,
        highly_annoyed=harmed(by_lden, LDEN_BANDS, HIGHLY_ANNOYED),
        highly_sleep_disturbed=harmed(by_lnight, LNIGHT_BANDS, SLEEP_DISTURBED),
        ihd_fraction=ihd_fraction(by_lden, everyone),
    )


def people_by_band(people: Float64, level: Float64, bands: tuple[float, ...]) -> Float64:
    """People whose level, rounded to whole dB as END reports it, lies in each band."""
    whole = np.floor(np.where(np.isfinite(level), level, -np.inf) + 0.5)
    band = np.searchsorted(bands, whole, side="right") - 1
    inside = band >= 0
    counted = np.bincount(band[inside], weights=people[inside], minlength=len(bands))
    return counted.astype(np.float64)


def harmed(
    people: Float64, bands: tuple[float, ...], percentage: tuple[float, float, float]
) -> float:
    """People harmed of those in each band, by the percentage at its central value."""
    central = np.add(bands, BAND / 2)
    constant, linear, square = percentage
    return float(people @ (constant + linear * central + square * central**2) / 100.0)


def ihd_fraction(people: Float64, everyone: float) -> float:
    """Share of all ischaemic heart disease that is due to the noise in LDEN_BANDS; formula 11."""
    if everyone <= 0.0:
        return 0.0
    central = np.add(LDEN_BANDS, BAND / 2)
    risk = np.exp(math.log(IHD_RISK) / 10.0 * np.maximum(central - IHD_THRESHOLD, 0.0))
    excess = float(people @ (risk - 1.0)) / everyone
    return excess / (excess + 1.0)
