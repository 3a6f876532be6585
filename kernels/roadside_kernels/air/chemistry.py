"""How much NO2 comes of NOx and background ozone.

NOx counts as NO2 everywhere: NO = NOx - NO2 is in NO2-equivalent mass.  SRM1: RIVM report
2014-0127, eq 1.3; SRM2: per wind sector, as in RIVM's OPS; both: section 3.7 of the report.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32
from roadside_kernels.physics import physics

#: K (ug/m3): NO at which half of the ozone has reacted.
HALF_CONVERSION = 100.0
#: B: share of the year's ozone that a street's NO meets.
OZONE_SHARE = 0.6
#: NOx (ug/m3) of streets up to which SRM2 alone decides (L annex 2, section 7).
STREET_THRESHOLD = 0.049


class Exhaust(NamedTuple):
    """What the annual mean of NO2 is formed of."""

    open_nox: Float32  # (n, N), while the wind is in the sector (ug/m3)
    open_no2: Float32  # (n, N)
    street_nox: Float32  # (N), annual mean (ug/m3)
    street_no2: Float32  # (N)
    frequency: Float32  # (n), fractions of the year
    sector_ozone: Float32  # (n or 1, N), background with the wind in the sector, or any (ug/m3)
    ozone: Float32  # (N), background, annual mean (ug/m3)


class AnnualNo2(NamedTuple):
    """NO2 of traffic, where the combined rule came to its end, and NOx."""

    no2: Float32  # (N), annual mean (ug/m3)
    guarded: NDArray[np.bool_]  # (N)
    nox: Float32  # (N), annual mean of all roads (ug/m3)


@physics
def converted(no: float, ozone: float) -> float:
    """NO2 (ug/m3) formed of NO by ozone that is all there (SRM2, one sector)."""
    return ozone * no / (no + HALF_CONVERSION)


@physics
def sector_no2(nox: float, no2: float, ozone: float) -> float:
    """NO2 (ug/m3) of open roads while the wind is in a sector, from NOx and emitted NO2."""
    return no2 + converted(nox - no2, ozone)


@physics
def street_no2(nox: float, no2: float, ozone: float) -> float:
    """NO2 (ug/m3) of street canyons, from their NOx and emitted NO2; eq 1.3."""
    return no2 + OZONE_SHARE * converted(nox - no2, ozone)


@physics
def reaches_guard(open_no: float) -> bool:
    """Whether NO (ug/m3) of open roads is too much for the combined rule: K B / (1 - B)."""
    return open_no * (1.0 - OZONE_SHARE) >= HALF_CONVERSION * OZONE_SHARE


@physics
def combined_no2(emitted: float, street_no: float, open_no: float, ozone: float) -> float:
    """NO2 (ug/m3) of streets and open roads together, from annual means; section 3.7.

    Where NO of open roads reaches the guard, the rule tends to all ozone that is there.
    """
    if reaches_guard(open_no):
        return emitted + OZONE_SHARE * ozone
    used = open_no / (open_no + HALF_CONVERSION) / OZONE_SHARE
    equivalent = HALF_CONVERSION * used / (1.0 - used)
    return emitted + OZONE_SHARE * converted(street_no + equivalent, ozone)


@physics
def combine_at(
    i: int, nox: float, emitted: float, formed: float, exhaust: Exhaust, found: AnnualNo2
) -> None:
    """Annual means at receptor ``i``: those of open roads (ug/m3) with its streets."""
    found.no2[i], found.guarded[i], found.nox[i] = formed, False, nox + exhaust.street_nox[i]
    if exhaust.street_nox[i] > STREET_THRESHOLD:
        street_no = exhaust.street_nox[i] - exhaust.street_no2[i]
        all_emitted = exhaust.street_no2[i] + emitted
        found.no2[i] = combined_no2(all_emitted, street_no, nox - emitted, exhaust.ozone[i])
        found.guarded[i] = reaches_guard(nox - emitted)


@physics
def annual_no2_at(i: int, exhaust: Exhaust, found: AnnualNo2) -> None:
    """Annual mean of NO2 at receptor ``i``."""
    nox, emitted, formed = 0.0, 0.0, 0.0
    last_ozone = exhaust.sector_ozone.shape[0] - 1
    for s in range(exhaust.frequency.size):
        f, x, d = exhaust.frequency[s], exhaust.open_nox[s, i], exhaust.open_no2[s, i]
        if x > 0.0:
            nox += f * x
            emitted += f * d
            formed += f * sector_no2(x, d, exhaust.sector_ozone[min(s, last_ozone), i])
    combine_at(i, nox, emitted, formed, exhaust, found)
