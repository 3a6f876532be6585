"""Sound power of roads beside the Commission's workbook and console, and our own 2021 record."""

import csv

import numpy as np
import pytest
from roadside_server.emissions.cnossos_tables import CATEGORIES, cnossos_tables
from roadside_server.emissions.sound_power import surface_ids
from roadside_server.errors import InvalidInputError
from roadside_server.validation.noise_emission import validate

WORKBOOK = "cnossos_road_emission_cases_2015_workbook.csv"
CONSOLE = "cnossos_road_emission_cases_2015_dll_console.csv"
RECORD_2021 = "derived_2021_regression_not_independent.csv"


@pytest.fixture(scope="module")
def emission(shared_data):
    return shared_data / "noise" / "emission"


@pytest.mark.parametrize(("name", "rows"), [(WORKBOOK, 60 * 9), (CONSOLE, 13)])
def test_published_cases_agree_to_a_hundredth_of_a_decibel(emission, name, rows):
    report = validate(emission / name)
    assert len(report.rows) == rows
    assert report.passed, report.as_text()


def test_a_folder_is_compared_whole(emission):
    report = validate(emission)
    assert len(report.rows) == 60 * 9 + 13
    assert report.passed
    assert any(RECORD_2021 in sentence for sentence in report.not_covered)


def test_sound_power_of_2021_stays_what_it_was(emission):
    report = validate(emission / RECORD_2021)
    assert len(report.rows) == 20 * 8
    assert max(row.deviation for row in report.rows) <= 1e-4  # printed to 0.0001 dB


def test_a_wrong_figure_fails_its_case(emission, tmp_path):
    lines = (emission / CONSOLE).read_text().splitlines()
    lines[1] = lines[1].replace("77.6711", "77.7000")
    wrong = tmp_path / "cases.csv"
    wrong.write_text("\n".join(lines))
    report = validate(wrong)
    assert not report.passed
    assert [row.case for row in report.rows if not row.ok] == ["T02"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "band_Hz,case\n63,X\n"])
def test_a_file_of_another_form_is_refused(tmp_path, text):
    file = tmp_path / "cases.csv"
    file.write_text(text)
    with pytest.raises(InvalidInputError, match="path"):
        validate(file)


def test_a_folder_without_cases_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="no file"):
        validate(tmp_path)


@pytest.mark.parametrize("edition", ["2015", "2021"])
def test_coefficients_of_vehicles_are_those_of_the_directive(emission, edition):
    tables = cnossos_tables(edition)
    for row in rows_of(emission / "table_F1_rolling_propulsion.csv", edition):
        name = row["coefficient"].lower()
        ours = getattr(tables, name)[CATEGORIES.index(row["category"])]
        if name == "a_r" and row["category"].startswith("4"):
            assert (ours == -np.inf).all()  # no rolling noise
        else:
            assert ours.tolist() == [float(row[f"b{band}"]) for band in BANDS]


@pytest.mark.parametrize("edition", ["2015", "2021"])
def test_coefficients_of_surfaces_are_those_of_the_directive(emission, edition):
    surfaces = cnossos_tables(edition).surfaces
    rows = rows_of(emission / "table_F4_road_surface.csv", edition)
    assert {row["id"] for row in rows} == set(surface_ids(edition))
    for row in rows:
        at = surfaces.ids.index(row["id"]), CATEGORIES.index(row["category"])
        assert surfaces.alpha[at].tolist() == [float(row[f"alpha_{band}"]) for band in BANDS]
        assert surfaces.beta[at] == float(row["beta"])


BANDS = (63, 125, 250, 500, 1000, 2000, 4000, 8000)


def rows_of(file, edition):
    with file.open() as text:
        return [row for row in csv.DictReader(text) if row["version"] == edition]
