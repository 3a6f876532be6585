"""SRM1 against the streets of CAR-Vlaanderen 3.0: emission, dilution, NO2, totals, PM10 days.

Each case is computed twice: by the formulas in double precision, and by the kernels in single.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from roadside_kernels.air.chemistry import street_no2
from roadside_kernels.air.indicators import days_above_flemish, pm10_days_flemish
from roadside_kernels.air.nitrogen import annual_no2
from roadside_kernels.air.street import (
    REFERENCE_SPEED,
    canyon_dilution,
    street_dilution,
    street_sums,
    theta,
)
from roadside_kernels.arrays import Float32, StreetLinks
from roadside_kernels.physics import in_double

from roadside_server.emissions.exhaust import road_exhaust
from roadside_server.emissions.factors import EmissionFactors, factors_of_table, load_factors
from roadside_server.region.build import no_emission_scale
from roadside_server.region.defaults import fill_roads
from roadside_server.region.schema import PERIODS, POLLUTANTS, Float64
from roadside_server.validation.case_files import read_cases
from roadside_server.validation.report import Report, Row, compare_relative

CASES_FILE, FACTORS_FILE = "srm1_carvl30_cases.csv", "carvl30_emission_factors.csv"
FACTOR_SET, YEAR = "flanders-carvl3", 2015
#: Relative; the workbook and double precision agree to 3e-16.
REFERENCE_TOLERANCE = 1e-9
#: Relative; a few roundings of 6e-8 each, NO2 of differences of them.
KERNEL_TOLERANCE = 2e-5
HOURS_A_DAY = 24.0

#: Workbook's names of the pollutants, in POLLUTANTS order.
WORKBOOK_NAMES = ("NOx", "NO2", "PM10", "PM25", "EC")
CONTRIBUTIONS = ("Cb_NOx", "Cb_NO2_direct", "Cb_PM10", "Cb_PM25", "Cb_EC")
INPUTS = (
    "case", "place", "N_veh_per_day", "f_medium", "f_heavy", "f_bus", "speed_class",
    "road_type_srm1", "tree_factor", "distance_m", "FS", "windspeed_m_per_s",
    "bg_NO2", "bg_O3", "bg_PM10", "bg_PM25", "bg_EC",
)  # fmt: skip
EXPECTED = (
    "theta", "F_regio", *CONTRIBUTIONS, "Cb_NO2", "Cjm_NO2", "Cjm_PM10", "Cjm_PM25", "Cjm_EC",
    "OD_PM10_carvl", *(f"E_{name}_{part}" for name in WORKBOOK_NAMES for part in ("reg", "cong")),
)  # fmt: skip


class Streets(NamedTuple):
    """What both computations begin with."""

    cases: pd.DataFrame
    emission: Float64  # (pollutants, cases), ug/(m s)


class Dispersed(NamedTuple):
    """Contributions (ug/m3) of a street, and days of PM10."""

    contribution: Float64  # (pollutants, cases); NO2 as emitted
    no2: Float64  # (cases), emitted and formed
    days: Callable[[Float64], Float64]  # of annual means of PM10 (ug/m3)


def validate(path: Path) -> Report:
    """Compare with the cases of a CSV file, or of the folder that holds it."""
    file = path / CASES_FILE if path.is_dir() else path
    cases, factors = _read(file), _factors_beside(file)
    streets = Streets(cases, _emission(cases, factors))
    rows = [
        *_formula_rows(streets),
        *_rows(streets, _by_formulas(streets), "double", REFERENCE_TOLERANCE),
        *_rows(streets, _by_kernels(streets), "kernel", KERNEL_TOLERANCE),
    ]
    note = (
        f"{len(cases)} streets; factors {factors.name} of {YEAR}; wind and background of each case."
    )
    not_covered = (
        "Street types 3 and 4, the far branch beyond 30 m and distances other than 5 and 6 m: "
        "no case has them; tests hold them to the published check values.",
    )
    return Report("SRM1 against CAR-Vlaanderen 3.0", tuple(rows), not_covered, (note,))


def _read(path: Path) -> pd.DataFrame:
    text = ("case", "place", "speed_class")
    numbers = tuple(column for column in INPUTS if column not in text)
    cases = read_cases(path, numbers + EXPECTED, text)
    # The workbook splits emission into moving and stagnating traffic.
    whole = {
        f"E_{name}": cases[f"E_{name}_reg"] + cases[f"E_{name}_cong"] for name in WORKBOOK_NAMES
    }
    return cases.assign(**whole)


def _factors_beside(file: Path) -> EmissionFactors:
    """The workbook's factors from the table beside the cases, else the packaged ones."""
    beside = file.parent / FACTORS_FILE
    if not beside.is_file():
        return load_factors(name=FACTOR_SET)
    columns = {
        f"{name}_g_per_km": key for name, key in zip(WORKBOOK_NAMES, POLLUTANTS, strict=True)
    }
    table = read_cases(beside, ("year", *columns), ("vehicle_class", "speed_class"))
    return factors_of_table(
        FACTORS_FILE, "The table beside the cases.", table.rename(columns=columns)
    )


