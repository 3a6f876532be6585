"""NO2 of open roads in one wind sector, against the figures of RIVM's OPS unit test."""

from pathlib import Path

import numpy as np
import pandas as pd
from roadside_kernels.air.chemistry import sector_no2
from roadside_kernels.air.nitrogen import annual_no2
from roadside_kernels.physics import in_double

from roadside_server.region.schema import Float64
from roadside_server.validation.case_files import read_cases
from roadside_server.validation.report import Report, Row, compare

CASES_FILE = "srm2_no2_chemistry_12sector_ops.csv"
NOX, OZONE = "C_NOx_sector_ugm3", "C_O3_sector_ugm3"
#: Column of the ratio NO2 / NOx -> share of NOx that is emitted as NO2.
EMITTED_SHARE = {"r_NO2_NOx_ref_fNO2_0.15": 0.15, "r_NO2_NOx_ref_fNO2_0.10": 0.10}
#: Of the ratio; what the unit test of OPS allows.
TOLERANCE = 1e-5


def validate(path: Path) -> Report:
    """Compare with the cases of a CSV file, or of the folder that holds it."""
    file = path / CASES_FILE if path.is_dir() else path
    cases = read_cases(file, (NOX, OZONE, *EMITTED_SHARE), text=("sector",))
    rows = [row for column, share in EMITTED_SHARE.items() for row in _rows(cases, column, share)]
    return Report("NO2 per wind sector against RIVM OPS", tuple(rows))


def _rows(cases: pd.DataFrame, column: str, share: float) -> list[Row]:
    nox, ozone = (cases[name].to_numpy(np.float64) for name in (NOX, OZONE))
    computed = {"double": _by_formula, "kernel": _by_kernel}
    return [
        compare(
            f"sector {sector}, {precision}",
            f"NO2 / NOx, {share:.0%} emitted",
            float(ratio),
            float(expected),
            tolerance=TOLERANCE,
            unit="(ratio)",
        )
        for precision, compute in computed.items()
        for sector, ratio, expected in zip(
            cases["sector"], compute(nox, ozone, share) / nox, cases[column], strict=True
        )
    ]


def _by_formula(nox: Float64, ozone: Float64, share: float) -> Float64:
    """NO2 (ug/m3) in double precision."""
    formula = in_double(sector_no2)
    return np.array([formula(x, share * x, o) for x, o in zip(nox, ozone, strict=True)])


def _by_kernel(nox: Float64, ozone: Float64, share: float) -> Float64:
    """NO2 (ug/m3) by the kernel of maps: each case a receptor with one sector, no streets."""
    sector = nox.astype(np.float32)[None]
    nothing, always = np.zeros(nox.size, np.float32), np.ones(1, np.float32)
    background = ozone.astype(np.float32)
    no2, _ = annual_no2(
        sector, np.float32(share) * sector, nothing, nothing, always, background[None], background
    )
    return no2.astype(np.float64)
