"""What the official results of CIMLK say by themselves: sums, NO2 conversion, days of PM10."""

import numpy as np
from roadside_kernels.air.chemistry import HALF_CONVERSION, STREET_THRESHOLD, combined_no2
from roadside_kernels.air.indicators import days_above
from roadside_kernels.physics import in_double

from roadside_server.region.cimlk_table import CimlkTable
from roadside_server.region.schema import Float64
from roadside_server.validation.report import Row

#: Half the last digit of concentrations (ug/m3), as printed.
HALF_DIGIT = 0.5e-4
#: Of the NO2 conversion: the printed digits of NOx, direct NO2 and ozone, through the formula.
CONVERSION_TOLERANCE = 2e-4  # ug/m3
#: Half the last digit of the days, as printed, and the digits of PM10 through the formula.
DAYS_TOLERANCE = 0.0055
HIGHEST = 1e4  # ug/m3

#: Total = sum of its parts.
SUMS = {
    "no2Concentratie": (
        "no2AchtergrondConcentratie",
        "no2SRM1DirecteUitstoot",
        "no2SRM2DirecteUitstoot",
        "no2SRMConversiebijdrage",
    ),
    "pm10Concentratie": ("pm10AchtergrondConcentratie", "pm10SRM1", "pm10SRM2"),
    "pm25Concentratie": ("pm25AchtergrondConcentratie", "pm25SRM1", "pm25SRM2"),
    "ecConcentratie": ("ecAchtergrondConcentratie", "ecSRM1", "ecSRM2"),
}


def official_rows(official: CimlkTable) -> list[Row]:
    """Rows on the official columns alone; each is judged by its worst receptor."""
    return [*_sum_rows(official), *_conversion_rows(official), _days_row(official)]


def street_share_minimum(official: CimlkTable) -> float:
    """Least conversion over O3 S / (S + K), S the NO of streets: B of SRM1 if no open road acts."""
    conversion, ozone, street, _ = _conversion_inputs(official)
    counts = _number(official, "noxSRM1") > STREET_THRESHOLD
    share = conversion * (street + HALF_CONVERSION) / np.where(counts, ozone * street, 1.0)
    return float(share[counts].min(initial=np.inf))


def _sum_rows(official: CimlkTable) -> list[Row]:
    rows = []
    for total, parts in SUMS.items():
        summed = np.sum([_number(official, part) for part in parts], axis=0)
        tolerance = HALF_DIGIT * (len(parts) + 1)
        rows.append(_worst(summed, _number(official, total), total, tolerance, "sum of parts"))
    return rows


def _conversion_rows(official: CimlkTable) -> list[Row]:
    conversion, ozone, street, open_roads = _conversion_inputs(official)
    counts = _number(official, "noxSRM1") > STREET_THRESHOLD
    formula = in_double(combined_no2)
    inputs = zip(street[counts], open_roads[counts], ozone[counts], strict=True)
    # Without emitted NO2, what the rule gives is the conversion alone.
    ours = np.array([formula(0.0, *each) for each in inputs])
    name = f"NO2 conversion, combined rule, {counts.sum()} receptors"
    return [_worst(ours, conversion[counts], name, CONVERSION_TOLERANCE, "official NOx")]


def _conversion_inputs(official: CimlkTable) -> tuple[Float64, Float64, Float64, Float64]:
    """Conversion, ozone, and the NO (as NO2) of streets and of open roads (ug/m3)."""
    street = _number(official, "noxSRM1") - _number(official, "no2SRM1DirecteUitstoot")
    open_roads = _number(official, "noxSRM2") - _number(official, "no2SRM2DirecteUitstoot")
    conversion = _number(official, "no2SRMConversiebijdrage")
    return conversion, _number(official, "o3AchtergrondConcentratie"), street, open_roads


def _days_row(official: CimlkTable) -> Row:
    formula = in_double(days_above)
    ours = np.array([formula(mean) for mean in _number(official, "pm10Concentratie")])
    days = _number(official, "pm10Overschrijdingsdagen")
    return _worst(ours, days, "pm10Overschrijdingsdagen", DAYS_TOLERANCE, "official PM10", "days")


def _number(official: CimlkTable, column: str) -> Float64:
    return official.numbers(column, -HIGHEST, HIGHEST)


def _worst(
    ours: Float64, theirs: Float64, quantity: str, tolerance: float, given: str, unit: str = "ug/m3"
) -> Row:
    """The row of the receptor that deviates most."""
    if ours.size == 0:
        return Row(f"from {given}", quantity, np.nan, np.nan, 0.0, None, unit)
    i = int(np.argmax(np.abs(ours - theirs)))
    deviation = float(abs(ours[i] - theirs[i]))
    return Row(
        f"from {given}", quantity, float(ours[i]), float(theirs[i]), deviation, tolerance, unit
    )
