"""SRM1 against the published streets of CAR-Vlaanderen 3.0 and the check values of the formula."""

from dataclasses import replace

import pandas as pd
import pytest
from roadside_kernels.air.street import theta
from roadside_kernels.physics import in_double
from roadside_server.errors import InvalidInputError
from roadside_server.validation import srm1

#: Type -> distance (m) -> theta (s/m2), six printed digits; RIVM report 2014-0127, section 3.5.
CHECK_VALUES = {
    1: {3.5: 0.322231, 5: 0.295625, 10: 0.2175, 20: 0.11, 30: 0.0675, 45: 0.049834, 60: 0.040197},
    2: {3.5: 0.488178, 5: 0.4482, 10: 0.3308, 20: 0.1692, 30: 0.1052},
    3: {3.5: 0.465525, 5: 0.4245, 10: 0.304, 20: 0.138, 30: 0.072},
    4: {3.5: 0.270097, 5: 0.24675, 10: 0.179, 20: 0.09, 30: 0.063, 45: 0.046515, 60: 0.03752},
}


@pytest.fixture(scope="module")
def report(shared_data):
    return srm1.validate(shared_data / "srm")


def test_every_published_street_is_reproduced(report):
    assert report.passed, report.as_text()


def test_double_precision_agrees_to_its_last_digits(report):
    double = [row for row in report.rows if "double" in row.case]
    # Sixteen digits, a few operations.
    assert max(row.deviation for row in double) < 1e-14


def test_every_street_is_compared_in_all_quantities(report):
    # 10 streets: 5 emissions, theta and F_regio once; 11 results in two precisions.
    assert len(report.judged) == 10 * (5 + 2 + 2 * 11)


@pytest.mark.parametrize("street_type", CHECK_VALUES)
def test_dilution_meets_the_check_values(street_type):
    for distance, expected in CHECK_VALUES[street_type].items():
        ours = in_double(theta)(float(distance), street_type)
        assert ours == pytest.approx(expected, abs=0.51e-6)  # half the last printed digit


def test_a_wrong_figure_fails_the_report(report):
    row = report.rows[0]
    wrong = replace(row, deviation=1.0)
    assert not replace(report, rows=(wrong, *report.rows[1:])).passed
    nan = replace(row, deviation=float("nan"))
    assert not replace(report, rows=(nan,)).passed


def test_a_changed_case_is_found_by_name(shared_data, tmp_path):
    cases = pd.read_csv(shared_data / "srm" / srm1.CASES_FILE)
    cases.loc[0, "Cb_NOx"] *= 1.001
    cases.to_csv(tmp_path / "cases.csv", index=False)
    report = srm1.validate(tmp_path / "cases.csv")
    assert not report.passed
    last = report.as_text().splitlines()[-1]
    assert last.startswith("FAILED: 290 judged, 2 outside tolerance")
    assert last.endswith("1 Aalst, double, Cb_NOx")


@pytest.mark.parametrize("content", ["", "case,place\n1,Aalst\n"])
def test_a_file_without_cases_is_refused(tmp_path, content):
    path = tmp_path / "cases.csv"
    path.write_text(content)
    with pytest.raises(InvalidInputError, match=r"cases\.csv"):
        srm1.validate(path)
