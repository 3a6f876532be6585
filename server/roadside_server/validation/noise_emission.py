"""Sound power of roads beside published cases: the Commission's workbook and the console's."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from roadside_kernels.noise.bands import BANDS

from roadside_server.emissions.cnossos_tables import CATEGORIES, Edition, cnossos_tables
from roadside_server.emissions.sound_power import Site, sound_power
from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Float64
from roadside_server.validation.case_files import read_cases
from roadside_server.validation.report import Report, Row, compare

#: Tolerance (dB): the cases are printed to 0.01 dB.
TOLERANCE = 0.01
#: Share of the light vehicles with studded tyres in the workbook, in the months that have any.
WORKBOOK_STUDDED_RATIO = 0.5
#: Files of a folder that hold published cases.
CASE_FILES = "*cases*.csv"
NUMBERS = ("gradient_pct", "junction_distance_m", "junction_type")
#: Speed (km/h) given to categories without vehicles, whose speed may be left out.
IDLE_SPEED = 50.0


class Form(NamedTuple):
    """How a file of cases is written."""

    mark: str  # a column that only this form has
    edition: Edition
    temperature: str  # name of the column
    studded_share: Callable[[pd.Series], float]
    rows: Callable[[pd.Series, Float64], Iterator[Row]]


def validate(path: Path) -> Report:
    """Compare sound power per metre with every case of a file, or of the files of a folder."""
    path = Path(path)
    files = sorted(path.glob(CASE_FILES)) if path.is_dir() else [path]
    require(bool(files), "path", f"{path}: no file {CASE_FILES} in this folder")
    rows = tuple(row for file in files for row in _rows_of_file(file))
    left_out = sorted(set(path.glob("derived*.csv")) if path.is_dir() else ())
    return Report(
        title="CNOSSOS-EU: sound power of roads (dB re 1 pW/m)",
        rows=rows,
        not_covered=tuple(f"{file.name}: made by the same formulas" for file in left_out),
    )


def case_power(case: pd.Series, form: Form) -> Float64:
    """Sound power per metre (dB re 1 pW/m) of a case by band, unweighted."""
    tables = cnossos_tables(form.edition)
    names = dict(zip(tables.surfaces.names, tables.surfaces.ids, strict=True))
    surface = names.get(case["surface"], case["surface"])
    site = Site(
        surface=tables.surfaces.rows([surface]),
        gradient=np.array([case["gradient_pct"]], float),
        junction_distance=np.array([case["junction_distance_m"]], float),
        junction_kind=np.array([max(int(case["junction_type"]) - 1, 0)]),
        temperature=float(case[form.temperature]),
        studded_share=form.studded_share(case),
    )
    flow = np.array([[case[f"q_{category}"]] for category in CATEGORIES], float)
    speed = np.array([[case[f"v_{category}"]] for category in CATEGORIES], float)
    speed = np.where(np.nan_to_num(flow) > 0.0, speed, IDLE_SPEED)
    return 10.0 * np.log10(sound_power(np.nan_to_num(flow), speed, site, tables)[:, 0])


def _rows_of_file(file: Path) -> Iterator[Row]:
    # Away from junctions where no distance is given.
    cases = read_cases(file, NUMBERS, ("case", "surface"), {"junction_distance_m": np.inf})
    form = next((form for form in FORMS if form.mark in cases), None)
    if form is None:
        marks = ", ".join(form.mark for form in FORMS)
        raise InvalidInputError("path", f"{file.name}: has none of the columns {marks}")
    for _, case in cases.iterrows():
        try:
            yield from form.rows(case, case_power(case, form))
        except KeyError as missing:
            raise InvalidInputError("path", f"{file.name}: lacks column {missing}") from missing
        except ValueError as wrong:
            raise InvalidInputError("path", f"{file.name}, {case['case']}: {wrong}") from wrong


def _workbook_rows(case: pd.Series, power: Float64) -> Iterator[Row]:
    for band, level in zip(BANDS, power, strict=True):
        yield _row(case, f"{band} Hz", level, case[f"lw_{band}"])
    total = 10.0 * np.log10(np.sum(10.0 ** (power / 10.0)))
    yield _row(case, "total", total, case["lw_total"])


def _console_rows(case: pd.Series, power: Float64) -> Iterator[Row]:
    band = int(case["band_Hz"])
    yield _row(case, f"{band} Hz", power[BANDS.index(band)], case["Lw_per_m_dB"])


def _derived_rows(case: pd.Series, power: Float64) -> Iterator[Row]:
    for band, level in zip(BANDS, power, strict=True):
        yield _row(case, f"{band} Hz", level, case[f"Lw_per_m_{band}"])


def _row(case: pd.Series, quantity: str, value: float, expected: float) -> Row:
    name = str(case["case"])
    return compare(name, quantity, float(value), float(expected), tolerance=TOLERANCE, unit="dB")


FORMS = (
    Form(
        mark="lw_total",
        edition="2015",
        temperature="temperature_c",
        studded_share=lambda case: WORKBOOK_STUDDED_RATIO * case["studded_months"] / 12.0,
        rows=_workbook_rows,
    ),
    Form(
        mark="band_Hz",
        edition="2015",
        temperature="temperature_C",
        studded_share=lambda case: case["studded_ratio"] * case["studded_months"] / 12.0,
        rows=_console_rows,
    ),
    Form(
        mark="LwA_per_m",
        edition="2021",
        temperature="temperature_C",
        studded_share=lambda case: float(case["studded_share_ps"]),
        rows=_derived_rows,
    ),
)