def _emission(cases: pd.DataFrame, factors: EmissionFactors) -> Float64:
    """Emission (ug/(m s)) of every case, through the product's own road table."""
    shares = {"medium": cases["f_medium"], "heavy": cases["f_heavy"], "bus": cases["f_bus"]}
    shares["light"] = 1.0 - shares["medium"] - shares["heavy"] - shares["bus"]
    columns: dict[str, object] = {
        f"volume_{vehicle}_{period}": cases["N_veh_per_day"] * share / HOURS_A_DAY
        for vehicle, share in shares.items()
        for period in PERIODS
    }
    columns |= {f"stagnation_{vehicle}": cases["FS"] for vehicle in shares}
    columns["speed_class"] = cases["speed_class"]
    roads = fill_roads(pd.DataFrame(columns, index=cases.index))
    return road_exhaust(roads, factors, YEAR, no_emission_scale())


def _formula_rows(streets: Streets) -> list[Row]:
    """Emission, theta and F_regio; double precision."""
    cases = streets.cases
    emission = {f"E_{name}": streets.emission[i] for i, name in enumerate(WORKBOOK_NAMES)}
    formula = in_double(theta)
    dilution = [formula(*each) for each in zip(cases.distance_m, cases.road_type_srm1, strict=True)]
    regional = REFERENCE_SPEED / cases["windspeed_m_per_s"].to_numpy(np.float64)
    figures = emission | {"theta": np.array(dilution), "F_regio": regional}
    return [
        row
        for quantity, ours in figures.items()
        for row in _compared(cases, quantity, ours, "double", REFERENCE_TOLERANCE)
    ]


def _by_formulas(streets: Streets) -> Dispersed:
    """In double precision."""
    cases = streets.cases
    formula, formed = in_double(canyon_dilution), in_double(street_no2)
    links = zip(
        cases["distance_m"].astype(float),
        cases["road_type_srm1"],
        cases["tree_factor"].astype(float),
        cases["windspeed_m_per_s"],
        strict=True,
    )
    contribution = streets.emission * np.array([formula(*link) for link in links])
    ozone = cases["bg_O3"].to_numpy(np.float64)
    no2 = [formed(*each) for each in zip(contribution[0], contribution[1], ozone, strict=True)]
    days = in_double(days_above_flemish)
    return Dispersed(contribution, np.array(no2), lambda mean: np.array([days(m) for m in mean]))


def _by_kernels(streets: Streets) -> Dispersed:
    """By the kernels that compute maps; a link a case, no open roads."""
    cases = streets.cases
    size = len(cases)
    dilution = np.concatenate([_kernel_dilution(cases.iloc[[i]]) for i in range(size)])
    links = StreetLinks(np.arange(size + 1), np.arange(size, dtype=np.int32), dilution)
    contribution = street_sums(links, streets.emission.astype(np.float32))
    nothing, still = np.zeros((1, size), np.float32), np.ones(1, np.float32)
    ozone = cases["bg_O3"].to_numpy(np.float32)
    no2, _ = annual_no2(
        nothing, nothing, contribution[0], contribution[1], still, ozone[None], ozone
    )
    return Dispersed(_double(contribution), _double(no2), _kernel_days)


def _kernel_dilution(case: pd.DataFrame) -> Float32:
    """Dilution (s/m2) of one case: each has a wind speed of its own."""
    return street_dilution(
        case["distance_m"].to_numpy(np.float32),
        case["road_type_srm1"].to_numpy(np.int8),
        case["tree_factor"].to_numpy(np.float32),
        float(case["windspeed_m_per_s"].iloc[0]),
    )


def _kernel_days(mean: Float64) -> Float64:
    return _double(pm10_days_flemish(mean.astype(np.float32)))


def _double(values: Float32) -> Float64:
    return values.astype(np.float64)


def _rows(streets: Streets, dispersed: Dispersed, precision: str, tolerance: float) -> list[Row]:
    """Contributions, totals and days beside the workbook's."""
    cases = streets.cases
    ours = dict(zip(CONTRIBUTIONS, dispersed.contribution, strict=True))
    ours["Cb_NO2"] = dispersed.no2
    traffic = dict(zip(POLLUTANTS, dispersed.contribution, strict=True)) | {"no2": dispersed.no2}
    for name in WORKBOOK_NAMES[1:]:
        ours[f"Cjm_{name}"] = traffic[name.lower()] + cases[f"bg_{name}"].to_numpy(np.float64)
    ours["OD_PM10_carvl"] = dispersed.days(ours["Cjm_PM10"])
    return [
        row
        for quantity, values in ours.items()
        for row in _compared(cases, quantity, values, precision, tolerance)
    ]


def _compared(
    cases: pd.DataFrame, quantity: str, ours: Float64, precision: str, tolerance: float
) -> list[Row]:
    """A row a case."""
    names = [
        f"{case} {place}, {precision}" for case, place in zip(cases.case, cases.place, strict=True)
    ]
    return [
        compare_relative(name, quantity, float(value), float(expected), tolerance)
        for name, value, expected in zip(names, ours, cases[quantity], strict=True)
    ]
