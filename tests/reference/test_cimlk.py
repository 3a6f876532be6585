"""Amsterdam 2030 against the official results of the Dutch monitoring instrument."""

import pytest
from roadside_server.errors import InvalidInputError
from roadside_server.validation import cimlk


@pytest.fixture(scope="module")
def report(shared_data):
    return cimlk.validate(shared_data / "cimlk_amsterdam", fit_factors=True)


def value(report, case, quantity):
    rows = [row for row in report.rows if row.case.startswith(case) and quantity in row.quantity]
    assert len(rows) == 1, [row.case for row in rows]
    return rows[0].value


def test_amsterdam_is_reproduced_within_its_thresholds(report):
    assert report.passed, report.as_text()


def test_the_combined_no2_rule_gives_the_official_conversion_to_the_printed_digits(report):
    conversion = next(row for row in report.rows if "conversion" in row.quantity)
    assert conversion.deviation < 2e-4
    assert "5659 receptors" in conversion.quantity


def test_street_nox_correlates_with_the_official_figures(report):
    judged = [row for row in report.rows if row.tolerance is not None]
    nox = [row for row in judged if "of one street" in row.case]
    packaged, fitted = (row.value for row in nox)
    assert packaged >= 0.89
    assert fitted >= 0.96


@pytest.mark.parametrize("column", cimlk.STREET_COLUMNS)
def test_the_official_run_leaves_the_measures_out(report, column):
    quantity = f"{column}, squared correlation"
    assert value(report, "streets", quantity) > value(report, "with Maatregelen", quantity)


def test_fitted_factors_are_printed_by_vehicle_class(report):
    text = report.as_text()
    assert "Fitted NOx factors (g/km)" in text
    assert "\n  light " in text


def test_a_wind_factor_changes_the_slope_but_not_the_correlation(shared_data, report):
    windier = cimlk.validate(shared_data / "cimlk_amsterdam", wind_speed=10.0)
    slope, correlation = "noxSRM1, official per ours", "noxSRM1, squared correlation"
    assert value(windier, "streets", slope) == pytest.approx(2 * value(report, "streets", slope))
    assert value(windier, "streets", correlation) == pytest.approx(
        value(report, "streets", correlation)
    )


def test_a_folder_without_results_is_refused(shared_data, tmp_path):
    for name in ("Wegdelen", "Receptoren"):
        source = shared_data / "cimlk_amsterdam" / f"{name}.csv.gz"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    with pytest.raises(InvalidInputError, match="holds no Rekenresultaten"):
        cimlk.validate(tmp_path)
